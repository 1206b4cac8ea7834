"""What people did lately: the latest events, the strongest of each item, faded by age."""

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS
from shopkeeper.learners.past import past_of
from tests.recommenders.worlds import START, shop


def test_the_past_holds_the_strongest_event_of_the_latest(monkeypatch):
    monkeypatch.setattr("shopkeeper.learners.past.LATEST", 3)
    dataset = shop(
        [
            ("u", "i01", 0),
            ("u", "i02", 1, "view_item"),
            ("u", "i03", 2, "view_item"),
            ("u", "i03", 3),
            ("v", "i01", 1),
            (None, "i05", 2),
        ]
    )
    past = past_of(dataset).toarray()
    np.testing.assert_allclose(past[0][dataset.items.encode(["i01", "i02", "i03"])], [0.0, 0.2, 1.0])
    assert past.sum() == pytest.approx(2.2)


def test_events_fade_by_half_in_each_half_life():
    rows = [
        ("u", "i01", 0),
        ("u", "i02", 10),
        ("v", "i01", 20),
        ("v", "i01", 0),
        ("v", "i03", 10, "view_item"),
    ]
    dataset = shop(rows)
    past = past_of(dataset, 10.0).toarray()[:, dataset.items.encode(["i01", "i02", "i03"])]
    assert dataset.end == START + 20 * DAY_MS + 1
    np.testing.assert_allclose(past, [[0.25, 0.5, 0.0], [1.0, 0.0, 0.1]], rtol=1e-6)


def test_nobody_known_has_no_past():
    assert past_of(shop([(None, "i01", 1)]), 3.0).nnz == 0
