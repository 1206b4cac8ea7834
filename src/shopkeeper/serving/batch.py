"""Lists for many customers at once, streamed to a Parquet file by the code that answers one request."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Bools, Longs, Requests
from shopkeeper.data.attributes import attributes_of
from shopkeeper.data.circles import build_circle
from shopkeeper.data.dataset import ANONYMOUS, Dataset
from shopkeeper.data.histories import slice_histories
from shopkeeper.data.looks import build_looks
from shopkeeper.evaluation.backtest import BATCH, Progress, no_progress
from shopkeeper.recommenders.model import Model

RANK, SCORE, SOURCE = "rank", "score", "source"
SCHEMA: Final = {
    c.CUSTOMER_ID: pl.String,
    RANK: pl.Int32,
    c.ITEM_ID: pl.String,
    SCORE: pl.Float32,
    SOURCE: pl.String,
}
"""Columns of the file; ranks start at 1."""


@dataclass(frozen=True)
class Everybody:
    """People to answer and what is known of them.

    Attributes
    ----------
    labels
        What each is called in the file.
    people
        Pseudonym of each.
    log
        The log in the codes of the model's catalogue.
    customers
        ``customer_id`` and ``attributes`` of customers.
    reserved
        Shape ``(n_items,)``: what nobody hears that another likes.
    """

    labels: pl.Series
    people: pl.Series
    log: Dataset
    customers: pl.DataFrame
    reserved: Bools

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code in the log of each person it knows."""
        return {name: code for code, name in enumerate(self.log.people)}


def write_lists(
    model: Model,
    everybody: Everybody,
    out: Path,
    *,
    as_of: int,
    allowed: Bools,
    k: int,
    progress: Progress = no_progress,
) -> int:
    """Answer everybody into a file, which appears only when it is whole.

    Parameters
    ----------
    model
        Answers by its default.
    everybody
        Whom to answer; people the log does not know get what suits anybody.
    out
        The file, see `SCHEMA`.
    as_of
        The moment of all questions, epoch milliseconds.
    allowed
        Shape ``(n_items,)``: items that may be answered.
    k
        Length of a list.
    progress
        Told of people answered.

    Returns
    -------
    People answered.

    Raises
    ------
    InvalidRequest
        The file cannot be written.
    """
    n = len(everybody.people)

    def portions(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        for start in range(0, n, BATCH):
            rows = np.arange(start, min(start + BATCH, n))
            requests = _requests(model, everybody, rows, as_of, allowed)
            yield _frame(model, everybody.labels[start : start + BATCH], requests, k)
            progress("recommend", int(rows[-1]) + 1, n)

    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        register_io_source(portions, schema=SCHEMA).sink_parquet(draft)
        draft.replace(out)
    except OSError as error:
        raise InvalidRequest(f"{out} cannot be written: {error.strerror or error}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return n


def _requests(model: Model, everybody: Everybody, rows: Longs, as_of: int, allowed: Bools) -> Requests:
    log, names = everybody.log, everybody.people.gather(rows).to_list()
    # Whoever is not in the log has a history of no rows.
    codes = np.array([everybody.codes.get(name, len(log.people)) for name in names])
    known = np.where(codes < len(log.people), codes, ANONYMOUS)
    bounds = np.append(log.offsets, log.offsets[-1])
    attributes = model.attributes.encode(attributes_of(names, everybody.customers))
    moments = np.full(len(names), as_of, np.int64)
    histories = slice_histories(log, bounds[codes], bounds[codes + 1])
    circle = build_circle(log, codes, moments) if model.hears_circles else None
    heard = None if circle is None else circle.among(~everybody.reserved)
    looks = build_looks(log.showings, histories, known, moments) if model.reads_looks else None
    return Requests(histories, moments, allowed, attributes=attributes, circle=heard, looks=looks)


def _frame(model: Model, labels: pl.Series, requests: Requests, k: int) -> pl.DataFrame:
    answer = model.default.recommend(requests, k)
    rows = answer.lists.rows
    names = pl.Series(answer.source_names, dtype=pl.String)
    ids = pl.Series(model.items.ids, dtype=pl.String)
    return pl.DataFrame(
        {
            c.CUSTOMER_ID: labels.gather(rows),
            RANK: np.arange(len(rows)) - answer.offsets[:-1][rows] + 1,
            c.ITEM_ID: ids.gather(answer.items),
            SCORE: answer.scores,
            SOURCE: names.gather(answer.sources),
        },
        schema_overrides=SCHEMA,
    )
