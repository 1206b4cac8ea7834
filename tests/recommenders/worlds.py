"""Small shops and questions for the tests of recommenders, written as plain lists."""

from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

import numpy as np
import polars as pl
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Circle, EventType, Histories, Ragged, Requests, Tie
from shopkeeper.data.circles import build_circle
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.histories import build_histories, summarise

START = 1_700_000_000_000
ITEMS = tuple(f"i{number:02}" for number in range(12))
_SCHEMA = {PERSON: pl.String, c.ITEM_ID: pl.String, c.TIMESTAMP: pl.Int64, c.EVENT_TYPE: pl.String}


def shop(rows, catalogue=ITEMS, ties=None):
    """A dataset of (person or None, item, day) or (person, item, day, event type); all arrays read-only.

    Titles go two by two: i00 is like i01, i02 like i03. Ties are pairs of people: the first hears the second.
    """
    full = [(row[0], row[1], START + int(row[2] * DAY_MS), *(row[3:] or ["purchase"])) for row in rows]
    frame = pl.DataFrame(full, schema=_SCHEMA, orient="row")
    titles = [f"{'abcdefghijkl'[place // 2 % 12] * 4} ware" for place in range(len(catalogue))]
    columns = {c.ITEM_ID: pl.String(), c.TITLE: pl.String()}
    items = pl.DataFrame({c.ITEM_ID: list(catalogue), c.TITLE: titles}, columns)
    return frozen(build_dataset(frame, items, heard=None if ties is None else heard(ties)))


def heard(ties):
    """Friends by pairs, as `Store.circles` tells them."""
    rows = [(*pair, Tie.friend.name, None, None) for pair in ties]
    schema = {name: pl.Int64 if name in (c.STARTS_AT, c.ENDS_AT) else pl.String for name in c.TIE_COLUMNS}
    return pl.DataFrame(rows, schema, orient="row")


def circle(dataset, *people):
    """Circles of lists of friends, each the items they like."""
    likes = [dataset.items.encode(sorted(friend)).tolist() for friends in people for friend in friends]
    offsets = np.append(0, np.cumsum([len(friends) for friends in people])).astype(np.int64)
    return Circle(offsets, np.full(len(likes), Tie.friend, np.int8), Ragged.of(likes))


def history(dataset, *people):
    """Histories of lists of (item, day) or (item, day, event type), oldest first."""
    rows = [
        (owner, dataset.items.code(event[0]), EventType[(event[2:] or ("purchase",))[0]], event[1])
        for owner, events in enumerate(people)
        for event in events
    ]
    owner = np.array([row[0] for row in rows], np.int64)
    item, kind = np.array([row[1] for row in rows], np.int32), np.array([row[2] for row in rows], np.int8)
    time = np.array([START + int(row[3] * DAY_MS) for row in rows], np.int64)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=len(people)))]).astype(np.int64)
    values = np.ones(len(rows), np.float32)
    return Histories(offsets, item, kind, time, values, *summarise(len(people), owner, item, time))


def ask(dataset, *people, day=100.0, allowed=None, exclude=None, friends=None):
    """Requests of people given as in `history`, ``friends`` as in `circle`.

    ``allowed`` and the rows of ``exclude`` name items.
    """
    as_of = np.full(len(people), START + int(day * DAY_MS), np.int64)
    mask = None if allowed is None else np.isin(dataset.items.ids, list(allowed))
    rows = None if exclude is None else Ragged.of([dataset.items.encode(row).tolist() for row in exclude])
    heard = None if friends is None else circle(dataset, *friends)
    return frozen(Requests(history(dataset, *people), as_of, mask, rows, circle=heard))


def everybody(dataset: Dataset) -> Requests:
    """What each person of a dataset should see just after its end."""
    people = np.arange(len(dataset.people), dtype=np.int64)
    as_of = np.full(len(people), dataset.end, np.int64)
    histories, circles = build_histories(dataset, people, as_of), build_circle(dataset, people, as_of)
    return frozen(Requests(histories, as_of, circle=circles))


def everything(requests: Requests, n_items: int) -> Ragged:
    """The whole catalogue as candidates of each request."""
    return Ragged.of([list(range(n_items)) for _ in range(len(requests))])


def names(dataset, answer):
    """Answers as lists of item ids."""
    return [[dataset.items.ids[item] for item in answer.lists[row]] for row in range(len(answer))]


Frozen = TypeVar("Frozen")


def frozen(value: Frozen) -> Frozen:
    """The same value with every array read-only, so that whoever writes into its input is caught."""
    if isinstance(value, np.ndarray):
        copy = value.copy()
        copy.flags.writeable = False
        return cast(Frozen, copy)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return cast(Frozen, replace(value, **{name: frozen(part) for name, part in parts.items()}))
    return value


people = st.sampled_from(["ada", "bob", "cy", "dee", "eve", None])
kinds = st.sampled_from(["purchase", "view_item", "add_to_cart"])
shops = st.lists(st.tuples(people, st.sampled_from(ITEMS), st.integers(0, 40), kinds), max_size=60).map(shop)
"""Random shops of five people and some events of nobody."""
events = st.lists(st.tuples(st.sampled_from(ITEMS), st.integers(0, 60), kinds), max_size=8)
pasts = st.lists(events.map(lambda past: sorted(past, key=lambda event: event[1])), min_size=1, max_size=4)
some_items = st.sets(st.sampled_from(ITEMS))
circles = st.lists(some_items, max_size=3)


@st.composite
def questions(draw, dataset):
    """Random requests to a shop, with and without limits on what may be answered."""
    past = draw(pasts)
    allowed = draw(st.none() | some_items)
    exclude = draw(st.none() | st.lists(some_items, min_size=len(past), max_size=len(past)))
    friends = draw(st.none() | st.lists(circles, min_size=len(past), max_size=len(past)))
    return ask(dataset, *past, allowed=allowed, exclude=exclude, friends=friends)
