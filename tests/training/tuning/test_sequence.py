"""How long sequence models learn."""

from dataclasses import replace

import numpy as np
import pytest

from shopkeeper.data.split import last_out_split
from shopkeeper.evaluation.protocols import last_out_task
from shopkeeper.learners.sequence import config as sizes
from shopkeeper.learners.sequence.config import SequenceConfig, Size
from shopkeeper.training.tuning import trials
from shopkeeper.training.tuning.sequence import tune_gru, tune_transformer
from tests.training.shops import chains

both = pytest.mark.parametrize("tune", [tune_transformer, tune_gru])


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(sizes, "SIZES", {"small": Size(16, 1, 1, 12)})


@both
def test_the_winner_is_fitted_as_its_settings_say(tune):
    split = last_out_split(chains(60), hold=2, ask=2)
    trial = tune(split, split.test, 3)
    assert trial.config.seed == 3
    again = type(trial.model)(trial.config).fit(split.train)
    assert trials.value_of(trial.model, split.test) == trial.value
    assert trials.value_of(again, split.test) == trial.value


def test_no_more_passes_than_told():
    split = last_out_split(chains(60), hold=2, ask=2)
    assert tune_transformer(split, split.test, config=SequenceConfig(epochs=2)).config.epochs <= 2


def test_tuning_never_sees_the_last_event_of_anybody():
    dataset = chains(60)
    items = dataset.item.copy()
    last = dataset.offsets[1:] - 1
    items[last] = np.random.default_rng(5).permutation(items[last])
    tasks = [last_out_task(dataset), last_out_task(replace(dataset, item=items))]
    splits = [task.tuning for task in tasks if task.tuning is not None]
    one, other = (tune_transformer(split, split.test) for split in splits)
    assert one == other
