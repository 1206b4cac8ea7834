"""How likely an advert is clicked: by whom, when and where it is seen, what it is, what its text means.

Two sides of named features (`propensity.click_features`). The context: hour and weekday, the place on the
page, the categories of what somebody did lately. The advert: itself, its advertiser, campaign and category,
and the numbers of its text's meaning. A logistic regression, a factorization machine
(`learners.factorization`) and, where torch is installed, a DeepFM (`learners.deep_machine`) over both; the
one with the smallest logarithmic loss on the latest fifth is kept, and calibrated there. Served, each advert
is one number and one vector made beforehand:

    log-odds_j = b + u + a_j + U A_j,   u = x w + (|x V|^2 - x^2 V^2) / 2,   U = x V,   the same for a_j, A_j

and of a DeepFM what its network makes of U and A_j. What both sides have in common, how much of what somebody
did lately is in the advert's category, is a feature m_j of the advert with vector v: it adds m_j (w + v A_j)
to a_j and m_j v to A_j.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from shopkeeper.core.errors import CorruptModel, TooLittleData
from shopkeeper.core.types import Bools, Floats
from shopkeeper.learners.calibration import Calibration
from shopkeeper.learners.deep_machine import LAYERS, DeepMachine, learn_deep
from shopkeeper.learners.factorization import Descending, Machine, learn_logistic
from shopkeeper.metrics.classification import auc, expected_calibration_error
from shopkeeper.propensity.click_features import MATCH, TASTE, Features, about, columns_of, paired, table

Doubles = NDArray[np.float64]
Progress = Callable[[str, int, int], None]

LOGISTIC: Final = "logistic"
MACHINE: Final = "factorization machine"
DEEP: Final = "DeepFM"
_HOW: Final[dict[str, Descending]] = {
    LOGISTIC: Descending(dim=0, batch=512, epochs=12, rate=0.1, decay=1e-3),
    MACHINE: Descending(dim=8, batch=512, epochs=12, rate=0.1, decay=1e-3),
}
FEWEST: Final = 100
"""Clicks, and showings without one, below which nothing is learned."""
_HELD: Final = 0.2
_FAR: Final = 16.0
_STEPS: Final = 1 << 15
"""Log-odds in a table lie a thousandth apart: so far may a probability be off, in parts of itself."""
_FORMAT: Final = 1


@dataclass(frozen=True)
class Showings:
    """Adverts that were shown, the oldest first.

    Attributes
    ----------
    contexts, adverts
        Features of each, ``n`` long.
    clicked
        Shape ``(n,)``.
    """

    contexts: Sequence[Features]
    adverts: Sequence[Features]
    clicked: Bools


@dataclass(frozen=True, slots=True)
class Learned:
    """How well a kind of model told clicks that came after what it had learned from.

    Attributes
    ----------
    auc, loss, ece
        Area under the curve, mean logarithmic loss, and calibration error, on the latest fifth.
    """

    auc: float
    loss: float
    ece: float


@dataclass(frozen=True)
class ClickModel:
    """A fitted model.

    Attributes
    ----------
    kind
        `LOGISTIC`, `MACHINE` or `DEEP`.
    columns
        Column of each feature, by name.
    deep, calibration
        Log-odds, and what probability they are; without layers where the kind is not `DEEP`.
    encoder
        Of the texts' meaning; empty where there was none.
    """

    kind: str
    columns: Mapping[str, int]
    deep: DeepMachine
    calibration: Calibration
    encoder: str = ""

    @classmethod
    def fit(
        cls, showings: Showings, encoder: str = "", progress: Progress = lambda stage, done, total: None
    ) -> tuple[Self, dict[str, Learned]]:
        """Learn, and how well each kind of model did.

        Raises
        ------
        TooLittleData
            There are too few showings with, or without, a click.
        """
        clicked = showings.clicked
        least = int(min(clicked.sum(), (~clicked).sum()))
        early = int(len(clicked) * (1 - _HELD))
        late = clicked[early:]
        if least < FEWEST or late.all() or not late.any():
            raise TooLittleData(
                f"{int(clicked.sum()):,} of {len(clicked):,} showings were clicked: at least {FEWEST} must "
                f"have been, and {FEWEST} not, and some of the latest.",
                hint="Show adverts for longer, and send clicks as select_promotion events.",
            )
        adverts = paired(showings.contexts, showings.adverts)
        columns = columns_of([*showings.contexts, *adverts])
        left, right = table(showings.contexts, columns), table(adverts, columns)
        labels = clicked.astype(np.float32)
        kinds = [*_HOW, DEEP] if find_spec("torch") else [*_HOW]
        found: dict[str, tuple[Calibration, Learned]] = {}
        for place, kind in enumerate(kinds):
            progress("learn clicks", place, len(kinds) + 1)
            trial = _learn(kind, left[:early], right[:early], labels[:early])
            found[kind] = _judge(_scores(trial, left[early:], right[early:]), late)
        best = min(found, key=lambda kind: found[kind][1].loss)
        progress("learn clicks", len(kinds), len(kinds) + 1)
        whole = _learn(best, left, right, labels)
        progress("learn clicks", len(kinds) + 1, len(kinds) + 1)
        learned = {kind: one for kind, (_, one) in found.items()}
        return cls(best, columns, whole, found[best][0], encoder), learned

    def probability(self, contexts: Sequence[Features], adverts: Sequence[Features]) -> Doubles:
        """Of a click, pair by pair: the plain formula that `over` makes fast."""
        left, right = table(contexts, self.columns), table(paired(contexts, adverts), self.columns)
        return self.calibration.probability(_scores(self.deep, left, right))

    def over(self, adverts: Sequence[Features]) -> "ClickChances":
        """Ready to be asked about these adverts."""
        return ClickChances(self, adverts)

    def save(self, folder: Path) -> None:
        """Write arrays and JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        calibration = self.calibration
        facts = {
            "format": _FORMAT,
            "kind": self.kind,
            "encoder": self.encoder,
            "slope": calibration.slope,
            "offset": calibration.offset,
            "bias": self.deep.machine.bias,
            "features": list(self.columns),
        }
        arrays: dict[str, Any] = {
            "weights": self.deep.machine.weights,
            "vectors": self.deep.machine.vectors,
            "knots": calibration.knots,
            "values": calibration.values,
            **self.deep.layers,
        }
        for path, write in (
            (folder / "clicks.npz", lambda file: np.savez(file, allow_pickle=False, **arrays)),
            (folder / "clicks.json", lambda file: file.write(json.dumps(facts, ensure_ascii=False).encode())),
        ):
            _replace(path, write)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises
        ------
        CorruptModel
            A file is damaged.
        """
        try:
            facts = json.loads((folder / "clicks.json").read_text("utf-8"))
            with np.load(folder / "clicks.npz", allow_pickle=False) as arrays:
                machine = Machine(facts["bias"], arrays["weights"], arrays["vectors"])
                layers = {name: arrays[name] for name in LAYERS if facts["kind"] == DEEP}
                calibration = Calibration(facts["slope"], facts["offset"], arrays["knots"], arrays["values"])
            columns = {name: place for place, name in enumerate(facts["features"])}
            if facts["format"] != _FORMAT or len(columns) != len(machine.weights):
                raise ValueError("another format")
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            raise CorruptModel(
                f"The click model in {folder} cannot be read: {error}.", hint="Learn it again: shopkeeper ads"
            ) from None
        return cls(facts["kind"], columns, DeepMachine(machine, layers), calibration, facts["encoder"])


class ClickChances:
    """A model over ``n`` adverts, by the module's formula; probabilities from a table of `_STEPS` log-odds.

    Parameters
    ----------
    model
        What was learned.
    adverts
        Features of each.
    """

    def __init__(self, model: ClickModel, adverts: Sequence[Features]) -> None:
        machine, rows = model.deep.machine, table(adverts, model.columns)
        self._columns, self._machine = model.columns, machine
        self._deep = model.deep if model.deep.layers else None
        self._own = np.asarray(machine.scores(rows), np.float32)
        self._vectors = np.ascontiguousarray(rows @ machine.vectors, np.float32)
        self._lengths = (machine.vectors**2).sum(axis=1)
        self._table = model.calibration.probability(np.linspace(-_FAR, _FAR, _STEPS))
        names = [f"{TASTE}{about(one)}" for one in adverts]
        self._tastes = {name: code for code, name in enumerate(dict.fromkeys(names))}
        self._about = np.array([self._tastes[name] for name in names], np.int64)
        place = model.columns.get(MATCH)
        self._match = None if place is None else machine.vectors[place]
        self._matched = self._own * 0
        if place is not None:
            self._matched = machine.weights[place] + self._vectors @ machine.vectors[place]

    def of(self, asked: Features) -> Doubles:
        """Probability of a click on each advert in a context, shape ``(n,)``."""
        known = [(self._columns[name], value) for name, value in asked.items() if name in self._columns]
        places = [place for place, _ in known]
        values = np.array([value for _, value in known], np.float32)
        user = values @ self._machine.vectors[places]
        crosses = user @ user - (values * values) @ self._lengths[places]
        level = values @ self._machine.weights[places] + np.float32(0.5) * crosses
        scores = self._own + level
        if len(user):
            scores += self._vectors @ user
        share = self._shares(asked)
        if share is not None and self._match is not None:
            scores += share * (self._matched + user @ self._match)
        if self._deep is not None:
            vectors = self._vectors
            if share is not None and self._match is not None:
                vectors = vectors + share[:, None] * self._match
            scores += self._deep.deep(user, vectors)
        steps = (scores + np.float32(_FAR)) * np.float32((_STEPS - 1) / (2 * _FAR)) + np.float32(0.5)
        np.maximum(steps, 0, out=steps)
        np.minimum(steps, _STEPS - 1, out=steps)
        return np.asarray(self._table[steps.astype(np.int32)])

    def _shares(self, asked: Features) -> Floats | None:
        """What `MATCH` is for each advert; None where it is 0 for all."""
        liked = [(self._tastes[name], value) for name, value in asked.items() if name in self._tastes]
        if not liked:
            return None
        shares = np.zeros(len(self._tastes), np.float32)
        for code, value in liked:
            shares[code] = value
        return shares[self._about]


@dataclass(frozen=True)
class Constant:
    """The same probability for every advert, before anything was learned.

    Attributes
    ----------
    n, probability
        Adverts, and what is told of each.
    """

    n: int
    probability: float

    def of(self, asked: Features) -> Doubles:
        """Shape ``(n,)``."""
        return np.full(self.n, self.probability)


def _learn(kind: str, left: sparse.csr_array, right: sparse.csr_array, labels: Floats) -> DeepMachine:
    return (
        learn_deep(left, right, labels)
        if kind == DEEP
        else DeepMachine(learn_logistic(left + right, labels, _HOW[kind]), {})
    )


def _scores(model: DeepMachine, left: sparse.csr_array, right: sparse.csr_array) -> Doubles:
    plain = model.scores(left, right) if model.layers else model.machine.scores(left + right)
    return plain.astype(np.float64)


def _judge(scores: Doubles, clicked: Bools) -> tuple[Calibration, Learned]:
    """Calibrate on every other case, judge on the rest; the calibration that is kept is by all of them."""
    rest = np.arange(len(clicked)) % 2 == 1
    halves = (~rest, rest) if all(0 < clicked[part].sum() < part.sum() for part in (~rest, rest)) else None
    learn, judge = halves or (np.ones(len(clicked), bool), np.ones(len(clicked), bool))
    chance = np.clip(
        Calibration.fit(scores[learn], clicked[learn]).probability(scores[judge]), 1e-6, 1 - 1e-6
    )
    truth = clicked[judge]
    loss = float(-np.mean(np.log(np.where(truth, chance, 1 - chance))))
    told = Learned(auc(chance, truth), loss, expected_calibration_error(chance, truth))
    return Calibration.fit(scores, clicked), told


def _replace(path: Path, write: Callable[[Any], Any]) -> None:
    """Write a file beside it, then put it in its place at once."""
    beside = path.with_suffix(path.suffix + ".new")
    with beside.open("wb") as file:
        write(file)
    beside.replace(path)
