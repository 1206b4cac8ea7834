"""A training that was killed goes on where it stopped and ends as one that was not."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.evaluation.protocols import time_task
from shopkeeper.training import checkpoint as module
from shopkeeper.training import portfolio
from shopkeeper.training.checkpoint import Checkpoint, digest
from shopkeeper.training.portfolio import fit_portfolio
from tests.recommenders.worlds import everybody
from tests.training.shops import habits


class Killed(BaseException):
    """Ends a training in the middle, as a signal would."""


def stopped_at(stage):
    def progress(name, done, total):
        if name == stage:
            raise Killed

    return progress


def nothing_is_tuned(name, *_):
    raise AssertionError(f"{name} was tuned once more")


@pytest.fixture(scope="module")
def task():
    return time_task(habits(people=30), 7)


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_WORTH_KEEPING", 0.0)
    return Checkpoint(tmp_path / "training", "one shop")


def test_it_goes_on_and_ends_as_a_training_that_was_not_killed(task, kept, monkeypatch):
    whole = fit_portfolio(task.train, task.tuning)
    with pytest.raises(Killed):
        fit_portfolio(task.train, task.tuning, stopped_at("learn the blend"), checkpoint=kept)
    monkeypatch.setattr(portfolio, "tuned", nothing_is_tuned)
    resumed = fit_portfolio(task.train, task.tuning, checkpoint=kept)
    assert resumed.settings.configs == whole.settings.configs
    assert resumed.settings.blend == whole.settings.blend
    ours, theirs = (model.recommend(everybody(task.train), 10) for model in (resumed, whole))
    np.testing.assert_array_equal(ours.items, theirs.items)
    np.testing.assert_allclose(ours.scores, theirs.scores, rtol=1e-6)


def test_the_seconds_of_what_was_kept_are_counted(task, kept):
    for _ in range(2):
        step = kept.step(
            "popular", "x", lambda: module.Step(*portfolio.tuned("popular", task.tuning, task.tuning.test, 0))
        )
    assert step.saved > 0


@pytest.mark.parametrize("change", ["data", "training", "depends"])
def test_another_training_takes_no_notice(task, kept, change):
    done = []

    def work():
        done.append(change)
        return module.Step(*portfolio.tuned("trending", task.tuning, task.tuning.test, 0))

    kept.step("trending", digest(task.train), work)
    other = {
        "data": (kept, digest(replace(task.train, time=task.train.time + 1))),
        "training": (replace(kept, training="another shop"), digest(task.train)),
        "depends": (kept, digest(task.train, task.tuning.test)),
    }
    checkpoint, depends = other[change]
    checkpoint.step("trending", depends, work)
    assert len(done) == 2


def test_a_step_that_was_damaged_is_done_again(task, kept):
    def work():
        return module.Step(*portfolio.tuned("popular", task.tuning, task.tuning.test, 0))

    kept.step("popular", "x", work)
    for path in kept.folder.rglob("step.json"):
        path.write_bytes(path.read_bytes()[:20])
    assert kept.step("popular", "x", work).saved == 0


def test_nothing_stays_behind(task, kept):
    fit_portfolio(task.train, task.tuning, checkpoint=kept)
    assert any(kept.folder.iterdir())
    kept.clear()
    assert not kept.folder.exists()
