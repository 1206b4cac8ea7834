"""The learned second stage in shops whose rule is known."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.core.types import DAY_MS, Ragged, Requests
from shopkeeper.data.histories import build_histories
from shopkeeper.data.split import Cases
from shopkeeper.learners.boosting import BoostingConfig
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.ranker import Lesson, Ranker, RankerConfig, Signals, ranks
from shopkeeper.recommenders.select import contains
from tests.recommenders.worlds import ITEMS, START, frozen, shop

QUICK = BoostingConfig(trees=20, rate=0.3, leaves=4, least_in_leaf=5, threads=1)
CONFIG = RankerConfig(QUICK, QUICK)
NAMES = ("good", "noise")
N = len(ITEMS)


@pytest.fixture(scope="module")
def dataset():
    """Everybody bought three things."""
    rng = np.random.default_rng(0)
    return shop([(f"p{row:03}", ITEMS[rng.integers(N)], day) for row in range(150) for day in range(3)])


def asked(dataset, seed):
    """Everybody shown everything; the answer is what ``good`` scores highest among items of an even code.

    ``fused`` knows nothing of evenness: the item's own columns must tell.
    """
    rng = np.random.default_rng(seed)
    people = np.arange(len(dataset.people))
    as_of = np.full(len(people), START + 10 * DAY_MS)
    requests = Requests(build_histories(dataset, people, as_of), as_of)
    candidates = Ragged.of([list(range(N))] * len(people))
    good, noise = rng.random((2, len(people) * N)).astype(np.float32)
    even = np.tile(np.arange(N) % 2 == 0, len(people))
    best = np.where(even, good, 0).reshape(-1, N).argmax(axis=1)
    signals = Signals(NAMES, np.stack([good, noise]), good + noise)
    truth = Ragged.of(best[:, None].tolist())
    return frozen(Cases(requests, truth)), frozen(candidates), frozen(signals)


def even_sells(dataset):
    """The same shop in which items of an even code sold much more, to nobody known."""
    extra = [(None, ITEMS[code], 5) for code in range(0, N, 2) for _ in range(200)]
    more = shop(extra)
    parts = {
        name: np.concatenate([getattr(more, name), getattr(dataset, name)])
        for name in ("person", "item", "kind", "time", "value")
    }
    return replace(dataset, **parts)


@pytest.fixture(scope="module")
def world(dataset):
    return even_sells(dataset)


@pytest.fixture(scope="module")
def ranker(world, dataset):
    return Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)))


def found(ranker, cases, candidates, signals):
    """Share of the answers that stand first."""
    first = ranker.score(cases.requests, candidates, signals).reshape(-1, N).argmax(axis=1)
    return float((first == cases.truth.items).mean())


def test_it_learns_what_no_source_says(ranker, dataset):
    question = asked(dataset, 2)
    blend = question[2].fused.reshape(-1, N).argmax(axis=1)
    assert found(ranker, *question) > 0.8 > 0.5 > (blend == question[0].truth.items).mean()


def test_columns_that_never_change_are_left_out(ranker):
    assert {"good", "good_rank", "sales", "fused"} <= set(ranker.names)
    assert not {"price", "hour", "weekday", "price_against_usual"} & set(ranker.names)


def test_contributions_are_named_and_sum_to_the_score(ranker, dataset):
    cases, candidates, signals = asked(dataset, 3)
    one = cases.requests.take(np.array([4]))
    places = np.arange(4 * N, 5 * N)
    some = np.array([0, 3, 5])
    told = ranker.contributions(one, candidates.take(np.array([4])), signals.take(places), some)
    assert told.names == (*ranker.names, "base")
    score = ranker.score(cases.requests, candidates, signals)[places][some]
    np.testing.assert_allclose(told.values.sum(axis=1), score, rtol=1e-4, atol=1e-5)
    assert np.abs(told.values[:, told.names.index("good")]).max() > 0


def test_saved_and_loaded_it_says_the_same(ranker, dataset, tmp_path):
    ranker.save(tmp_path / "ranker")
    loaded = Ranker.load(tmp_path / "ranker")
    cases, candidates, signals = asked(dataset, 4)
    expected = ranker.score(cases.requests, candidates, signals)
    np.testing.assert_array_equal(loaded.score(cases.requests, candidates, signals), expected)
    assert loaded.names == ranker.names
    assert loaded.config == ranker.config
    assert {path.suffix for path in (tmp_path / "ranker").iterdir()} == {".json", ".npz", ".txt"}


def test_the_same_cases_grow_the_same_trees(ranker, world, dataset):
    again = Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)))
    cases, candidates, signals = asked(dataset, 5)
    np.testing.assert_array_equal(
        again.score(cases.requests, candidates, signals), ranker.score(cases.requests, candidates, signals)
    )


def test_trees_of_news_hand_out_anew_what_the_others_gave_to_news(ranker, world, dataset, tmp_path):
    both = Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)), Lesson(*asked(dataset, 3)))
    cases, candidates, signals = asked(dataset, 6)
    first, last = (made.score(cases.requests, candidates, signals) for made in (ranker, both))
    new = ~contains(cases.requests.histories.known, candidates)
    assert 0 < new.sum() < len(new)
    assert both.names == ranker.names
    np.testing.assert_array_equal(first[~new], last[~new])
    rows = [(candidates.rows == row) & new for row in range(len(candidates))]
    assert all(sorted(first[row]) == sorted(last[row]) for row in rows)
    assert any(first[row].tolist() != last[row].tolist() for row in rows)
    both.save(tmp_path / "both")
    np.testing.assert_array_equal(
        Ranker.load(tmp_path / "both").score(cases.requests, candidates, signals), last
    )


def test_weights_and_trees_of_news_order_news_as_equals(world, dataset):
    both = Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)), Lesson(*asked(dataset, 3)))
    cases, candidates, signals = asked(dataset, 6)
    found = both.score(cases.requests, candidates, signals)
    told = both._trees[1].predict(both._columns(cases.requests, candidates, signals))
    new = ~contains(cases.requests.histories.known, candidates)
    for row in range(len(candidates)):
        places = np.flatnonzero((candidates.rows == row) & new)
        if not len(places):
            continue
        best_fused, best_told = max(signals.fused[places].max(), 1e-30), told[places].max()
        worth = signals.fused[places] / best_fused + np.exp(told[places] - best_told)
        by_worth = found[places][np.argsort(-worth, kind="stable")]
        assert (np.diff(by_worth) <= 0).all()


def test_trees_of_news_never_think_worse_of_what_a_source_speaks_for_more(world, dataset):
    both = Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)), Lesson(*asked(dataset, 3)))
    cases, candidates, signals = asked(dataset, 6)
    columns = both._columns(cases.requests, candidates, signals)
    good = both.names.index("good")
    steps = np.sort(columns[:, good])[:: max(1, len(columns) // 9)]
    told = []
    for step in steps:
        columns[:, good] = step
        told.append(both._trees[1].predict(columns))
    assert (np.diff(told, axis=0) >= -1e-6).all()
    assert np.ptp(told, axis=0).max() > 0


def test_news_too_few_for_trees_stand_by_the_weights(world, dataset):
    config = replace(CONFIG, news=BoostingConfig(least_in_leaf=1_000_000))
    both = Ranker(config).prepare(world).learn(Lesson(*asked(dataset, 1)), Lesson(*asked(dataset, 3)))
    cases, candidates, signals = asked(dataset, 6)
    found = both.score(cases.requests, candidates, signals)
    new = ~contains(cases.requests.histories.known, candidates)
    for row in range(len(candidates)):
        places = np.flatnonzero((candidates.rows == row) & new)
        by_weights = places[np.argsort(-signals.fused[places], kind="stable")]
        assert (np.diff(found[by_weights]) <= 0).all()


def test_a_request_alone_is_scored_as_among_others(ranker, dataset):
    cases, candidates, signals = asked(dataset, 6)
    # Lists of different lengths, none among them.
    kept = np.random.default_rng(0).random(len(candidates.items)) < 0.6
    kept[:N] = False
    offsets = np.append(0, np.cumsum(kept.reshape(-1, N).sum(axis=1)))
    lists, said = Ragged(offsets, candidates.items[kept]), signals.take(np.flatnonzero(kept))
    expected = ranker.score(cases.requests, lists, said)
    for row in (0, 1, 7):
        one, places = np.array([row]), np.arange(offsets[row], offsets[row + 1])
        alone = ranker.score(cases.requests.take(one), lists.take(one), said.take(places))
        np.testing.assert_array_equal(alone, expected[places])


def test_more_requests_than_are_scored_at_once(ranker, dataset):
    cases, candidates, signals = asked(dataset, 7)
    expected = ranker.score(cases.requests, candidates, signals)
    rows = np.tile(np.arange(len(cases)), 3)
    places = np.tile(np.arange(len(candidates.items)), 3)
    many = ranker.score(cases.requests.take(rows), candidates.take(rows), signals.take(places))
    np.testing.assert_array_equal(many, np.tile(expected, 3))


def test_items_are_renewed_and_trees_stay(ranker, world, dataset):
    question = asked(dataset, 8)
    other = Ranker(CONFIG).prepare(world).learn(Lesson(*asked(dataset, 1)))
    other.prepare(dataset)
    assert other.names == ranker.names
    assert found(other, *question) < found(ranker, *question)
    other.prepare(world)
    assert found(other, *question) == found(ranker, *question)


def test_a_table_of_neighbours_may_be_given(world, dataset):
    table = Cooccurrence().fit(dataset).next_
    cases, candidates, signals = asked(dataset, 1)
    given = Ranker(CONFIG).prepare(world, table).learn(Lesson(cases, candidates, signals))
    own = Ranker(CONFIG).prepare(world).learn(Lesson(cases, candidates, signals))
    np.testing.assert_array_equal(
        given.score(cases.requests, candidates, signals), own.score(cases.requests, candidates, signals)
    )


def test_a_source_that_is_gone_is_unknown_not_wrong(ranker, dataset):
    cases, candidates, signals = asked(dataset, 9)
    rows = Signals(("good",), signals.scaled[:1], signals.fused)
    silent = Signals(NAMES, signals.scaled * np.array([[1], [0]], np.float32), signals.fused)
    gone = ranker.score(cases.requests, candidates, rows)
    agree = np.corrcoef(gone, ranker.score(cases.requests, candidates, silent))[0, 1]
    assert agree > 0.95


def test_too_few_cases_leave_the_blend_as_it_is(world, dataset):
    cases, candidates, signals = asked(dataset, 1)
    few = np.arange(20)
    ranker = Ranker(CONFIG).prepare(world)
    ranker.learn(Lesson(cases.take(few), candidates.take(few), signals.take(np.arange(20 * N))))
    assert ranker.names == ()
    np.testing.assert_array_equal(ranker.score(cases.requests, candidates, signals), signals.fused)
    told = ranker.contributions(cases.requests, candidates, signals, np.arange(5))
    np.testing.assert_array_equal(told.values[:, 0], signals.fused[:5])


def test_untaught_it_can_be_kept_too(world, tmp_path):
    Ranker().prepare(world).save(tmp_path / "ranker")
    assert Ranker.load(tmp_path / "ranker").names == ()


def test_no_candidates_no_scores(ranker, dataset):
    cases, _, signals = asked(dataset, 1)
    nothing = signals.take(np.empty(0, np.int64))
    assert len(ranker.score(cases.requests, Ragged.empty(len(cases)), nothing)) == 0


def test_preparing_comes_first(dataset):
    with pytest.raises(RuntimeError, match="prepare"):
        Ranker(CONFIG).learn(Lesson(*asked(dataset, 1)))


@pytest.mark.parametrize("lengths", [[3, 3], [2, 0, 5], [0]])
def test_ranks_are_places_in_a_sorted_list(lengths):
    rng = np.random.default_rng(1)
    candidates = Ragged.of([list(range(length)) for length in lengths])
    scores = rng.integers(0, 3, (2, sum(lengths))).astype(np.float32)
    expected = np.zeros(scores.shape, int)
    for which in range(2):
        for row in range(len(lengths)):
            part = range(*candidates.offsets[row : row + 2])
            order = sorted(part, key=lambda place: -scores[which, place])
            for rank, place in enumerate(order):
                expected[which, place] = rank
    np.testing.assert_array_equal(ranks(candidates, scores), expected)
