"""From files to figures: every protocol, the fixed keys of the output, and what bad questions get."""

import json
from dataclasses import replace

import polars as pl
import pytest

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.evaluation.evaluate import PROTOCOLS, evaluate
from shopkeeper.evaluation.output import LISTS, to_json, write_json, write_lists
from shopkeeper.evaluation.slices import SLICES, WHOLE_LIST
from tests.evaluation.tiny import Frequency, fit_frequency, fit_popularity, shop_rows, write_csv

MODELS = {"frequency": fit_frequency, "popularity": fit_popularity}
FIXED = [
    "name",
    "fit_seconds",
    "predict_seconds",
    "peak_rss_mb",
    "ndcg@10",
    "recall@10",
    "recall@20",
    "mrr@10",
    "mrr@20",
    "coverage@10",
]
ALL_METRICS = (
    "precision recall f1 hit_rate ndcg mrr map coverage gini novelty diversity".split()  # noqa: SIM905
)


@pytest.fixture(scope="module")
def events(tmp_path_factory):
    return write_csv(shop_rows(), tmp_path_factory.mktemp("files") / "events.csv")


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    def rows(people, seed):
        kept = shop_rows(people, seed=seed)
        return [{("session_id" if key == "customer_id" else key): row[key] for key in row} for row in kept]

    folder = tmp_path_factory.mktemp("sessions")
    return write_csv(rows(30, 1), folder / "train.csv"), write_csv(rows(10, 2), folder / "test.csv")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_output_has_the_fixed_keys_under_every_protocol(protocol, events, sessions):
    train, test = sessions if protocol == "sessions" else (events, None)
    evaluation = evaluate(train, None, test, protocol, MODELS)
    output = json.loads(json.dumps(to_json(evaluation), allow_nan=False))
    assert output["protocol"] == protocol
    assert [model["name"] for model in output["models"]] == ["frequency", "popularity"]
    for model in output["models"]:
        assert set(FIXED) <= set(model)
        assert {f"{metric}@{k}" for metric in ALL_METRICS for k in (10, 20)} <= set(model)
        assert set(model["slices"]) <= set(SLICES)
        for name, (low, high) in model["intervals"].items():
            assert low <= model[name] + 1e-6
            assert model[name] <= high + 1e-6
    assert output["data"]["requests"] > 0


def test_only_the_time_protocol_asks_again_for_single_views(events):
    def slices(protocol):
        return set(evaluate(events, None, None, protocol, MODELS).models[0].result.slices)

    assert slices("time") == set(SLICES)
    assert slices("last-out") == set(WHOLE_LIST)


def test_fitters_are_handed_training_and_tuning_data_and_told_apart_by_name(events):
    handed = []

    def fit(train, tuning):
        handed.append((train, tuning))
        return fit_popularity(train, tuning)

    evaluation = evaluate(events, None, None, "last-out", {"mine": fit})
    (train, tuning) = handed[0]
    assert tuning.train is train
    assert len(train) == evaluation.window.train_events < evaluation.window.events
    assert evaluation.models[0].name == evaluation.models[0].result.name == "mine"


def test_a_model_that_knows_its_fit_times_is_reported_with_them(events):
    class Tuned(Frequency):
        tune_seconds = 2.5
        final_fit_seconds = 0.5

    evaluation = evaluate(events, None, None, "time", {"tuned": lambda train, tuning: Tuned().fit(train)})
    model = to_json(evaluation)["models"][0]
    assert (model["tune_seconds"], model["final_fit_seconds"]) == (2.5, 0.5)
    assert "tune_seconds" not in to_json(evaluate(events, None, None, "time", MODELS))["models"][0]


def test_the_first_model_is_compared_with_the_others_on_every_slice(events):
    evaluation = evaluate(events, None, None, "time", MODELS)
    found = {(row.model, row.baseline, row.slice_name, row.metric) for row in evaluation.comparisons}
    slices = {part for part, measured in evaluation.models[0].result.slices.items() if len(measured)}
    assert {row[2] for row in found} == slices
    assert ("frequency", "popularity", "repeats", "ndcg@10") in found
    repeats = next(
        row for row in evaluation.comparisons if (row.slice_name, row.metric) == ("repeats", "ndcg@10")
    )
    assert repeats.difference.is_above_zero, "people come back to their favourites"


def test_progress_is_told_in_order(events):
    told = []
    evaluate(events, None, None, "time", MODELS, progress=lambda *step: told.append(step))
    stages = list(dict.fromkeys(stage for stage, _, _ in told))
    assert stages == ["read", "fit frequency", "predict frequency", "fit popularity", "predict popularity"]
    assert all(done <= total for _, done, total in told)


def test_a_figure_that_is_not_defined_is_null(events, tmp_path):
    evaluation = evaluate(events, None, None, "time", {"popularity": fit_popularity})
    model = evaluation.models[0]
    nan = replace(model.intervals["all"]["ndcg@10"], mean=float("nan"), low=float("nan"), high=float("nan"))
    broken = replace(model, intervals={"all": {**model.intervals["all"], "ndcg@10": nan}})
    write_json(replace(evaluation, models=(broken,)), tmp_path / "new" / "out.json")
    written = json.loads((tmp_path / "new" / "out.json").read_text("utf-8"))["models"][0]
    assert written["ndcg@10"] is None
    assert written["intervals"]["ndcg@10"] == [None, None]


def test_written_answers_give_the_same_figures_again(events, tmp_path):
    evaluation = evaluate(events, None, None, "time", MODELS)
    write_lists(evaluation, tmp_path / "new" / "lists.parquet")
    written = pl.read_parquet(tmp_path / "new" / "lists.parquet")
    assert written.columns == ["model", "slice", "request", "rank", "item_id"]
    for model in evaluation.models:
        for part in LISTS:
            measured = model.result.slices[part]
            mine = written.filter(model=model.name, slice=part)
            assert mine["rank"].to_list() == [
                rank for n in measured.lists.lengths.tolist() for rank in range(1, n + 1)
            ]
            asked = mine.group_by("request", maintain_order=True).agg("item_id")
            answers = dict(asked.iter_rows())
            for place, row in enumerate(measured.rows.tolist()):
                wanted = [evaluation.item_ids[item] for item in measured.lists[place]]
                assert answers.get(row, []) == wanted


@pytest.mark.parametrize(
    ("protocol", "with_test", "days", "models", "said"),
    [
        ("leave-two", False, None, MODELS, "leave-two.*last-out, time, sessions"),
        ("sessions", False, None, MODELS, "--test"),
        ("time", True, None, MODELS, "sessions protocol"),
        ("last-out", False, 7.0, MODELS, "test_days"),
        ("time", False, -7.0, MODELS, "positive"),
        ("time", False, None, {}, "no model"),
    ],
)
def test_bad_questions_are_told(events, protocol, with_test, days, models, said):
    with pytest.raises(InvalidRequest, match=said):
        evaluate(events, None, events if with_test else None, protocol, models, test_days=days)


def test_too_little_data_is_told(tmp_path):
    one_each = write_csv(
        [{"customer_id": i, "item_id": i, "timestamp": i} for i in range(9)], tmp_path / "one.csv"
    )
    for protocol in ("last-out", "time"):
        with pytest.raises(TooLittleData):
            evaluate(one_each, None, None, protocol, MODELS, test_days=400 if protocol == "time" else None)
    only_refunds = write_csv(
        [{"customer_id": 1, "item_id": 1, "timestamp": 1, "event_type": "refund"}], tmp_path / "refunds.csv"
    )
    with pytest.raises(TooLittleData, match="speaks for an item"):
        evaluate(only_refunds, None, None, "time", MODELS)
