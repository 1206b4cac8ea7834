"""Learning: the loss against a plain sum, and every way it may end."""

import math
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
import torch

from shopkeeper.learners.sequence.batches import Feed, again_code
from shopkeeper.learners.sequence.checkpoint import read_checkpoint, write_checkpoint
from shopkeeper.learners.sequence.config import Size
from shopkeeper.learners.sequence.inputs import GapCodes, price_bands
from shopkeeper.learners.sequence.loss import Facts
from shopkeeper.learners.sequence.passes import Until, learn, learn_watched
from shopkeeper.learners.sequence.start import start_vectors
from shopkeeper.learners.sequence.training import Trainer
from tests.recommenders.worlds import shop
from tests.training.shops import chains, habits

SIZE = Size(16, 1, 2, 8)


def trainer(dataset, *, vectors=None, dropout=0.2, negatives=20, rate=5e-3, seed=0):
    feed = Feed(
        dataset, SIZE.length, GapCodes.learn(dataset), batch=16, negatives=negatives, tokens=10**6, seed=seed
    )
    facts = Facts(price_bands(dataset), vectors)
    start = start_vectors(dataset, SIZE.dim, seed)
    return Trainer(
        feed, start, facts, size=SIZE, cell="transformer", gate=False, dropout=dropout, rate=rate, seed=seed
    )


def plain_loss(own, batch):
    """The module's formula, a question and an item at a time."""
    network, model = own.model.network, own.model
    every = torch.from_numpy(batch.rows)
    with torch.no_grad():
        items = model(own.table.rows[every], every)
        heard = torch.from_numpy(batch.heard.items.astype(np.int64))
        codes = [torch.from_numpy(part.astype(np.int64)) for part in (batch.heard.kinds, batch.heard.gaps)]
        states = network(items[heard], *codes)
    temperature, again, total = math.exp(network.log_temperature.detach()), network.again.detach(), 0.0
    for row, place, target in zip(batch.row, batch.place, batch.targets, strict=True):
        past = batch.heard.items[row, : place + 1].tolist()
        since = {item: place - position for position, item in enumerate(past)}
        against = {target, *past, *batch.negatives.tolist()}
        logits = {}
        for item in against:
            logits[item] = float(states[row, place] @ items[item]) / temperature
            code = again_code(np.array(since.get(item, 0)))
            logits[item] += float(again[code]) if item in since else batch.offset
        total += math.log(sum(math.exp(logit) for logit in logits.values())) - logits[target]
    return total / len(batch.row)


@pytest.mark.parametrize("negatives", [20, 1000], ids=["drawn", "all"])
@pytest.mark.parametrize("make", [habits, chains])
def test_the_loss_is_that_of_the_formula(make, negatives):
    own = trainer(make(20), negatives=negatives, dropout=0.0)
    own.epoch()
    batch = next(iter(own.feed.batches(5)))
    rows = torch.from_numpy(batch.rows)
    found = own.model.loss(own.model(own.table.rows[rows], rows), batch)
    assert float(found.detach()) == pytest.approx(plain_loss(own, batch), rel=1e-4)


def test_the_loss_falls():
    own = trainer(chains(60))
    losses = [own.epoch() for _ in range(6)]
    assert losses[-1] < losses[0] - 0.3


def test_whether_people_come_back_is_learned():
    own = [trainer(make(60)) for make in (habits, chains)]
    for one in own:
        for _ in range(4):
            one.epoch()
    back, never = (one.learned().again[1] for one in own)
    assert back > 0 > never


def same(one, other):
    return (
        np.array_equal(one.items, other.items)
        and np.array_equal(one.again, other.again)
        and all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)
    )


def test_the_same_seed_gives_the_same_model():
    found = [learn(trainer(chains(30), seed=seed), Until(2, 60.0))[0] for seed in (1, 1, 2)]
    assert same(found[0], found[1])
    assert not same(found[0], found[2])


def test_drawing_elsewhere_is_left_alone():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    learn(trainer(chains(20)), Until(1, 60.0))
    assert torch.equal(torch.rand(3), expected)


def poisoned(own, epoch):
    """A training whose loss turns NaN in this pass."""
    loss = own.model.loss

    def fails(items, batch):
        found = loss(items, batch)
        return found * torch.nan if own.epochs == epoch else found

    own.model.loss = fails
    return own


def test_a_loss_that_is_no_number_ends_learning_with_the_last_good_state(tmp_path):
    good, _ = learn(trainer(chains(30)), Until(2, 60.0))
    found, passes = learn(poisoned(trainer(chains(30)), 2), Until(5, 60.0), tmp_path, "it")
    assert passes == 2
    assert same(found, good)
    state = read_checkpoint(tmp_path, "it")
    assert state is not None
    assert int(state["epochs"]) == 2


def test_a_loss_that_is_no_number_at_once_leaves_the_start():
    own = poisoned(trainer(chains(30)), 0)
    start = own.learned()
    found, passes = learn(own, Until(5, 60.0))
    assert passes == 0
    assert same(found, start)
    assert np.isfinite(found.items).all()


def test_time_ends_learning_after_the_pass_that_passes_it(monkeypatch):
    now = iter(range(0, 1000, 10))
    monkeypatch.setattr("time.monotonic", lambda: float(next(now)))
    assert learn(trainer(chains(20)), Until(100, 25.0))[1] == 2


def test_watching_keeps_the_best_pass():
    values = iter([0.1, 0.2, 0.5, 0.4, 0.3, 0.9])
    seen = []

    def watch(learned):
        seen.append(learned)
        return next(values)

    found, passes = learn_watched(trainer(chains(20)), Until(10, 60.0), watch)
    assert passes == 2
    assert len(seen) == 4
    assert same(found, seen[2])


def test_a_checkpoint_of_another_training_is_not_taken_up(tmp_path):
    learn(trainer(chains(20)), Until(1, 60.0), tmp_path, "one")
    assert read_checkpoint(tmp_path, "other") is None
    assert learn(trainer(chains(20)), Until(2, 60.0), tmp_path, "other")[1] == 2


def test_a_checkpoint_is_replaced_whole(tmp_path):
    for value in (1, 2):
        write_checkpoint(tmp_path, "it", {"value": np.array(value)})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.npz"]
    state = read_checkpoint(tmp_path, "it")
    assert state is not None
    assert int(state["value"]) == 2


TRAINING = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from shopkeeper.learners.sequence.passes import Until, learn
    from tests.learners.sequence.test_training import trainer
    from tests.training.shops import chains

    learn(trainer(chains(60)), Until(1_000_000, 600.0), Path(sys.argv[1]), "it")
    """
)


def test_a_training_that_is_killed_goes_on_as_if_it_had_not_been(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", TRAINING, str(tmp_path)])
    try:
        for _ in range(600):
            state = read_checkpoint(tmp_path, "it")
            if state is not None and int(state["epochs"]) >= 2:
                break
            time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    state = read_checkpoint(tmp_path, "it")
    assert state is not None
    passes = int(state["epochs"]) + 2
    resumed, _ = learn(trainer(chains(60)), Until(passes, 600.0), tmp_path, "it")
    unbroken, _ = learn(trainer(chains(60)), Until(passes, 600.0))
    np.testing.assert_allclose(resumed.items, unbroken.items, atol=1e-6)
    np.testing.assert_allclose(resumed.again, unbroken.again, atol=1e-6)


def test_given_vectors_place_items_nobody_touched():
    """Items of two kinds; what was never sold stands with its own kind."""
    rng = np.random.default_rng(0)
    rows = [(f"p{p}", f"i{2 * rng.integers(5) + p % 2:02}", d) for p in range(80) for d in range(6)]
    dataset = shop(rows)
    kinds = np.eye(2, dtype=np.float32)[np.arange(12) % 2]
    own = trainer(dataset, vectors=np.repeat(kinds, 4, axis=1), rate=2e-2)
    for _ in range(20):
        own.epoch()
    cosine = own.learned().items @ own.learned().items.T
    sold = np.arange(10)
    for new in (10, 11):
        alike = sold % 2 == new % 2
        assert cosine[new, sold[alike]].mean() > cosine[new, sold[~alike]].mean() + 0.2
