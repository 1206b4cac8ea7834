"""What this machine can reach: database servers and a browser. Tests that need more are skipped aloud."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import sqlalchemy as sa

SERVERS = {
    "postgresql": os.environ.get(
        "SHOPKEEPER_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test"
    ),
    "mysql": os.environ.get("SHOPKEEPER_TEST_MYSQL", "mysql+pymysql://root@127.0.0.1:3306/test"),
}
TIMEOUT_SECONDS = 3


@cache
def server_fault(kind: str) -> str | None:
    """Why the server of this kind cannot be used, None where it can."""
    url = sa.make_url(SERVERS[kind])
    try:
        with _engine(url).connect() as connection:
            connection.execute(sa.text("SELECT 1"))
    except Exception as error:
        where = f"{url.host}:{url.port}/{url.database}"
        return f"no {kind} server at {where} ({type(error).__name__})"
    return None


@cache
def browser_fault() -> str | None:
    """Why no browser can be driven, None where one can."""
    if chromium() is None:
        return "no Chromium on the path (SHOPKEEPER_TEST_CHROMIUM may name one)"
    if chromedriver() is None:
        return "no chromedriver on the path (SHOPKEEPER_TEST_CHROMEDRIVER may name one)"
    return None


def chromium() -> str | None:
    """Path of the browser, None where there is none."""
    told = os.environ.get("SHOPKEEPER_TEST_CHROMIUM")
    names = (told,) if told else ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def chromedriver() -> str | None:
    """Path of the program that drives the browser, None where there is none."""
    return shutil.which(os.environ.get("SHOPKEEPER_TEST_CHROMEDRIVER") or "chromedriver")


@contextmanager
def fresh_database(kind: str) -> Iterator[str]:
    """Make an empty database on a server, give its URL, and drop it afterwards."""
    url = sa.make_url(SERVERS[kind])
    name = f"shopkeeper_{uuid.uuid4().hex[:12]}"
    engine = _engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            force = " WITH (FORCE)" if kind == "postgresql" else ""
            connection.execute(sa.text(f"DROP DATABASE {name}{force}"))


def _engine(url: sa.URL) -> sa.Engine:
    return sa.create_engine(url, poolclass=sa.NullPool, connect_args={"connect_timeout": TIMEOUT_SECONDS})
