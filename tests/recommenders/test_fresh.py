"""How often untouched items are tried, against sums in plain Python."""

from math import exp, lgamma, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.types import Ragged
from shopkeeper.data.split import Cases
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.fresh import (
    LEAST,
    MOST,
    NOTHING_TRIED,
    PLACE,
    Seen,
    Tried,
    ahead,
    rate,
    validated,
)
from shopkeeper.recommenders.popular import Popular
from tests.recommenders.worlds import ITEMS, ask, shop

COUNTS = st.integers(0, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))


def log_beta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def slow(one, other):
    """The closed form for whole numbers: Miller (2014), "Formulas for Bayesian A/B testing"."""
    (a, b), (c, d) = ((1 + taken, 1 + shown - taken) for shown, taken in (one, other))
    terms = (exp(log_beta(c + i, d + b) - log(b + i) - log_beta(1 + i, b) - log_beta(c, d)) for i in range(a))
    return sum(terms)


@given(COUNTS, COUNTS)
def test_the_share_is_that_of_the_closed_form(one, other):
    assert ahead(Seen(*one), Seen(*other)) == pytest.approx(slow(one, other), abs=2e-3)
    both = ahead(Seen(*one), Seen(*other)) + ahead(Seen(*other), Seen(*one))
    assert both == pytest.approx(1.0, abs=2e-3)


@given(COUNTS, COUNTS)
def test_who_is_taken_more_is_tried_more_within_bounds(one, other):
    before = Tried(Seen(*one), Seen(*other))
    taken = Tried(Seen(one[0] + 1, one[1] + 1), Seen(*other))
    passed_over = Tried(Seen(one[0] + 1, one[1]), Seen(*other))
    assert LEAST <= rate(before) <= MOST
    if before != NOTHING_TRIED:
        assert rate(passed_over) <= rate(before) + 1e-3
        assert rate(before) <= rate(taken) + 1e-3


def test_without_figures_the_least_is_tried():
    assert rate(NOTHING_TRIED) == LEAST
    assert Tried(Seen(3, 1)) + Tried(Seen(2, 1), Seen(1, 0)) == Tried(Seen(5, 2), Seen(1, 0))


def test_what_visitors_do_outweighs_validation():
    start = Tried(Seen(10_000, 300).at_most(500), Seen(10_000, 600).at_most(500))
    assert start.fresh == Seen(500, 15)
    loved = start + Tried(Seen(500, 60), Seen(500, 30))
    ignored = start + Tried(Seen(500, 0), Seen(500, 30))
    assert rate(ignored) < rate(start) < rate(loved) == MOST


def test_validation_counts_what_would_have_been_shown():
    rows = [(person, f"i{item:02}", item) for person in "abc" for item in range(0, 10, 2)]
    world = shop(rows)
    untouched = world.popularity == 0
    # Titles go two by two: i01 is like i00 and untouched, i03 like i02 ...
    requests = ask(world, [("i00", 1)], [("i02", 1)], [])
    truth = Ragged.of([world.items.encode(["i01"]), world.items.encode(["i08"]), world.items.encode(["i02"])])
    popular, content = Popular().fit(world), Content().fit(world)
    found = validated(popular, content, untouched, Cases(requests, truth))
    offered = content.recommend(ask(world, [("i00", 1)], allowed=np.array(ITEMS)[untouched]), 10).lists[0]
    assert found.fresh.shown == 2
    assert found.fresh.taken == pytest.approx(1 / len(offered))
    place = popular.recommend(requests, PLACE + 1).lists[0][PLACE]
    assert found.usual == Seen(3, float(sum(place in truth[row] for row in range(3))))
