"""Settings of neighbours: one after another, each at the best of those before it.

The settings hardly depend on each other, and a walk along them takes some twenty trials where all their
crosses would take hundreds.
"""

from dataclasses import replace
from functools import lru_cache
from typing import Final

from shopkeeper.core.types import DAY_MS
from shopkeeper.data.split import Cases, Split
from shopkeeper.learners.similarity import Similarity
from shopkeeper.recommenders.basket_neighbours import BasketNeighbours, BasketNeighboursConfig
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours, CustomerNeighboursConfig
from shopkeeper.recommenders.item_neighbours import ItemNeighbours, ItemNeighboursConfig
from shopkeeper.recommenders.session_neighbours import SessionNeighbours, SessionNeighboursConfig
from shopkeeper.training.tuning.trials import Trial, few_pairs, seen_factor, value_of, walked

_RECENCIES: Final = (0.5, 0.65, 0.8, 0.9, 0.97, 1.0)
_HALF_LIVES: Final = (0.0, 7.0, 30.0, 120.0)
_SIMILARITIES: Final[tuple[Similarity, ...]] = ("cosine", "jaccard", "log_likelihood")
_ITEM_SHRINKAGES: Final = (0.0, 1.0, 10.0)
_PEOPLE_SHRINKAGES: Final = (0.0, 10.0, 30.0)
_ABSENT: Final = (0.3, 3.0, 30.0)
_NEIGHBOURS: Final = (30, 100, 300)
_SESSION_RECENCIES: Final = (0.35, 0.5, 0.6, 0.7, 0.8, 0.9)
_GAPS: Final = (0.0, 30.0)
_SHARES_OF_SPAN: Final = (0.05, 0.2, 0.5)
_REACHES: Final = (2.0, 3.0, 5.0, 10.0)
_BACKWARD: Final = (0.3, 0.5, 1.0)
_FADINGS: Final = (0.5, 0.8, 0.9, 0.97, 1.0)
_GROUPS: Final = (3, 7, 15)
_OWN: Final = (0.3, 0.5, 0.9)
_CROWDS: Final = (50, 100, 900)
_WATCHED: Final = 1_000
"""Cases on which a trial is measured."""


def tune_item_neighbours(split: Split, cases: Cases, seed: int = 0) -> Trial[ItemNeighboursConfig]:
    """Try how far back to listen and to learn, then measures, on a sample of people; fit the best on all."""
    watched, sample = cases.sample(_WATCHED, seed), few_pairs(split.train, seed)
    span = (split.train.end - split.train.start) / DAY_MS

    @lru_cache(maxsize=1)
    def learned(config: ItemNeighboursConfig) -> ItemNeighbours:
        return ItemNeighbours(config).fit(sample)

    def value(config: ItemNeighboursConfig) -> float:
        model = learned(replace(config, recency=1.0))
        model.config = config
        return value_of(model, watched)

    config = walked(
        ItemNeighboursConfig(seen=seen_factor(cases)),
        (
            lambda at: [replace(at, recency=recency) for recency in _RECENCIES],
            lambda at: [replace(at, half_life=days) for days in _HALF_LIVES if days < span],
            lambda at: [replace(at, similarity=similarity) for similarity in _SIMILARITIES],
            lambda at: [replace(at, shrinkage=shrinkage) for shrinkage in _ITEM_SHRINKAGES],
            lambda at: [replace(at, recency=recency) for recency in _RECENCIES],
        ),
        value,
    )
    model = ItemNeighbours(config).fit(split.train)
    return Trial(config, value_of(model, cases), model)


def tune_customer_neighbours(split: Split, cases: Cases, seed: int = 0) -> Trial[CustomerNeighboursConfig]:
    """Try how far back to listen, then what makes people alike and how many of them to hear."""
    watched = cases.sample(_WATCHED, seed)

    @lru_cache(maxsize=1)
    def learned(absent: float) -> CustomerNeighbours:
        return CustomerNeighbours(CustomerNeighboursConfig(absent=absent)).fit(split.train)

    def value(config: CustomerNeighboursConfig) -> float:
        model = learned(config.absent)
        model.config = config
        return value_of(model, watched)

    config = walked(
        CustomerNeighboursConfig(seen=seen_factor(cases)),
        (
            lambda at: [replace(at, recency=recency) for recency in _RECENCIES],
            lambda at: [replace(at, absent=absent) for absent in _ABSENT],
            lambda at: [replace(at, shrinkage=shrinkage) for shrinkage in _PEOPLE_SHRINKAGES],
            lambda at: [replace(at, neighbours=neighbours) for neighbours in _NEIGHBOURS],
        ),
        value,
    )
    model = CustomerNeighbours(config).fit(split.train)
    return Trial(config, value_of(model, cases), model)


def tune_session_neighbours(split: Split, cases: Cases, seed: int = 0) -> Trial[SessionNeighboursConfig]:
    """Try how far back to listen, what a session is and how it ages, then what counts in it."""
    watched = cases.sample(2 * _WATCHED, seed)
    span = (split.train.end - split.train.start) / DAY_MS

    @lru_cache(maxsize=1)
    def learned(gap: float) -> SessionNeighbours:
        return SessionNeighbours(SessionNeighboursConfig(gap_minutes=gap)).fit(split.train)

    def value(config: SessionNeighboursConfig) -> float:
        model = learned(config.gap_minutes)
        model.config = config
        return value_of(model, watched)

    config = walked(
        SessionNeighboursConfig(seen=seen_factor(cases)),
        (
            lambda at: [replace(at, recency=recency) for recency in _SESSION_RECENCIES],
            lambda at: [replace(at, gap_minutes=gap) for gap in _GAPS],
            lambda at: [replace(at, half_life=share * span) for share in _SHARES_OF_SPAN],
            lambda at: [replace(at, reach=reach) for reach in _REACHES],
            lambda at: [replace(at, backward=backward) for backward in _BACKWARD],
            lambda at: [replace(at, neighbours=neighbours) for neighbours in _NEIGHBOURS],
        ),
        value,
    )
    model = SessionNeighbours(config).fit(split.train)
    return Trial(config, value_of(model, cases), model)


def tune_basket_neighbours(split: Split, cases: Cases, seed: int = 0) -> Trial[BasketNeighboursConfig]:
    """Try how habits fade, then how much others count and how many of them to hear."""
    watched = cases.sample(_WATCHED, seed)

    def value(config: BasketNeighboursConfig) -> float:
        return value_of(BasketNeighbours(config).fit(split.train), watched)

    config = walked(
        BasketNeighboursConfig(),
        (
            lambda at: [replace(at, across=fading) for fading in _FADINGS],
            lambda at: [replace(at, within=fading) for fading in _FADINGS],
            lambda at: [replace(at, group=group) for group in _GROUPS],
            lambda at: [replace(at, own=own) for own in _OWN],
            lambda at: [replace(at, neighbours=neighbours) for neighbours in _CROWDS],
        ),
        value,
    )
    model = BasketNeighbours(config).fit(split.train)
    return Trial(config, value_of(model, cases), model)
