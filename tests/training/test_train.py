"""A whole training over a real store: measured on the past, compared with what serves, live if not worse."""

import json
from dataclasses import replace

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import TooLittleData
from shopkeeper.data.collect import collect_events
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.evaluation.findings import Comparison
from shopkeeper.metrics.interval import Interval
from shopkeeper.privacy.identity import KEY_FILE, Identity, load_key
from shopkeeper.training import train as module
from shopkeeper.training.promote import MANIFEST, current_version, load_model, read_manifest, versions
from shopkeeper.training.train import SERVING_NOW, train
from tests.serving.world import NOW, make_shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_shop(tmp_path_factory.mktemp("trained"), trained=False)


@pytest.fixture(scope="module")
def first(folder):
    with Store(folder / STORE_FILE) as store:
        return train(store, store, folder / "models", folder / "cache", ShopConfig(), test_days=7.0)


def test_the_first_model_goes_live(folder, first):
    assert first.promoted
    assert current_version(folder / "models") == first.version
    assert "first" in first.reason
    model = load_model(folder / "models" / first.version)
    assert "bakery-00" in model.items.codes


def test_the_manifest_says_what_was_learned_from_and_how_well(folder, first):
    manifest = read_manifest(folder / "models" / first.version)
    assert manifest["window"]["people"] == 40
    assert manifest["settings"] == json.loads(json.dumps(first.settings.record()))
    assert set(manifest["figures"]) >= {"shopkeeper", "popular", "frequency"}
    assert 0 < manifest["figures"]["shopkeeper"]["ndcg@10"] <= 1


def test_no_raw_customer_is_named_in_a_model(folder, first):
    with Store(folder / STORE_FILE) as store:
        people = set(store.scan(("person",))["person"].drop_nulls().to_list())
    assert len(people) == 40
    files = [path for path in (folder / "models" / first.version).rglob("*") if path.is_file()]
    assert not any(person.encode() in path.read_bytes() for path in files for person in people)


def test_the_next_model_is_measured_beside_what_serves(folder, first):
    with Store(folder / STORE_FILE) as store:
        second = train(store, store, folder / "models", folder / "cache", ShopConfig(), test_days=7.0)
    assert second.evaluation is not None
    assert SERVING_NOW in {model.name for model in second.evaluation.models}
    assert second.promoted
    assert "against what serves now" in second.reason


def test_settings_of_another_version_do_not_stop_a_training(folder, first):
    path = folder / "models" / current_version(folder / "models") / MANIFEST
    whole = path.read_text(encoding="utf-8")
    for broken in ("{", json.dumps(json.loads(whole) | {"settings": {"old": 1}})):
        path.write_text(broken, encoding="utf-8")
        assert module._serving(folder / "models") is None
    path.write_text(whole, encoding="utf-8")
    assert module._serving(folder / "models") is not None


@pytest.mark.parametrize(
    ("low", "mean", "high", "good"),
    [(-0.04, -0.03, -0.01, False), (-0.04, -0.01, 0.02, True), (0.01, 0.02, 0.03, True)],
)
def test_only_what_is_worse_for_certain_stays_back(first, low, mean, high, good):
    worse = Comparison("shopkeeper", SERVING_NOW, "all", "ndcg@10", Interval(mean, low, high, 40))
    assert first.evaluation is not None
    evaluation = replace(first.evaluation, comparisons=(worse,))
    assert module._verdict(evaluation)[0] is good


def test_a_log_without_events(tmp_path):
    with Store(tmp_path / STORE_FILE) as store, pytest.raises(TooLittleData, match="no event"):
        train(store, store, tmp_path / "models", tmp_path / "cache", ShopConfig())
    assert versions(tmp_path / "models") == []


def test_a_shop_of_one_event_goes_live_without_figures(tmp_path):
    folder = make_shop(tmp_path / "shop", trained=False)
    empty = tmp_path / "new"
    empty.mkdir()
    (empty / "models").mkdir()
    event = {c.CUSTOMER_ID: "1", c.EVENT_TYPE: "purchase", c.ITEM_ID: "x", c.TIMESTAMP: NOW, c.QUANTITY: 1}
    with Store(empty / STORE_FILE) as store:
        identity = Identity(load_key(folder / KEY_FILE))
        collect_events(store, [event], config=ShopConfig(), identity=identity, now=NOW)
        found = train(store, store, empty / "models", empty / "cache", ShopConfig())
    assert found.promoted
    assert found.evaluation is None
    assert "without figures" in found.reason
