"""Rows of a homepage that learn their order, in worlds whose truth is known: how much of the gap is closed.

    python -m benchmarks.row_order

In each world rows are worth different things, in an order that has nothing to do with the one that is given,
and places further down are looked at less. Clicks a page of the learned order are compared with those of the
given order (0%) and of the best order there is (100%), day by day. Pages are drawn as the service does; it
learns every ten minutes, this once a day.

In further worlds people differ: the logarithm of what a row is worth to somebody varies about that of all.
The learned order is then compared with the best fixed one: that which, knowing everything, all would get.
"""

import time

import numpy as np

from shopkeeper.core.types import Doubles
from shopkeeper.learners.examination import row_worth
from shopkeeper.metrics.interval import bootstrap
from shopkeeper.serving.row_orders import FEWEST_CLICKS, PLACES, WORLDS, Own
from shopkeeper.surfaces.row_order import ROWS, draw_order

SEEDS = 20
DAYS = 28
PAGES = 500
"""A day."""
FIXED_SEEDS, PEOPLE, SPREADS = 5, 200, (0.0, 0.5, 1.0)
_FADES = 0.75
_WORTH = np.geomspace(0.02, 0.15, len(ROWS))


def run(seed: int) -> Doubles:
    """Share of the gap that is closed on each day of one world; shape ``(DAYS,)``."""
    rng = np.random.default_rng(seed)
    worth = rng.permutation(_WORTH)
    place = np.minimum(np.arange(len(ROWS)), PLACES - 1)
    looked = _FADES**place
    shown, clicked = np.zeros((2, len(ROWS), PLACES))
    worlds, closed = np.zeros((0, len(ROWS))), np.zeros(DAYS)
    given, best = float(worth @ looked), float(np.sort(worth)[::-1] @ looked)
    for day in range(DAYS):
        expected = 0.0
        for _ in range(PAGES):
            order = np.array(draw_order(worlds, rng).places(ROWS), np.int64)
            chances = worth[order] * looked
            expected += float(chances.sum())
            np.add.at(shown, (order, place), 1)
            np.add.at(clicked, (order, place), rng.random(len(ROWS)) < chances)
        closed[day] = (expected / PAGES - given) / (best - given)
        if clicked.sum() >= FEWEST_CLICKS:
            worlds = row_worth(shown, clicked).samples(WORLDS, seed=day)
    return closed


def against_fixed(seed: int, spread: float) -> tuple[Doubles, Doubles]:
    """Clicks of each day against those of the best fixed order: of the learned one, and of each one's best.

    ``spread`` is the standard deviation of the logarithm of what a row is worth to somebody.
    """
    rng = np.random.default_rng(seed)
    factors = np.exp(spread * rng.standard_normal((PEOPLE, len(ROWS))))
    worth = np.minimum(rng.permutation(_WORTH) * factors, 0.9)
    place = np.minimum(np.arange(len(ROWS)), PLACES - 1)
    looked = _FADES**place
    fixed = worth[:, np.argsort(-worth.mean(0))] @ looked
    best = np.sort(worth, axis=1)[:, ::-1] @ looked
    shown, clicked = np.zeros((2, PEOPLE, len(ROWS), PLACES))
    worlds, own, found = np.zeros((0, len(ROWS))), Own(), np.zeros((2, DAYS))
    for day in range(DAYS):
        people = rng.integers(PEOPLE, size=PAGES)
        expected = 0.0
        for person in people.tolist():
            order = draw_order(own.worlds(worlds, str(person)), rng)
            rows = np.array(order.places(ROWS), np.int64)
            chances = worth[person, rows] * looked
            expected += float(chances.sum())
            np.add.at(shown[person], (rows, place), 1)
            np.add.at(clicked[person], (rows, place), rng.random(len(ROWS)) < chances)
        against = fixed[people].sum()
        found[:, day] = expected / against - 1, best[people].sum() / against - 1
        of_all = row_worth(shown.sum(0), clicked.sum(0))
        names = [str(person) for person in range(PEOPLE)]
        own = Own.of(names, shown @ of_all.looked, clicked.sum(2), of_all.mean)
        if clicked.sum() >= FEWEST_CLICKS:
            worlds = of_all.samples(WORLDS, seed=day)
    return found[0], found[1]


def _told(values: Doubles) -> str:
    found = bootstrap(values)
    return f"{found.mean:.1%} [{found.low:.1%}, {found.high:.1%}]"


def main() -> None:
    """Print the shares, and what an order costs."""
    closed = np.array([run(seed) for seed in range(SEEDS)])
    print(f"{SEEDS} worlds, {PAGES} pages a day; share of the gap to the best order that is closed")
    for day in (0, 1, 2, 3, 6, 13, 27):
        print(f"  day {day + 1:2}  {_told(closed[:, day])}")
    print(f"  four weeks  {_told(closed.mean(1))}")
    for spread in SPREADS:
        pairs = [against_fixed(seed, spread) for seed in range(FIXED_SEEDS)]
        ours, most = (np.stack(part) for part in zip(*pairs, strict=True))
        print(f"{FIXED_SEEDS} worlds, {PEOPLE} people who differ by {spread}; against the best fixed order")
        for week in range(DAYS // 7):
            print(f"  week {week + 1}  {_told(ours[:, 7 * week : 7 * week + 7].mean(1))}")
        print(f"  four weeks  {_told(ours.mean(1))}; each one's best {_told(most.mean(1))}")
    worlds, start = np.random.default_rng(0).random((WORLDS, len(ROWS))), time.perf_counter()
    for seed in range(2_000):
        order = draw_order(worlds, np.random.default_rng(seed))
        order.chance([ROWS[i] for i in order.places(ROWS)])
    print(f"  an order and its chance: {(time.perf_counter() - start) / 2_000 * 1e6:.0f} us")


if __name__ == "__main__":
    main()
