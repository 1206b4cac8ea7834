"""A closed loop on the generated shop: what people are shown decides what they do, and that is learned from.

    python -m benchmarks.closed_loop [PLOT.svg]

Four weeks of the generated shop's own log come first; then four weeks in which a part of the customers
comes each day, is shown ten items, and buys by their true utility (elimination by aspects and a nested
logit, no family that is trained here): whatever beats the 98th percentile of a customer's utilities is
bought more often than not when it is looked at, and each place is looked at .85 times as often as the
one above. Every night the model is fitted anew on everything, and its trees are grown anew from what was
shown of late; once a week it is chosen and tuned anew, as the base installation does. Expected purchases a
page are compared with those of the most popular items of the same log (0%) and of the ten best for each
customer (100%).
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights
from shopkeeper.core.types import DAY_MS, Doubles, Longs, Requests
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.histories import slice_histories
from shopkeeper.data.impressions import showings
from shopkeeper.data.looks import build_looks
from shopkeeper.data.showings import Showings
from shopkeeper.data.split import time_split
from shopkeeper.data.synthetic import GeneratedShop, generate
from shopkeeper.evaluation.plots import Line, curves
from shopkeeper.metrics.interval import bootstrap
from shopkeeper.recommenders.base import Recommender
from shopkeeper.recommenders.popular import Popular
from shopkeeper.training.portfolio import fit_portfolio, refit

SEEDS = 5
CUSTOMERS, ITEMS, DAYS, K = 300, 400, 28, 10
CHOOSING = (0, 3, 7, 14, 21)
"""Days on which the model is chosen and tuned anew."""
BUDGET = 10.0
"""Seconds of choosing."""
FATIGUE, FATIGUE_DAYS = 0.2, 7.0
_COMING = 0.4
_LOOKED = 0.85 ** np.arange(K)
_LOG = (PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY)


def chances(shop: GeneratedShop) -> Doubles:
    """True chance that each customer buys each item once it is looked at; shape ``(CUSTOMERS, ITEMS)``."""
    utility = np.stack([shop.utility(customer) for customer in range(CUSTOMERS)])
    bar = np.quantile(utility, 0.98, axis=1, keepdims=True)
    found: Doubles = 1 / (1 + np.exp(np.clip(bar - utility, -30, 30)))
    return found


def lists(model: Recommender, log: Dataset, people: Longs, now: int, weary: Doubles) -> Longs:
    """What a model shows these people, shape ``(len(people), K)``, by code; -1 leaves a place open.

    What was shown in vain sinks by ``weary``, of shape ``(len(people), ITEMS)``, as on the pages of a shop.
    """
    codes = {name: code for code, name in enumerate(log.people)}
    rows = np.array([codes.get(name, len(codes)) for name in _names(people)])
    bounds = np.append(log.offsets, log.offsets[-1])
    moments = np.full(len(people), now, np.int64)
    histories = slice_histories(log, bounds[rows], bounds[rows + 1])
    looks = build_looks(log.showings, histories, np.where(rows < len(codes), rows, -1), moments)
    answer = model.recommend(Requests(histories, moments, looks=looks), 4 * K)
    shown = np.full((len(people), K), -1, np.int64)
    for row in range(len(people)):
        asked = slice(answer.offsets[row], answer.offsets[row + 1])
        items = answer.items[asked]
        best = np.argsort(-answer.scores[asked] / (1 + weary[row, items]), kind="stable")[:K]
        shown[row, : len(best)] = items[best]
    return shown


def run(seed: int) -> tuple[Doubles, float]:
    """Share of the gap that is closed on each day, and over all days, of one shop."""
    shop, rng = generate(CUSTOMERS, ITEMS, DAYS, seed), np.random.default_rng(seed)
    truth, ids = chances(shop), shop.items[c.ITEM_ID].to_list()
    person = pl.col(c.CUSTOMER_ID).alias(PERSON)
    log = shop.events.select(person, *_LOG[1:]).filter(pl.col(PERSON).is_not_null())
    start = int(log[c.TIMESTAMP].to_numpy().max()) + 1
    value, weary = np.zeros((DAYS, 3)), np.zeros((CUSTOMERS, ITEMS))
    answers: list[pl.DataFrame] = []
    for day in range(DAYS):
        now = start + day * DAY_MS
        dataset = build_dataset(log, shop.items, weights=EventWeights())
        dataset = replace(dataset, showings=_shown(answers, log, dataset))
        at = np.array([ids.index(item) for item in dataset.items.ids] + [0])
        people = np.flatnonzero(rng.random(CUSTOMERS) < _COMING)
        best = np.sort(truth[people], axis=1)[:, ::-1][:, :K]
        if day in CHOOSING:
            chosen = fit_portfolio(dataset, time_split(dataset, 7), seed=seed, budget=BUDGET, deep=False)
        shown = lists(refit(chosen, dataset), dataset, people, now, weary[people][:, at[:-1]])
        plain = lists(Popular().fit(dataset), dataset, people, now, np.zeros((len(people), ITEMS)))
        own = np.where(shown >= 0, truth[people[:, None], at[shown]], 0.0) * _LOOKED
        other = np.where(plain >= 0, truth[people[:, None], at[plain]], 0.0) * _LOOKED
        value[day] = own.sum(), other.sum(), (best * _LOOKED).sum()
        who, slot = np.nonzero(rng.random(own.shape) < own)
        weary *= 0.5 ** (1 / FATIGUE_DAYS)
        weary[people[:, None], at[shown]] += FATIGUE * (shown >= 0)
        weary[people[who], at[shown[who, slot]]] = 0.0
        answers.append(_answered(_names(people), shown, dataset, day, now))
        items = [ids[item] for item in at[shown[who, slot]]]
        pages = [f"{day}-{row}" for row in who.tolist()]
        log = pl.concat([log, _bought(_names(people[who]), items, now, pages)], how="diagonal")
    closed = (value[:, 0] - value[:, 1]) / (value[:, 2] - value[:, 1])
    whole = value.sum(0)
    return closed, float((whole[0] - whole[1]) / (whole[2] - whole[1]))


def _names(people: Longs) -> list[str]:
    return [f"customer-{person + 1:06d}" for person in people.tolist()]


def _bought(people: list[str], items: list[str], now: int, pages: list[str]) -> pl.DataFrame:
    same = (
        pl.lit(now).alias(c.TIMESTAMP),
        pl.lit("purchase").alias(c.EVENT_TYPE),
        pl.lit(1.0).alias(c.QUANTITY),
    )
    return pl.DataFrame({PERSON: people, c.ITEM_ID: items, c.REQUEST_ID: pages}).with_columns(same)


def _answered(people: list[str], shown: Longs, log: Dataset, day: int, now: int) -> pl.DataFrame:
    """A day's answers as the decision log tells them."""
    row, slot = np.nonzero(shown >= 0)
    items = [log.items.ids[code] for code in shown[row, slot].tolist()]
    told = {c.REQUEST_ID: [f"{day}-{one}" for one in row.tolist()], PERSON: [people[one] for one in row]}
    same = pl.lit("homepage").alias(c.SURFACE), pl.lit("for_you").alias(c.ROW), pl.lit(now).alias(c.TIMESTAMP)
    return pl.DataFrame({**told, c.ITEM_ID: items, c.SLOT: slot}).with_columns(same)


def _shown(answers: list[pl.DataFrame], log: pl.DataFrame, dataset: Dataset) -> Showings:
    """What was shown and what came of it, as a training reads it."""
    if not answers:
        return Showings()
    missing = [pl.lit(None, pl.Float64).alias(name) for name in (c.PRICE, c.VALUE)]
    return showings(pl.concat(answers), log.with_columns(missing), dataset)


def main() -> None:
    """Print the shares; with a file as argument, draw them as SVG."""
    found = [run(seed) for seed in range(SEEDS)]
    closed = np.stack([days for days, _ in found])
    print(f"{SEEDS} shops of {CUSTOMERS} customers and {ITEMS} items; share of the gap that is closed")
    for week in range(4):
        print(f"  week {week + 1}  {_told(closed[:, 7 * week : 7 * week + 7].mean(1))}")
    print(f"  last day  {_told(closed[:, -1])}")
    print(f"  four weeks  {_told(np.array([whole for _, whole in found]))}")
    if len(sys.argv) > 1:
        lines = [Line("mean", closed.mean(0)), *(Line(str(seed), closed[seed]) for seed in range(SEEDS))]
        Path(sys.argv[1]).write_text(curves(lines), encoding="utf-8")


def _told(values: Doubles) -> str:
    between = bootstrap(values)
    return f"{between.mean:.1%} [{between.low:.1%}, {between.high:.1%}]"


if __name__ == "__main__":
    main()
