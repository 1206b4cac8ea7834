"""The words everything else is written in: columns, values, errors, configuration and ports."""
