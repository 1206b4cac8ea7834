"""From the log to the dataset a model learns from: cleaned, and with the catalogue beside it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import MissingFile, TooLittleData
from shopkeeper.core.ports import Catalogue, DecisionLog, EventLog
from shopkeeper.core.types import Floats
from shopkeeper.data.attribution import EVENT_COLUMNS
from shopkeeper.data.clean import RuleReport, clean_log
from shopkeeper.data.dataset import PERSON, Dataset, ItemIndex, build_dataset
from shopkeeper.data.derived import completed
from shopkeeper.data.impressions import MOST_SHOWN, showings
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.cache import VECTORS, Cached
from shopkeeper.encoders.choose import text_encoder
from shopkeeper.features.meaning import Reader, readable
from shopkeeper.features.pictures import Looker, picture_encoders, viewable

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


def read_learnable(
    log: EventLog,
    catalogue: Catalogue,
    config: ShopConfig,
    cache: Path,
    decisions: DecisionLog | None = None,
) -> Learnable:
    """Read the whole log, clean it, and lay it over a catalogue whose titles and pictures can then be read.

    Parameters
    ----------
    log, catalogue, config
        The shop.
    cache
        Folder in which vectors of titles and pictures are kept.
    decisions
        What people were shown; where there is none, nothing is learned from that.

    Raises
    ------
    TooLittleData
        Nothing in the log speaks for an item.
    MissingFile
        ``encoders.image_dir`` is no folder.
    """
    read = log.scan((c.SEQ, *COLUMNS))
    events, rules = clean_log(read.drop(c.SEQ), config.cleaning)
    dataset = build_dataset(
        events,
        completed(catalogue.items()),
        catalogue.customers(),
        catalogue.circles(),
        weights=config.event_weights,
    )
    if not len(dataset):
        raise TooLittleData(
            "The log holds no event to learn from.",
            hint="Import some with: shopkeeper import FILE --shop DIR --kind events",
        )
    dataset = replace(dataset, items=_described(dataset.items, config, cache))
    if decisions is not None and len(shown := decisions.shown(most=MOST_SHOWN)):
        dataset = replace(dataset, showings=showings(shown, log.scan(EVENT_COLUMNS), dataset))
    return Learnable(dataset, rules, int(read[c.SEQ].to_numpy().max(initial=0)))


def _described(items: ItemIndex, config: ShopConfig, cache: Path) -> ItemIndex:
    """The items, with what reads their titles and looks at their pictures."""
    read = readable(items, _reader(config, cache))
    if not config.encoders.image_dir:
        return read
    folder = Path(config.encoders.image_dir).expanduser()
    if not folder.is_dir():
        raise MissingFile(f"encoders.image_dir = {folder} is no folder.", hint="Check the path.")
    return viewable(read, tuple(_looker(one, cache) for one in picture_encoders()), folder)


def _looker(encoder: Encoder[Path], cache: Path) -> Looker:
    """Looks at pictures; what was seen before is taken from the cache."""

    def look(files: list[Path]) -> Floats:
        with Cached(encoder, cache / VECTORS) as kept:
            return kept.encode(files)

    return look


def _reader(config: ShopConfig, cache: Path) -> Reader:
    """Reads texts by the encoder that fits the shop; what was read before is taken from the cache."""

    def read(texts: list[str]) -> Floats:
        encoder = text_encoder(config.encoders, config.language, texts, cache)
        with Cached(encoder, cache / VECTORS) as kept:
            return kept.encode(texts)

    return read
