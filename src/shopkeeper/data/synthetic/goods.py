"""The catalogue of a generated shop: what each item truly is, and how its label reads."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic import vocabulary as words

NEVER: Final = 1_000_000
_BRANDS_A_DEPARTMENT: Final = 9
_ARRIVING: Final = 0.4
_LEAVING: Final = 0.08

Ints = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Goods:
    """Items, column by column; shape ``(n_items,)`` unless said otherwise.

    Attributes
    ----------
    kinds
        The kinds of goods sold here, shape ``(n_kinds,)`` of positions in `vocabulary.kinds`.
    shelf
        Items of each kind, shape ``(n_kinds, longest)``, padded with -1.
    kind, department, brand, style
        Codes. ``kind`` is a position in ``kinds``.
    quality
        About standard normal; nobody in the shop sees it but through choices.
    price, dearness
        Price, and the logarithm of its ratio to the usual price of the kind.
    aspects
        Bit set of `vocabulary.aspects`.
    can
        Bit set of the aspects that any item of a kind has, shape ``(n_kinds,)``; no other can be asked of it.
    arrives, leaves
        Day on which it is first and no longer sold; `NEVER` if it stays.
    variant
        Position in the variants of its kind.
    brands_of
        Brands of each department, shape ``(n_departments, 9)``.
    """

    kinds: Ints
    shelf: Ints
    kind: Ints
    department: Ints
    brand: Ints
    style: Ints
    quality: Reals
    price: Reals
    dearness: Reals
    aspects: Ints
    can: Ints
    arrives: Ints
    leaves: Ints
    variant: Ints
    brands_of: Ints

    def __len__(self) -> int:
        return len(self.kind)


def departments() -> list[tuple[str, str]]:
    """Departments in English and Chinese, in the order of their codes."""
    return list(dict.fromkeys(kind.department for kind in words.kinds()))


def make_goods(rng: np.random.Generator, n_items: int, days: int) -> Goods:
    """Stock a shop."""
    sold, kind = _kinds_of(rng, n_items)
    all_kinds = words.kinds()
    names = departments()
    department = np.array([names.index(all_kinds[k].department) for k in sold])[kind]
    brands_of = np.array(
        [rng.permutation(len(words.brands()))[:_BRANDS_A_DEPARTMENT] for _ in names], dtype=np.int64
    )
    place = np.minimum(rng.geometric(0.28, n_items) - 1, _BRANDS_A_DEPARTMENT - 1)
    brand = brands_of[department, place]
    tier = rng.normal(0, 1, len(words.brands()))
    own_style = rng.integers(len(words.styles()), size=len(words.brands()))
    faithful = rng.random(n_items) < 0.6
    style = np.where(faithful, own_style[brand], rng.integers(len(words.styles()), size=n_items))
    quality = (rng.normal(0, 1, n_items) + 0.5 * tier[brand]) / 1.12
    usual = np.array([all_kinds[k].price for k in sold])[kind]
    variant = rng.integers(1000, size=n_items) % np.array([len(all_kinds[k].variants) for k in sold])[kind]
    usual = usual * _pack_factor(sold, kind, variant)
    price = _ticket(usual * np.exp(0.2 * quality + 0.15 * tier[brand] + rng.normal(0, 0.22, n_items)))
    arrives = np.where(
        rng.random(n_items) < _ARRIVING,
        rng.integers(0, max(1, days), n_items),
        -rng.integers(1, 700, n_items),
    )
    leaves = np.where(rng.random(n_items) < _LEAVING, arrives + rng.integers(30, 400, n_items), NEVER)
    aspects = _aspects(rng, [all_kinds[k].domain for k in sold], kind)
    can = np.zeros(len(sold), np.int64)
    np.bitwise_or.at(can, kind, aspects)
    return Goods(
        kinds=sold,
        shelf=_shelf(kind, len(sold)),
        kind=kind,
        department=department,
        brand=brand,
        style=style,
        quality=quality,
        price=price,
        dearness=np.log(price / usual),
        aspects=aspects,
        can=can,
        arrives=arrives,
        leaves=np.where(leaves < 1, NEVER, leaves),
        variant=variant,
        brands_of=brands_of,
    )


def titles(goods: Goods) -> list[tuple[str, str]]:
    """Label each item in English and Chinese; labels are distinct."""
    plain = [_label(goods, item, styled=False) for item in range(len(goods))]
    seen = Counter(english for english, _ in plain)
    labels = [
        label if seen[label[0]] == 1 else _label(goods, item, styled=True) for item, label in enumerate(plain)
    ]
    return _numbered(labels)


def _numbered(labels: list[tuple[str, str]]) -> list[tuple[str, str]]:
    times: Counter[str] = Counter()
    result = []
    for english, chinese in labels:
        times[english] += 1
        number = times[english]
        result.append(
            (english, chinese) if number == 1 else (f"{english}, no. {number}", f"{chinese} {number}号")
        )
    return result


def _label(goods: Goods, item: int, *, styled: bool) -> tuple[str, str]:
    kind = words.kinds()[goods.kinds[goods.kind[item]]]
    brand, style = words.brands()[goods.brand[item]], words.styles()[goods.style[item]]
    variant = kind.variants[goods.variant[item]]
    held = [aspect for bit, aspect in enumerate(words.aspects()) if goods.aspects[item] >> bit & 1][:1]
    english = [brand[0], *([style[0].lower()] if styled else []), *[aspect[0] for aspect in held]]
    chinese = [*([style[1]] if styled else []), *[aspect[1] for aspect in held], kind.name[1]]
    name = kind.name[0][0].lower() + kind.name[0][1:] if kind.name[0][1].islower() else kind.name[0]
    return (
        f"{' '.join(english)} {name}, {variant}",
        f"{brand[1]}{''.join(chinese)} {words.variant_in_chinese(variant)}",
    )


def _kinds_of(rng: np.random.Generator, n_items: int) -> tuple[Ints, Ints]:
    """Choose the kinds sold (at least four items each where possible) and the kind of each item."""
    n_kinds = min(len(words.kinds()), max(1, n_items // 4))
    sold = np.sort(rng.permutation(len(words.kinds()))[:n_kinds])
    weight = rng.lognormal(0, 0.5, n_kinds)
    rest = rng.choice(n_kinds, n_items - n_kinds, p=weight / weight.sum())
    return sold, np.concatenate([np.arange(n_kinds), rest]).astype(np.int64)


def _pack_factor(sold: Ints, kind: Ints, variant: Ints) -> Reals:
    """What the next larger pack of a kind costs, as a multiple of the smallest; colours cost the same."""
    sized = np.array([words.kinds()[k].variants[0][0].isdigit() for k in sold])
    return np.where(sized[kind], 1.6**variant, 1.0)


def _shelf(kind: Ints, n_kinds: int) -> Ints:
    counts = np.bincount(kind, minlength=n_kinds)
    shelf = np.full((n_kinds, counts.max()), -1, np.int64)
    order = np.argsort(kind, kind="stable")
    column = np.arange(len(kind)) - np.repeat(np.cumsum(counts) - counts, counts)
    shelf[kind[order], column] = order
    return shelf


def _aspects(rng: np.random.Generator, domains: list[str], kind: Ints) -> Ints:
    possible = np.array(
        [[name in words.ASPECTS_OF[domain] for name, _ in words.aspects()] for domain in domains], dtype=bool
    )
    held = possible[kind] & (rng.random((len(kind), possible.shape[1])) < 0.3)
    return np.asarray((held * (1 << np.arange(held.shape[1]))).sum(axis=1), np.int64)


def _ticket(price: Reals) -> Reals:
    """Round to what a price ticket says: .49 or .99."""
    return np.maximum(np.round(price * 2) / 2, 0.5) - 0.01
