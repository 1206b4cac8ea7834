"""The live catalogue laid along the item codes of the model, ready to be shown."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import NotFound, UnknownItem
from shopkeeper.core.types import Bools, Floats, Ints, Longs
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.surfaces.page import UNSAID, Card, Reason

_TEXTS = (c.TITLE, c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND, c.IMAGE_URL, c.URL)


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of items under one name, one entry for each value of an item, by rising item.

    Attributes
    ----------
    numbers
        Number of each value.
    items, values
        Code of the item and number of the value of each entry.
    """

    numbers: dict[str, int]
    items: Ints
    values: Ints

    @classmethod
    def of(cls, said: Sequence[Sequence[str]]) -> Self:
        """From the values of each item."""
        numbers: dict[str, int] = {}
        pairs = [
            (item, numbers.setdefault(value, len(numbers))) for item, row in enumerate(said) for value in row
        ]
        entries = np.array(pairs, np.int32).reshape(-1, 2)
        return cls(numbers, entries[:, 0], entries[:, 1])


@dataclass(frozen=True)
class Assortment:
    """Everything that can be shown: the model's items by their codes, then items newer than the model.

    Attributes
    ----------
    ids
        Item ids; the position is the code.
    known
        Number of items the model knows; codes from here on are newer than the model.
    texts
        Column name to one text an item, empty where unknown.
    prices
        Shape ``(n,)``, NaN where unknown.
    currencies
        One code an item.
    in_stock
        Shape ``(n,)``: may be sold.
    created_at
        Shape ``(n,)``, epoch milliseconds, 0 where unknown.
    categories
        Names of categories in text order.
    category
        Shape ``(n,)``: position in ``categories``, -1 where unknown.
    look
        Shape ``(n,)``: equal for items with the same title, which nobody can tell apart.
    kin
        Shape ``(n,)``: equal for items of the same finest category and brand, -1 where either is unknown.
    attributes
        JSON of each item's attributes, empty where there are none.
    reserved
        Shape ``(n,)``: for grown-ups only or nobody else's business, as ``age_restricted`` or ``discreet``
        within ``attributes`` says. Shown to who asks for it or takes it, and never named as a reason.
    """

    ids: tuple[str, ...]
    known: int
    texts: dict[str, list[str]]
    prices: Floats
    currencies: list[str]
    in_stock: Bools
    created_at: Longs
    categories: tuple[str, ...]
    category: Ints
    look: Ints
    kin: Ints
    attributes: list[str]
    reserved: Bools

    def __len__(self) -> int:
        return len(self.ids)

    def warm(self) -> None:
        """Work out what every request looks up, before one has to wait for it."""
        _ = self.codes, self.offered, self.category_sizes, self.newest, self.entries, self.kind, self._shown

    @cached_property
    def newest(self) -> tuple[tuple[Ints, Longs], ...]:
        """What is offered of each category, the last created first, and when each was, less than zero."""
        codes = np.flatnonzero(self.offered & (self.category >= 0)).astype(np.int32)
        order = codes[np.lexsort((codes, -self.created_at[codes], self.category[codes]))]
        ends = np.cumsum(np.bincount(self.category[codes], minlength=len(self.categories)))
        parts = np.split(order, ends[:-1]) if len(ends) else []
        return tuple((part, -self.created_at[part]) for part in parts)

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code of each id."""
        return {item_id: code for code, item_id in enumerate(self.ids)}

    def told(self, name: str) -> "Told":
        """What is said of each item under a text column, or else under a key of its attributes; kept."""
        if name not in self._told:
            said = (
                [(text,) if text else () for text in self.texts[name]]
                if name in self.texts
                else [_values(told.get(name)) for told in _attributes(self.attributes, name)]
            )
            self._told[name] = Told.of(said)
        return self._told[name]

    @cached_property
    def _told(self) -> "dict[str, Told]":
        return {}

    @cached_property
    def entries(self) -> Ints:
        """What an item is, shape ``(n, 4)``: number of its path to each level, and of its brand; -1 for none.

        A level is counted by the whole path to it: "Other" below one category is not "Other" below another.
        """
        levels = [self.texts[name] for name in (c.CATEGORY, c.CATEGORY2, c.CATEGORY3)]
        paths = [
            ["\x1f".join(path) if path[-1] else "" for path in zip(*levels[:depth], strict=True)]
            for depth in range(1, len(levels) + 1)
        ]
        return np.stack([_numbered(keys, alone="") for keys in (*paths, self.texts[c.BRAND])], axis=1)

    @cached_property
    def kind_names(self) -> tuple[str, ...]:
        """Names of kinds: finer categories, or categories where an item has no finer one; in text order."""
        return tuple(sorted(set(self._kinds) - {""}))

    @cached_property
    def kind(self) -> Ints:
        """Shape ``(n,)``: position in ``kind_names``, -1 where unknown."""
        positions = {name: position for position, name in enumerate(self.kind_names)}
        return np.array([positions.get(name, -1) for name in self._kinds], np.int32)

    @property
    def _kinds(self) -> list[str]:
        return [
            finer or name for finer, name in zip(self.texts[c.CATEGORY2], self.texts[c.CATEGORY], strict=True)
        ]

    @cached_property
    def showable(self) -> Bools:
        """In stock and, if any item has a title at all, with a title; shape ``(n,)``."""
        titled = np.fromiter((bool(title) for title in self.texts[c.TITLE]), bool, len(self))
        return self.in_stock & titled if titled.any() else self.in_stock

    @cached_property
    def offered(self) -> Bools:
        """May be shown unasked: showable and not reserved; shape ``(n,)``."""
        return self.showable & ~self.reserved

    @cached_property
    def category_sizes(self) -> Longs:
        """Items to show in each category, aligned with ``categories``."""
        shown = self.category[self.showable & (self.category >= 0)]
        return np.bincount(shown, minlength=len(self.categories)).astype(np.int64)

    def code(self, item_id: str) -> int:
        """Code of one id.

        Raises
        ------
        UnknownItem
            The id is not in the catalogue.
        """
        try:
            return self.codes[item_id]
        except KeyError:
            raise UnknownItem(
                f"item_id = {item_id[:80]!r} is not in the catalogue.", hint="Import the item first."
            ) from None

    def category_code(self, name: str) -> int:
        """Position of one category.

        Raises
        ------
        NotFound
            No item is in such a category.
        """
        position = int(np.searchsorted(np.array(self.categories, dtype=object), name))
        if position == len(self.categories) or self.categories[position] != name:
            raise NotFound(
                f"category = {name[:80]!r} is not in the catalogue.", hint="Names are case-sensitive."
            )
        return position

    def title(self, code: int) -> str:
        """Title to show; never empty."""
        return self.texts[c.TITLE][code] or f"Item {self.ids[code]}"

    def title_zh(self, code: int) -> str:
        """Chinese title, or the title where there is none."""
        return self.texts[c.TITLE_ZH][code] or self.title(code)

    def card(
        self,
        code: int,
        *,
        reason: Reason = UNSAID,
        source: str = "",
        score: float = 0.0,
        evidence: Sequence[int] = (),
        probability: float = 1.0,
    ) -> Card:
        """One item as it is shown."""
        told = (reason, source, score, tuple([self.ids[item] for item in evidence]), probability)
        # By place: a page makes a hundred of them.
        fields: tuple[Any, ...] = (*[column[code] for column in self._shown], *told)
        return Card(*fields)

    @cached_property
    def _shown(self) -> tuple[Sequence[Any], ...]:
        """What every card shows of an item: the first fields of a `Card`, one list each."""
        codes = range(len(self))
        return (
            self.ids,
            [self.title(code) for code in codes],
            [self.title_zh(code) for code in codes],
            [None if price != price else round(price, 4) for price in self.prices.tolist()],
            self.currencies,
            *(self.texts[name] for name in (c.CATEGORY, c.CATEGORY2, c.CATEGORY3)),
            *(self.texts[name] for name in (c.BRAND, c.IMAGE_URL, c.URL)),
            self.in_stock.tolist(),
        )


def lay_out(items: ItemIndex, catalogue: pl.DataFrame, *, currency: str) -> Assortment:
    """Lay the live catalogue along the codes of a model's items.

    Parameters
    ----------
    items
        The model's catalogue as it was at the time of training; empty before the first training.
    catalogue
        The live one, in `columns.ITEM_COLUMNS`. Where it knows an item, it wins over the model's copy.
    currency
        Currency of prices that name none.
    """
    table = _merged(items, catalogue)
    texts = {name: _text(table, name) for name in _TEXTS}
    attributes = _column(table, c.ATTRIBUTES, pl.String).fill_null("").to_list()
    texts[c.TITLE_ZH] = _titles_zh(attributes)
    categories = tuple(sorted({name for name in texts[c.CATEGORY] if name}))
    positions = {name: position for position, name in enumerate(categories)}
    return Assortment(
        ids=tuple(table[c.ITEM_ID].to_list()),
        known=len(items),
        texts=texts,
        prices=_column(table, c.PRICE, pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float32),
        currencies=_column(table, c.CURRENCY, pl.String).fill_null(currency).to_list(),
        in_stock=_column(table, c.IN_STOCK, pl.Boolean).fill_null(True).to_numpy(),
        created_at=_column(table, c.CREATED_AT, pl.Int64).fill_null(0).to_numpy(),
        categories=categories,
        category=np.array([positions.get(name, -1) for name in texts[c.CATEGORY]], np.int32),
        look=_numbered([title.casefold().strip() for title in texts[c.TITLE]], alone=""),
        kin=_kin(texts[c.CATEGORY3], texts[c.BRAND]),
        attributes=attributes,
        reserved=_reserved(attributes),
    )


def _merged(items: ItemIndex, catalogue: pl.DataFrame) -> pl.DataFrame:
    live = catalogue.unique(c.ITEM_ID, keep="last", maintain_order=True)
    if not len(items):
        return live
    codes = pl.DataFrame({c.ITEM_ID: list(items.ids)})
    unseen = live.join(codes, on=c.ITEM_ID, how="anti", maintain_order="left")
    gone = items.table.join(live, on=c.ITEM_ID, how="anti", maintain_order="left")
    rows = pl.concat([live, gone], how="diagonal_relaxed") if len(gone) else live
    known = codes.join(rows, on=c.ITEM_ID, how="left", maintain_order="left")
    return pl.concat([known, unseen], how="diagonal_relaxed")


def _column(table: pl.DataFrame, name: str, dtype: Any) -> pl.Series:
    if name not in table.columns:
        return pl.Series(name, [None] * len(table), dtype=dtype)
    return table[name].cast(dtype, strict=False)


def _text(table: pl.DataFrame, name: str) -> list[str]:
    return _column(table, name, pl.String).fill_null("").str.strip_chars().to_list()


def _titles_zh(attributes: list[str]) -> list[str]:
    titles = [told.get(c.TITLE_ZH, "") for told in _attributes(attributes, c.TITLE_ZH)]
    return [title if isinstance(title, str) else "" for title in titles]


def _reserved(attributes: list[str]) -> Bools:
    mask = np.zeros(len(attributes), bool)
    for key in c.RESERVED:
        mask |= np.array([told.get(key) is True for told in _attributes(attributes, key)], bool)
    return mask


def _attributes(texts: list[str], key: str) -> list[dict[str, Any]]:
    """Attributes of each item that may have a key, empty for the others: most need not be parsed."""
    return [_parsed(text) if key in text else {} for text in texts]


def _values(value: Any) -> tuple[str, ...]:
    """A value of an attribute as texts, each entry of a list by itself; JSON for what is neither."""
    if value is None or value == "":
        return ()
    if isinstance(value, list):
        return tuple(text for entry in value for text in _values(entry))
    return (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),)


def _parsed(attributes: str) -> dict[str, Any]:
    try:
        values = json.loads(attributes)
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _kin(category3: list[str], brand: list[str]) -> Ints:
    keys = [f"{a}\x1f{b}" if a and b else "" for a, b in zip(category3, brand, strict=True)]
    return _numbered(keys, alone="")


def _numbered(keys: list[str], *, alone: str) -> Ints:
    """A number for each distinct key, -1 for ``alone``, which is like nothing else."""
    numbers: dict[str, int] = {}
    return np.array([-1 if key == alone else numbers.setdefault(key, len(numbers)) for key in keys], np.int32)
