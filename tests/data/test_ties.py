"""Ties: what is set aside and why, who hears whom, and only with consent."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.core import columns as c
from shopkeeper.core.types import Tie
from shopkeeper.data.sources.base import FrameSource
from shopkeeper.data.store import Store
from tests.data.shop import IDENTITY, bring_in, reasons, write

PEOPLE = "abcdef"
CONSENT = {"a": True, "b": True, "c": None, "d": False, "e": True}


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        bring_customers(store, CONSENT)
        yield store


def bring_customers(store, consent):
    people = pl.DataFrame({c.CUSTOMER_ID: list(consent), c.CONSENT: list(consent.values())})
    bring_in(store, FrameSource("people", [people]), kind="customers")


def bring_ties(store, rows):
    frame = pl.DataFrame(rows, [c.CUSTOMER_ID, c.OTHER_ID, c.KIND], orient="row")
    return bring_in(store, FrameSource("ties", [frame]), kind="ties")


def heard(store):
    """Pairs of who hears whom, under their raw ids."""
    raw = {IDENTITY.customer(person): person for person in PEOPLE}
    found = store.circles().select(c.CUSTOMER_ID, c.OTHER_ID).rows()
    for person in PEOPLE:
        own = [row[0] for row in store.circle_of(IDENTITY.customer(person))]
        assert sorted(own) == sorted(other for one, other in found if raw[one] == person)
    return {(raw[one], raw[other]) for one, other in found}


def test_bad_rows_are_set_aside_with_their_reason_and_nothing_is_lost(store, tmp_path):
    path = write(
        tmp_path / "friends.csv",
        "userID,friendID,relation\na,b,friend\na,a,friend\na,stranger,friend\nnobody,b,friend\n"
        "b,,friend\na,e,foe\ne,b,Follow\na,d,household\n",
    )
    report = bring_in(store, path, kind="ties")

    assert (report.rows_read, report.stored) == (8, 2)
    assert {reason: sorted(lines) for reason, lines in reasons(report).items()} == {
        "unknown_customer": [4, 5, 9],
        "self_tie": [3],
        "missing": [6],
        "unknown_tie": [7],
    }
    text = "\n".join(report.lines())
    assert "other_id is the customer themselves." in text
    assert "other_id is no customer of the shop, or did not agree to be remembered." in text
    assert "'foe' is not a known kind of tie (household, friend, follow)" in text
    again = bring_in(store, path, kind="ties")
    assert (again.stored, again.duplicates) == (0, 2)
    assert store.counts()["ties"] == 2
    assert store.quarantine().height == 6


def test_no_id_of_a_tie_reaches_the_file_and_a_row_set_aside_names_one_person_alone(store, tmp_path):
    path = write(tmp_path / "t.csv", "customer_id,other_id\na,b\na,raw-stranger\n")
    bring_in(store, path, kind="ties")

    assert store.find_bytes(["raw-stranger", IDENTITY.customer("raw-stranger")]) == 0
    assert json.loads(store.quarantine()[c.ROW][0]) == {c.CUSTOMER_ID: IDENTITY.customer("a")}


def test_who_hears_whom(store):
    bring_ties(store, [("a", "b", "friend"), ("a", "e", "follow"), ("b", "c", "household")])

    # Friends hear each other; the followed do not hear; c has not said yes.
    assert heard(store) == {("a", "b"), ("b", "a"), ("a", "e"), ("c", "b")}


def test_who_takes_back_their_consent_is_heard_no_more_and_their_ties_are_gone(store):
    bring_ties(store, [("a", "b", "friend"), ("a", "e", "friend")])
    bring_customers(store, {"b": False})

    assert heard(store) == {("a", "e"), ("e", "a")}
    assert store.counts()["ties"] == 1
    assert reasons(bring_ties(store, [("a", "b", "friend")])) == {"unknown_customer": [1]}


def test_a_tie_may_be_given_an_end_later(store):
    begun = pl.DataFrame({c.CUSTOMER_ID: ["a"], c.OTHER_ID: ["b"], c.STARTS_AT: ["2020-01-01"]})
    ended = begun.with_columns(pl.lit("2021-01-01").alias(c.ENDS_AT))
    for frame in (begun, ended):
        assert bring_in(store, FrameSource("ties", [frame]), kind="ties").stored == 1

    row = (IDENTITY.customer("b"), "friend", 1_577_836_800_000, 1_609_459_200_000)
    assert store.circle_of(IDENTITY.customer("a")) == [row]


TIES = st.lists(
    st.tuples(*[st.sampled_from(PEOPLE)] * 2, st.sampled_from([*Tie.__members__, None, "foe"])), max_size=15
)


@settings(max_examples=20)
@given(rows=TIES, consent=st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from([True, False, None])))
def test_only_who_agreed_is_heard_and_every_row_is_kept_or_set_aside(rows, consent):
    with TemporaryDirectory() as folder, Store(Path(folder) / "shop.db") as store:
        if consent:
            bring_customers(store, consent)
        report = bring_ties(store, rows) if rows else None
        found, counts = heard(store), store.counts()

    remembered = {person for person in consent if consent[person] is not False}
    good = {row for row in rows if row[2] != "foe" and row[0] != row[1] and {row[0], row[1]} <= remembered}
    pairs = {(one, other) for one, other, _ in good} | {
        (other, one) for one, other, kind in good if kind != "follow"
    }
    assert found == {(one, other) for one, other in pairs if consent[other]}
    assert counts["ties"] == len({(one, other, kind or "friend") for one, other, kind in good})
    if report:
        assert report.quarantined == len(rows) - sum(row in good for row in rows)
