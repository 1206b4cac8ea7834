"""A shop whose customers buy by chance, each at a rate of their own, until they drop out."""

from functools import cache

import numpy as np
import polars as pl

from shopkeeper.core.types import DAY_MS
from tests.features.people import log_of

DAYS = 200
AS_OF = 170
TASTES = ("tea", "pot", "cup", "jam")


@cache
def simulate(n=240, seed=0):
    """Rows in the order of `people.COLUMNS`, and the moment each person dropped out, in days."""
    rng = np.random.default_rng(seed)
    rows, gone = [], np.full(n, np.inf)
    for person in range(n):
        gap, drop, taste = rng.gamma(2.0, 4.0) + 1, rng.beta(0.5, 8.0), rng.permutation(4)
        time = rng.uniform(0, 40)
        while time < DAYS:
            item = taste[min(rng.geometric(0.6), 4) - 1]
            price = float(rng.gamma(4.0, 5.0))
            rows.append(
                (f"c_{person:03}", int(time * DAY_MS), "purchase", TASTES[item], 1.0, price, None, None, None)
            )
            if rng.random() < drop:
                gone[person] = time
                break
            time += rng.gamma(3.0, gap / 3.0)
    return rows, gone


@cache
def shop(n=240, seed=0):
    """The simulated shop as log."""
    return log_of(simulate(n, seed)[0])


def after(log, day):
    """The log with everything from a day on changed: later events doubled and renamed."""
    later = log.events.filter(pl.col("timestamp") >= day * DAY_MS)
    twisted = later.with_columns(pl.lit(0, pl.UInt32).alias("person"), amount=pl.lit(999.0))
    kept = log.before(day * DAY_MS).events
    events = pl.concat([kept, twisted, twisted]).sort("person", "timestamp", maintain_order=True)
    return type(log)(log.people, events, log.items, log.attributes, log.person_attributes)
