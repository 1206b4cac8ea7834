"""What somebody says they want: a sentence, a chosen style, and critique of what they were shown.

A wish travels with the request, like a history, and is kept nowhere. What it names stands in the history as
if it had been looked at just now, so that every recommender hears it; what it rules out is not answered.
Critique of single products: Burke, Hammond and Young (1997), "The FindMe approach to assisted browsing".
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Final, Self

import numpy as np

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import Bools, EventType, Histories, Ints
from shopkeeper.surfaces.assortment import Assortment
from shopkeeper.surfaces.page import Reason
from shopkeeper.surfaces.query import read_query
from shopkeeper.surfaces.search import Index, matches
from shopkeeper.surfaces.slate import offered
from shopkeeper.surfaces.styles import style_code
from shopkeeper.surfaces.visit import Ranked, Visit

MOST_NAMED: Final = 50
"""Items that one wish may name, of each kind of critique."""
_CLEAR: Final = 0.5
"""Share of the best match from which on an item is what a sentence means."""
_HEARD: Final = 3
"""Items of a sentence or a style that enter the history."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody says they want, for as long as they say it.

    Attributes
    ----------
    words
        A sentence, such as "light running shoes"; prices it names are bounds. Empty for none.
    style
        Name of one of the `Style` values that a guest's homepage offers; empty for none.
    more_like
        Items to see more like.
    not_this
        Items not to see, nor what nobody can tell from them.
    cheaper_than
        Items that cost too much: of each kind among them, what costs at least as much as the middle one of
        those named is left out.
    """

    words: str = ""
    style: str = ""
    more_like: tuple[str, ...] = ()
    not_this: tuple[str, ...] = ()
    cheaper_than: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self != NO_WISH

    def checked(self) -> Self:
        """The same.

        Raises
        ------
        InvalidRequest
            It names more items than `MOST_NAMED`.
        InvalidQuery
            The sentence is too long, or only blanks.
        """
        for name in ("more_like", "not_this", "cheaper_than"):
            named = len(getattr(self, name))
            if named > MOST_NAMED:
                raise InvalidRequest(f"{name} names {named} items: at most {MOST_NAMED} are heard.")
        if self.words:
            read_query(self.words)
        return self


NO_WISH: Final = Wish()
"""Nothing said."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What one part of a wish brings.

    Attributes
    ----------
    name
        Of its shelf: ``wished``, ``style``, ``more_like`` or ``cheaper``.
    title
        Heading of the shelf, and reason of what the history is led to by it.
    ranked
        Items, best first.
    heard
        Codes of items that enter the history for it, the strongest last.
    """

    name: str
    title: Reason
    ranked: Ranked
    heard: tuple[int, ...]


def grant(visit: Visit, wish: Wish, k: int, index: Callable[[], Index]) -> tuple[Visit, tuple[Granted, ...]]:
    """The visit of somebody with a wish, and what the wish itself brings.

    Parameters
    ----------
    visit
        The visit without it.
    wish
        Items that are not in the catalogue are passed over.
    k
        About how many items of each part are wanted.
    index
        What sentences are found by; called where there is one.

    Raises
    ------
    InvalidRequest
        There is no such style.
    """
    visit = replace(visit, barred=_barred(visit.stock, wish))
    granted = tuple(_parts(visit, wish, k, index))
    heard = [item for part in granted for item in part.heard]
    kinds = [
        EventType.add_to_wishlist if part.name == "more_like" else EventType.view_item
        for part in granted
        for _ in part.heard
    ]
    unwanted = np.flatnonzero(_named(visit.stock, wish.not_this)[: visit.stock.known]).astype(np.int32)
    done = without(visit.histories, unwanted)
    own = set(done.summary_items.tolist())
    wished = {item: part.title for part in granted for item in part.heard if item not in own}
    histories = led(done, np.array(heard, np.int32), kinds, visit.as_of)
    return replace(visit, histories=histories, done=done, wished=wished), granted


def together(granted: Sequence[Granted], among: Bools, k: int) -> list[tuple[int, Granted]]:
    """One list of all parts, an item of each at a time, with the part it comes from; at most ``k``.

    Parameters
    ----------
    among
        Shape ``(len(visit.stock),)``: what may be answered.
    """
    turns = zip_longest(*([item for item in part.ranked.items if among[item]] for part in granted))
    first: dict[int, Granted] = {}
    for turn in turns:
        for item, part in zip(turn, granted, strict=True):
            if item is not None:
                first.setdefault(item, part)
    return list(first.items())[:k]


def without(histories: Histories, items: Ints) -> Histories:
    """A batch of one that never met these items."""
    events, entries = ~np.isin(histories.items, items), ~np.isin(histories.summary_items, items)
    return Histories(
        np.array([0, events.sum()], np.int64),
        histories.items[events],
        histories.kinds[events],
        histories.times[events],
        histories.values[events],
        np.array([0, entries.sum()], np.int64),
        histories.summary_items[entries],
        histories.summary_counts[entries],
        histories.summary_first[entries],
        histories.summary_last[entries],
    )


def led(histories: Histories, items: Ints, kinds: Sequence[EventType], as_of: int) -> Histories:
    """A batch of one that met these items, which are distinct, just before ``as_of`` too."""
    n, moment = len(items), as_of - 1
    times = np.full(n, moment, np.int64)
    known, place = np.unique(np.concatenate([histories.summary_items, items]), return_inverse=True)
    first = np.full(len(known), moment, np.int64)
    last = np.full(len(known), np.iinfo(np.int64).min)
    np.minimum.at(first, place, np.concatenate([histories.summary_first, times]))
    np.maximum.at(last, place, np.concatenate([histories.summary_last, times]))
    counts = np.bincount(place, np.concatenate([histories.summary_counts, np.ones(n)]), len(known))
    return Histories(
        np.array([0, len(histories.items) + n], np.int64),
        np.concatenate([histories.items, items]),
        np.concatenate([histories.kinds, np.array(kinds, np.int8)]),
        np.concatenate([histories.times, times]),
        np.concatenate([histories.values, np.ones(n, np.float32)]),
        np.array([0, len(known)], np.int64),
        known.astype(np.int32),
        counts.astype(np.int32),
        first,
        last,
    )


def _parts(visit: Visit, wish: Wish, k: int, index: Callable[[], Index]) -> Iterator[Granted]:
    """Each part of a wish; of items named more than once the last part hears them."""
    depth, met = 4 * k, set[int]()
    for part in (
        *(_of_style(visit, wish.style, depth) if wish.style else ()),
        *(_of_words(visit, wish.words, depth, index()) if wish.words else ()),
        *_of_prices(visit, wish, depth),
        *_of_likes(visit, wish, depth),
    ):
        heard = tuple(item for item in part.heard if item < visit.stock.known and item not in met)
        met.update(heard)
        yield replace(part, heard=heard)


def _of_style(visit: Visit, name: str, depth: int) -> Iterator[Granted]:
    inside = visit.stock.kind == style_code(visit.stock, name)
    ranked = visit.ask(visit.default(), depth, allowed=offered(visit.stock) & inside[: visit.stock.known])
    if not ranked.items:
        codes = np.flatnonzero(inside & visit.open)[:depth].tolist()
        ranked = Ranked(codes, [0.0] * len(codes), [""] * len(codes))
    title = Reason(f"In the style you chose: {name}", f"您选的风格：{name}")
    yield Granted("style", title, ranked, tuple(ranked.items[:_HEARD][::-1]))


def _of_words(visit: Visit, words: str, depth: int, index: Index) -> Iterator[Granted]:
    found = matches(visit, index, read_query(words), depth, visit.open)
    clear = found.scores >= _CLEAR * found.scores.max(initial=0.0)
    items, scores = found.items[clear].tolist(), found.scores[clear].tolist()
    title = Reason(f"For “{words.strip()}”", f"为您找到“{words.strip()}”")
    yield Granted(
        "wished", title, Ranked(items, scores, ["search"] * len(items)), tuple(items[:_HEARD][::-1])
    )


def _of_prices(visit: Visit, wish: Wish, depth: int) -> Iterator[Granted]:
    """Like the one item that costs too much, for less; a whole shelf that does is merely ruled out."""
    stock = visit.stock
    named = [stock.codes[item] for item in wish.cheaper_than if item in stock.codes]
    for item in named if len(named) == 1 else ():
        cheaper = _of_kind(stock, int(stock.kind[item])) & (stock.prices < stock.prices[item])
        title = Reason(f"Like {stock.title(item)}, for less", f"类似{stock.title_zh(item)}，更便宜")
        yield Granted("cheaper", title, _like(visit, item, depth, cheaper), (item,))


def _of_likes(visit: Visit, wish: Wish, depth: int) -> Iterator[Granted]:
    stock = visit.stock
    for item in dict.fromkeys(stock.codes[name] for name in wish.more_like if name in stock.codes):
        title = Reason(f"More like {stock.title(item)}", f"更多类似{stock.title_zh(item)}的商品")
        yield Granted("more_like", title, _like(visit, item, depth, np.ones(len(stock), bool)), (item,))


def _like(visit: Visit, item: int, depth: int, among: Bools) -> Ranked:
    """Of its kind what goes with an item, then what suits the person; then what goes with it otherwise."""
    stock = visit.stock
    allowed = offered(stock) & among[: stock.known]
    inside = allowed & _of_kind(stock, int(stock.kind[item]))[: stock.known]
    close = visit.going_with([item], depth, allowed=inside)
    rest = visit.ask(visit.default(), depth, allowed=inside, exclude=[item, *close.items])
    other = visit.going_with([item], depth, allowed=allowed & ~inside)
    parts = (close, rest, other)
    return Ranked(
        [one for part in parts for one in part.items],
        [score for part in parts for score in part.scores],
        [source for part in parts for source in part.sources],
    )


def _barred(stock: Assortment, wish: Wish) -> Bools:
    """What a wish rules out, shape ``(n,)``."""
    mask = _named(stock, wish.not_this)
    for item in np.flatnonzero(mask).tolist():
        for alike in (stock.look, stock.kin):
            if alike[item] >= 0:
                mask |= alike == alike[item]
    dear = np.flatnonzero(_named(stock, wish.cheaper_than) & (stock.prices >= 0))
    for kind in np.unique(stock.kind[dear]).tolist():
        bound = np.median(stock.prices[dear[stock.kind[dear] == kind]])
        mask |= _of_kind(stock, kind) & ~(stock.prices < bound)
    return mask


def _of_kind(stock: Assortment, kind: int) -> Bools:
    """Items of a kind; everything where it is not known."""
    return stock.kind == kind if kind >= 0 else np.ones(len(stock), bool)


def _named(stock: Assortment, ids: Sequence[str]) -> Bools:
    mask = np.zeros(len(stock), bool)
    mask[[stock.codes[item] for item in ids if item in stock.codes]] = True
    return mask
