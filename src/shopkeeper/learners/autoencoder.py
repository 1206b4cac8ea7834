"""Learning of a variational autoencoder over histories (Liang et al. 2018, "Mult-VAE").

    h = tanh(sum over the past of w_i E_i + a),  w_i ~ recency ^ (events since i), |w| = 1
    z ~ N(m, s^2),  m = h M + b,  log s^2 = h S + c
    logit_j = D_j . tanh(z G + g) + d_j
    loss = - sum over the future of t_j log softmax_j + beta * KL(N(m, s^2) || N(0, 1))

The original gives back the row it was given. Here the row is cut at a moment: what came before goes in, what
came then and soon after must come out, as in all that is asked of a shop. ``beta`` rises from 0 to its end
over the first passes (annealing). Where the catalogue is large, the softmax goes over the items of the batch
and some drawn evenly, each logit less the log of how often its item is among them (the correction of sampled
softmax; Bengio and Senecal 2008), so that a step does not grow with the catalogue.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.core.types import Floats, Ints, Longs
from shopkeeper.data.dataset import Dataset
from shopkeeper.learners.cuts import Cuts, batch_size, fading, unit
from shopkeeper.learners.descent import Descent, Parameters, arrays, descend, repeatable, torch_or_fail
from shopkeeper.learners.told import squeezed

if TYPE_CHECKING:
    from torch import Tensor

Arrays = dict[str, NDArray[np.float32]]

_MOMENTS: Final = 100
"""Most moments of one person that are learned from, the latest."""
_ANNEALED: Final = 3.0
"""Passes over which the weight of the KL term rises."""


@dataclass(frozen=True, slots=True)
class AutoencoderTraining:
    """How the autoencoder is learned.

    Attributes
    ----------
    width, latent
        Of the hidden layers and of ``z``.
    recency
        Weight of an event relative to the one after it, above 0 and at most 1.
    reach, ahead
        Most events before a moment that go in, and from it on that must come out.
    dropout
        Share of the events that go in which are left out.
    beta
        Weight of the KL term in the end.
    sampled
        Items drawn for the softmax of a step; all where there are no more than that.
    batch, examples
        Moments a step, and most moments a pass.
    descent
        How far to go.
    seed
        Of everything drawn.
    """

    width: int
    latent: int
    recency: float
    reach: int
    ahead: int
    dropout: float
    beta: float
    sampled: int
    batch: int
    examples: int
    descent: Descent
    seed: int


def learn_autoencoder(
    dataset: Dataset,
    places: Ints,
    training: AutoencoderTraining,
    watch: Callable[[Arrays], float] | None = None,
    told: Floats | None = None,
) -> tuple[Arrays, int]:
    """Learn from all moments of a dataset.

    Parameters
    ----------
    dataset
        What people did.
    places
        Shape ``(n_items,)``: rows of the items in the model, -1 for items left out.
    training
        How to learn.
    watch
        Measures a model after each pass, more is better.
    told
        Where vectors of items start: what is told of them, such as what an encoder makes of their titles,
        ``(n_items, width)``; None for chance.

    Returns
    -------
    The parameters of the module's formula by name, and the number of passes behind them.
    """
    kept = dataset.where(places[dataset.item] >= 0)
    n = int(places.max(initial=-1)) + 1
    feed = _Feed(kept, places, n, training)
    if not len(feed.cuts):
        return {}, 0
    with repeatable(training.seed):
        parameters = _start(n, training, None if told is None else told[places >= 0])
        passes = descend(
            parameters,
            lambda epoch: _losses(parameters, feed, epoch),
            training.descent,
            (lambda: watch(arrays(parameters))) if watch else None,
        )
    return arrays(parameters), passes


def _start(n: int, training: AutoencoderTraining, told: Floats | None) -> Parameters:
    torch = torch_or_fail()
    width, latent = training.width, training.latent
    shapes = {
        "items_in": (n, width),
        "hidden_bias": (width,),
        "mean": (width, latent),
        "mean_bias": (latent,),
        "spread": (width, latent),
        "spread_bias": (latent,),
        "grown": (latent, width),
        "grown_bias": (width,),
        "items_out": (n, width),
        "items_bias": (n,),
    }
    scale = {"items_in": 1.0, "items_out": width**-0.5}
    found = {}
    for name, shape in shapes.items():
        if name.endswith("bias"):
            value = torch.zeros(shape)
        elif told is not None and name.startswith("items"):
            rng = np.random.default_rng(training.seed)
            value = torch.from_numpy(squeezed(told, width, rng)) * scale[name]
        else:
            value = torch.randn(shape) * scale.get(name, shape[0] ** -0.5)
        found[name] = value.requires_grad_()
    return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that go in with their weights, the items of the softmax, and what must come out of it."""

    items: Longs
    offsets: Longs
    weights: Floats
    asked: Longs
    common: Floats
    targets: Floats


class _Feed:
    """Turns moments into batches."""

    def __init__(self, dataset: Dataset, places: Ints, n: int, training: AutoencoderTraining) -> None:
        self.training = training
        self.cuts = Cuts.of(dataset, training.reach, training.ahead, _MOMENTS)
        self.rows = places[dataset.item].astype(np.int64)
        self.weights = dataset.weights[dataset.kind]
        self.n = n
        self.share = np.bincount(self.rows, minlength=n) / max(1, len(self.rows))

    def batches(self, epoch: int) -> Iterator[_Batch]:
        rng = np.random.default_rng((self.training.seed, epoch))
        order = rng.permutation(len(self.cuts))[: self.training.examples]
        size = batch_size(len(order), self.training.batch)
        for start in range(0, len(order), size):
            yield self._batch(self.cuts.take(order[start : start + size]), rng)

    def _batch(self, cuts: Cuts, rng: np.random.Generator) -> _Batch:
        past, offsets = cuts.past
        weights = unit(fading(offsets, self.weights[past], self.training.recency), offsets)
        future, ends = cuts.future
        asked, common = self._asked(self.rows[future], rng)
        targets = np.zeros((len(cuts), len(asked)), np.float32)
        owner = np.repeat(np.arange(len(cuts)), np.diff(ends))
        place = np.searchsorted(asked, self.rows[future])
        np.add.at(targets, (owner, place), self.weights[future])
        targets /= targets.sum(axis=1, keepdims=True)
        return _Batch(self.rows[past], offsets, weights, asked, common, targets)

    def _asked(self, wanted: Longs, rng: np.random.Generator) -> tuple[Longs, Floats]:
        """Items of the softmax, by rising row, and the log of how often to expect each among them."""
        if self.n <= self.training.sampled:
            return np.arange(self.n), np.zeros(self.n, np.float32)
        drawn = rng.integers(self.n, size=self.training.sampled)
        asked = np.unique(np.concatenate([wanted, drawn]))
        times = len(wanted) * self.share[asked] + self.training.sampled / self.n
        return asked, np.log(-np.expm1(-times)).astype(np.float32)


def _losses(parameters: Parameters, feed: _Feed, epoch: int) -> Iterator["Tensor"]:
    training = feed.training
    for batch in feed.batches(epoch):
        beta = training.beta * min(1.0, epoch / _ANNEALED)
        yield _loss(parameters, batch, training.dropout, beta)


def _loss(p: Parameters, batch: _Batch, dropout: float, beta: float) -> "Tensor":
    torch = torch_or_fail()
    functional = torch.nn.functional
    mean, spread = _squeezed(p, batch, functional.dropout(torch.from_numpy(batch.weights), dropout))
    drawn = mean + torch.randn_like(mean) * torch.exp(0.5 * spread)
    asked = torch.from_numpy(batch.asked)
    logits = _unfolded(p, drawn) @ p["items_out"][asked].T + p["items_bias"][asked]
    likely = functional.log_softmax(logits - torch.from_numpy(batch.common), 1)
    told = -(torch.from_numpy(batch.targets) * likely).sum(1).mean()
    surprise = 0.5 * (mean**2 + torch.exp(spread) - 1.0 - spread).sum(1).mean()
    found: Tensor = told + beta * surprise
    return found


def _squeezed(p: Parameters, batch: _Batch, weights: "Tensor") -> tuple["Tensor", "Tensor"]:
    """``m`` and ``log s^2`` of the module's formula."""
    torch = torch_or_fail()
    items, starts = torch.from_numpy(batch.items), torch.from_numpy(batch.offsets[:-1])
    summed = torch.nn.functional.embedding_bag(
        items, p["items_in"], starts, per_sample_weights=weights, mode="sum"
    )
    hidden = torch.tanh(summed + p["hidden_bias"])
    return hidden @ p["mean"] + p["mean_bias"], hidden @ p["spread"] + p["spread_bias"]


def _unfolded(p: Parameters, latent: "Tensor") -> "Tensor":
    found: Tensor = torch_or_fail().tanh(latent @ p["grown"] + p["grown_bias"])
    return found
