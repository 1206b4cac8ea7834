"""What was shown and taken, in the codes of a dataset, beside a slow plain count."""

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.impressions import showings
from shopkeeper.data.showings import SLOTS

SHOWN = [
    # request, person, surface, row, slot, item, time: in the order things stood
    ("r2", "ann", "homepage", "for_you", 0, "b", 200),
    ("r2", "ann", "homepage", "for_you", 1, "a", 200),
    ("r2", "ann", "homepage", "trending", 0, "c", 200),
    ("r1", "bob", "recommendations", "for_you", 0, "c", 100),
    ("r1", "bob", "recommendations", "for_you", 1, "gone", 100),
    ("r3", "ann", "search", "results", 0, "a", 300),
    ("r4", None, "homepage", "popular", 0, "a", 400),
    ("r4", None, "homepage", "popular", 13, "b", 400),
]
EVENTS = [
    ("ann", "view_item", "a", 210, "r2"),
    ("bob", "purchase", "c", 110, "r1"),
    ("bob", "purchase", "b", 120, None),
    ("ann", "view_item", "a", 310, "r3"),
]


@pytest.fixture(scope="module")
def frames():
    shown = pl.DataFrame(
        SHOWN,
        [c.REQUEST_ID, PERSON, c.SURFACE, c.ROW, c.SLOT, c.ITEM_ID, c.TIMESTAMP],
        orient="row",
    )
    events = pl.DataFrame(
        EVENTS, [PERSON, c.EVENT_TYPE, c.ITEM_ID, c.TIMESTAMP, c.REQUEST_ID], orient="row"
    ).with_columns(pl.lit(None, pl.Float64).alias(name) for name in (c.QUANTITY, c.PRICE, c.VALUE))
    return shown, events, build_dataset(events)


def told(found, dataset):
    """Each answer as person, time and what stood where."""
    who = ["" if code < 0 else dataset.people[code] for code in found.person.tolist()]
    items = [dataset.items.ids[code] for code in found.items.items.tolist()]
    rows = list(zip(items, found.place.tolist(), found.taken.tolist(), strict=True))
    bounds = found.items.offsets.tolist()
    return [
        (person, time, rows[low:high])
        for person, time, low, high in zip(who, found.time.tolist(), bounds[:-1], bounds[1:], strict=True)
    ]


def test_answers_come_by_time_with_place_and_outcome(frames):
    shown, events, dataset = frames
    assert told(showings(shown, events, dataset), dataset) == [
        ("bob", 100, [("c", 0, True)]),
        ("ann", 200, [("a", 1, True), ("b", 0, False), ("c", SLOTS, False)]),
        ("", 400, [("a", 0, False), ("b", SLOTS - 1, False)]),
    ]


def test_a_part_is_what_a_count_of_the_whole_would_give(frames):
    shown, events, dataset = frames
    found = showings(shown, events, dataset)
    assert told(found.between(150, 400), dataset) == told(found, dataset)[1:2]
    assert told(found.part(1, 3), dataset) == told(found, dataset)[1:]
    assert len(found.between(500, 600)) == 0


def test_who_was_erased_is_nobody(frames):
    shown, events, dataset = frames
    erased = shown.with_columns(pl.when(pl.col(PERSON) != "ann").then(PERSON).alias(PERSON))
    assert np.count_nonzero(showings(erased, events, dataset).person >= 0) == 1


def test_nothing_shown_is_nothing(frames):
    shown, events, dataset = frames
    assert len(showings(shown.clear(), events, dataset)) == 0
