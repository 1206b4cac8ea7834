"""Circles: what members like, as it stood at a moment, and by a slow plain reading of the same rules."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS, Circle, EventType, Histories, Tie
from shopkeeper.data import circles
from shopkeeper.data.circles import build_circle, likes_of
from shopkeeper.data.dataset import PERSON, build_dataset
from shopkeeper.data.histories import summarise
from shopkeeper.data.split import time_split
from shopkeeper.data.tied import MOST_MEMBERS, Ties

DEEDS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 4), st.sampled_from(list(EventType)), st.integers(1, 5)),
    max_size=30,
)


def of_events(rows, n=3):
    """Histories of ``n`` people from (person, item, kind, value)."""
    rows = sorted(rows, key=lambda row: row[0])
    owner = np.array([row[0] for row in rows], np.int64)
    item, kind = np.array([row[1] for row in rows], np.int32), np.array([row[2] for row in rows], np.int8)
    time = np.arange(len(rows), dtype=np.int64)
    offsets = np.append(0, np.cumsum(np.bincount(owner, minlength=n))).astype(np.int64)
    value = np.array([row[3] for row in rows], np.float32)
    return Histories(offsets, item, kind, time, value, *summarise(n, owner, item, time))


@given(DEEDS)
def test_likes_are_what_was_bought_wished_for_shared_or_rated_well(rows):
    found = likes_of(of_events(rows))

    for person in range(3):
        own = [row for row in rows if row[0] == person]
        rated = [row for row in own if row[2] in (EventType.rate, EventType.review)]
        mean = np.mean([row[3] for row in rated]) if rated else 0
        liked = {row[1] for row in rated if row[3] >= mean - 1e-6}
        liked |= {
            row[1]
            for row in own
            if row[2] in (EventType.purchase, EventType.add_to_wishlist, EventType.share)
        }
        assert found[person].tolist() == sorted(liked)


def test_only_the_latest_likes_are_told():
    many = [(0, item, EventType.purchase, 1) for item in range(circles.MOST_LIKES + 5)]

    assert likes_of(of_events(many, n=1))[0].tolist() == list(range(5, circles.MOST_LIKES + 5))


def dataset():
    """A month of two people; ``cold`` did nothing yet and hears both, and for three days ``once`` too."""
    events = [
        ("ada", "x", "purchase", 1),
        ("ada", "y", "purchase", 20),
        ("ada", "z", "view_item", 2),
        ("bob", "z", "purchase", 5),
        ("once", "w", "purchase", 1),
    ]
    frame = pl.DataFrame(events, [PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP], orient="row")
    frame = frame.with_columns(pl.col(c.TIMESTAMP) * DAY_MS)
    ties = [
        ("bob", "ada", "follow", None, None),
        ("bob", "ada", "household", None, None),
        ("cold", "ada", "friend", None, None),
        ("cold", "bob", "friend", 6 * DAY_MS, None),
        ("cold", "once", "friend", None, 3 * DAY_MS),
    ]
    kinds = {name: pl.Int64 if name in (c.STARTS_AT, c.ENDS_AT) else pl.String for name in c.TIE_COLUMNS}
    return build_dataset(frame, heard=pl.DataFrame(ties, kinds, orient="row"))


def circle(data, people, moments) -> Circle:
    """Circles that are there."""
    found = build_circle(data, people, moments)
    assert found is not None
    return found


def told(data, person, day):
    """Kinds of ties and likes of the members of one circle."""
    people = np.array([data.people.index(person)])
    found = circle(data, people, np.array([int(day * DAY_MS)]))
    rows = [found.likes[member] for member in range(len(found.kinds))]
    likes = [[data.items.ids[item] for item in row] for row in rows]
    return sorted(zip([Tie(kind).name for kind in found.kinds], likes, strict=True))


def test_a_circle_knows_nothing_of_what_came_later():
    data = dataset()

    assert told(data, "ada", 30) == []
    assert told(data, "bob", 1) == [("household", [])]
    assert told(data, "bob", 2) == [("household", ["x"])]
    assert told(data, "cold", 2) == [("friend", ["w"]), ("friend", ["x"])]
    assert told(data, "cold", 3) == [("friend", ["x"])]
    assert told(data, "cold", 30) == [("friend", ["x", "y"]), ("friend", ["z"])]


def test_a_batch_of_circles_is_its_circles_one_by_one():
    data = dataset()
    people, moments = np.array([0, 1, 2, 3, 2]), np.array([30, 2, 30, 1, 2]) * DAY_MS

    whole = circle(data, people, moments)

    for row in range(len(people)):
        alone, taken = circle(data, people[[row]], moments[[row]]), whole.take(np.array([row]))
        assert alone.kinds.tolist() == taken.kinds.tolist()
        assert alone.likes.offsets.tolist() == taken.likes.offsets.tolist()
        assert alone.likes.items.tolist() == taken.likes.items.tolist()


def test_the_questions_of_a_split_carry_the_circle_of_their_moment():
    data = dataset()

    found = time_split(data, 10).test.requests

    assert [data.people[p] for p in np.unique(data.person[data.time >= found.as_of[0]])] == ["ada"]
    assert found.circle is not None
    assert len(found.circle) == len(found)


def test_nobody_is_heard_where_there_are_no_ties():
    frame = pl.DataFrame({PERSON: ["a"], c.ITEM_ID: ["x"], c.TIMESTAMP: [1]})

    assert build_circle(build_dataset(frame), np.array([0]), np.array([5])) is None


def test_a_large_circle_is_bounded_the_closest_and_the_latest_first():
    n = MOST_MEMBERS + 10
    kinds = [Tie.follow] * (n - 1) + [Tie.household]
    ties = Ties.of_one(list(range(n)), kinds, list(range(n)), [None] * n)

    others, closest = ties.of(0, n)

    assert others.tolist() == [n - 1, *range(n - 2, n - 1 - MOST_MEMBERS, -1)]
    assert closest[0] == Tie.household
    assert ties.of(1, n)[0].tolist() == []
