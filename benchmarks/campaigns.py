"""Which campaigns suit whom: those a household redeemed among those it received, on the Complete Journey.

    python -m benchmarks.campaigns OUT

The shop is that of `benchmarks.response`, made in OUT, once. Campaigns that start before 2017-08-01 teach,
with responses before that day only. For each household that redeemed a coupon of some later campaigns it
received, and not of all: those it received, in the order of what each rival says as of their first day, and
NDCG over the whole list with what was redeemed as right. ``shopkeeper`` is the order of ``POST
/v1/campaigns``. Rivals: popularity (share of a kind's audience that took it up before), a line over
demographics and kind, the chance of `shopkeeper response`, each recommender of campaigns alone, and the
same line from pairs with none of them, one, or all beside what is known otherwise.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.response import CUT, make_shop, milliseconds, redeemers
from shopkeeper.app import open_shop
from shopkeeper.data.campaign_log import Campaign, CampaignLog, read_campaign_log
from shopkeeper.features.offers import about, facing
from shopkeeper.learners.logistic import Logistic
from shopkeeper.learners.preference import Preference
from shopkeeper.learners.sequence.config import SequenceConfig
from shopkeeper.metrics.interval import paired_bootstrap
from shopkeeper.propensity.response import STRENGTH, audience_of, responded
from shopkeeper.recommenders.bayes import Bayes
from shopkeeper.recommenders.content import Content
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from shopkeeper.recommenders.factorization_machine import FactorizationMachine
from shopkeeper.recommenders.factors import Factors
from shopkeeper.recommenders.sequence import GruSequence
from shopkeeper.training.campaigns import Made, Sources, learn_campaigns

RECOMMENDERS: Final[Made] = {
    "bayes": Bayes,
    "customer neighbours": CustomerNeighbours,
    "content": Content,
    "factors": Factors,
    "factorization machine": FactorizationMachine,
    "sequence (GRU)": lambda: GruSequence(SequenceConfig(size="tiny", epochs=3, tokens=300_000)),
}
Doubles = NDArray[np.float64]
Rival = Callable[[Campaign, pl.Series], Doubles]
"""What is said of each person facing a campaign, as of its first day."""


@dataclass(frozen=True)
class Faced:
    """One campaign: whom it addressed, who redeemed, and what each rival said."""

    people: list[str]
    truth: NDArray[np.bool_]
    scores: dict[str, Doubles]


def ndcg(scores: Doubles, right: NDArray[np.bool_]) -> float:
    """NDCG of a whole list; Jarvelin and Kekalainen 2002. Equal scores stand in the order given."""
    gains = 1 / np.log2(np.arange(len(scores)) + 2)
    return float(gains[right[np.argsort(-scores, kind="stable")]].sum() / gains[: right.sum()].sum())


def taught(log: CampaignLog) -> list[tuple[Campaign, pl.Series, NDArray[np.bool_]]]:
    """Campaigns that teach, whom they addressed, and who took them up by then."""
    cut = milliseconds(CUT)
    found = []
    for one in log.campaigns:
        if log.customers.start < (one.starts_at or 0) < cut:
            people = audience_of(log, one, one.starts_at or 0)
            found.append((one, people, responded(log, one, people, cut)))
    return found


def by_kind(log: CampaignLog) -> Rival:
    """Share of the audience of a kind that took it up before."""
    parts: dict[str, list[NDArray[np.bool_]]] = {}
    for one, _, truth in taught(log):
        parts.setdefault(one.kind, []).append(truth)
    rates = {kind: float(np.concatenate(truths).mean()) for kind, truths in parts.items()}
    return lambda one, people: np.full(len(people), rates.get(one.kind, 0.0))


def by_demographics(log: CampaignLog) -> Rival:
    """A line over what households tell of themselves, kind by kind."""
    known = log.customers
    places = {name: place for place, name in enumerate(known.people)}
    kinds = sorted({one.kind for one, _, _ in taught(log)})

    def rows(one: Campaign, people: pl.Series) -> NDArray[np.float32]:
        codes = known.person_attributes[[places[name] for name in people]]
        told = [
            codes[:, [field]] == np.arange(len(values))
            for field, values in enumerate(known.attributes.values)
        ]
        flat = np.hstack([np.ones((len(people), 1)), *told])
        return np.hstack([flat, *(flat * (one.kind == kind) for kind in kinds)]).astype(np.float32)

    matrices, truths = zip(*((rows(one, people), truth) for one, people, truth in taught(log)), strict=True)
    line = Logistic(0.01).fit(np.concatenate(matrices), np.concatenate(truths))
    return lambda one, people: line.predict(rows(one, people))


class Known:
    """What is known of people facing each campaign, and what each recommender says, asked for once."""

    def __init__(self, log: CampaignLog) -> None:
        self._log, self._kinds = log, sorted({one.kind for one, _, _ in taught(log)})
        self._sources = Sources(log, milliseconds(CUT), RECOMMENDERS)
        self._told: dict[str, pl.DataFrame] = {}

    def of(self, one: Campaign, people: pl.Series) -> pl.DataFrame:
        """A row a person; the same people for a campaign each time."""
        if one.campaign_id not in self._told:
            start = one.starts_at or 0
            shared = about(self._log, one) | {f"kind {kind}": float(kind == one.kind) for kind in self._kinds}
            plain = facing(self._log, one, start, people)
            plain = plain.with_columns(pl.lit(value).alias(name) for name, value in shared.items())
            self._told[one.campaign_id] = plain.hstack(self._sources(self._log, one, start, people))
        return self._told[one.campaign_id]

    def alone(self, name: str) -> Rival:
        """What one recommender says."""
        return lambda one, people: self.of(one, people)[name].to_numpy()

    def ranking(self, *names: str) -> Rival:
        """A line from pairs over what is known otherwise and what these say."""

        def matrix(one: Campaign, people: pl.Series) -> NDArray[np.float32]:
            left = [name for name in RECOMMENDERS if name not in names]
            return self.of(one, people).drop(left).to_numpy().astype(np.float32)

        codes = {name: code for code, name in enumerate(self._log.customers.people)}
        examples = taught(self._log)
        line = Preference.fit(
            np.concatenate([matrix(one, people) for one, people, _ in examples]),
            np.concatenate([truth for _, _, truth in examples]),
            np.array([codes[name] for _, people, _ in examples for name in people]),
            STRENGTH,
        )
        if line is None:
            raise SystemExit("Nobody had a choice of campaigns.")
        return lambda one, people: line.score(matrix(one, people))


def rivals(log: CampaignLog) -> dict[str, Rival]:
    """Everybody by name."""
    model = learn_campaigns(log, milliseconds(CUT), lambda stage, done, total: None)

    def weighed(place: int) -> Rival:
        return lambda one, people: model.weighed(log, one, one.starts_at or 0, people)[place]

    found = {"shopkeeper": weighed(1), "popularity of the kind": by_kind(log)}
    found |= {"demographics": by_demographics(log), "chance": weighed(0)}
    known = Known(log)
    found |= {name: known.alone(name) for name in RECOMMENDERS}
    found["pairs, none of them"] = known.ranking()
    found |= {f"pairs, {name}": known.ranking(name) for name in RECOMMENDERS}
    found["pairs, all of them"] = known.ranking(*RECOMMENDERS)
    return found


def measure(shop: Path) -> list[Faced]:
    """All later campaigns."""
    with open_shop(shop) as opened:
        log = read_campaign_log(opened.store, opened.store)
    everybody, took = rivals(log), redeemers(shop)
    found = []
    for one in log.campaigns:
        if (one.starts_at or 0) >= milliseconds(CUT):
            people = audience_of(log, one, one.starts_at or 0)
            scores = {name: rival(one, people) for name, rival in everybody.items()}
            truth = people.is_in(list(took.get(one.campaign_id, set()))).to_numpy()
            found.append(Faced(people.to_list(), truth, scores))
    return found


def households(faced: list[Faced], which: str) -> Doubles:
    """NDCG of each household that redeemed some of what it received and not all."""
    lists: dict[str, list[tuple[float, bool]]] = {}
    for one in faced:
        for name, score, right in zip(one.people, one.scores[which], one.truth, strict=True):
            lists.setdefault(name, []).append((float(score), bool(right)))
    told = [np.array(lists[name]) for name in sorted(lists)]
    return np.array([ndcg(one[:, 0], one[:, 1] > 0) for one in told if 0 < one[:, 1].sum() < len(one)])


def table(faced: list[Faced]) -> list[str]:
    """The figures as Markdown."""
    ours = households(faced, "shopkeeper")
    lines = [
        f"{len(ours)} households",
        "",
        "| model | NDCG | shopkeeper minus it, 95% | pooled AUC |",
        "|---|---|---|---|",
    ]
    for which in faced[0].scores:
        own = households(faced, which)
        apart = paired_bootstrap(ours, own)
        lines.append(f"| {which} | {own.mean():.4f} | {apart.low:+.4f} to {apart.high:+.4f} |")
    return lines


def main() -> None:
    """Make the shop, ask, and print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    shop = Path(sys.argv[1]) / "journey-campaigns"
    make_shop(shop)
    print("\n".join(table(measure(shop))))


if __name__ == "__main__":
    main()
