"""Customer neighbours against the plain formula, and people who are taken out again."""

from collections import defaultdict
from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core.types import EventType
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours, CustomerNeighboursConfig
from tests.recommenders.worlds import ITEMS, ask, everybody, everything, names, shop

PEARSON = CustomerNeighboursConfig(absent=0.0, shrinkage=0.0, recency=1.0)

people = st.sampled_from(["ada", "bob", "cy", "dee", None])
kinds = st.sampled_from(["purchase", "view_item", "rate"])
rows = st.lists(
    st.tuples(people, st.sampled_from(ITEMS[:6]), st.integers(0, 9), kinds, st.integers(1, 5)), max_size=50
)
settings_ = st.builds(
    CustomerNeighboursConfig,
    neighbours=st.sampled_from([1, 2, 50]),
    absent=st.sampled_from([0.0, 0.5, 3.0]),
    shrinkage=st.sampled_from([0.0, 2.0]),
    recency=st.sampled_from([0.5, 1.0]),
    seen=st.sampled_from([0.0, 1.0]),
)


def rated(events, catalogue=ITEMS):
    """A dataset of (person, item, day, kind, stars), in which the stars are the value of each event."""
    dataset = shop([event[:4] for event in events], catalogue)
    # Sorted as a dataset sorts: by person, nobody first, then day, then order of arrival.
    order = sorted(range(len(events)), key=lambda n: (events[n][0] or "", events[n][2]))
    stars = np.array([events[n][4] for n in order], np.float32)
    return replace(dataset, value=stars)


def asked(dataset, *pasts):
    """Requests of people given by the same kind of event, without their name."""
    requests = ask(dataset, *[[event[1:4] for event in past] for past in pasts])
    stars = np.array([event[4] for past in pasts for event in past], np.float32)
    return replace(requests, histories=replace(requests.histories, values=stars))


def opinions(events, weights):
    """r of each item, and whether it is a rating; events in order."""
    found: dict[str, float] = defaultdict(float)
    stars: dict[str, float] = {}
    for _, item, _, kind, star in events:
        found[item] += float(weights[EventType[kind]])
        if kind == "rate":
            stars[item] = float(star)
    return {item: (stars.get(item, total), item in stars) for item, total in found.items()}


def deviations(events, weights, absent):
    """d / |d| of each item."""
    values = opinions(events, weights)
    means = {}
    for sort in (True, False):
        same = [value for value, is_rating in values.values() if is_rating == sort]
        means[sort] = sum(same) / (len(same) + absent) if same else 0.0
    d = {item: value - means[sort] for item, (value, sort) in values.items()}
    length = sqrt(sum(x * x for x in d.values()))
    if length <= 1e-6 * sqrt(sum(value * value for value, _ in values.values())):
        return dict.fromkeys(d, 0.0)
    return {item: x / length for item, x in d.items()}


def _gap(near, n):
    """How much more alike the last who is heard is than the first who is not."""
    return near[n - 1][0] - near[n][0]


def plain(events, past, weights, config):
    """Score of every item for one history."""
    crowd = defaultdict(list)
    for event in sorted((event for event in events if event[0]), key=lambda event: event[2]):
        crowd[event[0]].append(event)
    own = deviations(past, weights, config.absent)
    since = {event[1]: len(past) - 1 - place for place, event in enumerate(past)}
    likeness = []
    for other in crowd.values():
        theirs = deviations(other, weights, config.absent)
        both = own.keys() & theirs.keys()
        if both:
            product = sum(config.recency ** since[item] * own[item] * theirs[item] for item in both)
            likeness.append((len(both) / (len(both) + config.shrinkage) * product, theirs))
    near = sorted((pair for pair in likeness if pair[0] > 1e-9), key=lambda pair: -pair[0])
    scores = dict.fromkeys(ITEMS, 0.0)
    for s, theirs in near[: config.neighbours]:
        for item, d in theirs.items():
            scores[item] += s * d
    seen = {item: config.seen if item in own else 1.0 for item in ITEMS}
    level = len(near) > config.neighbours and _gap(near, config.neighbours) < 1e-6
    return [max(scores[item], 0.0) * seen[item] for item in ITEMS], level


@settings(max_examples=60, deadline=None)
@given(rows, rows, settings_)
def test_the_fast_form_is_the_plain_formula(events, past, config):
    past = sorted(past, key=lambda event: event[2])[:8]
    dataset = rated(events)
    requests = asked(dataset, past)
    found = CustomerNeighbours(config).fit(dataset).score(requests, everything(requests, len(ITEMS)))
    expected, level = plain(events, past, dataset.weights, config)
    if not level:  # which of two who are just as like is heard is not the formula's to say
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def stars(person, *given):
    return [(person, item, 1, "rate", star) for item, star in zip(ITEMS, given, strict=False)]


def test_it_is_pearsons_correlation_where_both_rated_the_same():
    ada, bob = (5, 3, 1, 4), (4, 3, 1, 5)
    dataset = rated(stars("bob", *bob))
    model = CustomerNeighbours(PEARSON).fit(dataset)
    _, likeness, _ = model._neighbours(*model._asker(asked(dataset, stars("", *ada)).histories))
    assert likeness[0] == pytest.approx(np.corrcoef(ada, bob)[0, 1])


def test_those_who_rate_alike_speak_and_what_they_rate_low_is_not_answered():
    events = stars("like", 5, 1, 5, 1) + stars("unlike", 1, 5, 1, 5, 5)
    dataset = rated(events)
    answer = CustomerNeighbours().fit(dataset).recommend(asked(dataset, stars("", 5, 1)), 10)
    assert names(dataset, answer) == [["i00", "i02"]]


def test_people_whose_events_are_all_worth_the_same_are_heard():
    dataset = shop([(p, i, 1) for p in "uvw" for i in ("i01", "i02")] + [("x", "i05", 1)])
    request = ask(dataset, [("i01", 2)])
    heard = CustomerNeighbours().fit(dataset).recommend(request, 5)
    assert names(dataset, heard) == [["i01", "i02"]]
    assert names(dataset, CustomerNeighbours(PEARSON).fit(dataset).recommend(request, 5)) == [[]]


def test_a_later_rating_takes_the_place_of_an_earlier_one():
    early = [("u", "i00", 1, "rate", 5), ("u", "i01", 1, "rate", 1)]
    late = [("u", "i00", 2, "rate", 1), ("u", "i01", 2, "rate", 5), ("u", "i01", 3, "purchase", 1)]
    model = CustomerNeighbours().fit(rated(early + late))
    np.testing.assert_array_equal(model.opinions_.values, [1.0, 5.0])


def test_a_purchase_is_no_bad_rating():
    """Weights and stars have means of their own: what was bought does not stand below four stars."""
    dataset = rated([*stars("u", 4, 4, 4), ("u", "i09", 2, "purchase", 1)])
    model = CustomerNeighbours().fit(dataset)
    assert (model.opinions_.unit(1.0) > 0).all()


def test_evidence_is_what_makes_people_alike():
    dataset = rated(stars("like", 5, 1, 5) + stars("unlike", 1, 5, 1))
    request = asked(dataset, [*stars("", 5, 1), ("", "i08", 1, "purchase", 1)])
    told = CustomerNeighbours().fit(dataset).explain(request, np.array([2, 7], np.int32))
    assert told[0].items[0] in (0, 1)
    assert told[1].items == ()


busy = st.lists(st.tuples(people, st.sampled_from(ITEMS[:6]), st.integers(0, 9), kinds), max_size=40)


def kept(model, folder):
    """Every byte that is saved."""
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(max_examples=40, deadline=None)
@given(busy, busy, st.sampled_from([2, 50]))
def test_an_exchange_gives_the_fit_on_what_is_now(before, after, most):
    """The people of ada and bob change; with no more people than can be kept, whoever they are."""
    staying = [event for event in before if event[0] not in ("ada", "bob")]
    gone = [event for event in before if event[0] in ("ada", "bob")]
    come = [event for event in after if event[0] in ("ada", "bob")]
    world = everyone(before + after)
    if most < len({event[0] for event in before if event[0]}):
        return
    model = CustomerNeighbours(CustomerNeighboursConfig(people=most)).fit(world(before))
    model.exchange(world(gone), world(come))
    fresh = CustomerNeighbours(model.config).fit(world(staying + come))
    assert same(model, fresh)


def everyone(events):
    """Datasets of some of these events, all over the same people."""
    whole = shop(events)

    def of(some):
        part = shop(some)
        codes = np.array([*(whole.people.index(person) for person in part.people), -1], np.int32)
        return replace(part, people=whole.people, person=codes[part.person])

    return of


def same(one, other):
    parts = [
        (model.times_, model.opinions_.touched.offsets, model.opinions_.touched.items, model.opinions_.values)
        for model in (one, other)
    ]
    return all(np.array_equal(a, b) for a, b in zip(*parts, strict=True))


def test_who_is_taken_out_leaves_not_a_byte(tmp_path):
    stays = [("ada", "i01", 1), ("bob", "i02", 2), ("bob", "i01", 3), ("cy", "i01", 1)]
    gone = [("dee", "i01", 1), ("dee", "i07", 2, "view_item"), ("dee", "i07", 2)]
    world = everyone(stays + gone)
    model = CustomerNeighbours().fit(world(stays + gone)).remove(world(gone))
    fresh = CustomerNeighbours().fit(world(stays))
    assert kept(model, tmp_path / "model") == kept(fresh, tmp_path / "fresh")


def test_of_two_who_did_the_same_one_stays():
    world = everyone([("ada", "i01", 1), ("bob", "i01", 1)])
    model = CustomerNeighbours().fit(world([("ada", "i01", 1), ("bob", "i01", 1)]))
    assert len(model.remove(world([("ada", "i01", 1)])).opinions_) == 1


def test_the_latest_people_are_kept():
    dataset = shop([(f"p{p:02}", f"i{p % 10:02}", p) for p in range(30)])
    model = CustomerNeighbours(CustomerNeighboursConfig(people=4)).fit(dataset)
    assert model.opinions_.touched.items.tolist() == [6, 7, 8, 9]
    new = shop([("new", "i05", 40)])
    assert model.add(new).opinions_.touched.items.tolist() == [7, 8, 9, 5]
    # Nobody comes back for one who leaves; the next training fills the place.
    assert model.remove(new).opinions_.touched.items.tolist() == [7, 8, 9]


def test_only_the_latest_events_of_a_person_are_kept(monkeypatch):
    monkeypatch.setattr("shopkeeper.learners.past.LATEST", 3)
    dataset = shop([("u", f"i{d:02}", d) for d in range(9)])
    assert CustomerNeighbours().fit(dataset).opinions_.touched.items.tolist() == [6, 7, 8]


def test_the_seen_can_be_left_out():
    dataset = shop([(p, i, 1) for p in "uvw" for i in ITEMS[:4]])
    model = CustomerNeighbours(CustomerNeighboursConfig(seen=0.0)).fit(dataset)
    assert model.recommend(everybody(dataset), 9).items.tolist() == []
