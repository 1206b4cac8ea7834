"""Learning of two towers: one turns an item into a vector, one a customer, and what fits points the same way.

    y_i = c + relu(c A + a) B,  c = sum of the rows of its kinds + price P + mean of the rows of its text
    v_i = unit(y_i + delta_i),  delta_i small, of its own, 0 for an item nobody took yet
    x_u = (pools of v over the history, numbers, favourites, attributes)
    q_u = unit(sum over pools r_p pool_p + relu(x_u M + m) N)
    s_ui = e^t q_u . v_i + relu((q, v, q v, |q - v|) W + w) . z

The customer tower reads what a person did, looked at and told, never who they are; so it needs no table of
people. ``delta`` is left out of a share of the items of each step, so that content learns to stand alone for
what is new. Both terms of ``s`` lower the cross-entropy of the item that was taken among those of the batch
and some drawn evenly, each less the log of how often to expect it there (Yi et al. 2019, "Sampling-bias-
corrected neural modeling for large corpus item recommendations"): the cosine among all of them, the second
term, which sees fixed vectors, among some. The second term is the matching function of He et al. 2017,
"Neural collaborative filtering", beside the product rather than in its place.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.types import Floats, Longs, Requests, ragged_positions
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import slice_histories
from shopkeeper.features.behaviour import HEARD, POOLS, Behaviour
from shopkeeper.features.content import BUCKETS, Content
from shopkeeper.learners.cuts import Cuts, batch_size
from shopkeeper.learners.descent import Descent, Parameters, arrays, descend, repeatable, torch_or_fail

if TYPE_CHECKING:
    from torch import Tensor

Arrays = dict[str, NDArray[np.float32]]

_MOMENTS: Final = 100
"""Most moments of one person that are learned from, the latest."""

_FORGOTTEN: Final = 0.05
"""Share of the moments that are asked as if nothing had come before, for those who are new."""


@dataclass(frozen=True, slots=True)
class TowersTraining:
    """How the towers are learned.

    Attributes
    ----------
    dim, hidden
        Of the vectors, and of the hidden layers of both towers.
    matching
        Of the hidden layer of the second term of the score.
    ahead
        Events from a moment on of which one is drawn as the item that was taken.
    drawn
        Items drawn evenly as others, for a step.
    compared
        Of the others of a step, how many the second term learns from.
    left_out
        Share of the items of a step without ``delta``.
    batch, examples
        Moments a step, and most moments a pass.
    descent
        How far to go.
    seed
        Of everything drawn.
    """

    dim: int
    hidden: int
    matching: int
    ahead: int
    drawn: int
    compared: int
    left_out: float
    batch: int
    examples: int
    descent: Descent
    seed: int


@dataclass(frozen=True, slots=True)
class Reader:
    """Turns requests into what the customer tower reads.

    Attributes
    ----------
    behaviour
        Reads what people did.
    told
        Turns their attributes into a row of 0 and 1 each, shape ``(n, n_told)``.
    """

    behaviour: Callable[[Requests], Behaviour]
    told: Callable[[Requests], Floats]

    def plain(self, requests: Requests, seen: Behaviour) -> Floats:
        """The part of ``x`` that does not depend on the item tower."""
        return np.hstack([seen.numbers, seen.favourites, self.told(requests)])


def learn_towers(
    dataset: Dataset,
    content: Content,
    texts: Floats | None,
    reader: Reader,
    training: TowersTraining,
    watch: Callable[[Arrays], float] | None = None,
) -> tuple[Arrays, int]:
    """Learn from all moments of a dataset.

    Parameters
    ----------
    dataset
        What people did.
    content
        What its items are.
    texts
        Shape ``(n_items, m)``: a vector of each item's text that takes the place of the buckets; None where
        there is none.
    reader
        What the customer tower reads.
    training
        How to learn.
    watch
        Measures the parameters after each pass, more is better.

    Returns
    -------
    The parameters of the module's formula by name, and the number of passes behind them.
    """
    feed = _Feed(dataset, content, texts, reader, training)
    if not len(feed.cuts):
        return {}, 0
    with repeatable(training.seed):
        parameters = _start(feed)
        passes = descend(
            parameters,
            lambda epoch: (_loss(parameters, batch, training) for batch in feed.batches(epoch)),
            training.descent,
            (lambda: watch(arrays(parameters))) if watch else None,
        )
    return arrays(parameters), passes


def item_vectors(model: Arrays, content: Content, texts: Floats | None) -> Floats:
    """Unit vector of every item, shape ``(n_items, dim)``: the item tower without torch."""
    parts = model["kinds"][content.kinds].sum(axis=1) + content.price[:, None] * model["price"]
    offsets = content.grams.offsets
    if texts is not None:
        parts += texts @ model["text"]
    elif len(content.grams.items):
        shares = np.repeat(1.0 / np.maximum(np.diff(offsets), 1), np.diff(offsets)).astype(np.float32)
        bags = sparse.csr_array((shares, content.grams.items, offsets), shape=(len(content), BUCKETS))
        parts += bags @ model["text"]
    grown = parts + np.maximum(parts @ model["item_in"] + model["item_bias"], 0.0) @ model["item_out"]
    return unit(np.asarray(grown + model["delta"], np.float32))


def customer_vector(model: Arrays, pools: Floats, plain: Floats) -> Floats:
    """Unit vector of one customer: pools ``(len(POOLS), dim)`` and the rest of what is read of them."""
    hidden = np.maximum(
        np.concatenate([pools.ravel(), plain]) @ model["person_in"] + model["person_bias"], 0.0
    )
    return unit(model["pools"] @ pools + hidden @ model["person_out"] + model["person_own"])


def matching(model: Arrays, customer: Floats, vectors: Floats) -> Floats:
    """The second term of the score for one customer and items, shape ``(n,)``."""
    pairs = np.concatenate([vectors, vectors * customer, np.abs(vectors - customer)], axis=1)
    dim = len(customer)
    hidden = pairs @ model["match_in"][dim:] + (customer @ model["match_in"][:dim] + model["match_bias"])
    return np.asarray(np.maximum(hidden, 0.0) @ model["match_out"], np.float32)


def unit(vectors: Floats) -> Floats:
    """Vectors scaled to the length 1."""
    lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.maximum(lengths, 1e-6), np.float32)


@dataclass(frozen=True, slots=True)
class _Batch:
    """Moments ready for a step; items are named by their place in ``items``.

    Attributes
    ----------
    items
        Distinct items of the histories and of ``asked``.
    heard, offsets, weights
        Of `Behaviour`.
    plain
        The rest of what the customer tower reads.
    asked, common
        Items to tell apart, and the log of how often to expect each among them.
    target
        Place in ``asked`` of the item that was taken.
    kinds, price, grams, gram_offsets, texts
        Content of ``items``.
    own
        Shape ``(len(items), 1)``: 0 where ``delta`` is left out.
    """

    items: Longs
    heard: Longs
    offsets: Longs
    weights: Floats
    plain: Floats
    asked: Longs
    common: Floats
    target: Longs
    kinds: Longs
    price: Floats
    grams: Longs
    gram_offsets: Longs
    texts: Floats | None
    own: Floats


class _Feed:
    """Turns moments into batches."""

    def __init__(
        self,
        dataset: Dataset,
        content: Content,
        texts: Floats | None,
        reader: Reader,
        training: TowersTraining,
    ) -> None:
        self.dataset, self.content, self.texts = dataset, content, texts
        self.reader, self.training = reader, training
        self.cuts = Cuts.of(dataset, HEARD, training.ahead, _MOMENTS, first=True)
        self.taken = np.flatnonzero(dataset.popularity > 0)
        self.share = dataset.popularity / max(1, len(dataset))
        self.weights = dataset.weights[dataset.kind].astype(np.float64)

    def batches(self, epoch: int) -> Iterator[_Batch]:
        rng = np.random.default_rng((self.training.seed, epoch))
        order = rng.permutation(len(self.cuts))[: self.training.examples]
        size = batch_size(len(order), self.training.batch)
        for start in range(0, len(order), size):
            yield self._batch(self.cuts.take(order[start : start + size]), rng)

    def width(self) -> int:
        """Length of the part of ``x`` that does not depend on the item tower."""
        requests = self._requests(self.cuts.take(np.zeros(1, np.int64)))
        return int(self.reader.plain(requests, self.reader.behaviour(requests)).shape[1])

    def _requests(self, cuts: Cuts) -> Requests:
        people = self.dataset.person[cuts.cuts].astype(np.int64)
        return Requests(
            slice_histories(self.dataset, cuts.starts, cuts.cuts),
            self.dataset.time[cuts.cuts],
            attributes=self.dataset.attributes_of(people),
        )

    def _batch(self, cuts: Cuts, rng: np.random.Generator) -> _Batch:
        cuts = cuts.forgetting(rng.random(len(cuts)) < _FORGOTTEN)
        requests = self._requests(cuts)
        seen = self.reader.behaviour(requests)
        wanted = self.dataset.item[self._drawn(cuts, rng)].astype(np.int64)
        others = rng.choice(self.taken, self.training.drawn)
        asked = np.unique(np.concatenate([wanted, others]))
        times = len(wanted) * self.share[asked] + self.training.drawn / len(self.taken)
        items = np.unique(np.concatenate([asked, seen.items]))
        positions, gram_offsets = ragged_positions(self.content.grams.offsets, items)
        return _Batch(
            items,
            np.searchsorted(items, seen.items),
            seen.offsets,
            seen.weights,
            self.reader.plain(requests, seen),
            np.searchsorted(items, asked),
            np.log(-np.expm1(-times)).astype(np.float32),
            np.searchsorted(asked, wanted),
            self.content.kinds[items].astype(np.int64),
            self.content.price[items],
            self.content.grams.items[positions].astype(np.int64),
            gram_offsets,
            None if self.texts is None else self.texts[items],
            (rng.random((len(items), 1)) >= self.training.left_out).astype(np.float32),
        )

    def _drawn(self, cuts: Cuts, rng: np.random.Generator) -> Longs:
        """One of the rows from each moment on, by the weight of its kind."""
        rows, offsets = cuts.future
        total = np.concatenate([[0.0], np.cumsum(self.weights[rows])])
        low, high = total[offsets[:-1]], total[offsets[1:]]
        place = np.searchsorted(total, low + rng.random(len(cuts)) * (high - low), "right") - 1
        return np.asarray(rows[np.clip(place, offsets[:-1], offsets[1:] - 1)], np.int64)


def _start(feed: _Feed) -> Parameters:
    torch = torch_or_fail()
    training, content = feed.training, feed.content
    dim, hidden, read = training.dim, training.hidden, len(POOLS) * training.dim + feed.width()
    text = BUCKETS if feed.texts is None else feed.texts.shape[1]
    scales = {
        "kinds": ((content.n_kinds, dim), 0.1),
        "price": ((dim,), 0.1),
        "text": ((text, dim), 0.3 if feed.texts is None else text**-0.5),
        "item_in": ((dim, hidden), dim**-0.5),
        "item_bias": ((hidden,), 0.1),
        "item_out": ((hidden, dim), 0.1 * hidden**-0.5),
        "delta": ((len(content), dim), 0.05),
        "pools": ((len(POOLS),), 0.0),
        "person_in": ((read, hidden), read**-0.5),
        "person_bias": ((hidden,), 0.0),
        "person_out": ((hidden, dim), 0.1 * hidden**-0.5),
        "person_own": ((dim,), 0.1),
        "sharpness": ((), 0.0),
        "match_in": ((4 * dim, training.matching), (4 * dim) ** -0.5),
        "match_bias": ((training.matching,), 0.0),
        "match_out": ((training.matching,), 0.0),
    }
    found = {name: scale * torch.randn(shape) for name, (shape, scale) in scales.items()}
    found["delta"][torch.from_numpy(feed.dataset.popularity == 0)] = 0.0
    found["pools"] += 1.0
    found["sharpness"] += 2.3
    return {name: value.requires_grad_() for name, value in found.items()}


def _items(p: Parameters, batch: _Batch) -> "Tensor":
    """Unit vectors of the items of a batch."""
    torch = torch_or_fail()
    functional = torch.nn.functional
    parts = p["kinds"][torch.from_numpy(batch.kinds)].sum(1)
    parts = parts + torch.from_numpy(batch.price)[:, None] * p["price"]
    if batch.texts is not None:
        parts = parts + torch.from_numpy(batch.texts) @ p["text"]
    elif len(batch.grams):
        bags, starts = torch.from_numpy(batch.grams), torch.from_numpy(batch.gram_offsets[:-1])
        parts = parts + functional.embedding_bag(bags, p["text"], starts, mode="mean")
    grown = parts + torch.relu(parts @ p["item_in"] + p["item_bias"]) @ p["item_out"]
    own = torch.from_numpy(batch.own) * p["delta"][torch.from_numpy(batch.items)]
    found: Tensor = functional.normalize(grown + own, dim=1, eps=1e-6)
    return found


def _customers(p: Parameters, batch: _Batch, vectors: "Tensor") -> "Tensor":
    """Unit vectors of the customers of a batch."""
    torch = torch_or_fail()
    heard, starts = torch.from_numpy(batch.heard), torch.from_numpy(batch.offsets[:-1])
    pools = [
        torch.nn.functional.embedding_bag(
            heard, vectors, starts, per_sample_weights=torch.from_numpy(weights), mode="sum"
        )
        for weights in batch.weights
    ]
    read = torch.cat([*pools, torch.from_numpy(batch.plain)], dim=1)
    hidden = torch.relu(read @ p["person_in"] + p["person_bias"]) @ p["person_out"]
    pooled = (torch.stack(pools, 2) * p["pools"]).sum(2)
    found: Tensor = torch.nn.functional.normalize(pooled + hidden + p["person_own"], dim=1, eps=1e-6)
    return found


def _loss(p: Parameters, batch: _Batch, training: TowersTraining) -> Any:
    torch = torch_or_fail()
    functional = torch.nn.functional
    vectors = _items(p, batch)
    people = _customers(p, batch, vectors)
    asked, target = vectors[torch.from_numpy(batch.asked)], torch.from_numpy(batch.target)
    logits = torch.exp(p["sharpness"]) * (people @ asked.T)
    logits = logits - torch.from_numpy(batch.common)
    told = functional.cross_entropy(logits, target)
    # Not the hardest: an answer among the hardest others stands low, and the second term would learn that.
    some = torch.randperm(len(asked))[: training.compared].expand(len(people), -1)
    chosen = torch.cat([target[:, None], some], dim=1)
    fixed = logits.detach().gather(1, chosen)
    fixed[:, 1:].masked_fill_(some == target[:, None], -torch.inf)
    both = fixed + _matching(p, people.detach(), asked.detach()[chosen])
    first = torch.zeros(len(chosen), dtype=torch.int64)
    return told + functional.cross_entropy(both, first)


def _matching(p: Parameters, people: "Tensor", vectors: "Tensor") -> "Tensor":
    """The second term of the score, shape ``(n, m)`` for ``m`` items each."""
    torch = torch_or_fail()
    one = people[:, None, :]
    pairs = torch.cat([vectors, vectors * one, (vectors - one).abs()], dim=2)
    dim = people.shape[1]
    hidden = pairs @ p["match_in"][dim:] + (people @ p["match_in"][:dim] + p["match_bias"])[:, None, :]
    found: Tensor = torch.relu(hidden) @ p["match_out"]
    return found
