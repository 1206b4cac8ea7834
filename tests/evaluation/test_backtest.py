"""The backtest against asking one request at a time and counting by hand."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Ragged
from shopkeeper.data.split import Cases, prefix_cases, time_split
from shopkeeper.evaluation import backtest as module
from shopkeeper.evaluation.backtest import backtest
from shopkeeper.evaluation.result import compare
from shopkeeper.evaluation.slices import SLICES
from shopkeeper.metrics.ranking import RANKING
from tests.evaluation.tiny import Frequency, Popularity, dataset_of

DAY = 86_400_000

events = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d", None]), st.sampled_from("uvwxyz"), st.integers(0, 9)),
    min_size=5,
    max_size=40,
)


def split_of(rows):
    """A time split of two test days, or no example."""
    dataset = dataset_of([(person, item, day * DAY) for person, item, day in rows])
    cut = dataset.end - 2 * DAY
    assume((dataset.time < cut).any())
    assume(((dataset.time >= cut) & (dataset.person >= 0)).any())
    return time_split(dataset, 2)


def plain_slice(name, split, case):
    """Truth of one case that belongs to a slice."""
    known = set(split.test.requests.histories.known[case].tolist())
    truth = split.test.truth[case].tolist()
    match name:
        case "all":
            return truth
        case "repeats" | "repeats_only":
            return [item for item in truth if item in known]
        case "new_to_person" | "new_to_person_only":
            return [item for item in truth if item not in known]
        case "new_items":
            return [item for item in truth if split.train.popularity[item] == 0]
        case "new_customers":
            return [] if known else truth
    raise AssertionError(name)


def plain_list(name, model, split, case, k):
    """The list a slice looks at, asked alone."""
    request = split.test.requests.take(np.array([case]))
    known = set(request.histories.known[0].tolist())
    ranked = model.recommend(request, 100).lists[0].tolist()
    if name == "repeats_only":
        ranked = [item for item in ranked if item in known]
    if name == "new_to_person_only":
        ranked = [item for item in ranked if item not in known]
    return ranked[:k]


@pytest.mark.parametrize("model", [Popularity, Frequency])
@pytest.mark.parametrize("name", SLICES)
@settings(max_examples=20)
@given(rows=events)
def test_each_slice_is_its_truth_against_its_list(model, name, rows):
    split = split_of(rows)
    fitted = model().fit(split.train)
    found = backtest(fitted, split.test, split.train, ks=(3, 5), slices=[name]).slices[name]
    wanted = {case: plain_slice(name, split, case) for case in range(len(split.test))}
    assert found.rows.tolist() == [case for case, truth in wanted.items() if truth]
    for place, case in enumerate(found.rows.tolist()):
        ranked = plain_list(name, fitted, split, case, 5)
        flags = [item in wanted[case] for item in ranked] + [False] * (5 - len(ranked))
        assert found.hits.found[place].tolist() == flags
        assert found.hits.sizes[place] == len(wanted[case])


@settings(max_examples=20)
@given(events)
def test_repeats_and_news_share_out_the_truth(rows):
    split = split_of(rows)
    result = backtest(Popularity().fit(split.train), split.test, split.train, ks=(5,))
    total = sum(result.slices[part].hits.found.sum() for part in ("repeats", "new_to_person"))
    assert total == result.slices["all"].hits.found.sum()


@settings(max_examples=20)
@given(events, st.integers(1, 3))
def test_batches_change_nothing(rows, size):
    split = split_of(rows)
    model = Popularity().fit(split.train)
    whole = backtest(model, split.test, split.train, slices=tuple(SLICES))
    model.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BATCH", size)
        parts = backtest(model, split.test, split.train, slices=tuple(SLICES))
    assert max(model.asked) <= size
    for name in SLICES:
        assert np.array_equal(whole.slices[name].hits.found, parts.slices[name].hits.found)
    assert whole.union == parts.union


@settings(max_examples=20)
@given(events)
def test_curve_ends_are_the_reported_means(rows):
    split = split_of(rows)
    result = backtest(Popularity().fit(split.train), split.test, split.train, ks=(2, 4))
    for metric in RANKING:
        curve, intervals = result.curve(metric), result.intervals()
        assert len(curve) == 4
        assert curve[1] == pytest.approx(intervals[f"{metric}@2"].mean)
        assert curve[3] == pytest.approx(intervals[f"{metric}@4"].mean)


def test_exclusions_of_the_requests_hold_in_every_view():
    dataset = dataset_of([("a", item, time) for time, item in enumerate("xyzxw")] * 2)
    cases = prefix_cases(dataset, np.array([0]))
    excluded = Ragged.of([[0]] * len(cases))
    requests = type(cases.requests)(cases.requests.histories, cases.requests.as_of, exclude=excluded)
    model = Popularity().fit(dataset)
    result = backtest(model, Cases(requests, cases.truth), dataset, slices=tuple(SLICES))
    asked_for_w = cases.truth.items == 0
    for measured in result.slices.values():
        assert not measured.hits.found[asked_for_w[measured.rows]].any()


def test_progress_counts_to_the_end():
    dataset = dataset_of([("a", item, time) for time, item in enumerate("xyzxw")])
    cases = prefix_cases(dataset, np.array([0]))
    told = []
    backtest(Popularity().fit(dataset), cases, dataset, progress=lambda *step: told.append(step))
    assert told == [("predict", 4, 4)]


@pytest.mark.parametrize(("ks", "slices"), [((0,), ["all"]), ((), ["all"]), ((5,), ["vip"])])
def test_impossible_questions_are_told(ks, slices):
    dataset = dataset_of([("a", "x", 0), ("a", "y", 1)])
    with pytest.raises(InvalidRequest):
        backtest(Popularity().fit(dataset), prefix_cases(dataset, np.array([0])), dataset, ks, slices)


def regulars():
    """People who come back to their own item every day, and a popular item nobody comes back to."""
    rows = [(f"p{person:02}", f"own{person:02}", day * DAY) for person in range(30) for day in range(10)]
    once = [(f"q{person:02}", "hit", day * DAY) for person in range(99) for day in (person % 8,)]
    return time_split(dataset_of(rows + once), 2)


def test_a_paired_comparison_tells_the_better_model():
    split = regulars()
    a, b = (
        backtest(model().fit(split.train), split.test, split.train, slices=["repeats_only", "repeats"])
        for model in (Frequency, Popularity)
    )
    assert compare(a, b, "ndcg", 10, "repeats").is_above_zero
    assert compare(b, a, "ndcg", 10, "repeats").high < 0
    assert compare(a, b, "ndcg", 10, "repeats_only").mean == 0, "both know one item and rank it first"


def test_models_asked_different_cases_cannot_be_compared():
    split = regulars()
    model = Popularity().fit(split.train)
    one = backtest(model, split.test, split.train)
    other = backtest(model, split.test.take(np.arange(5)), split.train)
    with pytest.raises(InvalidRequest, match="different cases"):
        compare(one, other)
