"""Forget one person everywhere, and prove it by searching for what is left."""

from collections.abc import Mapping
from dataclasses import dataclass

from shopkeeper.core.errors import UnknownCustomer
from shopkeeper.core.ports import PersonalData


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was deleted of a person, and what a search found afterwards.

    Attributes
    ----------
    person
        The pseudonym that was asked for.
    sessions
        How many sessions known to be the same person's went with it.
    deleted
        Rows deleted by table.
    remaining
        Rows by table that still name the person; empty, unless one arrived during the deletion.
    remaining_bytes
        How often the pseudonyms still occur in the raw files; 0, unless a reader held the log back.
    """

    person: str
    sessions: int
    deleted: Mapping[str, int]
    remaining: Mapping[str, int]
    remaining_bytes: int

    @property
    def rows(self) -> int:
        """Rows deleted in all."""
        return sum(self.deleted.values())

    @property
    def complete(self) -> bool:
        """Whether nothing is left."""
        return not self.remaining and not self.remaining_bytes


def forget(data: PersonalData, person: str) -> Receipt:
    """Delete every row of a person, and of the sessions that are theirs alone; then search for remains.

    Deleted rows are overwritten with zeros and the write-ahead log is emptied. Where the search still finds
    bytes (pages that were split keep old copies), the file is rewritten.

    Parameters
    ----------
    data
        Where to look.
    person
        Pseudonym of a customer or a session.

    Raises
    ------
    UnknownCustomer
        Nothing is kept of this person.
    """
    people = data.linked(person)
    if not data.find_people(people):
        raise UnknownCustomer("Nothing is kept of this person.", hint="Check the customer id.")
    deleted = data.delete_people(people)
    data.checkpoint()
    if data.find_bytes(people):
        data.compact()
    return Receipt(
        person=person,
        sessions=len(people) - 1,
        deleted={table: count for table, count in deleted.items() if count},
        remaining=data.find_people(people),
        remaining_bytes=data.find_bytes(people),
    )
