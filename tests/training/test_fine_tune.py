"""Fine-tuning on the processor with a small random model; the network is that of the graph."""

import random

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, MissingDependency, TooLittleData
from shopkeeper.encoders.bert import Bert
from shopkeeper.encoders.bert_torch import TorchBert
from shopkeeper.encoders.pretrained import Weights, read_recipe
from shopkeeper.training.fine_tune import FineTuneConfig, device_or_fail, fine_tune, pairs_of
from tests.encoders.models import COLOURS, THINGS, write_model
from tests.recommenders.worlds import shop

TEXTS = ["red tea", "blue cup of wool", "light cotton shirt set of 2", "dark lamp"]
QUICK = FineTuneConfig(steps=60, batch=32, rate=3e-3)


def pairs(n):
    """A colour is asked for, and something of that colour answers."""
    drawn = random.Random(1)
    for _ in range(n):
        colour = drawn.choice(COLOURS)
        yield f"{drawn.choice(THINGS)} {colour}", f"{colour} {drawn.choice(THINGS)} {drawn.choice(THINGS)}"


@pytest.mark.parametrize("kind", ["bert", "distilbert", "xlm-roberta"])
@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
def test_the_network_in_torch_is_that_of_the_graph(tmp_path, kind, pooling):
    write_model(tmp_path / "m", kind, pooling)
    encoder = Bert(tmp_path / "m", tmp_path, precision="float32")
    model = TorchBert(read_recipe(tmp_path / "m"), Weights(tmp_path / "m"), "cpu")
    found = model.vectors(encoder.tokens(TEXTS)).detach().numpy()
    np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=1e-5)


def test_what_belongs_together_comes_nearer_and_the_old_folder_stays(tmp_path):
    write_model(tmp_path / "m", before="bert.")
    old = Bert(tmp_path / "m", tmp_path, precision="float32")
    told = []
    found = fine_tune(
        tmp_path / "m", list(pairs(1_500)), tmp_path / "new", "cpu", QUICK, lambda *step: told.append(step)
    )
    assert found.written
    assert found.after > found.before + 0.1
    assert told[-1] == (60, 60)
    new = Bert(tmp_path / "new", tmp_path, precision="float32")
    assert new.id != old.id

    def gap(encoder):
        red, same, other = encoder.encode(["tea red", "red lamp", "blue lamp"])
        return red @ same - red @ other

    assert gap(new) > gap(old)
    assert Bert(tmp_path / "m", tmp_path, precision="float32").id == old.id


def test_nothing_is_written_where_nothing_is_gained(tmp_path):
    write_model(tmp_path / "m")
    still = FineTuneConfig(steps=1, batch=32, rate=0.0)
    found = fine_tune(tmp_path / "m", list(pairs(1_200)), tmp_path / "new", "cpu", still)
    assert not found.written
    assert found.before == found.after
    assert not (tmp_path / "new").exists()


def test_pairs_are_what_was_taken_together_and_what_was_clicked():
    dataset = shop([("u", "i1", 1), ("u", "i2", 2), ("v", "i3", 3)], ["i1", "i2", "i3"])
    clicks = pl.DataFrame({c.SEARCH_TERM: ["light", "gone"], c.ITEM_ID: ["i3", "i9"]})
    assert pairs_of(dataset, clicks) == [("aaaa ware", "aaaa ware"), ("light", "bbbb ware")]


def test_a_folder_that_is_there_is_not_touched(tmp_path):
    with pytest.raises(InvalidRequest, match="exists"):
        fine_tune(tmp_path, [], tmp_path, "cpu")


def test_few_pairs_are_refused(tmp_path):
    write_model(tmp_path / "m")
    with pytest.raises(TooLittleData, match="There are 0 pairs"):
        fine_tune(tmp_path / "m", [("", "red tea")] * 2_000, tmp_path / "new", "cpu")


def test_without_a_gpu_it_says_so():
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        assert device_or_fail() == "cuda"
    else:
        with pytest.raises(MissingDependency, match="needs a GPU"):
            device_or_fail()
