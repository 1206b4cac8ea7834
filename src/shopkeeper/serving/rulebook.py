"""The shop's rules along the live catalogue, laid once for each state of it."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Final

from shopkeeper.core.errors import InvalidConfig, InvalidRequest
from shopkeeper.core.rules import MOST_RULES, Rule, contradictions
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.rules import NO_RULES, Ruled, lay

_LOG: Final = logging.getLogger("shopkeeper")
_KEPT: Final = 64
"""Sets of rules that are kept laid out; requests mostly bring the same few."""
_MOST_TOLD: Final = 1_000


class Rulebook:
    """The rules of a shop, and those that come with requests.

    Parameters
    ----------
    rules
        Of the configuration.

    Raises
    ------
    InvalidConfig
        Some of them contradict each other.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        faults = contradictions(rules)
        if faults:
            raise InvalidConfig(f"rules: {'; '.join(faults)}.", hint="Take one of each pair out.")
        self.rules = tuple(rules)
        self._lock = Lock()
        self._for: Assortment | None = None
        self._laid: OrderedDict[tuple[str, ...], Ruled] = OrderedDict()
        self._told: set[str] = set()

    def own(self, stock: Assortment) -> Ruled:
        """The shop's rules; those that the catalogue makes contradict each other are told in the log."""
        ruled = self.of(self.rules, stock)
        self.tell((*ruled.conflicts, *ruled.warnings))
        return ruled

    def joined(self, more: Sequence[Rule], stock: Assortment) -> Ruled:
        """The shop's rules and those of a request.

        Raises
        ------
        InvalidRequest
            They contradict each other, or are too many.
        """
        own = self.own(stock)
        if not more:
            return own
        if len(more) > MOST_RULES:
            raise InvalidRequest(f"rules: {len(more)} are more than {MOST_RULES}.")
        rules = (*self.rules, *more)
        faults = contradictions(rules)
        ruled = NO_RULES if faults else self.of(rules, stock)
        faults += [told for told in ruled.conflicts if told not in own.conflicts]
        if faults:
            raise InvalidRequest(f"rules: {'; '.join(faults)}.", hint="Take one of each pair out.")
        return ruled

    def of(self, rules: Sequence[Rule], stock: Assortment) -> Ruled:
        """These rules alone, laid along the catalogue; kept until it changes."""
        if not rules:
            return NO_RULES
        key = tuple(rule.model_dump_json() for rule in rules)
        with self._lock:
            if self._for is not stock:
                self._for, self._laid = stock, OrderedDict()
            kept = self._laid.get(key)
            if kept is not None:
                self._laid.move_to_end(key)
                return kept
        ruled = lay(rules, stock)
        with self._lock:
            if self._for is stock:
                self._laid[key] = ruled
                if len(self._laid) > _KEPT:
                    self._laid.popitem(last=False)
        return ruled

    def tell(self, warnings: Sequence[str]) -> None:
        """Write what has not been told yet to the log."""
        for text in warnings:
            with self._lock:
                known = text in self._told or len(self._told) >= _MOST_TOLD
                self._told.add(text)
            if not known:
                _LOG.warning("%s", text)
