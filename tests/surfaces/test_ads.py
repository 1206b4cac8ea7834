"""One answer of adverts: who may be shown, to whom, how often, at what price; and what is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import DAY_MS
from shopkeeper.surfaces.ads import AdServer, Asking, Rules
from shopkeeper.surfaces.adverts import MICROS, Advert, Inventory
from shopkeeper.surfaces.caps import Seen
from shopkeeper.surfaces.purses import Pace, Purses

NOW = 20_000 * DAY_MS


class Book:
    """A ledger in memory that grants all that is there."""

    def __init__(self):
        self.budgets, self.purses = {}, {}

    def set_budgets(self, budgets):
        self.budgets |= budgets

    def reserve(self, claims):
        for one in claims:
            self.purses[one.purse] = min(one.total, self.budgets[one.account])
        return [self.purses[one.purse] for one in claims]

    def spend(self, totals):
        assert all(total <= self.purses[name] for name, total in totals.items())

    def release(self, purses):
        pass

    def forfeit(self, before):
        return 0

    def balances(self):
        return {}


class Fixed:
    """Chances as given."""

    def __init__(self, *chances):
        self.chances = np.array(chances)

    def of(self, context):
        return self.chances


def server(adverts, *chances, rules=None):
    stock = Inventory.of(adverts)
    purses = Purses(Book(), stock, Pace(every=DAY_MS))
    purses.refill(NOW)
    return AdServer(stock, Fixed(*(chances or [0.1] * len(adverts))), purses, Seen(), rules or Rules())


def ad(name, bid=1.0, **more):
    return Advert(ad_id=name, bid=bid, **more)


def names(shown):
    return [one.ad_id for one in shown]


def test_the_most_worth_comes_first_and_pays_for_the_next():
    ads = server([ad("dear", 2.0), ad("liked", 1.0), ad("third", 0.5)], 0.01, 0.05, 0.02)
    first, second = ads.decide(Asking(places=2), NOW)
    assert (first.ad_id, second.ad_id) == ("liked", "dear")
    assert first.charge == pytest.approx(0.02)
    assert first.click_price == pytest.approx(0.4)
    assert second.click_price == pytest.approx(1.0)


def test_nobody_outside_the_audience():
    ads = server([ad("all", 0.1), ad("few", 9.0, segments="regulars|new")])
    assert names(ads.decide(Asking(places=5), NOW)) == ["all"]
    assert names(ads.decide(Asking(segments=frozenset({"new", "x"})), NOW)) == ["few"]


def test_the_cap_of_a_day_holds_and_ends_with_it():
    ads = server([ad("often", 2.0, daily_cap=2), ad("else", 1.0)])
    asked = [names(ads.decide(Asking("c_1"), NOW)) for _ in range(3)]
    assert asked == [["often"], ["often"], ["else"]]
    assert names(ads.decide(Asking("c_2"), NOW)) == ["often"]
    ads.seen.add("c_2", ["often"], NOW)
    assert names(ads.decide(Asking("c_2"), NOW)) == ["else"]
    assert names(ads.decide(Asking("c_1"), NOW + DAY_MS)) == ["often"]
    ads.seen.forget(["c_1"])
    assert ads.seen.counts("c_1", NOW + DAY_MS) == {}


def test_the_irrelevant_and_the_cheap_are_not_shown():
    rules = Rules(reserve=0.02 * MICROS, relevance=0.01)
    ads = server(
        [ad("dull", 99.0), ad("cheap", 0.1), ad("good", 1.0), ad("low", 9.0, quality=0.1)],
        0.005,
        0.1,
        0.05,
        0.09,
        rules=rules,
    )
    (only,) = ads.decide(Asking(places=4), NOW)
    assert (only.ad_id, only.charge) == ("good", 0.02)


def test_one_place_an_advertiser_and_only_what_is_asked_for():
    ads = server([ad("a1", 3.0, advertiser_id="A"), ad("a2", 2.0, advertiser_id="A"), ad("b", 1.0)])
    assert names(ads.decide(Asking(places=3), NOW)) == ["a1", "b"]
    assert names(ads.decide(Asking(places=3, only=["a2", "unknown"]), NOW)) == ["a2"]


def test_an_advert_has_its_time():
    ads = server([ad("later", starts="2024-10-05", ends="2024-10-06"), ad("ever", 0.5)])
    day = 20_001 * DAY_MS
    told = [names(ads.decide(Asking(), at)) for at in (day - 1, day, day + DAY_MS - 1, day + DAY_MS)]
    assert told == [["ever"], ["later"], ["later"], ["ever"]]


def test_what_cannot_be_paid_is_not_shown():
    ads = server([ad("poor", 1.0, daily_budget=0.25), ad("rich", 0.9)])
    shown = [ads.decide(Asking(), NOW)[0] for _ in range(5)]
    assert names(shown) == ["poor", "poor", "rich", "rich", "rich"]
    assert sum(one.charge for one in shown[:2]) <= 0.25


def test_without_adverts_nothing_is_shown():
    assert server([]).decide(Asking(), NOW) == []


adverts = st.lists(
    st.builds(
        lambda bid, quality, budget, segments, cap: (bid, quality, budget, segments, cap),
        st.floats(0.01, 5),
        st.floats(0.1, 1),
        st.none() | st.floats(0.05, 2),
        st.lists(st.sampled_from("xyz"), max_size=2),
        st.none() | st.integers(1, 3),
    ),
    min_size=1,
    max_size=8,
)
askings = st.lists(
    st.tuples(st.sampled_from(["", "c_1", "c_2"]), st.frozensets(st.sampled_from("xyz"))), max_size=30
)


@given(adverts, askings, st.integers(1, 3))
def test_whatever_happens_the_promises_hold(drawn, asked, places):
    """Never over budget, cap or bid, never outside the audience."""
    stock = [
        Advert(
            ad_id=f"a{at}", bid=bid, quality=quality, daily_budget=budget, segments=segments, daily_cap=cap
        )
        for at, (bid, quality, budget, segments, cap) in enumerate(drawn)
    ]
    ads = server(stock, *np.linspace(0.01, 0.3, len(stock)))
    paid = dict.fromkeys(range(len(stock)), 0)
    counts: dict[tuple[str, int], int] = {}
    for person, segments in asked:
        for one in ads.decide(Asking(person, segments, places=places), NOW):
            at = int(one.ad_id[1:])
            paid[at] += one.micros
            counts[person, at] = counts.get((person, at), 0) + 1
            assert one.click_price <= stock[at].bid * (1 + 1e-6)
            assert not stock[at].segments or not segments.isdisjoint(stock[at].segments)
    for at, one in enumerate(stock):
        assert one.daily_budget is None or paid[at] <= round(one.daily_budget * MICROS)
        assert one.daily_cap is None or all(
            counts.get((name, at), 0) <= one.daily_cap for name in ("c_1", "c_2")
        )


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"bid": -1}, "bid"),
        ({"bid": 0}, "bid"),
        ({"bid": float("nan")}, "bid"),
        ({"bid": float("inf")}, "bid"),
        ({"daily_budget": 0}, "daily_budget"),
        ({"daily_budget": float("nan")}, "daily_budget"),
        ({"quality": 2}, "quality"),
        ({"ad_id": ""}, "ad_id"),
        ({"daily_cap": 0}, "daily_cap"),
        ({"starts": "soon"}, "starts"),
        ({"colour": "red"}, "colour"),
        ({"starts": "2024-02-01", "ends": "2024-01-01"}, "starts must lie before ends"),
    ],
)
def test_what_is_no_advert_is_told(wrong, field):
    with pytest.raises(ValidationError, match=field):
        Advert.model_validate({"ad_id": "a", "bid": 1.0} | wrong)


def test_adverts_must_fit_together():
    with pytest.raises(InvalidRequest, match="'a' stands there twice"):
        Inventory.of([ad("a"), ad("b"), ad("a")])
    with pytest.raises(InvalidRequest, match="'x' name different budgets"):
        Inventory.of([ad("a", campaign_id="x", daily_budget=1), ad("b", campaign_id="x", daily_budget=2)])
