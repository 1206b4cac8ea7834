"""Customers as the picker shows them: a short name, a face, and what they are here for."""

from dataclasses import dataclass

from shopkeeper.surfaces.page import CustomerChoice
from shopkeeper.web.categories import category_name
from shopkeeper.web.strings import Words

HUES = 8
"""Number of colours a face can have; the style sheet names them."""


@dataclass(frozen=True, slots=True)
class Shopper:
    """One entry of the picker.

    Attributes
    ----------
    customer
        Pseudonym.
    label
        Short name, from the pseudonym.
    face, hue
        Two letters and a colour, so that neighbours are told apart at a glance.
    likes
        Favourite categories in one line.
    known
        How much is known of them.
    """

    customer: str
    label: str
    face: str
    hue: int
    likes: str
    known: str


def shopper(choice: CustomerChoice, words: Words) -> Shopper:
    """Describe one customer to whoever chooses."""
    short = short_name(choice.customer)
    likes = words.listed(tuple(category_name(name, words) for name in choice.categories))
    return Shopper(
        customer=choice.customer,
        label=words("customer_named", short),
        face=short[:2],
        hue=int(short[:2], 16) % HUES,
        likes=likes or words("customer_plain"),
        known=words.count("customer_events", choice.events),
    )


def short_name(customer: str) -> str:
    """The first four digits of a pseudonym, enough to tell a dozen apart."""
    return customer[2:6].upper()
