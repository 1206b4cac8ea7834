"""One file or package for each foreign format."""
