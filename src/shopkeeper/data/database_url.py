"""Which URLs name a database."""

from typing import Final

DRIVERS: Final = {
    "postgresql": ("postgresql+psycopg", "postgresql"),
    "postgres": ("postgresql+psycopg", "postgresql"),
    "postgresql+psycopg": ("postgresql+psycopg", "postgresql"),
    "mysql": ("mysql+pymysql", "mysql"),
    "mariadb": ("mysql+pymysql", "mysql"),
    "mysql+pymysql": ("mysql+pymysql", "mysql"),
    "mariadb+pymysql": ("mysql+pymysql", "mysql"),
}
"""URL scheme -> the driver that is used, and the extra that installs it."""


def is_database_url(location: str) -> bool:
    """Whether a text is the URL of a database."""
    scheme = location.partition("://")[0]
    return "://" in location and (scheme == "sqlite" or scheme in DRIVERS)
