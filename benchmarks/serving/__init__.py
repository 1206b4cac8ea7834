"""The server under load: what a homepage costs beside an answer that is always the same."""
