"""What clicks after searches teach search, in generated shops: by words and meaning, with and without it.

    python -m benchmarks.searches [SEED ...]

Each seed (0 to 2 where none is named) is a shop of its own: 400 customers, 1,500 items, 180 days. Clicks are
those of the shop's own model of choice, which reads no title. Searches of the latest fifth judge, as in
training; beside them those in wordings that nobody had used before, of which every fourth is held out.
"""

import sys
from typing import Final

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.dataset import PERSON, ItemIndex
from shopkeeper.data.searches import clicked
from shopkeeper.data.synthetic import generate
from shopkeeper.encoders.remembered import Remembered
from shopkeeper.encoders.text import Multilingual
from shopkeeper.features.meaning import readable
from shopkeeper.training.searches import Judged, learn_searches

SEEDS: Final = range(3)


def told(judged: Judged | None) -> str:
    """NDCG@10 without, and the gain."""
    if judged is None:
        return "too few"
    gain = judged.gain
    return f"{judged.plain:.4f} {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] of {judged.searches}"


def main() -> None:
    """Print a row a shop."""
    encoder = Remembered(Multilingual(threads=1))
    print("| shop | later searches: NDCG@10, gain | wordings nobody had used: NDCG@10, gain |\n|---|---|---|")
    for seed in [int(seed) for seed in sys.argv[1:]] or SEEDS:
        shop = generate(400, 1_500, 180, seed)
        events = shop.events.with_columns(pl.coalesce(c.CUSTOMER_ID, c.SESSION_ID).alias(PERSON))
        pairs = clicked(events)
        items = readable(ItemIndex.of([], shop.items), encoder.encode)
        held = pl.col(c.SEARCH_TERM).is_in(pairs[c.SEARCH_TERM].unique().sort().gather_every(4).implode())
        apart = pl.concat([pairs.filter(~held), pairs.filter(held)])  # what stands last judges
        found = [told(learn_searches(some, items, encoder)) for some in (pairs, apart)]
        print(f"| {seed} | {' | '.join(found)} |", flush=True)


if __name__ == "__main__":
    main()
