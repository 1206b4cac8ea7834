"""From the log to the dataset a model learns from: cleaned, and with the catalogue beside it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.ports import Catalogue, EventLog
from shopkeeper.core.types import Floats
from shopkeeper.data.clean import RuleReport, clean_log
from shopkeeper.data.dataset import PERSON, Dataset, build_dataset
from shopkeeper.data.derived import completed
from shopkeeper.encoders.cache import VECTORS, Cached
from shopkeeper.encoders.choose import text_encoder
from shopkeeper.features.meaning import Reader, readable

COLUMNS: Final = (
    PERSON,
    c.EVENT_TYPE,
    c.ITEM_ID,
    c.TIMESTAMP,
    c.QUANTITY,
    c.PRICE,
    c.RATING,
    c.TRANSACTION_ID,
)
"""What is read of the log."""


@dataclass(frozen=True)
class Learnable:
    """What can be learned from, and what cleaning took out.

    Attributes
    ----------
    dataset
        The cleaned log.
    rules
        What each cleaning rule did.
    seq
        How far in the log was read.
    """

    dataset: Dataset
    rules: tuple[RuleReport, ...]
    seq: int


def read_learnable(log: EventLog, catalogue: Catalogue, config: ShopConfig, cache: Path) -> Learnable:
    """Read the whole log, clean it, and lay it over the catalogue, whose titles can be read from then on.

    Parameters
    ----------
    log, catalogue, config
        The shop.
    cache
        Folder in which vectors of titles are kept.

    Raises
    ------
    TooLittleData
        Nothing in the log speaks for an item.
    """
    read = log.scan((c.SEQ, *COLUMNS))
    events, rules = clean_log(read.drop(c.SEQ), config.cleaning)
    dataset = build_dataset(
        events, completed(catalogue.items()), catalogue.customers(), weights=config.event_weights
    )
    if not len(dataset):
        raise TooLittleData(
            "The log holds no event to learn from.",
            hint="Import some with: shopkeeper import FILE --shop DIR --kind events",
        )
    dataset = replace(dataset, items=readable(dataset.items, _reader(config, cache)))
    return Learnable(dataset, rules, int(read[c.SEQ].to_numpy().max(initial=0)))


def _reader(config: ShopConfig, cache: Path) -> Reader:
    """Reads texts by the encoder that fits the shop; what was read before is taken from the cache."""

    def read(texts: list[str]) -> Floats:
        encoder = text_encoder(config.encoders, config.language, texts, cache)
        with Cached(encoder, cache / VECTORS) as kept:
            return kept.encode(texts)

    return read
