import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.data.derived import attributes_of, completed, put_derived
from shopkeeper.data.store import Store

LAMP = {"category": {"value": "lamps", "source": "x", "confidence": 0.9, "date": "2026-01-01"}}


def items(**columns):
    n = len(columns[c.ATTRIBUTES])
    empty = {name: pl.Series([None] * n, dtype=pl.String) for name in (c.CATEGORY, c.CATEGORY2, c.BRAND)}
    return pl.DataFrame({c.ITEM_ID: [str(i) for i in range(n)], **empty, **columns})


def test_given_values_win():
    derived = '{"derived": {"category": {"value": "lamps"}, "brand": {"value": "Acorn"}}}'
    frame = items(attributes=[derived, derived, "[1]", None], category=["given", None, None, None])
    full = completed(frame)
    assert full[c.CATEGORY].to_list() == ["given", "lamps", None, None]
    assert full[c.BRAND].to_list() == ["Acorn", "Acorn", None, None]
    assert full.drop(c.CATEGORY, c.BRAND).equals(frame.drop(c.CATEGORY, c.BRAND))


def test_nothing_derived_changes_nothing():
    frame = items(attributes=['{"size": 3}', None])
    assert completed(frame) is frame
    assert completed(frame.drop(c.ATTRIBUTES)).equals(frame.drop(c.ATTRIBUTES))


def test_what_is_derived_is_renewed_beside_the_rest(tmp_path):
    with Store(tmp_path / "shop.db") as store:

        def seed(connection):
            rows = [("a", '{"size": 3}'), ("b", None)]
            connection.executemany("INSERT INTO items (item_id, attributes) VALUES (?, ?)", rows)

        store.write(seed).result()
        before = store.items_version()
        put = {"a": LAMP, "b": LAMP, "gone": LAMP}
        assert store.write(lambda connection: put_derived(connection, put)).result() == 2
        assert store.items_version() == before + 1
        assert [attributes_of(text) for text in store.items()[c.ATTRIBUTES]] == [
            {"size": 3, "derived": LAMP},
            {"derived": LAMP},
        ]
        assert store.write(lambda connection: put_derived(connection, {"a": LAMP, "b": {}})).result() == 1
        assert store.items()[c.ATTRIBUTES].to_list()[1] is None
