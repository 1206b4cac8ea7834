"""Measurements of the engine; each module is a command."""
