"""The dataset keeps every learnable row, sorted, under codes that lead back to the ids."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights
from shopkeeper.core.errors import UnknownItem
from shopkeeper.core.types import EventType
from shopkeeper.data.dataset import ANONYMOUS, PERSON, ItemIndex, build_dataset, event_weights

KINDS = ["purchase", "view_item", "search", "refund", "no such kind"]
WEIGHTS = EventWeights()

rows = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "cy", None]),
        st.sampled_from(["b", "a", "ä", "10", "9", None]),
        st.integers(0, 5),
        st.sampled_from([*KINDS, None]),
        st.one_of(st.none(), st.floats(-5, 5, width=32)),
    ),
    max_size=25,
)


def frame(events):
    names = {PERSON: pl.String, c.ITEM_ID: pl.String, c.TIMESTAMP: pl.Int64, c.EVENT_TYPE: pl.String}
    return pl.DataFrame(events, schema=names | {c.QUANTITY: pl.Float64}, orient="row")


def plain(events):
    """Learnable rows by person (nobody first), then time, then order of arrival."""
    kept = [
        (person, item, time, kind, 1.0 if value is None else value)
        for person, item, time, kind, value in events
        if item is not None and kind in EventType.__members__ and getattr(WEIGHTS, kind) > 0
    ]
    return sorted(kept, key=lambda row: (row[0] is not None, row[0] or "", row[2]))


@given(rows)
def test_every_learnable_row_is_there_in_order(events):
    dataset = build_dataset(frame(events))
    found = [
        (
            None if person == ANONYMOUS else dataset.people[person],
            dataset.items.ids[item],
            time,
            EventType(kind).name,
            value,
        )
        for person, item, time, kind, value in zip(
            dataset.person, dataset.item, dataset.time, dataset.kind, dataset.value, strict=True
        )
    ]
    assert found == plain(events)


@given(rows)
def test_shapes_types_and_derived_figures(events):
    dataset, kept = build_dataset(frame(events)), plain(events)
    assert len(dataset) == len(kept)
    columns = (dataset.person, dataset.item, dataset.kind, dataset.time, dataset.value)
    assert [column.dtype.name for column in columns] == ["int32", "int32", "int8", "int64", "float32"]
    people = sorted({row[0] for row in kept} - {None})
    assert dataset.people == tuple(people)
    assert dataset.items.ids == tuple(sorted({row[1] for row in kept}, key=str.encode))
    counts = [sum(row[1] == item for row in kept) for item in dataset.items.ids]
    assert dataset.popularity.tolist() == counts
    bounds = [(dataset.offsets[i], dataset.offsets[i + 1]) for i in range(len(people))]
    assert [end - start for start, end in bounds] == [sum(row[0] == p for row in kept) for p in people]
    times = [row[2] for row in kept]
    assert (dataset.start, dataset.end) == ((min(times), max(times) + 1) if kept else (0, 0))


@given(rows, st.data())
def test_where_keeps_people_and_catalogue(events, data):
    dataset = build_dataset(frame(events))
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(dataset), max_size=len(dataset))), np.bool_
    )
    part = dataset.where(mask)
    assert part.people == dataset.people
    assert part.items is dataset.items
    assert part.item.tolist() == dataset.item[mask].tolist()
    assert part.offsets[-1] - part.offsets[0] == (part.person >= 0).sum()
    assert part.popularity.sum() == mask.sum()


def test_events_without_kind_are_purchases_and_without_quantity_count_one():
    dataset = build_dataset(pl.DataFrame({PERSON: ["p"], c.ITEM_ID: ["i"], c.TIMESTAMP: [7]}))
    assert dataset.kind.tolist() == [EventType.purchase]
    assert dataset.value.tolist() == [1.0]


def test_rating_is_the_value_where_there_is_no_quantity():
    events = pl.DataFrame(
        {
            PERSON: ["p", "p"],
            c.ITEM_ID: ["i", "j"],
            c.TIMESTAMP: [1, 2],
            c.EVENT_TYPE: ["rate", "purchase"],
            c.QUANTITY: [None, 3.0],
            c.RATING: [4.0, None],
        }
    )
    assert build_dataset(events).value.tolist() == [4.0, 3.0]


def test_catalogue_adds_items_nobody_touched_and_keeps_its_last_word():
    events = pl.DataFrame({PERSON: ["p", "p"], c.ITEM_ID: ["b", "z"], c.TIMESTAMP: [1, 2]})
    catalogue = pl.DataFrame({c.ITEM_ID: ["c", "b", "b"], c.TITLE: ["C", "old", "new"]})
    items = build_dataset(events, catalogue).items
    assert items.ids == ("b", "c", "z")
    assert items.table[c.TITLE].to_list() == ["new", "C", None]


@given(st.lists(st.text(max_size=4), max_size=8))
def test_index_leads_from_ids_to_codes_and_back(ids):
    index = ItemIndex.of(ids)
    assert set(index.ids) == set(ids)
    assert [index.ids[index.code(item_id)] for item_id in ids] == ids
    assert index.encode(ids).tolist() == [index.code(item_id) for item_id in ids]
    assert index.table[c.ITEM_ID].to_list() == list(index.ids)


def test_an_unknown_item_is_told():
    index = ItemIndex.of(["a"])
    assert index.encode(["a", "nobody's"]).tolist() == [0, -1]
    with pytest.raises(UnknownItem, match="nobody's"):
        index.code("nobody's")


def test_weights_are_indexed_by_kind():
    weights = event_weights(EventWeights(view_item=0.25, purchase=0.75))
    assert weights[EventType.view_item] == 0.25
    assert weights[EventType.purchase] == 0.75
    assert len(weights) == len(EventType)


def test_a_kind_without_weight_is_not_learned_from():
    events = frame([("p", "i", 1, "purchase", None), ("p", "j", 2, "view_item", None)])
    dataset = build_dataset(events, weights=EventWeights(view_item=0))
    assert dataset.items.ids == ("i",)
