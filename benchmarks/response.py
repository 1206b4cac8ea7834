"""How well `shopkeeper response` tells who takes up a campaign, beside plain rivals, on the Complete Journey.

    python -m benchmarks.response OUT

The shop is made in OUT, once. Campaigns that start before 2017-08-01 teach, with responses before that day
only (``--learn-until``); each later one is asked about as of its first day. The log is read once, and the
functions of the command asked; for the first campaign the command is asked too, and must print the same. Who
redeemed is read from the source itself. ``rolling`` lets each question learn from everything known by its own
day, as a shop would. Rivals: logistic regression on recency, frequency, money and
the kind of campaign; and the same with past responses, coupons, and how much of what a household buys the
campaign is for, all as logarithms.

The mean within a campaign is told over all campaigns, and over those with enough redeemers to measure one: an
area over two redeemers is known to within .2.
"""

import io
import json
import sys
from collections.abc import Sequence
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
from shopkeeper.data.campaign_log import Campaign, CampaignLog, read_campaign_log
from shopkeeper.data.sources.complete_journey import files
from shopkeeper.features.offers import facing
from shopkeeper.learners.logistic import Logistic
from shopkeeper.metrics.classification import auc, expected_calibration_error
from shopkeeper.propensity.response import audience_of, learn_responses, responded

CUT: Final = "2017-08-01"
RFM: Final = ("recency", "visits", "spend")
RIVALS: Final = {
    "RFM + kind": RFM,
    "logs of few columns": (*RFM, "coupon_lines", "received", "responses", "responded", "item_lines", "fits"),
}
"""Columns of `features.offers` that a line reads, beside the kind of campaign."""
FEW: Final = 5
"""Redeemers below which the area of one campaign is left out of the second mean."""
RESAMPLES: Final = 500
Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """One campaign: what was told of its audience by each rival, and who redeemed."""

    campaign: str
    scores: dict[str, Doubles]
    truth: NDArray[np.bool_]
    people: list[str]


def ask(shop: Path, as_of: str, campaign: str, *options: str) -> dict[str, float]:
    """What the command prints: a probability by pseudonym."""
    printed = io.StringIO()
    told = ["--shop", str(shop), "--as-of", as_of, "--campaign", campaign, "--json", *options]
    with redirect_stdout(printed):
        if shopkeeper(["response", *told]):
            raise SystemExit(2)
    found: list[dict[str, Any]] = json.loads(printed.getvalue())
    return {one["customer_id"]: one["probability"] for one in found}


def milliseconds(day: str) -> int:
    """The first moment of a day, UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def rival(log: CampaignLog, columns: Sequence[str]) -> tuple[Logistic, list[str]]:
    """A line over some columns and the kind, learned from the campaigns that teach."""
    cut = milliseconds(CUT)
    taught = [one for one in log.campaigns if log.customers.start < (one.starts_at or 0) < cut]
    kinds = sorted({one.kind for one in taught})
    rows, truth = [], []
    for one in taught:
        people = audience_of(log, one, one.starts_at or 0)
        rows.append(plain(log, one, people, kinds, columns))
        truth.append(responded(log, one, people, cut))
    return Logistic().fit(np.concatenate(rows), np.concatenate(truth)), kinds


def plain(
    log: CampaignLog, campaign: Campaign, people: pl.Series, kinds: list[str], columns: Sequence[str]
) -> NDArray[np.float32]:
    """What a rival reads."""
    known = facing(log, campaign, campaign.starts_at or 0, people).select(columns)
    marks = [pl.lit(float(kind == campaign.kind)).alias(f"kind {kind}") for kind in kinds]
    return known.with_columns(marks).to_numpy().astype(np.float32)


def redeemers(shop: Path) -> dict[str, set[str]]:
    """Pseudonyms of those who redeemed a coupon of each campaign, from the source."""
    table = files.table("coupon_redemptions").select(
        pl.col("campaign_id").cast(pl.String), pl.col("household_id").cast(pl.String)
    )
    with open_shop(shop) as opened:
        named = table.with_columns(opened.service.identity.customers(table["household_id"]).alias("who"))
    return {str(name): set(part["who"]) for (name,), part in named.group_by("campaign_id")}


def measure(shop: Path) -> list[Asked]:
    """All later campaigns."""
    with open_shop(shop) as opened:
        log = read_campaign_log(opened.store, opened.store)
    rivals = {name: (columns, *rival(log, columns)) for name, columns in RIVALS.items()}
    fixed = learn_responses(log, milliseconds(CUT), _quiet)
    took = redeemers(shop)
    found = []
    for one in log.campaigns:
        start = one.starts_at or 0
        if start < milliseconds(CUT):
            continue
        people = audience_of(log, one, start)
        rolling = learn_responses(log, start, _quiet)
        scores = {
            "shopkeeper": fixed.probability(log, one, start, people),
            "rolling": rolling.probability(log, one, start, people),
        }
        for name, (columns, line, kinds) in rivals.items():
            scores[name] = line.predict(plain(log, one, people, kinds, columns))
        truth = np.array([name in took.get(one.campaign_id, set()) for name in people])
        found.append(Asked(one.campaign_id, scores, truth, people.to_list()))
        if len(found) == 1:
            check(shop, start, found[0])
    return found


def check(shop: Path, start: int, asked: Asked) -> None:
    """Refuse to go on where the command prints something else for a campaign."""
    day = datetime.fromtimestamp(start / 1000, UTC).isoformat()
    printed = ask(shop, day, asked.campaign, "--learn-until", CUT)
    told = np.array([printed[name] for name in asked.people])
    if len(printed) != len(told) or not np.allclose(told, asked.scores["shopkeeper"], rtol=0, atol=1e-6):
        raise SystemExit("The command tells other probabilities.")


def _quiet(stage: str, done: int, total: int) -> None:
    """Nobody is told of progress."""


def pooled(asked: list[Asked], which: str) -> float:
    """Area over all campaigns at once."""
    return auc(np.concatenate([one.scores[which] for one in asked]), np.concatenate([o.truth for o in asked]))


def within(asked: list[Asked], which: str, least: int = 1) -> float:
    """Mean area within a campaign, over those with so many redeemers."""
    return float(np.mean([auc(o.scores[which], o.truth) for o in asked if o.truth.sum() >= least]))


def weighted(asked: list[Asked], which: str) -> float:
    """Mean area within a campaign, each weighing as much as it has redeemers."""
    areas = [auc(one.scores[which], one.truth) for one in asked]
    return float(np.average(areas, weights=[one.truth.sum() for one in asked]))


def interval(asked: list[Asked], which: str) -> tuple[float, float]:
    """Bootstrap interval of the pooled area, over households."""
    rng = np.random.default_rng(0)
    people = sorted({name for one in asked for name in one.people})
    place = {name: at for at, name in enumerate(people)}
    code = np.concatenate([[place[name] for name in one.people] for one in asked])
    score = np.concatenate([one.scores[which] for one in asked])
    truth = np.concatenate([one.truth for one in asked])
    areas = []
    for _ in range(RESAMPLES):
        times = np.bincount(rng.integers(0, len(people), len(people)), minlength=len(people))[code]
        areas.append(auc(np.repeat(score, times), np.repeat(truth, times)))
    low, high = np.quantile(areas, (0.025, 0.975))
    return float(low), float(high)


def within_interval(asked: list[Asked], which: str, least: int = 1) -> tuple[float, float]:
    """Bootstrap interval of the mean within a campaign: redeemers and the others of each are drawn apart."""
    rng = np.random.default_rng(0)
    means = []
    for _ in range(RESAMPLES):
        areas = []
        for one in asked:
            took, left = one.scores[which][one.truth], one.scores[which][~one.truth]
            if len(took) >= least:
                drawn = np.concatenate([rng.choice(took, len(took)), rng.choice(left, len(left))])
                areas.append(auc(drawn, np.arange(len(drawn)) < len(took)))
        means.append(np.mean(areas))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def table(asked: list[Asked]) -> list[str]:
    """The figures as Markdown."""
    heads = f"model|pooled AUC|95%|mean within, all|95%|{FEW} redeemers or more|95%|by redeemers|ECE"
    lines = [f"| {heads.replace('|', ' | ')} |", "|---" * (heads.count("|") + 1) + "|"]
    for which in asked[0].scores:
        low, high = interval(asked, which)
        told = np.concatenate([one.scores[which] for one in asked])
        truth = np.concatenate([one.truth for one in asked])
        error = "" if which in RIVALS else f"{expected_calibration_error(told, truth):.4f}"
        means = " ".join(
            f"| {within(asked, which, least):.4f} | {ends[0]:.3f} to {ends[1]:.3f}"
            for least in (1, FEW)
            for ends in [within_interval(asked, which, least)]
        )
        lines.append(
            f"| {which} | {pooled(asked, which):.4f} | {low:.3f} to {high:.3f} "
            f"{means} | {weighted(asked, which):.4f} | {error} |"
        )
    shown = ("shopkeeper", "rolling", "logs of few columns")
    lines += [
        "",
        f"| campaign | audience | redeemers | {' | '.join(shown)} |",
        "|---" * (3 + len(shown)) + "|",
    ]
    for one in asked:
        areas = " | ".join(f"{auc(one.scores[which], one.truth):.3f}" for which in shown)
        lines.append(f"| {one.campaign} | {len(one.people):,} | {one.truth.sum()} | {areas} |")
    return lines


def make_shop(folder: Path) -> None:
    """Import everything, once."""
    if folder.exists():
        return
    shopkeeper(["init", str(folder)])
    for kind in ("items", "customers", "campaigns", "events"):
        shopkeeper(["import", "complete-journey", "--shop", str(folder), "--kind", kind])


def main() -> None:
    """Make the shop, ask, and print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    shop = Path(sys.argv[1]) / "journey-campaigns"
    make_shop(shop)
    print("\n".join(table(measure(shop))))


if __name__ == "__main__":
    main()
