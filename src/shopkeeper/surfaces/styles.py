"""A few styles to choose from for somebody nothing is known of: kinds of things the shop is known for."""

from itertools import zip_longest
from typing import Final

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.page import Style
from shopkeeper.surfaces.slate import arrange, offered
from shopkeeper.surfaces.visit import Visit

MOST: Final = 6
"""Styles that are offered."""
_SHOWN: Final = 3
"""Items that show what a style is."""
_FEWEST: Final = 4
"""Items among the best of the shop from which on a kind is a style."""
_LOOKED_AT: Final = 1_000
"""Best of the shop that styles are drawn from."""


def styles(visit: Visit) -> tuple[Style, ...]:
    """The kinds that lead among what everybody takes, first one of each category; none where all is of one.

    Before the first training, the largest kinds.
    """
    stock = visit.stock
    best = visit.part("popular") or visit.default()
    ranked = visit.ask(best, _LOOKED_AT, allowed=offered(stock)).items
    members: dict[int, list[int]] = {}
    for item in ranked or np.flatnonzero(stock.offered).tolist():
        if stock.kind[item] >= 0:
            members.setdefault(int(stock.kind[item]), []).append(item)
    full = [kind for kind, items in members.items() if len(items) >= _FEWEST]
    if not ranked:
        full.sort(key=lambda kind: (-len(members[kind]), kind))
    chosen = _of_each_category(stock, {kind: members[kind][0] for kind in full})
    if len(chosen) < 2:
        return ()
    return tuple(
        Style(
            stock.kind_names[kind],
            tuple(stock.card(item) for item in arrange(stock, members[kind], _SHOWN)),
        )
        for kind in chosen[:MOST]
    )


def style_code(stock: Assortment, name: str) -> int:
    """Number of a style within ``stock.kind``.

    Raises
    ------
    InvalidRequest
        There is none of this name.
    """
    if name not in stock.kind_names:
        raise InvalidRequest(
            f"style = {name[:80]!r} is no style of this shop.",
            hint="A guest's homepage lists some under styles; any finer category of the catalogue is one.",
        )
    return stock.kind_names.index(name)


def _of_each_category(stock: Assortment, first: dict[int, int]) -> list[int]:
    """Kinds in turn: the first of each category, then the second of each ..."""
    queues: dict[int, list[int]] = {}
    for kind, item in first.items():
        queues.setdefault(int(stock.category[item]), []).append(kind)
    return [kind for turn in zip_longest(*queues.values()) for kind in turn if kind is not None]
