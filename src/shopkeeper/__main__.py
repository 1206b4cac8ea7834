"""``python -m shopkeeper``."""

from shopkeeper.cli import run

run()
