"""A simulated day of adverts: budgets, pace and speed, on several workers over one ledger and one log.

    python -m benchmarks.ads OUT [--requests 1000000] [--advertisers 1000] [--workers 2] [--refill-minutes 15]

Every advertiser has one advert with a bid, a daily budget, a daily cap of 20 and, one in four, an audience.
People ask along a curve of the day with a true click probability that depends on who asks and what the advert
is about. A click model is learned beforehand from showings at random. Each worker is a process of its own
that decides requests one by one: click probabilities of all adverts, eligibility, auction, payment, and the
answer in the decision log. Refills of purses, the log and what other workers showed are part of the time.
Budgets are drawn so that the day can spend them.
"""

import argparse
import multiprocessing
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from shopkeeper.core.types import DAY_MS, Decision, Floats, Shown
from shopkeeper.data.decisions import Decisions
from shopkeeper.data.ledger import SqlLedger
from shopkeeper.data.store import Store
from shopkeeper.metrics.classification import auc, expected_calibration_error
from shopkeeper.propensity.click_features import advert, context, meanings
from shopkeeper.propensity.clicks import ClickModel, Learned, Showings
from shopkeeper.surfaces.ads import AdServer, Asking, Rules
from shopkeeper.surfaces.adverts import MICROS, Advert, Inventory
from shopkeeper.surfaces.caps import Seen
from shopkeeper.surfaces.purses import Pace, Purses

START: Final = 20_000 * DAY_MS
CATEGORIES: Final = 20
PEOPLE: Final = 200_000
SEGMENTS: Final = 8
LEARNED_FROM: Final = 200_000
CURVE: Final = np.array([2, 1, 1, 1, 1, 2, 3, 4, 5, 5, 5, 6, 6, 5, 5, 5, 5, 6, 7, 8, 8, 7, 5, 3], float)
TRAFFIC: Final = CURVE / CURVE.sum()
RULES: Final = Rules(reserve=200.0, relevance=0.002)


@dataclass(frozen=True)
class World:
    """What is true of a day.

    Attributes
    ----------
    adverts
        Of all advertisers.
    about
        Category of each.
    pull
        Log-odds that each adds to a click.
    vectors
        Meaning of each text.
    """

    adverts: tuple[Advert, ...]
    about: NDArray[np.int64]
    pull: NDArray[np.float64]
    vectors: Floats

    @classmethod
    def draw(cls, n: int, requests: int, seed: int) -> "World":
        """Advertisers whose budgets the day can spend: half of what showings bring at half their bids."""
        rng = np.random.default_rng(seed)
        about, pull = rng.integers(0, CATEGORIES, n), rng.normal(0, 0.4, n)
        centres = rng.normal(size=(CATEGORIES, 64))
        vectors = centres[about] + rng.normal(size=(n, 64))
        bids = np.exp(rng.normal(-0.7, 0.5, n))
        weights = rng.pareto(2.0, n) + 0.3
        budgets = weights / weights.sum() * requests * 0.03 * np.median(bids) / 2
        adverts = tuple(
            Advert(
                ad_id=f"ad{place}",
                bid=round(float(bids[place]), 4),
                daily_budget=round(float(budgets[place]), 4),
                category=f"c{about[place]}",
                segments=(f"s{place % SEGMENTS}",) if place % 4 == 0 else (),
                daily_cap=20,
            )
            for place in range(n)
        )
        return cls(
            adverts, about, pull, (vectors / np.linalg.norm(vectors, axis=1)[:, None]).astype(np.float32)
        )

    def clicks(self, taste: int, hour: int) -> NDArray[np.float64]:
        """True probability of a click on each advert."""
        level = -3.6 + 0.2 * np.sin(hour / 24 * 6.28)
        return np.asarray(expit(level + self.pull + 1.2 * (self.about == taste)))


def person(number: int) -> tuple[str, int, frozenset[str]]:
    """Name, favourite category and segments of somebody."""
    both = number % SEGMENTS, number // 9 % SEGMENTS
    return f"c_{number}", number * 7 % CATEGORIES, frozenset([f"s{code}" for code in both])


def moments(requests: int, seed: int) -> NDArray[np.int64]:
    """When requests come, along the curve of the day."""
    rng = np.random.default_rng(seed)
    hours = rng.choice(24, requests, p=TRAFFIC)
    return np.sort(START + ((hours + rng.random(requests)) * 3_600_000).astype(np.int64))


def asked(now: int, taste: int) -> dict[str, float]:
    """What the click model hears: four of five deeds are in the favourite category."""
    other = f"c{(taste + 3) % CATEGORIES}"
    return context(now, "home", [f"c{taste}"] * 4 + [other])


def features(world: World) -> list[dict[str, float]]:
    """Of every advert, the meaning of its text included."""
    meaning = meanings(world.vectors)
    return [
        advert(one.ad_id, one.advertiser, one.account, one.category, meaning[place])
        for place, one in enumerate(world.adverts)
    ]


def learn(world: World) -> tuple[ClickModel, dict[str, Learned]]:
    """A click model from showings at random of the day before."""
    rng = np.random.default_rng(7)
    told, contexts, adverts, clicked = features(world), [], [], []
    for now in moments(LEARNED_FROM, 8) - DAY_MS:
        taste, place = int(rng.integers(CATEGORIES)), int(rng.integers(len(world.adverts)))
        contexts.append(asked(int(now), taste))
        adverts.append(told[place])
        clicked.append(rng.random() < world.clicks(taste, int(now // 3_600_000 % 24))[place])
    return ClickModel.fit(Showings(contexts, adverts, np.array(clicked)), "made up")


@dataclass(frozen=True)
class Told:
    """What one worker did.

    Attributes
    ----------
    decisions, shown, clicks
        Requests answered, adverts shown, and drawn clicks.
    charged
        Millionths, by advert.
    seconds, processor
        Of wall clock and of the processor, for all of it.
    chances, truth
        Told and true probability of what was shown.
    outside, over_cap
        Adverts shown to somebody outside their audience, or above the cap by this worker alone.
    """

    decisions: int
    shown: int
    clicks: int
    charged: dict[str, int]
    seconds: float
    processor: float
    chances: NDArray[np.float64]
    truth: NDArray[np.float64]
    outside: int
    over_cap: int


def work(number: int, workers: int, world: World, folder: Path, requests: int, refill: int) -> Told:
    """Decide this worker's part of the day."""
    model = ClickModel.load(folder)
    inventory = Inventory.of(world.adverts)
    chances = model.over(features(world))
    pace = Pace(TRAFFIC, refill, workers)
    charged: dict[str, int] = {}
    log: list[tuple[float, int, int]] = []
    with Store(folder / "shop.db") as store:
        decisions = Decisions(store)
        purses = Purses(SqlLedger(f"sqlite:///{folder / 'shop.db'}"), inventory, pace)
        server = AdServer(inventory, chances, purses, Seen(), RULES)
        mine = moments(requests, 1)[number::workers]
        rng = np.random.default_rng(100 + number)
        who = rng.integers(0, PEOPLE, len(mine))
        due, started, processor = 0, time.perf_counter(), time.process_time()
        worker = secrets.token_hex(4)
        for place, now in enumerate(mine.tolist()):
            if now >= due:
                purses.refill(now)
                due = (now // refill + 1) * refill
            name, taste, segments = person(int(who[place]))
            shown = server.decide(Asking(name, segments, asked(now, taste)), now)
            if not shown:
                continue
            one = shown[0]
            row = Shown("home", (one.ad_id,), ("auction",), (1.0,), (one.probability,), (one.micros,))
            decisions.log(Decision(f"{worker}{place:08x}", name, None, "ads", "clicks", now, (row,)))
            charged[one.ad_id] = charged.get(one.ad_id, 0) + one.micros
            log.append((one.probability, int(one.ad_id[2:]), place))
        purses.close()
        decisions.close()
        spent = time.perf_counter() - started, time.process_time() - processor
    return _told(world, mine, who, log, charged, spent, rng)


def _told(
    world: World,
    mine: NDArray[np.int64],
    who: NDArray[np.int64],
    log: list[tuple[float, int, int]],
    charged: dict[str, int],
    spent: tuple[float, float],
    rng: np.random.Generator,
) -> Told:
    truth, outside = [], 0
    counts: dict[tuple[str, int], int] = {}
    for _, ad, place in log:
        name, taste, segments = person(int(who[place]))
        truth.append(world.clicks(taste, int(mine[place] // 3_600_000 % 24))[ad])
        meant = world.adverts[ad].segments
        outside += bool(meant) and segments.isdisjoint(meant)
        counts[name, ad] = counts.get((name, ad), 0) + 1
    over = sum(count > (world.adverts[ad].daily_cap or 0) for (_, ad), count in counts.items())
    clicks = int((rng.random(len(truth)) < np.array(truth)).sum())
    told = np.array([chance for chance, _, _ in log])
    return Told(len(mine), len(log), clicks, charged, *spent, told, np.array(truth), outside, over)


def report(world: World, found: list[Told], folder: Path, logged: int) -> Iterator[str]:
    """The figures, one a line."""
    budgets = {one.account: round((one.daily_budget or 0) * MICROS) for one in world.adverts}
    charged: dict[str, int] = {}
    for one in found:
        for name, micros in one.charged.items():
            charged[name] = charged.get(name, 0) + micros
    balances = {
        name.rpartition("@")[0]: one
        for name, one in SqlLedger(f"sqlite:///{folder / 'shop.db'}").balances().items()
    }
    over = [name for name, budget in budgets.items() if charged.get(name, 0) > budget]
    wrong = [name for name in budgets if balances[name].spent != charged.get(name, 0)]
    total = sum(budgets.values())
    used = sum(charged.values())
    lows = sorted(charged.get(name, 0) / budget for name, budget in budgets.items())
    totals = np.array([(one.decisions, one.shown, one.outside, one.over_cap) for one in found]).sum(axis=0)
    yield "decisions {:,}, adverts shown {:,}, outside the audience {:,}, over a cap {:,}".format(*totals)
    yield f"accounts overspent: {len(over)}; ledger other than charged: {len(wrong)}"
    yield f"budget used: {used / total:.4f} of all; 5% of accounts used less than {lows[len(lows) // 20]:.3f}"
    yield f"decisions in the log: {logged:,}"
    for number, one in enumerate(found):
        yield (
            f"worker {number}: {one.decisions / one.processor:,.0f} decisions a processor second, "
            f"{one.decisions / one.seconds:,.0f} a second of wall clock"
        )
    chances = np.concatenate([one.chances for one in found])
    truth = np.concatenate([one.truth for one in found])
    clicks = np.random.default_rng(3).random(len(truth)) < truth
    yield (
        f"told click probability of what was shown {chances.mean():.5f}, true {truth.mean():.5f}, "
        f"AUC {auc(chances, clicks):.4f} (truth {auc(truth, clicks):.4f}), "
        f"ECE {expected_calibration_error(chances, clicks):.5f}"
    )


def main(arguments: list[str]) -> int:
    """Print the figures of the day."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--advertisers", type=int, default=1_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--refill-minutes", type=float, default=15)
    options = parser.parse_args(arguments)
    folder: Path = options.out / secrets.token_hex(4)
    folder.mkdir(parents=True)
    world = World.draw(options.advertisers, options.requests, 0)
    model, learned = learn(world)
    for kind, one in learned.items():
        print(f"{kind}: AUC {one.auc:.4f}, loss {one.loss:.5f}, ECE {one.ece:.5f}")
    model.save(folder)
    Store(folder / "shop.db").close()
    job: Any = partial(
        work,
        workers=options.workers,
        world=world,
        folder=folder,
        requests=options.requests,
        refill=int(options.refill_minutes * 60_000),
    )
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        found = pool.map(job, range(options.workers))
    with Store(folder / "shop.db") as store:
        (logged,) = store.read(lambda db: db.execute("SELECT count(*) FROM decisions").fetchone())
    for line in report(world, found, folder, logged):
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
