"""Which items a rule selects, and what it counts them by."""

from collections.abc import Sequence

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.rules import Rule
from shopkeeper.core.types import Bools, Ints
from shopkeeper.surfaces.assortment import Assortment


def selected(rule: Rule, stock: Assortment) -> Bools:
    """Items a rule selects, shape ``(n,)``: those that fit every field it gives; all where it gives none."""
    mask = np.ones(len(stock), bool)
    if rule.item_ids:
        mask[:] = False
        mask[[stock.codes[item] for item in rule.item_ids if item in stock.codes]] = True
    if rule.brand:
        mask &= _any_of(stock, (c.BRAND,), rule.brand)
    if rule.category:
        mask &= _any_of(stock, (c.CATEGORY, c.CATEGORY2, c.CATEGORY3), rule.category)
    for name, values in rule.attributes.items():
        mask &= _any_of(stock, (name,), values)
    # A price that is not known fits no bound.
    if rule.min_price is not None:
        mask &= stock.prices >= np.float32(rule.min_price)
    if rule.max_price is not None:
        mask &= stock.prices <= np.float32(rule.max_price)
    return mask


def groups(per: str, stock: Assortment) -> Ints:
    """A number for each value of a column or attribute, shape ``(n,)``; -1 where nothing is said.

    Of an item with several values the first counts.
    """
    told = stock.told(per)
    out = np.full(len(stock), -1, np.int32)
    out[told.items[::-1]] = told.values[::-1]
    return out


def _any_of(stock: Assortment, columns: Sequence[str], values: Sequence[str]) -> Bools:
    mask = np.zeros(len(stock), bool)
    for column in columns:
        told = stock.told(column)
        wanted = [told.numbers[value] for value in values if value in told.numbers]
        mask[told.items[np.isin(told.values, wanted)]] = True
    return mask
