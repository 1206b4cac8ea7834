"""Read the plain files of an evaluation: CSV or Parquet, with text ids and times of any usual form.

Everything in a CSV is read as text first, so that an id such as ``0042`` stays what it is.
"""

from pathlib import Path
from typing import Final

import polars as pl
from polars.exceptions import PolarsError

from shopkeeper.core.errors import EmptySource, MissingFile, UnreadableSource
from shopkeeper.data.contract import Kind
from shopkeeper.data.value_columns import parse_column

_PARQUET: Final = b"PAR1"

_LATEST_MS: Final = 4_102_444_800_000
"""Start of the year 2100."""


def read_table(path: Path) -> pl.DataFrame:
    """Read a CSV or Parquet file, plain or (CSV) compressed with gzip or Zstandard.

    Raises
    ------
    MissingFile
        There is no such file.
    EmptySource
        It has no rows.
    UnreadableSource
        It is neither, not UTF-8, or damaged.
    """
    try:
        with path.open("rb") as file:
            start = file.read(len(_PARQUET))
        if not start:
            raise EmptySource(f"{path} is empty.", hint="Give a CSV or Parquet file with rows.")
        frame = pl.read_parquet(path) if start == _PARQUET else pl.read_csv(path, infer_schema=False)
        frame = frame.rename({name: name.strip().lower() for name in frame.columns})
    except FileNotFoundError:
        raise MissingFile(f"{path} does not exist.", hint="Check the path.") from None
    except (PolarsError, OSError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UnreadableSource(
            f"{path} cannot be read as CSV or Parquet: {reason}.",
            hint="Give UTF-8 CSV with a header line, or Parquet.",
        ) from None
    if not len(frame):
        raise EmptySource(f"{path} has a header and no rows.", hint="Give a file with rows.")
    return frame


def text(values: pl.Series) -> pl.Series:
    """Ids as the import reads them: whole numbers without ``.0``, null where there is none."""
    return parse_column(values, Kind.id)[0]


def epoch_milliseconds(values: pl.Series) -> pl.Series:
    """Times as the import reads them, UTC epoch milliseconds; null where there is none from 1970 to 2100."""
    times, _ = parse_column(values, Kind.time)
    usable = times.is_between(0, _LATEST_MS).fill_null(value=False)
    return times.set(~usable, None)
