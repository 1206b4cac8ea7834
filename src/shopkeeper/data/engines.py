"""Databases by URL: SQLite, PostgreSQL, MySQL and MariaDB, by the drivers that are tested."""

from pathlib import Path

from sqlalchemy import URL, Engine, Pool, create_engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from shopkeeper.core.errors import InvalidRequest, MissingDependency, MissingFile
from shopkeeper.data.database_url import DRIVERS


def read_url(location: str) -> URL:
    """The URL with the driver that is used.

    Raises
    ------
    InvalidRequest
        It cannot be read.
    MissingFile
        The SQLite file does not exist.
    """
    try:
        url = make_url(location)
    except (ArgumentError, ValueError):
        raise InvalidRequest(
            "The database URL cannot be read.", hint="Write it as scheme://user:password@host:port/database."
        ) from None
    if url.drivername in DRIVERS:
        return url.set(drivername=DRIVERS[url.drivername][0])
    if url.database and not Path(url.database).is_file():
        raise MissingFile(f"{url.database} does not exist.", hint="Check the path after sqlite:///")
    return url


def open_engine(url: URL, pool: type[Pool]) -> Engine:
    """What connects; nothing is asked of the server yet.

    Raises
    ------
    MissingDependency
        The driver is not installed.
    """
    try:
        return create_engine(url, poolclass=pool)
    except (ImportError, NoSuchModuleError):
        extra = DRIVERS.get(url.drivername, ("", url.drivername))[1]
        raise MissingDependency(
            f"Using {url.drivername} needs a driver that is not installed.",
            hint=f"Install it with: pip install 'shopkeeper[{extra}]'",
        ) from None
