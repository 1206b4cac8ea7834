"""Pseudonyms: keyed, stable, the same one by one and by column; the key stays private."""

import hashlib
import hmac
import stat

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidConfig, MissingFile
from shopkeeper.privacy.identity import AsGiven, Identity, create_key, load_key

IDENTITY = Identity(b"k" * 32)


def test_a_pseudonym_is_a_keyed_hash():
    expected = hmac.new(b"k" * 32, "客户 1".encode(), hashlib.sha256).hexdigest()[:20]

    assert IDENTITY.customer("客户 1") == f"c_{expected}"
    assert IDENTITY.session("客户 1") == f"s_{expected}"


def test_another_key_gives_other_pseudonyms():
    assert IDENTITY.customer("1") != Identity(b"j" * 32).customer("1")


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=20))
def test_columns_get_the_pseudonyms_of_values(raw):
    column = pl.Series("id", raw, dtype=pl.String)

    assert IDENTITY.customers(column).to_list() == [None if v is None else IDENTITY.customer(v) for v in raw]
    assert IDENTITY.sessions(column).to_list() == [None if v is None else IDENTITY.session(v) for v in raw]


def test_pseudonyms_of_our_own_pages_pass_as_they_are():
    assert AsGiven().customer("c_1") == "c_1"
    assert AsGiven().session("s_1") == "s_1"


def test_a_key_is_written_once_for_its_owner_only(tmp_path):
    path = tmp_path / "identity.key"

    key = create_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert create_key(path) == load_key(path) == key
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_key_is_never_made_anew_in_silence(tmp_path):
    with pytest.raises(MissingFile, match="backup"):
        load_key(tmp_path / "identity.key")


@pytest.mark.parametrize("text", ["", "zz", "ab" * 31, "好"])
def test_a_damaged_key_is_refused(tmp_path, text):
    path = tmp_path / "identity.key"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(InvalidConfig):
        load_key(path)
