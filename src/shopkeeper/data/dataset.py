"""A frozen table of interactions over one catalogue: what every recommender is fitted on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights
from shopkeeper.core.errors import UnknownItem
from shopkeeper.core.types import Bools, EventType, Floats, Ints, Longs
from shopkeeper.data.attributes import UNKNOWN, AttributeIndex, attributes_of
from shopkeeper.data.showings import Showings
from shopkeeper.data.tied import Ties

PERSON = "person"
ANONYMOUS = -1


@dataclass(frozen=True)
class ItemIndex:
    """The items of a shop in a fixed order; an item's position is its code.

    Attributes
    ----------
    ids
        Item ids, text.
    table
        One row an item in the order of ``ids``, with whatever of `columns.ITEM_COLUMNS` is known.
    read
        Makes `vectors`, or None where they cannot be had; None where nothing reads the catalogue. Called
        once, by whoever first wants them.
    look
        Makes `pictures` in the same way.
    """

    ids: tuple[str, ...]
    table: pl.DataFrame
    read: Callable[[], Floats | None] | None = field(default=None, compare=False, repr=False)
    look: Callable[[], tuple[Floats, ...]] | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def codes(self) -> dict[str, int]:
        """Code of each id."""
        return {item_id: code for code, item_id in enumerate(self.ids)}

    @cached_property
    def vectors(self) -> Floats | None:
        """What an encoder makes of each item, ``(n_items, dim)``: unit rows, zeros where it says nothing."""
        return None if self.read is None else self.read()

    @cached_property
    def pictures(self) -> tuple[Floats, ...]:
        """What each encoder of pictures makes of each item, ``(n_items, dim)``; zeros where there is none."""
        return () if self.look is None else self.look()

    def encode(self, ids: Sequence[str]) -> Ints:
        """Codes of ids, -1 for an unknown one."""
        return np.fromiter((self.codes.get(item_id, -1) for item_id in ids), np.int32, len(ids))

    def code(self, item_id: str) -> int:
        """Code of one id.

        Raises
        ------
        UnknownItem
            The id is not in the catalogue.
        """
        try:
            return self.codes[item_id]
        except KeyError:
            raise UnknownItem(f"item_id = {item_id!r} is not in the catalogue.") from None

    @classmethod
    def of(cls, ids: Sequence[str], catalogue: pl.DataFrame | None = None) -> Self:
        """Index these ids and everything in the catalogue; ids in rising text order."""
        frame = pl.DataFrame({c.ITEM_ID: pl.Series(ids, dtype=pl.String)})
        if catalogue is None:
            table = frame.unique().sort(c.ITEM_ID)
        else:
            known = pl.concat([frame, catalogue.select(c.ITEM_ID)]).unique().sort(c.ITEM_ID)
            table = known.join(
                catalogue.unique(c.ITEM_ID, keep="last"), on=c.ITEM_ID, how="left", maintain_order="left"
            )
        return cls(tuple(table[c.ITEM_ID].to_list()), table)


@dataclass(frozen=True)
class Dataset:
    """Interactions sorted by person, then time, then order of arrival.

    Attributes
    ----------
    items
        The catalogue.
    people
        Key of each person (a pseudonym); a person's position is the code.
    person
        Shape ``(n,)``: code of the person, `ANONYMOUS` for a row that belongs to nobody known.
    item, kind, time, value
        Shape ``(n,)``: item code, `EventType`, epoch milliseconds, quantity or rating.
    weights
        How strongly each kind of event speaks, indexed by `EventType`.
    attributes
        What is known of people beside what they did.
    person_attributes
        Shape ``(n_people, n_fields)``: codes in ``attributes``, -1 for what is not known.
    showings
        What people were shown, as far as a decision log tells.
    ties
        Whom each person hears; empty where nobody hears anybody.
    """

    items: ItemIndex
    people: tuple[str, ...]
    person: Ints
    item: Ints
    kind: NDArray[np.int8]
    time: Longs
    value: Floats
    weights: Floats
    attributes: AttributeIndex = field(default_factory=AttributeIndex)
    person_attributes: Ints = field(default_factory=lambda: np.empty((0, 0), np.int32))
    showings: Showings = field(default_factory=Showings)
    ties: Ties = field(default_factory=Ties)

    def __len__(self) -> int:
        return len(self.item)

    @property
    def n_items(self) -> int:
        """Number of items in the catalogue."""
        return len(self.items)

    @cached_property
    def offsets(self) -> Longs:
        """Shape ``(n_people + 1,)``: rows of person ``p`` are ``offsets[p]:offsets[p + 1]``."""
        return np.searchsorted(self.person, np.arange(len(self.people) + 1)).astype(np.int64)

    @cached_property
    def popularity(self) -> Longs:
        """Number of events an item, shape ``(n_items,)``."""
        return np.bincount(self.item, minlength=self.n_items).astype(np.int64)

    @property
    def start(self) -> int:
        """Time of the first event, epoch milliseconds."""
        return int(self.time.min()) if len(self) else 0

    @property
    def end(self) -> int:
        """Time just after the last event, epoch milliseconds."""
        return int(self.time.max()) + 1 if len(self) else 0

    def attributes_of(self, people: Longs) -> Ints:
        """Codes of what is known of these people, shape ``(n, n_fields)``."""
        if not len(self.person_attributes):
            return np.full((len(people), len(self.attributes.fields)), UNKNOWN, np.int32)
        return self.person_attributes[people]

    def over(self, items: ItemIndex) -> "Dataset":
        """The rows of the items of another catalogue, in its codes; of what was shown nothing stays."""
        codes = items.encode(self.items.ids)[self.item]
        return replace(self.where(codes >= 0), items=items, item=codes[codes >= 0], showings=Showings())

    def where(self, rows: Bools) -> "Dataset":
        """The same people and catalogue with these rows only."""
        return replace(
            self,
            person=self.person[rows],
            item=self.item[rows],
            kind=self.kind[rows],
            time=self.time[rows],
            value=self.value[rows],
        )


def event_weights(config: EventWeights) -> Floats:
    """Weights of the configuration as an array indexed by `EventType`."""
    return np.array([getattr(config, kind.name) for kind in EventType], np.float32)


def build_dataset(
    events: pl.DataFrame,
    catalogue: pl.DataFrame | None = None,
    customers: pl.DataFrame | None = None,
    heard: pl.DataFrame | None = None,
    *,
    weights: EventWeights | None = None,
) -> Dataset:
    """Build a dataset from a frame of events.

    Parameters
    ----------
    events
        Needs ``item_id``, ``timestamp`` (epoch milliseconds) and ``person`` (null where nobody is known);
        ``event_type`` is `purchase` where absent. Rows without an item, and rows of a kind with weight
        zero, are left out.
    catalogue
        Items in `columns.ITEM_COLUMNS`; items that only occur in events are known by id alone.
    customers
        ``customer_id`` and ``attributes`` (JSON) of those people of whom anything is known.
    heard
        Who hears whom, in `columns.TIE_COLUMNS`; whoever hears somebody is a person even without an event.
    weights
        Weight of each kind of event.
    """
    table = np.array(event_weights(weights or EventWeights()))
    frame = _learnable(events, table)
    items = ItemIndex.of(frame[c.ITEM_ID].unique().to_list(), catalogue)
    named = [frame[PERSON]] if heard is None else [frame[PERSON], heard[c.CUSTOMER_ID].alias(PERSON)]
    people = pl.concat(named).drop_nulls().unique().sort()
    known = [None] * len(people) if customers is None else attributes_of(people.to_list(), customers)
    attributes = AttributeIndex.of(known)
    coded = frame.select(
        person=_codes(frame[PERSON], people).fill_null(ANONYMOUS),
        item=_codes(frame[c.ITEM_ID], items.table[c.ITEM_ID]),
        kind=pl.col("kind"),
        time=pl.col(c.TIMESTAMP),
        value=pl.col("value"),
    ).sort("person", "time", maintain_order=True)
    return Dataset(
        items=items,
        people=tuple(people.to_list()),
        person=coded["person"].to_numpy(),
        item=coded["item"].to_numpy(),
        kind=coded["kind"].to_numpy(),
        time=coded["time"].to_numpy(),
        value=coded["value"].to_numpy(),
        weights=table,
        attributes=attributes,
        person_attributes=attributes.encode(known),
        ties=Ties() if heard is None else Ties.read(people.to_list(), heard),
    )


def _learnable(events: pl.DataFrame, weights: Floats) -> pl.DataFrame:
    """Rows that name an item and are of a kind that counts, with their kind as a number."""
    kinds = {kind.name: int(kind) for kind in EventType}
    kept = [int(kind) for kind in EventType if weights[kind] > 0]
    event_type = pl.col(c.EVENT_TYPE) if c.EVENT_TYPE in events.columns else pl.lit(EventType.purchase.name)
    value = pl.coalesce(*[name for name in (c.QUANTITY, c.RATING) if name in events.columns], pl.lit(1.0))
    return (
        events.filter(pl.col(c.ITEM_ID).is_not_null())
        .with_columns(
            kind=event_type.replace_strict(kinds, default=None, return_dtype=pl.Int8),
            value=value.cast(pl.Float32),
        )
        .filter(pl.col("kind").is_in(kept))
    )


def _codes(values: pl.Series, domain: pl.Series) -> pl.Series:
    """Position of each value in a sorted domain without duplicates."""
    lookup = pl.DataFrame({"key": domain, "code": pl.Series(np.arange(len(domain), dtype=np.int32))})
    return pl.DataFrame({"key": values}).join(lookup, on="key", how="left", maintain_order="left")["code"]
