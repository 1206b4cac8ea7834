"""The customers of a generated shop: what they need, what they like, whom they know."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shopkeeper.data.synthetic import vocabulary as words
from shopkeeper.data.synthetic.goods import Goods, Ints, Reals

NEEDS: Final = 28
"""Most kinds of goods that one customer ever needs."""
FRIENDS: Final = 8
_MUSTS: Final = {
    "organic": 0.10, "vegan": 0.07, "gluten-free": 0.05, "sugar-free": 0.05, "fragrance-free": 0.06,
    "recycled": 0.08, "hypoallergenic": 0.05,
}  # fmt: skip
_HOUSEHOLD: Final = {"baby": 0.12, "dog": 0.2, "cat": 0.18, "kids": 0.25}


@dataclass(frozen=True)
class People:
    """Customers, column by column; shape ``(n_customers,)`` unless said otherwise.

    Attributes
    ----------
    sense, reach
        How much a dearer item hurts, and the dearness beyond which it hurts more and more.
    quality_weight, style_weight
        How much quality and a matching style please.
    styles
        First and second favourite style in each department, shape ``(n_customers, n_departments, 2)``.
    loyal, loyalty
        Two favourite brands in each department, the same shape, and what they are worth, ``(n,
        n_departments)``.
    musts
        Bit set of aspects without which an item is out of the question, where its kind can have them.
    needs, cycle
        Kinds needed (padded with -1) and days from one purchase to the next need, ``(n, NEEDS)``.
    habit
        Positive: buys the same again; negative: seeks variety.
    gap
        Mean days between visits.
    joined
        Day of the account; negative if before the first day.
    chinese
        Searches in Chinese.
    friends
        Codes of friends, shape ``(n, FRIENDS)``, padded with -1; friendship goes both ways.
    """

    sense: Reals
    reach: Reals
    quality_weight: Reals
    style_weight: Reals
    styles: Ints
    loyal: Ints
    loyalty: Reals
    musts: Ints
    needs: Ints
    cycle: Reals
    habit: Reals
    gap: Reals
    joined: Ints
    chinese: NDArray[np.bool_]
    friends: Ints

    def __len__(self) -> int:
        return len(self.sense)


def make_people(rng: np.random.Generator, n: int, days: int, goods: Goods) -> People:
    """Populate a shop."""
    n_departments = len(goods.brands_of)
    reach = rng.normal(0.35, 0.3, n)
    base_style = rng.integers(len(words.styles()), size=n)
    friends = _friends(rng, base_style + reach)
    loyal = _loyal(rng, n, goods, friends)
    styles = rng.integers(len(words.styles()), size=(n, n_departments, 2))
    keeps = rng.random((n, n_departments)) < 0.7
    styles[..., 0] = np.where(keeps, base_style[:, None], styles[..., 0])
    needs, cycle = _needs(rng, n, goods)
    return People(
        sense=rng.lognormal(0.4, 0.5, n),
        reach=reach,
        quality_weight=np.clip(rng.normal(0.7, 0.3, n), 0.1, None),
        style_weight=rng.gamma(3, 0.35, n),
        styles=styles,
        loyal=loyal,
        loyalty=rng.exponential(1.1, (n, n_departments)),
        musts=_musts(rng, n),
        needs=needs,
        cycle=cycle,
        habit=rng.normal(0.5, 0.7, n),
        gap=np.clip(rng.gamma(2.2, 4.5, n), 2, 60),
        joined=np.where(
            rng.random(n) < 0.7, -rng.integers(1, 500, n), rng.integers(0, max(1, days * 4 // 5), n)
        ),
        chinese=rng.random(n) < 0.35,
        friends=friends,
    )


def _musts(rng: np.random.Generator, n: int) -> Ints:
    chance = np.array([_MUSTS[name] for name, _ in words.aspects()])
    return np.asarray(((rng.random((n, len(chance))) < chance) * (1 << np.arange(len(chance)))).sum(axis=1))


def _needs(rng: np.random.Generator, n: int, goods: Goods) -> tuple[Ints, Reals]:
    """Draw each customer's needs from the missions they pursue and the household they live in."""
    kinds = [words.kinds()[k] for k in goods.kinds]
    serves = np.array([[mission in kind.missions for mission in words.missions()] for kind in kinds])
    chance = np.array([_HOUSEHOLD.get(mission, 0.45) for mission in words.missions()])
    pursued = rng.random((n, len(chance))) < chance
    weight = (pursued @ serves.T) / serves.sum(axis=1)
    weight = np.where(weight > 0, weight, np.where(_bound_to_household(serves), 0.0, 0.05))
    score = np.log(np.maximum(weight, 1e-9)) + rng.gumbel(size=weight.shape)
    width = min(NEEDS, len(kinds))
    needs = np.argsort(-score, axis=1, kind="stable")[:, :width]
    needs = np.where(np.take_along_axis(weight, needs, axis=1) > 0, needs, -1)
    lasting = np.array([kind.days for kind in kinds])
    size = rng.lognormal(0, 0.3, (n, 1))
    return needs, lasting[needs] * rng.lognormal(0, 0.25, needs.shape) / size


def _bound_to_household(serves: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Kinds that serve only a household with a baby, a dog or a cat."""
    bound = np.array([mission in {"baby", "dog", "cat"} for mission in words.missions()])
    return np.asarray(~(serves & ~bound).any(axis=1))


def _loyal(rng: np.random.Generator, n: int, goods: Goods, friends: Ints) -> Ints:
    """Draw favourite brands; in a third of the departments the first is a friend's."""
    n_departments, width = goods.brands_of.shape
    place = rng.integers(width, size=(n, n_departments, 2))
    loyal = np.take_along_axis(np.broadcast_to(goods.brands_of, (n, n_departments, width)), place, axis=2)
    friend = friends[:, 0]
    copies = (rng.random((n, n_departments)) < 0.33) & (friend >= 0)[:, None]
    loyal[..., 0] = np.where(copies, loyal[friend][..., 0], loyal[..., 0])
    return loyal


def _friends(rng: np.random.Generator, likeness: Reals) -> Ints:
    """Befriend people of like mind: a small world along the order of likeness, with some far ties."""
    n = len(likeness)
    order = np.argsort(likeness + rng.normal(0, 0.4, n), kind="stable")
    near = [(order[:-step], order[step:]) for step in (1, 2) if n > step]
    far = (rng.integers(n, size=n // 3), rng.integers(n, size=n // 3))
    left = np.concatenate([pair[0] for pair in (*near, far)]) if n > 1 else np.empty(0, np.int64)
    right = np.concatenate([pair[1] for pair in (*near, far)]) if n > 1 else np.empty(0, np.int64)
    kept = (left != right) & (rng.random(len(left)) < 0.7)
    friends = np.full((n, FRIENDS), -1, np.int64)
    degree = np.zeros(n, np.int64)
    known: set[tuple[int, int]] = set()
    for a, b in zip(left[kept].tolist(), right[kept].tolist(), strict=True):
        tie = (min(a, b), max(a, b))
        if tie not in known and degree[a] < FRIENDS and degree[b] < FRIENDS:
            known.add(tie)
            friends[a, degree[a]], friends[b, degree[b]] = b, a
            degree[a] += 1
            degree[b] += 1
    return friends
