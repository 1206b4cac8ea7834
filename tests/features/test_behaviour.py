"""What people did lately, against a loop."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import DAY_MS, EventType
from shopkeeper.features.behaviour import HEARD, NUMBERS, POOLS, behaviour
from tests.recommenders.worlds import ask, questions, shop

PRICE = np.linspace(-1.0, 1.0, 12).astype(np.float32)
GROUP = np.array([0, 1, 2, -1] * 3, np.int32)
SPEAKS = np.ones(len(EventType), np.float32)
SPEAKS[EventType.view_item] = 0.2
WORLD = shop([])


def plain(requests, row):
    """Weights by pool, numbers and favourites of one person, event by event."""
    history = requests.histories
    low, high = history.offsets[row], history.offsets[row + 1]
    events = list(range(low, high))[-HEARD:]
    items, kinds, times = history.items[events], history.kinds[events], history.times[events]
    n, weights = len(events), np.zeros((len(POOLS), len(events)))
    for i in range(n):
        viewed = kinds[i] == EventType.view_item
        for pool, (fade, counts) in enumerate(zip((0.95, 0.9, 0.6), (not viewed, viewed, True), strict=True)):
            weights[pool, i] = counts * SPEAKS[kinds[i]] * fade ** (n - 1 - i)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    if not n:
        return weights, [0.0] * len(NUMBERS), np.zeros(3)
    even = 0.95 ** np.arange(n)[::-1]
    even /= even.sum()
    level = (even * PRICE[items]).sum()
    days = [(requests.as_of[row] - times[-1]) / DAY_MS, (times[-1] - times[0]) / max(n - 1, 1) / DAY_MS]
    distinct = len(set(items.tolist()))
    numbers = [
        np.log1p(n),
        np.log1p(distinct),
        1 - distinct / n,
        np.mean(kinds == EventType.view_item),
        np.log1p(days[0]),
        np.log1p(days[1]),
        level,
        np.sqrt((even * (PRICE[items] - level) ** 2).sum()),
    ]
    return weights, numbers, [even[GROUP[items] == group].sum() for group in range(3)]


@given(st.data())
def test_behaviour_is_that_of_a_loop(data):
    requests = data.draw(questions(WORLD))
    check(requests)


def test_only_the_last_events_are_heard():
    past = [(f"i{day % 7:02}", day, "view_item" if day % 3 else "purchase") for day in range(HEARD + 25)]
    found = check(ask(WORLD, past, [], past[:3]))
    assert np.diff(found.offsets).tolist() == [HEARD, 0, 3]


def check(requests):
    found = behaviour(requests, PRICE, GROUP, 3, SPEAKS)
    for row in range(len(requests)):
        weights, numbers, favourites = plain(requests, row)
        low, high = found.offsets[row], found.offsets[row + 1]
        np.testing.assert_allclose(found.weights[:, low:high], weights, atol=1e-5)
        np.testing.assert_allclose(found.numbers[row], numbers, atol=2e-3)
        np.testing.assert_allclose(found.favourites[row], favourites, atol=1e-5)
    return found


def test_a_moment_before_the_history_counts_as_its_end():
    found = behaviour(ask(WORLD, [("i01", 50)], day=3), PRICE, GROUP, 3, SPEAKS)
    assert found.numbers[0, NUMBERS.index("days_since_active")] == pytest.approx(0.0)
