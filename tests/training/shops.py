"""Two opposite shops: one where everybody comes back to the same things, one where nobody ever does."""

import numpy as np

from tests.recommenders.worlds import shop

N_ITEMS = 60


def ids():
    return [f"i{item:02}" for item in range(N_ITEMS)]


def habits(people=60, seed=0):
    """Everybody takes the same few things week after week; now and then something else."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        staples = rng.choice(N_ITEMS, 3, replace=False)
        for day in range(int(rng.integers(4)), 70, 4):
            item = int(rng.choice(staples)) if rng.random() < 0.85 else int(rng.integers(N_ITEMS))
            rows.append((f"p{person:03}", f"i{item:02}", day))
    return shop(rows, ids())


def chains(people=150, seed=0):
    """Everybody walks along the catalogue from somewhere, a step a few days, and nobody turns back."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        start, first = int(rng.integers(N_ITEMS)), int(rng.integers(30))
        for step in range(10):
            rows.append((f"p{person:03}", f"i{(start + step) % N_ITEMS:02}", first + 4 * step))
    return shop(rows, ids())
