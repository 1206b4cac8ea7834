"""Keys of whole frames of events: the fast twin of `data.event_key`."""

from hashlib import blake2b

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.event_key import (
    DIGEST_BYTES,
    MARKS,
    NUMBER_COLUMNS,
    SCALE,
    SEPARATOR,
    TIME_BYTES,
    key_of_id,
)
from shopkeeper.data.occurrences import Occurrences
from shopkeeper.data.schema import KEY_BYTES


def contents(frame: pl.DataFrame) -> pl.Series:
    """Canonical content of each row; see `event_key.content_of`."""
    parts: list[pl.Expr] = []
    for name, mark in MARKS.items():
        if name in frame.columns:
            parts += _marked(name, mark, gaps=frame[name].null_count() > 0)
    return frame.select(pl.concat_str(parts, ignore_nulls=True).alias("content")).to_series()


def _marked(name: str, mark: str, *, gaps: bool) -> list[pl.Expr]:
    """The value after its mark, both or neither; a column without gaps saves the joining."""
    if gaps:
        return [pl.concat_str(pl.lit(mark), _spelled(name))]
    return [pl.lit(mark), _spelled(name)]


def _spelled(name: str) -> pl.Expr:
    if name in NUMBER_COLUMNS:
        return (pl.col(name) * SCALE + 0.5).floor().cast(pl.Int64).cast(pl.String)
    return pl.col(name).cast(pl.String)


def event_keys(frame: pl.DataFrame, occurrences: Occurrences) -> list[bytes]:
    """Key of each row of a validated, pseudonymised frame; ``occurrences`` lives as long as the source."""
    if c.EVENT_ID not in frame.columns:
        return _keys_of_contents(frame, occurrences)
    ids = frame[c.EVENT_ID].to_list()
    rest = iter(_keys_of_contents(frame.filter(pl.col(c.EVENT_ID).is_null()), occurrences))
    return [next(rest) if given is None else key_of_id(given) for given in ids]


def _keys_of_contents(frame: pl.DataFrame, occurrences: Occurrences) -> list[bytes]:
    content = contents(frame)
    numbers = pl.Series("number", occurrences.number(content))
    if (numbers > 0).any():
        repeated = pl.when(numbers > 0).then(pl.format("{}" + SEPARATOR + "#{}", content, numbers))
        content = pl.select(repeated.otherwise(content)).to_series()
    digests = [blake2b(text, digest_size=DIGEST_BYTES).digest() for text in content.cast(pl.Binary).to_list()]
    return _joined(frame[c.TIMESTAMP], digests)


def _joined(moments: pl.Series, digests: list[bytes]) -> list[bytes]:
    """The last bytes of each moment, the highest first, before its digest."""
    keys = np.empty((len(digests), KEY_BYTES), np.uint8)
    words = moments.to_numpy().astype(">i8").view(np.uint8).reshape(-1, 8)
    keys[:, :TIME_BYTES] = words[:, -TIME_BYTES:]
    keys[:, TIME_BYTES:] = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, DIGEST_BYTES)
    joined: list[bytes] = keys.view(f"V{KEY_BYTES}").ravel().tolist()
    return joined
