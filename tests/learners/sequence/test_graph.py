"""The ONNX graph against the network it was written out from."""

import sys

import numpy as np
import pytest
import torch

from shopkeeper.core.errors import MissingDependency
from shopkeeper.encoders.graph import quantised
from shopkeeper.learners.sequence.config import Size
from shopkeeper.learners.sequence.encoder import Encoder
from shopkeeper.learners.sequence.graph import encoder_graph
from shopkeeper.learners.sequence.inputs import GAPS, Heard
from shopkeeper.learners.sequence.network import Network

KINDS = [
    ("transformer", False, Size(16, 1, 1, 12)),
    ("transformer", False, Size(16, 3, 4, 12)),
    ("transformer", True, Size(16, 1, 2, 12)),
    ("transformer", True, Size(16, 2, 1, 12)),
    ("gru", False, Size(16, 1, 1, 12)),
    ("gru", False, Size(16, 2, 1, 12)),
]
every = pytest.mark.parametrize(("cell", "gate", "size"), KINDS)


def network(cell, gate, size):
    """A network in which nothing is zero."""
    torch.manual_seed(0)
    made = Network(size, cell, gate, 0.5).eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made


def graph(made, cell, gate, size):
    return encoder_graph({name: value.numpy() for name, value in made.state_dict().items()}, size, cell, gate)


def histories(size, lengths=(1, 12, 0, 5, 7)):
    rng = np.random.default_rng(1)
    items = rng.standard_normal((30, size.dim)).astype(np.float32)
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    shape = (len(lengths), max(lengths))
    codes, kinds, gaps = (rng.integers(0, n, shape).astype(np.int32) for n in (30, 16, GAPS))
    return items, Heard(codes, kinds, gaps, np.array(lengths))


def states(made, items, heard):
    """After the last event of each history, by torch."""
    parts = [torch.from_numpy(part.astype(np.int64)) for part in (heard.items, heard.kinds, heard.gaps)]
    with torch.no_grad():
        after = made(torch.from_numpy(items)[parts[0]], *parts[1:]).numpy()
    last = after[np.arange(len(heard.lengths)), heard.lengths - 1]
    return np.where(heard.lengths[:, None] > 0, last, 0.0)


@every
def test_the_graph_is_the_network(cell, gate, size):
    made, (items, heard) = network(cell, gate, size), histories(size)
    encode = Encoder(graph(made, cell, gate, size), size.dim)
    np.testing.assert_allclose(encode(items, heard), states(made, items, heard), atol=2e-6)


@every
def test_a_padded_batch_is_its_histories(cell, gate, size):
    import onnxruntime

    made, (items, heard) = network(cell, gate, size), histories(size, (1, 12, 5, 7))
    model = graph(made, cell, gate, size)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    feed = {"vectors": items[heard.items], "kinds": heard.kinds, "gaps": heard.gaps, "lengths": heard.lengths}
    np.testing.assert_allclose(session.run(None, feed)[0], Encoder(model, size.dim)(items, heard), atol=2e-6)


@every
def test_what_comes_later_changes_nothing_before(cell, gate, size):
    made, (items, heard) = network(cell, gate, size), histories(size, (12, 12))
    vectors = torch.from_numpy(items)[torch.from_numpy(heard.items.astype(np.int64))]
    codes = [torch.from_numpy(part.astype(np.int64)) for part in (heard.kinds, heard.gaps)]
    with torch.no_grad():
        long, short = made(vectors, *codes), made(vectors[:, :5], *(part[:, :5] for part in codes))
    torch.testing.assert_close(long[:, :5], short)


@every
def test_whole_numbers_are_nearly_the_same_in_less_space(cell, gate, size):
    made, (items, heard) = network(cell, gate, size), histories(size, (1, 12, 5, 7))
    model = graph(made, cell, gate, size)
    small = quantised(model)
    cosine = (Encoder(model, size.dim)(items, heard) * Encoder(small, size.dim)(items, heard)).sum(axis=1)
    assert cosine.min() > 0.98
    if cell == "transformer":
        assert len(small) < len(model)


def test_without_onnx_it_says_what_to_install(monkeypatch):
    made = network("gru", False, Size(16, 1, 1, 12))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingDependency, match="deep"):
        graph(made, "gru", False, Size(16, 1, 1, 12))
