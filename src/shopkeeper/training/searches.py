"""Learns from searches and the clicks after them how a shop's customers mean their words.

The earlier searches teach a projection of queries and items (`learners.contrastive`). The latest fifth says
whether search, by words and by that meaning, finds what people then looked at better than without it; only
then is it kept.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.ports import EventLog
from shopkeeper.core.types import Floats, Ragged
from shopkeeper.data.dataset import ItemIndex
from shopkeeper.data.searches import COLUMNS, SEARCH, clicked
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.choose import text_encoder
from shopkeeper.encoders.endpoint import Endpoint
from shopkeeper.features.meaning import texts_of
from shopkeeper.features.searchable import searchable
from shopkeeper.learners.contrastive import FEWEST, learn_projection
from shopkeeper.learners.queries import Adaptation, Adapted
from shopkeeper.metrics import ranking
from shopkeeper.metrics.interval import Interval, paired_bootstrap
from shopkeeper.retrieval.vectors import Neighbours
from shopkeeper.retrieval.words import Words
from shopkeeper.surfaces.search import LEAST_LIKENESS, POOL, Index

_MOST: Final = 50_000
"""Clicks after searches that are looked at, the latest."""
_HELD_BACK: Final = 0.2
"""Share of searches, the latest, that judge."""
_FEWEST_JUDGES: Final = 100
_MOST_WORDINGS: Final = 300
"""Wordings of searches that are asked again to judge; drawn at random where there are more."""
_COMPARED: Final = 2_000
"""Items whose cosines to queries tell how rare a cosine is."""
_K: Final = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it.

    Attributes
    ----------
    adaptation
        What was learned, where it pays; else None.
    searches
        How many judged.
    plain
        Mean NDCG@10 of search as it is, over them.
    gain
        NDCG@10 with what was learned less that.
    """

    adaptation: Adaptation | None
    searches: int
    plain: float
    gain: Interval

    def record(self) -> dict[str, Any]:
        """For a manifest."""
        gain = [self.gain.mean, self.gain.low, self.gain.high]
        return {"searches": self.searches, "ndcg@10": self.plain, "gain": gain, "kept": bool(self.adaptation)}


def learn_from_log(log: EventLog, items: ItemIndex, config: ShopConfig, cache: Path) -> Judged | None:
    """`learn_searches` of a shop; None also where queries are not read by meaning.

    Parameters
    ----------
    log, items, config
        The shop.
    cache
        Its folder for converted models.
    """
    pairs = clicked(log.scan(COLUMNS)).tail(_MOST)
    if len(pairs) < FEWEST:
        return None
    encoder = text_encoder(config.encoders, config.language, sorted(set(texts_of(items))), cache)
    return None if isinstance(encoder, Endpoint) else learn_searches(pairs, items, encoder)


def learn_searches(
    pairs: pl.DataFrame, items: ItemIndex, encoder: Encoder[str], seed: int = 0
) -> Judged | None:
    """Learn, and judge; None where there are too few searches with a click.

    Parameters
    ----------
    pairs
        As `data.searches.clicked` gives them.
    items
        The catalogue, read by ``encoder``.
    encoder
        What reads queries.
    seed
        Of all that is drawn.
    """
    known = pairs.filter(pl.col(c.ITEM_ID).is_in(items.ids))
    searches = known[SEARCH].unique(maintain_order=True)
    cut = int((1 - _HELD_BACK) * len(searches))
    early = known[SEARCH].is_in(searches[:cut].implode())
    if items.vectors is None or int(early.sum()) < FEWEST or len(searches) - cut < _FEWEST_JUDGES:
        return None
    wordings = known[c.SEARCH_TERM].unique(maintain_order=True)
    asked = encoder.encode(wordings.to_list())
    place = dict(zip(wordings, range(len(wordings)), strict=True))
    query = known[c.SEARCH_TERM].replace_strict(place, return_dtype=pl.Int32).to_numpy()
    item = items.encode(known[c.ITEM_ID].to_list())
    learned = early.to_numpy()
    projection = learn_projection(asked, items.vectors, (query[learned], item[learned]))
    rng = np.random.default_rng(seed)
    some = items.vectors[rng.permutation(len(items))[:_COMPARED]]
    least = _as_rare(asked @ some.T, projection.of(asked) @ projection.of(some).T)
    adaptation = Adaptation(encoder.id, projection, least)
    judges = known.filter(~early)
    drawn = rng.permutation(judges[c.SEARCH_TERM].unique(maintain_order=True).to_numpy())[:_MOST_WORDINGS]
    judges = judges.filter(pl.col(c.SEARCH_TERM).is_in(drawn.tolist()))
    words = Words.of(searchable(items.table))
    plain = Index(items.ids, words, Neighbours.of(items.vectors, encoder.id), encoder)
    adapted = Index(
        items.ids,
        words,
        Neighbours.of(projection.of(items.vectors), encoder.id),
        Adapted(encoder, adaptation),
        least,
    )
    before, after = (_ndcg(index, judges, items) for index in (plain, adapted))
    gain = paired_bootstrap(after, before)
    return Judged(adaptation if gain.is_above_zero else None, len(before), float(before.mean()), gain)


def _as_rare(before: Floats, after: Floats) -> float:
    """The cosine below which as many lie as below `LEAST_LIKENESS` before."""
    return float(np.quantile(after, (before < LEAST_LIKENESS).mean()))


def _ndcg(index: Index, judges: pl.DataFrame, items: ItemIndex) -> ranking.Values:
    """NDCG@10 of each search: what was found for its words against what was looked at after it."""
    everything = np.ones(len(index.ids), bool)
    found = {
        wording: index.find(wording, everything, POOL).codes for wording in judges[c.SEARCH_TERM].unique()
    }
    by_search = judges.group_by(SEARCH, c.SEARCH_TERM, maintain_order=True).agg(c.ITEM_ID)
    truth = [np.sort(items.encode(some)) for some in by_search[c.ITEM_ID]]
    lists = [found[wording] for wording in by_search[c.SEARCH_TERM]]
    return ranking.ndcg(ranking.hits(Ragged.of(lists), Ragged.of(truth), _K))
