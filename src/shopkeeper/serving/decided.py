"""Answers as the decision log keeps them."""

from collections.abc import Iterable
from typing import Protocol

from shopkeeper.core.types import Decision, Shown
from shopkeeper.serving.person import Person
from shopkeeper.surfaces.page import Row


class Identified(Protocol):
    """An answer that events can echo."""

    @property
    def request_id(self) -> str:
        """What events echo."""

    @property
    def model_version(self) -> str:
        """Which model answered."""


def decision(
    answer: Identified, surface: str, person: Person, now: int, rows: Iterable[Row | None]
) -> Decision:
    """An answer with the rows it showed; rows that are absent are passed over."""
    shown = tuple(shown_cards(row) for row in rows if row is not None)
    return Decision(
        answer.request_id, person.customer, person.session, surface, answer.model_version, now, shown
    )


def shown_cards(row: Row) -> Shown:
    """The cards of one row."""
    return Shown(
        row.name,
        tuple([card.item_id for card in row.cards]),
        tuple([card.source for card in row.cards]),
        tuple([card.probability for card in row.cards]),
        placed=row.placed,
    )
