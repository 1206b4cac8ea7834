import time

import pytest

from shopkeeper.core.errors import NotTrained
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.serving.models import LiveModel
from shopkeeper.training.promote import current_version, load_model, promote
from tests.serving import world


def follow(models):
    return LiveModel(models, lambda folder: load_model(folder / current_version(folder)), every=0.0)


def wait_for(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_no_model_then_the_first_one(tmp_path):
    live = follow(tmp_path / "models")
    assert live.current() is None
    assert live.problem == ""
    with pytest.raises(NotTrained):
        live.required()
    folder = world.make_shop(tmp_path / "shop", trained=False)
    live = follow(folder / "models")
    assert live.current() is None
    with Store(folder / STORE_FILE) as store:
        version = world.train(store, folder / "models")
    assert live.required().version == version


def test_a_new_version_takes_over_and_the_old_one_serves_until_then(folder):
    live = follow(folder / "models")
    old = live.required()
    with Store(folder / STORE_FILE) as store:
        version = world.train(store, folder / "models")
    assert live.required() in (old, live.required())
    wait_for(lambda: live.required().version == version)
    promote(folder / "models", old.version)
    wait_for(lambda: live.required().version == old.version)


def test_a_damaged_version_is_told_and_the_old_one_stays(folder):
    live = follow(folder / "models")
    old = live.required()
    with Store(folder / STORE_FILE) as store:
        version = world.train(store, folder / "models")
        damaged = folder / "models" / version / "items.parquet"
        damaged.write_bytes(damaged.read_bytes()[:-7])
        wait_for(lambda: live.current() and live.problem)
        assert "items.parquet" in live.problem
        assert live.required() is old
        good = world.train(store, folder / "models")
    wait_for(lambda: live.required().version == good)
    assert live.problem == ""


@pytest.mark.parametrize("text", ["no-such-version\n", "", "../..\n"])
def test_a_current_that_names_no_model_is_told(folder, text):
    (folder / "models" / "current").write_text(text)
    live = follow(folder / "models")
    assert live.current() is None
    assert live.problem
    with pytest.raises(NotTrained):
        live.required()


def test_a_damaged_model_shows_in_readiness_and_figures(folder):
    service = world.open_service(folder)
    assert service.ready().problems == ()
    (folder / "models" / "current").write_text("no-such-version\n")
    wait_for(lambda: service.ready().problems)
    assert service.ready().ready
    service.close()


def test_looking_is_cheap_between_two_looks(folder):
    looked = []

    def load(models):
        looked.append(models)
        return load_model(models / current_version(models))

    live = LiveModel(folder / "models", load, every=3600)
    first = live.required()
    (folder / "models" / "current").write_text("no-such-version\n")
    assert live.required() is first
    assert len(looked) == 1
    assert live.problem == ""
