"""Split files, the one metric code and the closed forms, on small shops and without the peers' libraries."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.peers import report
from benchmarks.peers.harness import ndcg, recommend_by_scores, recommend_known, top
from benchmarks.peers.measure import PARTS, check, gain, measure, values_of
from benchmarks.peers.parts import read_split
from benchmarks.peers.run_closed import FAMILIES, follows
from benchmarks.peers.runs import PEERS, Run, run_ours, run_peer
from benchmarks.peers.splits import write_split
from shopkeeper.core.types import Ragged
from shopkeeper.evaluation.backtest import backtest
from shopkeeper.evaluation.files import load_events, load_sessions
from shopkeeper.evaluation.protocols import last_out_task, sessions_task, time_task
from shopkeeper.evaluation.slices import SLICES
from shopkeeper.metrics.ranking import RANKING, hits
from shopkeeper.recommenders.frequency import Frequency
from tests.evaluation.tiny import shop_rows, write_csv

PROTOCOLS = ("last-out", "time", "sessions")


def sessions(people, seed):
    kept = shop_rows(people, seed=seed)
    return [{("session_id" if key == "customer_id" else key): row[key] for key in row} for row in kept]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """Each protocol's dataset, task and split folder."""
    folder = tmp_path_factory.mktemp("peers")
    events = load_events(write_csv(shop_rows(), folder / "events.csv")).dataset
    both = load_sessions(
        write_csv(sessions(30, 1), folder / "train.csv"), write_csv(sessions(10, 2), folder / "test.csv")
    )
    made = {
        "last-out": (events, last_out_task(events)),
        "time": (events, time_task(events)),
        "sessions": (both.dataset, sessions_task(both.dataset, both.test_people)),
    }
    for name, (dataset, task) in made.items():
        write_split(task, dataset, folder / name)
    return {name: (*pair, folder / name) for name, pair in made.items()}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["test", "tuning"])
def test_a_split_holds_what_our_models_get(tasks, protocol, name):
    _, task, folder = tasks[protocol]
    part = read_split(folder, name)
    train, cases = (task.train, task.test) if name == "test" else (task.tuning.train, task.tuning.test)
    for found, wanted in ((part.person, train.person), (part.item, train.item), (part.time, train.time)):
        np.testing.assert_array_equal(found, wanted)
    histories = cases.requests.histories
    np.testing.assert_array_equal(part.offsets, histories.offsets)
    np.testing.assert_array_equal(part.history, histories.items)
    np.testing.assert_array_equal(part.times, histories.times)
    np.testing.assert_array_equal(part.truth_offsets, cases.truth.offsets)
    np.testing.assert_array_equal(part.truth, cases.truth.items)
    np.testing.assert_array_equal(part.as_of, cases.requests.as_of)
    known = part.asked[part.asked >= 0]
    assert np.isin(known, train.person).all()
    assert (len(known) == 0) == (protocol == "sessions"), "a session that is asked was never learned from"


def test_the_last_but_one_event_is_read_and_not_learned(tasks):
    dataset, _, folder = tasks["last-out"]
    part = read_split(folder, "test")
    for row in range(len(part)):
        mine = dataset.item[dataset.person == part.asked[row]]
        np.testing.assert_array_equal(part.history[part.offsets[row] : part.offsets[row + 1]], mine[:-1])
        np.testing.assert_array_equal(part.item[part.person == part.asked[row]], mine[:-2])
        assert part.truth[row] == mine[-1]


def test_histories_that_are_not_those_of_the_task_are_refused(tasks, tmp_path):
    dataset, task, _ = tasks["last-out"]
    shifted = replace(dataset, item=np.roll(dataset.item, 1))
    with pytest.raises(ValueError, match="not those our models get"):
        write_split(task, shifted, tmp_path)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_settings_are_chosen_by_the_same_metric(tasks, protocol):
    part = read_split(tasks[protocol][2], "tuning")
    rng = np.random.default_rng(0)
    lists = np.argsort(rng.random((len(part), part.n_items)), axis=1)[:, :20]
    lists[rng.random(lists.shape) < 0.1] = -1
    lists = np.take_along_axis(lists, np.argsort(lists < 0, axis=1, kind="stable"), axis=1)
    truth = Ragged(part.truth_offsets.astype(np.int64), part.truth.astype(np.int32))
    ours = RANKING["ndcg"](hits(Ragged.of([row[row >= 0] for row in lists]), truth, 10))
    assert ndcg(lists, part) == pytest.approx(ours.mean())


def test_best_scores_come_first_and_unknown_items_not_at_all():
    scores = np.array([[0.5, 2.0, -np.inf, 1.0], [-np.inf, -np.inf, 3.0, -np.inf]])
    np.testing.assert_array_equal(top(scores, 3), [[1, 3, 0], [2, -1, -1]])


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_closed_form_keeps_known_and_new_items_apart(tasks, name):
    part = read_split(tasks["time"][2], "test")
    model = FAMILIES[name].make(FAMILIES[name].grid[0], 0)
    model.fit(part)
    fresh, known = recommend_by_scores(model, part, 20, fresh=True), recommend_known(model, part, 20)
    for row in range(len(part)):
        history = part.history[part.offsets[row] : part.offsets[row + 1]]
        assert not np.isin(fresh[row], history).any()
        assert np.isin(known[row][known[row] >= 0], history).all()
        assert len(set(known[row][known[row] >= 0])) == min(20, len(set(history)))


def test_counts_of_what_follows_are_those_of_plain_loops(tasks):
    part = read_split(tasks["time"][2], "test")
    wanted = np.zeros((part.n_items, part.n_items))
    for i in range(len(part.item)):
        for j in range(i + 1, min(i + 4, len(part.item))):
            if part.person[i] == part.person[j] >= 0:
                wanted[part.item[i], part.item[j]] += np.exp(-(j - i - 1) / 2.0)
    np.testing.assert_allclose(follows(part, 3, 2.0).toarray(), wanted, rtol=1e-5)


def test_personal_frequency_agrees_with_ours(tasks):
    _, task, folder = tasks["time"]
    part = read_split(folder, "test")
    model = FAMILIES["frequency"].make({"ties": "latest", "days": None}, 0)
    model.fit(part)
    ours = Frequency().recommend(task.test.requests, 20).lists
    theirs = recommend_known(model, part, 20)
    for row in range(len(part)):
        assert theirs[row][: len(ours[row])].tolist() == ours[row].tolist()


def run_of(result):
    lists = {part: result.slices[part] for part in ("all", "repeats_only", "new_to_person_only")}
    spread = {}
    for part, measured in lists.items():
        rows = [np.empty(0, np.int32)] * len(result.slices["all"])
        for place, row in enumerate(measured.rows.tolist()):
            rows[row] = measured.lists[place]
        spread[part] = Ragged.of(rows)
    return Run(result.name, 0, spread, 1.0, None, 1.0, 1.0, 1.0, {})


def test_our_lists_give_the_figures_of_our_own_backtest(tasks):
    _, task, _ = tasks["time"]
    result = backtest(Frequency(), task.test, task.train, slices=tuple(SLICES))
    values = values_of(task, run_of(result))
    assert {part for part, _ in values} == set(PARTS["time"])
    for (part, metric), found in values.items():
        name, k = metric.split("@")
        np.testing.assert_array_equal(found, result.slices[part].values(name, int(k)))
    printed = {"name": "frequency", "ndcg@10": round(values["all", "ndcg@10"].mean(), 6), "slices": {}}
    check(values, printed)
    with pytest.raises(ValueError, match="frequency, all, ndcg@10"):
        check(values, {**printed, "ndcg@10": 0.1})


def test_everybody_is_run_and_compared(tasks, tmp_path):
    _, task, split = tasks["time"]
    arguments = ["--events", str(Path(split).parent / "events.csv"), "--protocol", "time"]
    mine = run_ours("frequency", arguments, split, tmp_path, 0)
    ours = measure(task, [mine])
    check({key: values[0] for key, values in ours.values.items()}, mine.facts["models"][0])
    peer = next(peer for peer in PEERS if peer.name == "popularity")
    runs = [run_peer(peer, split, tmp_path, seed, {"days": 7}) for seed in (0, 1)]
    theirs = measure(task, runs)
    assert {trial["days"] for trial in runs[0].facts["trials"]} == {7}
    assert runs[1].facts["settings"] == runs[0].facts["settings"]
    assert theirs.deviation("all") == 0
    assert gain(ours, theirs, "repeats").is_above_zero, "people come back to their favourites"
    report.write(tmp_path, "time", [ours, theirs], ours)
    assert {path.name for path in tmp_path.glob("peers.*")} == {"peers.json", "peers.svg"}
    text = report.table("time", [ours, theirs]) + report.gains("time", ours, [theirs])
    assert all(name in text for name in ("frequency", "popularity", "NDCG@10 repeats", "its memory"))
    assert "popularity" in report.strongest("time", [theirs])
    assert pl.read_parquet(tmp_path / "popularity-0.parquet").columns == ["slice", "request", "rank", "item"]
