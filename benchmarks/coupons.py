"""Which of a campaign's coupons suit those who redeem one, beside how popular their items are.

    python -m benchmarks.coupons OUT

OUT is a folder in which `benchmarks.response` made its shop. For each campaign of the Complete Journey that
starts from 2017-08-01, and each household that redeemed one of its coupons: the coupons in the order in which
`features.suited` names their items as of the first day, beside the order of what everybody bought before.
Earlier campaigns are shown apart.
"""

import sys
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.response import CUT, milliseconds
from shopkeeper.app import open_shop
from shopkeeper.core import columns as c
from shopkeeper.core.types import EventType
from shopkeeper.data.campaign_log import Campaign, CampaignLog, read_campaign_log
from shopkeeper.data.customer_log import ITEM, KIND
from shopkeeper.features.suited import suited
from shopkeeper.metrics.interval import paired_bootstrap

K: Final = 10


def ndcg(order: list[str], right: set[str]) -> float:
    """NDCG@10 of one list; Jarvelin and Kekalainen 2002."""
    gains = [1 / np.log2(place + 2) for place, one in enumerate(order[:K]) if one in right]
    return float(sum(gains) / sum(1 / np.log2(place + 2) for place in range(min(K, len(right)))))


def bought(log: CampaignLog, as_of: int) -> dict[str, int]:
    """Lines of each item before a moment."""
    past = (pl.col(KIND) == int(EventType.purchase)) & (pl.col(c.TIMESTAMP) < as_of)
    counts = log.customers.events.filter(past).group_by(ITEM).len()
    items = log.customers.items.select(c.ITEM_ID).with_row_index(ITEM)
    return dict(counts.join(items, on=ITEM).select(c.ITEM_ID, "len").iter_rows())


def of_campaign(log: CampaignLog, campaign: Campaign) -> list[tuple[float, float]]:
    """NDCG of ours and of popularity, for each household that redeemed."""
    start = campaign.starts_at or 0
    coupons: dict[str, list[str]] = dict(
        log.offered(campaign.campaign_id).group_by(c.COUPON).agg(c.ITEM_ID).iter_rows()
    )
    taken = log.responses.filter(pl.col(c.CAMPAIGN_ID) == campaign.campaign_id)
    counts = bought(log, start)
    popular = sorted(coupons, key=lambda one: (-sum(counts.get(item, 0) for item in coupons[one]), one))
    people = taken[c.CUSTOMER_ID].unique().sort()
    found = []
    for person, items in zip(people, suited(log, campaign, start, people, 10**6), strict=True):
        right = set(taken.filter(pl.col(c.CUSTOMER_ID) == person)[c.COUPON]) & set(coupons)
        place = {item: rank for rank, item in enumerate(items)}
        first = {one: min(place[item] for item in own) for one, own in coupons.items()}
        if right:
            ours = sorted(coupons, key=lambda one: (first[one], one))
            found.append((ndcg(ours, right), ndcg(popular, right)))
    return found


def line(name: str, found: NDArray[np.float64]) -> str:
    """One row of the table."""
    apart = paired_bootstrap(found[:, 0], found[:, 1])
    return (
        f"| {name} | {len(found)} | {found[:, 0].mean():.4f} | {found[:, 1].mean():.4f} "
        f"| {apart.low:+.4f} to {apart.high:+.4f} |"
    )


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    with open_shop(Path(sys.argv[1]) / "journey-campaigns") as shop:
        log = read_campaign_log(shop.store, shop.store)
    early: list[tuple[float, float]] = []
    late: list[tuple[float, float]] = []
    for one in log.campaigns:
        if (one.starts_at or 0) > log.customers.start:
            (late if (one.starts_at or 0) >= milliseconds(CUT) else early).extend(of_campaign(log, one))
    print(f"| campaigns | redeemers | NDCG@{K} | popularity | difference, 95% |")
    print("|---|---|---|---|---|")
    print(line(f"before {CUT}", np.array(early)))
    print(line(f"from {CUT}", np.array(late)))


if __name__ == "__main__":
    main()
