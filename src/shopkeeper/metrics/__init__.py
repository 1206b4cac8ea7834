"""Pure functions from lists and truth to figures, each with its formula and source."""
