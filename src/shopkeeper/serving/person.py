"""Who a request is about: pseudonyms only, and never guessed from the look of a text."""

import re
from dataclasses import dataclass
from typing import Self

from shopkeeper.core.errors import InvalidRequest

_CUSTOMER = re.compile(r"c_[0-9a-f]{20}")
_SESSION = re.compile(r"s_[0-9a-f]{20}")


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the log knows them.

    Raw ids become a `Person` through `Service.person` alone; pseudonyms through `Person.of_pseudonyms`.

    Attributes
    ----------
    customer
        Pseudonym ``c_...`` of a customer, or None for a guest.
    session
        Pseudonym ``s_...`` of the browsing session, or None.
    """

    customer: str | None = None
    session: str | None = None

    @property
    def known(self) -> bool:
        """Whether there is anything to look up."""
        return self.customer is not None or self.session is not None

    @classmethod
    def of_pseudonyms(cls, *, customer: str | None = None, session: str | None = None) -> Self:
        """A person from pseudonyms, such as those `Service.customers` lists.

        Raises
        ------
        InvalidRequest
            A text is not a pseudonym.
        """
        _check("customer", customer, _CUSTOMER)
        _check("session", session, _SESSION)
        return cls(customer, session)


GUEST = Person()


def _check(field: str, value: str | None, pattern: re.Pattern[str]) -> None:
    if value is not None and not pattern.fullmatch(value):
        raise InvalidRequest(
            f"{field} = {value[:80]!r} is not a pseudonym.",
            hint=f"It looks like {pattern.pattern[:2]} and 20 hexadecimal digits.",
        )
