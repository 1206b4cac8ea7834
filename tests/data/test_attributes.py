"""What is known of customers as codes: shared values only, and the same code every time."""

import json

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.data.attributes import UNKNOWN, AttributeIndex, attributes_of
from shopkeeper.data.dataset import build_dataset

AGES = ["19-24", "25-34", "35-44"]


def told(**fields):
    return json.dumps(fields)


MANY = [told(age=AGES[i % 3], home="owner" if i % 2 else "renter") for i in range(30)]


def test_values_get_codes_in_order():
    index = AttributeIndex.of(MANY)
    assert index.fields == ("age", "home")
    assert index.values == (tuple(AGES), ("owner", "renter"))
    assert index.encode([told(age="25-34"), None, told(home="renter", age="99")]).tolist() == [
        [1, UNKNOWN],
        [UNKNOWN, UNKNOWN],
        [UNKNOWN, 1],
    ]


def test_what_would_single_people_out_is_left_out():
    names = [told(name=f"Person {i}", age=AGES[i % 3]) for i in range(30)]
    assert AttributeIndex.of([*names, told(age="103")]).fields == ("age",)
    assert "103" not in AttributeIndex.of([*names, told(age="103")]).values[0]


def test_a_field_with_one_value_says_nothing():
    assert AttributeIndex.of([told(country="GB")] * 20) == AttributeIndex()


@given(st.lists(st.one_of(st.none(), st.sampled_from(["", "[]", "3", '{"a": [1]}', *MANY[:6]])), max_size=40))
def test_odd_attributes_are_unknown_and_nothing_breaks(attributes):
    index = AttributeIndex.of(attributes)
    codes = index.encode(attributes)
    assert codes.shape == (len(attributes), len(index.fields))
    assert all((codes[:, place] < len(values)).all() for place, values in enumerate(index.values))


def test_a_dataset_knows_its_people():
    events = pl.DataFrame(
        {
            "person": [f"p{i:02}" for i in range(24)] + [None],
            c.ITEM_ID: ["i1"] * 25,
            c.TIMESTAMP: list(range(25)),
        }
    )
    customers = pl.DataFrame(
        {c.CUSTOMER_ID: ["p01", "stranger", *[f"p{i:02}" for i in range(2, 24)]], c.ATTRIBUTES: MANY[:24]}
    )
    dataset = build_dataset(events, None, customers)
    assert attributes_of(["p02", "p00"], customers) == [MANY[2], None]
    assert dataset.person_attributes.shape == (24, 2)
    assert dataset.person_attributes[0].tolist() == [UNKNOWN, UNKNOWN]
    assert dataset.person_attributes[1].tolist() == dataset.attributes.encode([MANY[0]])[0].tolist()
