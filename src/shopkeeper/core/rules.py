"""Rules of a shop about its lists: which items, and what is done with them.

A rule selects items by what is said of them and does one thing. The same rules stand in ``shopkeeper.toml``
(``[[rules]]``) and in the body of a request.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import combinations
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MOST_RULES: Final = 100
"""Rules that a configuration, or one request, may hold."""
STRENGTH: Final = 2.0
"""What scores are multiplied or divided by unless a rule says."""


class Action(StrEnum):
    """What a rule does with the items it selects."""

    filter = "filter"
    """Nothing else is shown."""
    exclude = "exclude"
    """They are not shown."""
    boost = "boost"
    """Their scores are multiplied."""
    bury = "bury"
    """Their scores are divided."""
    pin = "pin"
    """The one item stands in a slot."""
    cap = "cap"
    """At most so many of a brand, category or seller stand in one list."""


_OWN: Final[dict[str, tuple[Action, ...]]] = {
    "strength": (Action.boost, Action.bury),
    "slot": (Action.pin,),
    "per": (Action.cap,),
    "most": (Action.cap,),
}
"""Fields that only some actions know."""
_NEEDED: Final[dict[Action, tuple[str, ...]]] = {Action.pin: ("slot",), Action.cap: ("per", "most")}
_SELECTS: Final = ("item_ids", "brand", "category", "attributes", "min_price", "max_price")


class Rule(BaseModel):
    """One rule. An item is selected where it fits every field that is given."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, coerce_numbers_to_str=True
    )

    name: str = Field(min_length=1, max_length=100)
    """What it is called wherever it is told of; no two rules share one."""
    action: Action
    """``filter`` (nothing else is shown), ``exclude``, ``boost``, ``bury``, ``pin`` or ``cap``."""
    item_ids: tuple[str, ...] = Field((), max_length=10_000)
    """One of these items; a ``pin`` names exactly one."""
    brand: tuple[str, ...] = ()
    """Of one of these brands."""
    category: tuple[str, ...] = ()
    """In one of these categories, of any level."""
    attributes: dict[str, tuple[str, ...]] = {}
    """With one of these values of each of these ``attributes``, such as ``{seller = ["A"]}``."""
    min_price: float | None = Field(None, ge=0, allow_inf_nan=False)
    """At this price or above; an item without a price does not fit."""
    max_price: float | None = Field(None, ge=0, allow_inf_nan=False)
    """At this price or below."""
    strength: float | None = Field(None, gt=1, le=1_000)
    """What ``boost`` multiplies scores by and ``bury`` divides them by; 2 unless given."""
    slot: int | None = Field(None, ge=1, le=1_000)
    """Where a ``pin`` stands, counted from 1."""
    per: str | None = Field(None, min_length=1, max_length=100)
    """What a ``cap`` counts by: ``brand``, ``category``, ``category2``, ``category3`` or an attribute."""
    most: int | None = Field(None, ge=1)
    """Items that a ``cap`` lets stand in one list."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        faults = list(_faults(self))
        if faults:
            raise ValueError(f"rule {self.name!r}: {'; '.join(faults)}")
        return self

    @property
    def selection(self) -> tuple[object, ...]:
        """Equal for rules that select by the same words, in whatever order."""
        lists = tuple(frozenset(part) for part in (self.item_ids, self.brand, self.category))
        told = frozenset((name, frozenset(values)) for name, values in self.attributes.items())
        return (*lists, told, self.min_price, self.max_price)

    @property
    def factor(self) -> float:
        """What the scores of selected items are multiplied by."""
        strength = STRENGTH if self.strength is None else self.strength
        return {Action.boost: strength, Action.bury: 1.0 / strength}.get(self.action, 1.0)


def contradictions(rules: Sequence[Rule]) -> list[str]:
    """Pairs of rules that cannot both hold, in words that name both, as far as the rules alone say."""
    return [told for one, other in combinations(rules, 2) for told in _between(one, other)]


def _faults(rule: Rule) -> Iterator[str]:
    for name in _NEEDED.get(rule.action, ()):
        if getattr(rule, name) is None:
            yield f"{rule.action} needs {name}"
    for name, actions in _OWN.items():
        if getattr(rule, name) is not None and rule.action not in actions:
            yield f"{name} is for {' and '.join(actions)} only"
    given = [name for name in _SELECTS if getattr(rule, name) not in ((), {}, None)]
    if rule.action is Action.pin and (given != ["item_ids"] or len(rule.item_ids) != 1):
        yield "pin selects by item_ids alone, and exactly one"
    elif not given and rule.action not in (Action.pin, Action.cap):
        yield f"{rule.action} needs one of {', '.join(_SELECTS)}"
    if rule.min_price is not None and rule.max_price is not None and rule.min_price > rule.max_price:
        yield f"min_price = {rule.min_price:g} is above max_price = {rule.max_price:g}"


def _between(one: Rule, other: Rule) -> Iterator[str]:
    both = f"rules {one.name!r} and {other.name!r}"
    if one.name == other.name:
        yield f"{both}: two rules have one name"
    actions = {one.action, other.action}
    if actions in ({Action.boost, Action.bury}, {Action.filter, Action.exclude}):
        if one.selection == other.selection:
            yield f"{both}: {one.action} and {other.action} the same items"
    elif actions == {Action.pin}:
        if one.slot == other.slot:
            yield f"{both}: two pins on slot {one.slot}"
        if one.item_ids == other.item_ids:
            yield f"{both}: item {one.item_ids[0]!r} is pinned twice"
    elif Action.pin in actions:
        pin, bar = (one, other) if one.action is Action.pin else (other, one)
        if _bars(bar, pin.item_ids[0]):
            yield f"{both}: {pin.name!r} pins item {pin.item_ids[0]!r}, which {bar.name!r} leaves out"


def _bars(rule: Rule, item_id: str) -> bool:
    """Whether a rule leaves an item out, whatever the catalogue says of it."""
    if rule.action is Action.exclude:
        alone = not (rule.brand or rule.category or rule.attributes)
        return alone and rule.min_price is None and rule.max_price is None and item_id in rule.item_ids
    return rule.action is Action.filter and bool(rule.item_ids) and item_id not in rule.item_ids
