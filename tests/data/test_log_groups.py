"""Rows that go into the log many to a statement arrive as if they had gone one by one."""

import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.data import log
from shopkeeper.data.collect import prepare
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.privacy.identity import Identity

NOW = 1_795_428_000_000


def events(count: int) -> list[tuple[object, ...]]:
    rows = [
        {
            c.CUSTOMER_ID: str(i % 7),
            c.SESSION_ID: str(i % 50),
            c.EVENT_TYPE: "view_item",
            c.ITEM_ID: str(i),
            c.TIMESTAMP: NOW,
        }
        for i in range(count)
    ]
    return prepare(rows, config=ShopConfig(), identity=Identity(b"x" * 32), now=NOW)[1]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 19, 26, 99, 100, 101, 226])
def test_any_number_of_rows_is_stored_once_and_told_row_by_row(tmp_path, count):
    rows = events(count)
    with Store(tmp_path / STORE_FILE) as store:
        again = events(min(count, 3))
        assert store.append(again) == [True] * len(again)
        assert store.append(rows) == [False] * len(again) + [True] * (count - len(again))
        assert store.scan((c.EVENT_ID,)).height == count
        assert store.counts()["identity_links"] == len({(row[1], row[2]) for row in rows})


def test_one_row_at_a_time_is_the_plain_reference(tmp_path):
    rows = events(137)
    with Store(tmp_path / STORE_FILE) as fast, Store(tmp_path / "plain.db") as plain:
        fast.append(rows)
        for row in rows:
            plain.write(
                lambda connection, row=row: connection.execute(log.insert_sql(c.EVENT_COLUMNS), row)  # type: ignore[misc]
            ).result()
        columns = (c.SEQ, *c.EVENT_COLUMNS)
        assert fast.scan(columns).equals(plain.scan(columns))
