"""The contract every recommender keeps; `tests/recommenders/test_contract.py` holds them to it."""

from pathlib import Path
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np

from shopkeeper.core.types import Bools, Evidence, Floats, Ints, Ragged, Recommendations, Requests
from shopkeeper.data.dataset import Dataset


class Ranks(Protocol):
    """Whatever answers requests with ranked items; see `Recommender`."""

    def recommend(self, requests: Requests, k: int) -> Recommendations:
        """At most ``k`` items for each request, best first; ``allowed`` and ``exclude`` hold."""
        ...

    def score(self, requests: Requests, candidates: Ragged) -> Floats:
        """Score of each candidate, aligned with ``candidates.items``; 0 where there is nothing to say."""
        ...


@runtime_checkable
class Recommender(Ranks, Protocol):
    """Answers requests with ranked items.

    Attributes
    ----------
    name
        Stable name, used in files, reports and on the command line.
    holds_people
        Whether the fitted state keeps anything of single people.
    supports_cold_people
        Whether an empty history gets an answer.
    """

    name: ClassVar[str]
    holds_people: ClassVar[bool]
    supports_cold_people: ClassVar[bool]

    def fit(self, dataset: Dataset) -> Self:
        """Learn from a dataset; may be called again and forgets what it knew."""
        ...

    def save(self, folder: Path) -> None:
        """Write the fitted state as arrays and JSON into an empty folder."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A recommender that can say why."""

    def explain(self, request: Requests, items: Ints) -> tuple[Evidence, ...]:
        """Evidence for each item, for a batch of one request."""
        ...


@runtime_checkable
class Represents(Protocol):
    """A recommender that turns a history into a vector."""

    def represent(self, requests: Requests) -> Floats:
        """Vector of each history, ``(n, dim)``; zero where there is nothing to go by."""
        ...


@runtime_checkable
class Similar(Protocol):
    """A recommender that knows what goes with an item."""

    def similar(self, items: Ints, k: int) -> Recommendations:
        """At most ``k`` items for each item, best first, never itself."""
        ...


@runtime_checkable
class Updatable(Protocol):
    """A recommender that learns what changed without learning all else again.

    What comes out is what a fit on the changed data would give, whatever the order of changes.
    """

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """Learn as if some people's rows had been ``after`` instead of ``before``.

        Parameters
        ----------
        before
            All rows of these people that were learned from.
        after
            All rows they have now, over the same people and items. New events, events that come in late, rows
            that cleaning takes back, and people who are forgotten (no rows at all) are all of this form. Rows
            of nobody known may stand in either.
        """
        ...

    def add(self, events: Dataset) -> Self:
        """`exchange` of nothing for all rows of people who were not learned from."""
        ...

    def remove(self, events: Dataset) -> Self:
        """`exchange` of all rows of some people for nothing."""
        ...


class Updating:
    """`Updatable.add` and `Updatable.remove` by `Updatable.exchange`."""

    def exchange(self, before: Dataset, after: Dataset) -> Self:
        """See `Updatable.exchange`."""
        raise NotImplementedError

    def add(self, events: Dataset) -> Self:
        """See `Updatable.add`."""
        return self.exchange(_nothing(events), events)

    def remove(self, events: Dataset) -> Self:
        """See `Updatable.remove`."""
        return self.exchange(events, _nothing(events))


def _nothing(events: Dataset) -> Dataset:
    return events.where(np.zeros(len(events), bool))


@runtime_checkable
class Scores(Protocol):
    """A recommender that has something to say about few items of the catalogue, and says it all at once."""

    def scored(self, requests: Requests) -> tuple[Ragged, Floats]:
        """Every item with a score, by rising code within a request, and the scores.

        Eligibility is not looked at; `Recommender.recommend` and `Recommender.score` give the same scores.
        """
        ...


@runtime_checkable
class KnowsRepeats(Protocol):
    """A recommender that knows what people buy again."""

    def repeatable(self) -> Bools:
        """Which items they do, shape ``(n_items,)``."""
        ...


def says_all(recommender: Recommender, requests: Requests) -> tuple[Ragged, Floats] | None:
    """What a recommender of the kind `Scores` has to say; None from any other.

    Looked up by name: whether an object keeps a protocol costs a live request more than the answer. Who keeps
    what was heard asks a recommender once, as bounds change nothing of it.
    """
    scored = getattr(recommender, "scored", None)
    if scored is None or requests.heard is None:
        return None if scored is None else scored(requests)
    if recommender not in requests.heard:
        requests.heard[recommender] = scored(requests)
    found: tuple[Ragged, Floats] = requests.heard[recommender]
    return found


def retrieves(recommender: Recommender) -> bool:
    """Whether a blend asks a recommender for candidates, or only to score those of others.

    Ranking a whole catalogue with dense vectors costs a live request more than it has; such a recommender
    says ``retrieves = False`` where the catalogue is large. Asked by itself it still ranks everything.
    """
    return bool(getattr(recommender, "retrieves", True))


def reads_looks(recommender: Recommender) -> bool:
    """Whether a recommender has a use for `Requests.looks`, which costs a live request some counting."""
    return bool(getattr(recommender, "reads_looks", False))


def hears_circles(recommender: Recommender) -> bool:
    """Whether a recommender has a use for `Requests.circle`, which costs a live request some look-ups."""
    return bool(getattr(recommender, "hears_circles", False))
