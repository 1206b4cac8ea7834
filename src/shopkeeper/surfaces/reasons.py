"""Wording of evidence, in English and Chinese. What the evidence does not say is not said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from shopkeeper.core.types import DAY_MS, EventType, Evidence, Histories, Tie
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.page import UNSAID, Reason

_MAX_TITLE = 60


class Deed(StrEnum):
    """What a person did with an item, the strongest of all they did."""

    bought = "bought"
    put_in_cart = "put in cart"
    liked = "liked"
    viewed = "viewed"


_BECAUSE = {
    Deed.bought: ("Because you bought {}", "因为您购买过{}"),
    Deed.put_in_cart: ("Because you put {} in your cart", "因为您将{}加入了购物车"),
    Deed.liked: ("Because you liked {}", "因为您喜欢{}"),
    Deed.viewed: ("Because you viewed {}", "因为您浏览过{}"),
}
_STRENGTH = (
    (Deed.bought, (EventType.purchase,)),
    (Deed.put_in_cart, (EventType.add_to_cart, EventType.begin_checkout)),
    (Deed.liked, (EventType.add_to_wishlist, EventType.share, EventType.rate, EventType.review)),
)


@dataclass(frozen=True)
class Wording:
    """Words for one person's evidence.

    Attributes
    ----------
    stock
        Titles.
    histories
        A batch of one: what the person did.
    as_of
        Now, epoch milliseconds.
    wished
        Items of the history that the person only said they want, and the words for that.
    """

    stock: Assortment
    histories: Histories
    as_of: int
    wished: Mapping[int, Reason] = field(default_factory=dict)

    def deed(self, item: int) -> Deed:
        """The strongest thing the person did with an item of their history."""
        of_item = self.histories.items == item
        if not of_item.any() and self._only_buys:
            return Deed.bought
        kinds = set(self.histories.kinds[of_item].tolist())
        return next((deed for deed, of in _STRENGTH if kinds & set(of)), Deed.viewed)

    def reason(self, item: int, evidence: Evidence) -> Reason:
        """Word the evidence for an item; empty where it says nothing.

        What is reserved is nothing to read out over somebody's shoulder.
        """
        if evidence.source == _OF_THE_CIRCLE:
            return _liked_by(evidence)
        if evidence.source in _OF_THE_CROWD:
            return _OF_THE_CROWD[evidence.source]
        if evidence.items[:1] == (item,):
            return self.wished.get(item) or self.again(item)
        told = (code for code in evidence.items if code != item and not self.stock.reserved[code])
        other = next(told, None)
        return UNSAID if other is None else self.because(other)

    def because(self, item: int) -> Reason:
        """Heading of a shelf, and reason of a card, that follow from one item of the history."""
        if item in self.wished:
            return self.wished[item]
        en, zh = _BECAUSE[self.deed(item)]
        return Reason(en.format(_short(self.stock.title(item))), zh.format(_short(self.stock.title_zh(item))))

    def again(self, item: int) -> Reason:
        """How often and when the person took the item itself.

        The summary of a history covers every kind of event; as soon as some of the recent ones are no
        purchases, the purchases among them are counted instead.
        """
        entry = np.flatnonzero(self.histories.summary_items == item)
        if not len(entry):
            return UNSAID
        count = int(self.histories.summary_counts[entry[0]])
        days = self._days_since(int(self.histories.summary_last[entry[0]]))
        of_item = self.histories.items == item
        bought = of_item & (self.histories.kinds == EventType.purchase)
        if not of_item.any():
            return _bought(count, days) if self._only_buys else _came_back(count, days)
        if not bought.any():
            return _looked(count, days)
        if bought.sum() < of_item.sum():
            times = np.unique(self.histories.times[bought])
            count, days = len(times), self._days_since(int(times[-1]))
        return _bought(count, days)

    def _days_since(self, time: int) -> int:
        return max(0, self.as_of - time) // DAY_MS

    @property
    def _only_buys(self) -> bool:
        """Whether the recent events are all purchases, so that older ones may be taken for purchases too."""
        kinds = self.histories.kinds
        return len(kinds) > 0 and bool((kinds == EventType.purchase).all())


_OF_THE_CROWD = {
    "trending": Reason("Popular this week", "本周热门"),
    "popular": Reason("Popular with our customers", "大家都在买"),
    "segments": Reason("Popular with customers like you", "和您相似的顾客都在买"),
}
"""Sources that know nobody in particular."""


_OF_THE_CIRCLE = "social"
_LIKED = {
    Tie.household.name: (
        Reason("Somebody in your household liked this", "您家中有人喜欢它"),
        Reason("Several in your household liked this", "您家中有好几位都喜欢它"),
    ),
    Tie.friend.name: (
        Reason("A friend liked this", "您的一位朋友喜欢它"),
        Reason("Friends of yours liked this", "您的好几位朋友喜欢它"),
    ),
    Tie.follow.name: (
        Reason("Somebody you follow liked this", "您关注的人喜欢它"),
        Reason("Several people you follow liked this", "您关注的好几个人喜欢它"),
    ),
}
"""Liked by one and by several of each tie; who it was is never said."""


def _liked_by(evidence: Evidence) -> Reason:
    """Word the closest tie of those who like an item; empty where the walk came by without anybody's like."""
    return next((_LIKED[tie][n > 1] for tie, n in evidence.facts if tie in _LIKED), UNSAID)


def goes_with(stock: Assortment, item: int) -> Reason:
    """Reason of a card that stands on the page of one item."""
    en, zh = _short(stock.title(item)), _short(stock.title_zh(item))
    return Reason(f"Often bought with {en}", f"常与{zh}一起购买")


def like(stock: Assortment, item: int) -> Reason:
    """Reason of a card that stands on the page of one item for what the catalogue says of both."""
    return Reason(f"Similar to {_short(stock.title(item))}", f"与{_short(stock.title_zh(item))}相似")


def new_in(category: str) -> Reason:
    """Reason of a card that the catalogue has had for a short time only."""
    return Reason(f"New in {category}", f"{category}上新") if category else Reason("New", "上新")


def _bought(count: int, days: int) -> Reason:
    ago_en, ago_zh = _ago(days)
    if count <= 1:
        return Reason(f"You bought this {ago_en}", f"您{ago_zh}购买过")
    return Reason(f"You bought this {_times(count)}, last {ago_en}", f"您买过{count}次，最近一次是{ago_zh}")


def _looked(count: int, days: int) -> Reason:
    ago_en, ago_zh = _ago(days)
    if count <= 1:
        return Reason(f"You looked at this {ago_en}", f"您{ago_zh}看过")
    return Reason(
        f"You looked at this {_times(count)}, last {ago_en}", f"您看过{count}次，最近一次是{ago_zh}"
    )


def _came_back(count: int, days: int) -> Reason:
    """Of an item whose events are too long ago for their kinds to be kept."""
    ago_en, ago_zh = _ago(days)
    if count <= 1:
        return UNSAID
    return Reason(
        f"You came back to this {_times(count)}, last {ago_en}", f"您来过{count}次,最近一次是{ago_zh}"
    )


def _times(count: int) -> str:
    return "twice" if count == 2 else f"{count} times"


def _ago(days: int) -> tuple[str, str]:
    if days == 0:
        return "today", "今天"
    if days == 1:
        return "yesterday", "昨天"
    return f"{days} days ago", f"{days}天前"


def _short(title: str) -> str:
    return title if len(title) <= _MAX_TITLE else title[: _MAX_TITLE - 1].rstrip() + "…"
