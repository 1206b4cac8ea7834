"""The families of recommenders as training sees them: what each costs, whom it suits, how it is tuned."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Self

from shopkeeper.core.types import DAY_MS
from shopkeeper.data.circles import MOST_LIKES
from shopkeeper.data.split import Cases, Split
from shopkeeper.data.tied import MOST_MEMBERS
from shopkeeper.features.meaning import texts_of
from shopkeeper.learners.linear import choose_form
from shopkeeper.learners.past import LATEST
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.recommenders.autoencoder import Autoencoder, AutoencoderConfig
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.basket_neighbours import BasketNeighbours, BasketNeighboursConfig
from shopkeeper.recommenders.content import Content, ContentConfig
from shopkeeper.recommenders.cooccurrence import Cooccurrence, CooccurrenceConfig, Transition
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours, CustomerNeighboursConfig
from shopkeeper.recommenders.factors import Factors, FactorsConfig
from shopkeeper.recommenders.item_neighbours import ItemNeighbours, ItemNeighboursConfig
from shopkeeper.recommenders.linear import Linear, LinearConfig
from shopkeeper.recommenders.nearest import COMPARED
from shopkeeper.recommenders.popular import Popular, PopularConfig, Trending
from shopkeeper.recommenders.repeat import Repeat, RepeatConfig
from shopkeeper.recommenders.segments import Segments, SegmentsConfig
from shopkeeper.recommenders.sequence import Transformer
from shopkeeper.recommenders.session_neighbours import SessionNeighbours, SessionNeighboursConfig
from shopkeeper.recommenders.social import Social, SocialConfig
from shopkeeper.recommenders.towers import Towers, TowersConfig
from shopkeeper.training.tuning import counts
from shopkeeper.training.tuning.autoencoder import tune_autoencoder
from shopkeeper.training.tuning.content import MOST_PAIRS as CONTENT_PAIRS
from shopkeeper.training.tuning.content import MOST_ROWS, tune_content
from shopkeeper.training.tuning.factors import tune_factors
from shopkeeper.training.tuning.linear import tune_linear
from shopkeeper.training.tuning.neighbours import (
    tune_basket_neighbours,
    tune_customer_neighbours,
    tune_item_neighbours,
    tune_session_neighbours,
)
from shopkeeper.training.tuning.sequence import tune_transformer
from shopkeeper.training.tuning.social import tune_social
from shopkeeper.training.tuning.towers import tune_towers
from shopkeeper.training.tuning.trials import MOST_PAIRS, REPEATS_MATTER, Trial, repeat_share

_ENOUGH: Final = 20_000
"""Events from which on a model with a vector for every item has enough to learn from."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes of a shop that decide what a family costs and whether it can help.

    Attributes
    ----------
    events, people, items
        Rows, people and items in the training data; items count only if anybody touched them.
    catalogue
        All items.
    days
        Span of the log.
    cases
        Validation cases a trial asks.
    repeats
        Share of validation answers that the person already knew.
    texts
        Distinct texts among the titles of the catalogue.
    fields
        Attributes that tell groups of people apart.
    ties
        Ties between people, counted for each who hears somebody.
    """

    events: int
    people: int
    items: int
    catalogue: int
    days: float
    cases: int
    repeats: float
    texts: int = 0
    fields: int = 0
    ties: int = 0

    @property
    def latest(self) -> int:
        """Rows that models see which look at no more than `LATEST` events of a person, at most."""
        return min(self.events, self.people * LATEST)

    @classmethod
    def of(cls, split: Split, cases: Cases) -> Self:
        """Measure a shop."""
        train = split.train
        return cls(
            len(train),
            len(train.people),
            int((train.popularity > 0).sum()),
            train.n_items,
            (train.end - train.start) / DAY_MS,
            len(cases),
            repeat_share(split.test),
            len({text for text in texts_of(train.items) if text}),
            len(train.attributes.fields),
            len(train.ties),
        )


@dataclass(frozen=True, slots=True)
class Cost:
    """What tuning a family and fitting it once more costs.

    Attributes
    ----------
    seconds
        On two cores of the machine the figures were taken on; `plan` scales them to this one.
    megabytes
        Memory at the peak, beside the data.
    """

    seconds: float
    megabytes: float


Tuner = Callable[[Split, Cases, int], Trial[Any]]


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of recommender.

    Attributes
    ----------
    make
        The recommender; takes its configuration.
    config
        Class of the configuration.
    cost
        What it costs in a shop of this shape.
    tune
        Chooses the configuration on validation cases; None where there is nothing to choose.
    unsuited
        Says why it cannot help in such a shop; empty where it may.
    needs
        Module that must be installed to train it.
    """

    make: Callable[[Any], Recommender]
    config: type[Any]
    cost: Callable[[Shape], Cost]
    tune: Tuner | None = None
    unsuited: Callable[[Shape], str] = lambda shape: ""
    needs: str = ""

    @property
    def missing(self) -> bool:
        """Whether a module it needs is not installed."""
        return bool(self.needs) and find_spec(self.needs) is None


def _pairs(shape: Shape) -> Cost:
    """Some forty trials on a sample, and one count of everything."""
    seconds = 8.0 + min(shape.events, counts.MOST_EVENTS) * 1.5e-5 + shape.events * 3e-6
    return Cost(seconds, 200 + shape.events * 1e-4)


def _returns(shape: Shape) -> Cost:
    return Cost(1.0 + shape.events * 4e-6, 200 + shape.events * 1e-4)


def _sums(shape: Shape) -> Cost:
    return Cost(0.2 + shape.events * 1e-6, 50 + shape.events * 2e-5)


def _no_repeats(shape: Shape) -> str:
    return "" if shape.repeats > REPEATS_MATTER else "hardly anybody takes anything twice"


def _towers(shape: Shape) -> Cost:
    """About a dozen passes: tuning with its patience, then once more."""
    a_pass = min(shape.events, 50_000) * 2.2e-4 + shape.catalogue * 3e-4
    return Cost(5.0 + 12 * a_pass, 300 + shape.catalogue * 0.005)


def _autoencoder(shape: Shape) -> Cost:
    """About two dozen passes: tuning with its patience, then once more."""
    a_pass = min(shape.events, 50_000) * 7e-5 + min(shape.items, 50_000) * 1.5e-4
    return Cost(5.0 + 25 * a_pass, 250 + min(shape.items, 50_000) * 0.005)


def _transformer(shape: Shape) -> Cost:
    """About five passes, until one gains nothing."""
    a_pass = min(shape.events, SequenceConfig().tokens) * 5.5e-5
    return Cost(5.0 + 5 * a_pass, 700 + shape.items * SequenceConfig().measures.dim * 4e-5)


def _linear(shape: Shape) -> Cost:
    """Some eight solutions in the local form, one count of pairs, and the chosen form at the end."""
    config = LinearConfig()
    local = choose_form(shape.people, shape.items, shape.events, config.candidates, 0.0, 0.0)
    last = choose_form(
        shape.people, shape.items, shape.events, config.candidates, config.seconds, config.megabytes
    )
    seconds = 2.0 + shape.events * 5e-6 + 8 * local.seconds + last.seconds
    return Cost(seconds, max(local.megabytes, last.megabytes) + shape.events * 2e-4)


def _factors(shape: Shape) -> Cost:
    """Three factorizations in tuning and one more, each some fifteen passes over all pairs."""
    return Cost(3.0 + shape.latest * 1e-5 + (shape.people + shape.items) * 2e-4, 100 + shape.items * 0.001)


def _item_neighbours(shape: Shape) -> Cost:
    """Trials on some pairs of what one person did, and twice all of them; some do far more than the mean."""
    pairs = 2 * shape.latest * shape.latest / max(shape.people, 1)
    trials = min(pairs, MOST_PAIRS) * 5e-7
    return Cost(3.0 + trials + pairs * 5e-8 + shape.items * 5e-5, 100 + shape.items * 0.004)


def _customer_neighbours(shape: Shape) -> Cost:
    """Some fifteen trials, each of which looks at whoever touched the same."""
    kept = shape.latest * min(1.0, CustomerNeighboursConfig().people / max(shape.people, 1))
    return Cost(3.0 + kept * 1e-5, 80 + kept * 2.5e-4)


def _basket_neighbours(shape: Shape) -> Cost:
    """Some twenty trials, each of which sums up the habits of whoever is kept."""
    kept = shape.latest * min(1.0, BasketNeighboursConfig().people / max(shape.people, 1))
    return Cost(3.0 + kept * 2e-5, 80 + kept * 2.5e-4)


def _content(shape: Shape) -> Cost:
    """Titles read once, meaning adapted twice, trials that compare some with all, and all or a few twice."""
    n = shape.catalogue
    trials = 25 * min(n * MOST_ROWS, CONTENT_PAIRS) * 6e-8
    whole = n * (n * 6e-8 if n <= COMPARED else 2e-3)
    adapting = min(20.0, shape.events * 4e-3)
    return Cost(4.0 + shape.texts * 1e-3 + trials + 2 * (adapting + whole), 400 + n * 0.006)


def _social(shape: Shape) -> Cost:
    """Some fifteen trials, and once the steps between items."""
    heard = shape.cases * min(shape.ties / max(shape.people, 1), MOST_MEMBERS) * MOST_LIKES
    steps = shape.latest * shape.latest / max(shape.people, 1)
    return Cost(2.0 + 15 * heard * 1e-6 + steps * 5e-8, 100 + heard * 5e-5 + shape.items * 0.002)


def _nobody_heard(shape: Shape) -> str:
    return "" if shape.ties else "nobody is tied to anybody who agreed to be heard"


def _nothing_told(shape: Shape) -> str:
    return "" if shape.fields else "nothing is known of customers beside what they did"


def _untitled(shape: Shape) -> str:
    return "the catalogue has no titles to tell items apart by" if shape.texts <= 1 else ""


def _session_neighbours(shape: Shape) -> Cost:
    """Some twenty trials, each looking at a bounded number of sessions, and three times all sessions."""
    return Cost(8.0 + shape.events * 1.2e-5, 100 + shape.events * 6e-5)


def _thin(shape: Shape) -> str:
    return "" if shape.events >= _ENOUGH else f"fewer than {_ENOUGH:,} events are too few for it"


BASIC: Final[Mapping[str, Family]] = {
    "cooccurrence": Family(Cooccurrence, CooccurrenceConfig, _pairs, counts.tune_cooccurrence),
    "transition": Family(Transition, CooccurrenceConfig, _sums),
    "repeat": Family(Repeat, RepeatConfig, _returns, counts.tune_repeat, _no_repeats),
    "trending": Family(lambda _: Trending(), type(None), _sums),
    "popular": Family(Popular, PopularConfig, _sums, counts.tune_popular),
}
"""Seconds in any shop: always trained where they suit."""

FURTHER: Final[Mapping[str, Family]] = {
    "social": Family(Social, SocialConfig, _social, tune_social, _nobody_heard),
    "segments": Family(Segments, SegmentsConfig, _sums, None, _nothing_told),
    "transformer": Family(Transformer, SequenceConfig, _transformer, tune_transformer, _thin, "torch"),
    "linear": Family(Linear, LinearConfig, _linear, tune_linear),
    "content": Family(Content, ContentConfig, _content, tune_content, _untitled),
    "session_neighbours": Family(
        SessionNeighbours, SessionNeighboursConfig, _session_neighbours, tune_session_neighbours
    ),
    "item_neighbours": Family(ItemNeighbours, ItemNeighboursConfig, _item_neighbours, tune_item_neighbours),
    "customer_neighbours": Family(
        CustomerNeighbours, CustomerNeighboursConfig, _customer_neighbours, tune_customer_neighbours
    ),
    "basket_neighbours": Family(
        BasketNeighbours,
        BasketNeighboursConfig,
        _basket_neighbours,
        tune_basket_neighbours,
        _no_repeats,
    ),
    "factors": Family(Factors, FactorsConfig, _factors, tune_factors, _thin),
    "autoencoder": Family(Autoencoder, AutoencoderConfig, _autoencoder, tune_autoencoder, _thin, "torch"),
    "towers": Family(Towers, TowersConfig, _towers, tune_towers, _thin, "torch"),
}
"""Trained where the time budget allows, in this order: what gains most for its seconds stands first."""


def blending(shape: Shape) -> Cost:
    """Weights and trees: sources asked about several times the cases of a trial, and learning from that."""
    return Cost(9.0 + shape.cases * 3e-3, 300)


FAMILIES: Final[Mapping[str, Family]] = {**BASIC, **FURTHER}
