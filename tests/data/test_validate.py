"""The contract: what each rule refuses, and that the fast path agrees with the plain one."""

import datetime as dt
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.types import EventType
from shopkeeper.data.contract import EARLIEST_MS, KINDS, Kind, contract_of
from shopkeeper.data.sources.json_columns import column_of
from shopkeeper.data.validate import check_row
from shopkeeper.data.validate_frame import check_frame
from shopkeeper.data.value_columns import REASONS, parse_column
from shopkeeper.data.values import PARSERS

NOW = 1_700_000_000_000
CONFIG = ShopConfig()
GOOD = {c.CUSTOMER_ID: "a", c.EVENT_TYPE: "purchase", c.ITEM_ID: "x", c.TIMESTAMP: NOW}


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({c.EVENT_TYPE: "buys"}, "unknown_event_type", c.EVENT_TYPE),
        ({c.EVENT_TYPE: None}, "missing", c.EVENT_TYPE),
        ({c.ITEM_ID: None}, "missing", c.ITEM_ID),
        ({c.ITEM_ID: "  "}, "missing", c.ITEM_ID),
        ({c.ITEM_ID: "x" * 257}, "too_long", c.ITEM_ID),
        ({c.CUSTOMER_ID: ["a"]}, "not_text", c.CUSTOMER_ID),
        ({c.PRICE: "cheap"}, "not_a_number", c.PRICE),
        ({c.PRICE: math.nan}, "not_finite", c.PRICE),
        ({c.PRICE: math.inf}, "not_finite", c.PRICE),
        ({c.PRICE: True}, "not_a_number", c.PRICE),
        ({c.PRICE: -0.01}, "negative", c.PRICE),
        ({c.PRICE: 1_000_001}, "out_of_range", c.PRICE),
        ({c.QUANTITY: 0}, "zero", c.QUANTITY),
        ({c.QUANTITY: 100_001}, "out_of_range", c.QUANTITY),
        ({c.EVENT_TYPE: "view_item", c.QUANTITY: -1}, "negative", c.QUANTITY),
        ({c.TIMESTAMP: "yesterday"}, "not_a_time", c.TIMESTAMP),
        ({c.TIMESTAMP: "2021-02-30"}, "not_a_time", c.TIMESTAMP),
        ({c.TIMESTAMP: -1}, "too_early", c.TIMESTAMP),
        ({c.TIMESTAMP: "1989-12-31"}, "too_early", c.TIMESTAMP),
        ({c.TIMESTAMP: NOW + 25 * 3_600_000}, "in_the_future", c.TIMESTAMP),
        ({c.RATING: 11}, "out_of_range", c.RATING),
        ({c.RATING: -1}, "negative", c.RATING),
        ({c.EVENT_TYPE: "rate"}, "missing", c.RATING),
        ({c.CURRENCY: "dollars"}, "not_a_currency", c.CURRENCY),
        ({c.CONSENT: "perhaps"}, "not_a_flag", c.CONSENT),
    ],
)
def test_each_rule_names_the_field_and_a_stable_reason(change, reason, field):
    fault = check_row(GOOD | change, contract_of("events", CONFIG, NOW)).fault

    assert fault is not None
    assert (fault.reason.value, fault.field) == (reason, field)
    assert field in fault.message


@pytest.mark.parametrize(
    "given",
    [
        "2023-11-14T22:13:20Z",
        "2023-11-14 22:13:20",
        "2023-11-14T22:13:20.000",
        "2023-11-15T00:13:20+02:00",
        "2023/11/14 22:13:20 UTC",
        1_700_000_000,
        "1700000000",
        1_700_000_000.0,
        1_700_000_000_000,
        1_700_000_000_000_000,
        1_700_000_000_000_000_000,
        dt.datetime(2023, 11, 14, 22, 13, 20),
        dt.datetime(2023, 11, 14, 22, 13, 20, tzinfo=dt.UTC),
    ],
)
def test_a_moment_reads_the_same_in_every_spelling(given):
    assert PARSERS[Kind.time](given) == (1_700_000_000_000, None)
    assert parse_column(pl.Series("t", [given]), Kind.time)[0].to_list() == [1_700_000_000_000]


def test_a_date_is_its_midnight():
    assert PARSERS[Kind.time](dt.date(1990, 1, 1)) == (EARLIEST_MS, None)


def test_a_long_text_is_cut_and_told():
    checked = check_row({c.ITEM_ID: "x", c.TITLE: "t" * 10_000}, contract_of("items", CONFIG, NOW))

    assert checked.fault is None
    assert len(checked.values[c.TITLE]) == CONFIG.limits.max_text
    assert checked.cut == (c.TITLE,)


def test_a_campaign_may_not_end_before_it_starts():
    row = {c.CAMPAIGN_ID: "1", c.STARTS_AT: "2020-02-01", c.ENDS_AT: "2020-01-01"}

    fault = check_row(row, contract_of("campaigns", CONFIG, NOW)).fault

    assert fault is not None
    assert fault.reason.value == "reversed_dates"


@pytest.mark.parametrize(
    ("change", "reason", "field"),
    [
        ({c.OTHER_ID: "a"}, "self_tie", c.OTHER_ID),
        ({c.OTHER_ID: None}, "missing", c.OTHER_ID),
        ({c.KIND: "foe"}, "unknown_tie", c.KIND),
        ({c.STARTS_AT: "2020-02-01", c.ENDS_AT: "2020-01-01"}, "reversed_dates", c.ENDS_AT),
    ],
)
def test_a_tie_joins_two_people(change, reason, field):
    row = {c.CUSTOMER_ID: "a", c.OTHER_ID: "b", c.KIND: "friend"} | change

    fault = check_row(row, contract_of("ties", CONFIG, NOW)).fault

    assert fault is not None
    assert (fault.reason.value, fault.field) == (reason, field)


def test_no_message_repeats_who_somebody_is():
    row = GOOD | {c.CUSTOMER_ID: "secret" * 50}

    fault = check_row(row, contract_of("events", CONFIG, NOW)).fault

    assert fault is not None
    assert "secret" not in fault.message


def test_a_whole_number_read_as_a_float_is_still_an_id():
    """Tables with gaps turn whole columns of ids into floats."""
    assert PARSERS[Kind.id](17850.0) == ("17850", None)
    assert parse_column(pl.Series("i", [17850.0, math.nan]), Kind.id)[0].to_list() == ["17850", None]


WEIRD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=12),
    st.text("0123456789+-.eE TZ:/nani\t\x00\x1f\u00a0", max_size=24),
    st.sampled_from(
        [
            "",
            " ",
            "1",
            "-1.5",
            "1e5",
            "1e999",
            "nan",
            "inf",
            "2020-01-01",
            "2020-1-1",
            "2020-13-01",
            "true",
            "2020-01-01T10:00:60",
            "2020-01-01 10:00:00.123456789Z",
            "2020-01-01T10:00:00+0530",
            "99999999999",
            "usd",
            "EUR",
            "view_item",
            "purchase",
            "Friend",
            "{}",
            '{"a": 1}',
            '{"a": NaN}',
            "x" * 300,
            "１２",
            "granted",
        ]
    ),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)
COLUMNS = st.one_of(
    st.lists(WEIRD, min_size=1, max_size=8),
    st.lists(st.one_of(st.none(), st.floats()), min_size=1, max_size=8),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=1, max_size=8),
    st.lists(
        st.one_of(st.none(), WEIRD.filter(lambda value: isinstance(value, str))), min_size=1, max_size=8
    ),
)


@given(kind=st.sampled_from(list(Kind)), values=COLUMNS)
def test_columns_are_parsed_like_values(kind: Kind, values: list[Any]):
    column = column_of("v", values)

    parsed, reasons = parse_column(column, kind)

    codes = [None] * len(values) if reasons is None else reasons.to_list()
    fast = [
        (value, None if code is None else REASONS[code])
        for value, code in zip(parsed.to_list(), codes, strict=True)
    ]
    assert fast == [PARSERS[kind](value) for value in values]


def _rows(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Rows that are mostly good, so that rules behind the first are reached too."""
    numbers = st.one_of(st.sampled_from([0, 1, -1, 2.5, 1e7, "3", None]), WEIRD)
    times = st.one_of(st.integers(EARLIEST_MS - 5, NOW + 10), st.sampled_from(["2020-01-01", None]), WEIRD)
    usual: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.id: st.one_of(st.sampled_from(["a", "b", 7, None]), WEIRD),
        Kind.text: st.one_of(st.sampled_from(["hat", "x" * 5001, None]), WEIRD),
        Kind.number: numbers,
        Kind.time: times,
        Kind.flag: st.sampled_from([True, "no", None, "?"]),
        Kind.event_type: st.sampled_from([*(kind.name for kind in EventType), "nonsense"]),
        Kind.tie: st.sampled_from(["friend", "Follow", "foe", None]),
        Kind.currency: st.sampled_from(["USD", "eur", "x", None]),
        Kind.attributes: st.sampled_from([None, {"a": 1}, '{"b": 2}', "[]"]),
    }
    fields = contract_of(kind, CONFIG, NOW).fields
    return st.fixed_dictionaries({}, optional={field.name: usual[field.kind] for field in fields})


@given(data=st.data(), kind=st.sampled_from(KINDS))
def test_frames_are_checked_like_rows(data: st.DataObject, kind: str):
    rows = data.draw(st.lists(_rows(kind), min_size=1, max_size=6))
    contract = contract_of(kind, CONFIG, NOW)
    names = sorted({name for row in rows for name in row})
    frame = pl.DataFrame([column_of(name, [row.get(name) for row in rows]) for name in names])
    if not names:
        return

    checked = check_frame(frame, contract)

    plain = [check_row(row, contract) for row in rows]
    assert {row: fault for row, fault in enumerate(one.fault for one in plain) if fault} == dict(
        checked.faults
    )
    good = [one for one in plain if one.fault is None]
    assert [
        {name: value for name, value in row.items() if value is not None}
        for row in checked.values.iter_rows(named=True)
    ] == [one.values for one in good]
    assert sum(checked.cut.values()) == sum(len(one.cut) for one in good)
