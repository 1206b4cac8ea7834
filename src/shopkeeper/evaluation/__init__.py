"""How good is it? Replay a split, tell the slices apart, and report with intervals."""
