"""Campaigns of a generated shop: a discount on some items, shown to a random half of the customers.

The other half is a true control group, so that what a campaign really did can be told.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic import vocabulary as words
from shopkeeper.data.synthetic.goods import Goods, Ints

EVERY: Final = 21
LASTS: Final = 10
KINDS: Final = ("discount", "coupon", "new_arrivals")
_MOST_ITEMS: Final = 60


@dataclass(frozen=True)
class Offer:
    """One campaign.

    Attributes
    ----------
    kind
        One of `KINDS`.
    title, title_zh
        As shown.
    starts, ends
        First day, and the day after the last.
    items, off
        Items on offer, and the share of the price taken off.
    audience
        Who may see it, shape ``(n_customers,)``; those who do get the discount in that visit.
    coupon
        Code, empty for other kinds.
    """

    kind: str
    title: str
    title_zh: str
    starts: int
    ends: int
    items: Ints
    off: float
    audience: NDArray[np.bool_]
    coupon: str


def make_offers(rng: np.random.Generator, goods: Goods, n_customers: int, days: int) -> list[Offer]:
    """Plan one campaign every three weeks, ten days each."""
    starts = range(7, max(8, days - LASTS), EVERY)
    return [_offer(rng, number, day, goods, n_customers) for number, day in enumerate(starts) if day < days]


def _offer(rng: np.random.Generator, number: int, day: int, goods: Goods, n_customers: int) -> Offer:
    kind = KINDS[number % len(KINDS)]
    off = float(rng.choice([0.15, 0.2, 0.25, 0.3]))
    items, (name, name_zh) = _chosen(rng, kind, day, goods)
    percent = f"{off:.0%}"
    tenths = f"{(1 - off) * 10:.2g}折"
    wording = {
        "discount": (f"{percent} off {name.lower()}", f"{name_zh}{tenths}"),
        "coupon": (f"Coupon: {percent} off {name}", f"优惠券：{name_zh}{tenths}"),
        "new_arrivals": (f"New in: {percent} off this month's arrivals", f"新品上架{tenths}"),
    }
    return Offer(
        kind,
        *wording[kind],
        day,
        day + LASTS,
        items[:_MOST_ITEMS],
        off,
        rng.random(n_customers) < 0.5,
        f"SAVE{round(off * 100)}-{number:02d}" if kind == "coupon" else "",
    )


def _chosen(rng: np.random.Generator, kind: str, day: int, goods: Goods) -> tuple[Ints, tuple[str, str]]:
    on_sale = (goods.arrives <= day) & (goods.leaves > day + LASTS)
    if kind == "new_arrivals":
        fresh = np.flatnonzero(on_sale)
        return fresh[np.argsort(-goods.arrives[fresh], kind="stable")], ("", "")
    seed = int(rng.choice(np.flatnonzero(on_sale) if on_sale.any() else np.arange(len(goods))))
    if kind == "coupon":
        return np.flatnonzero(on_sale & (goods.brand == goods.brand[seed])), words.brands()[goods.brand[seed]]
    category = words.kinds()[goods.kinds[goods.kind[seed]]].category
    same = [words.kinds()[k].category == category for k in goods.kinds]
    return np.flatnonzero(on_sale & np.array(same)[goods.kind]), category
