"""Queries: read from real servers, with dates and decimals, and never able to write."""

import sqlite3

import pytest
import sqlalchemy as sa

from shopkeeper.core import columns as c
from shopkeeper.core.errors import EmptySource, InvalidRequest, MissingFile, UnreadableSource
from shopkeeper.data.sources import sql_query
from shopkeeper.data.sources.sql_query import SqlQuery
from shopkeeper.data.store import Store
from tests.data.shop import bring_in

QUERY = "SELECT customer, product AS item_id, at AS timestamp, amount AS quantity, price FROM sales;"
CREATE = (
    "CREATE TABLE sales (id INTEGER PRIMARY KEY, customer INTEGER, product VARCHAR(20), at TIMESTAMP, "
    "amount INTEGER, price NUMERIC(10, 2))"
)
INSERT = "INSERT INTO sales VALUES (:id, :customer, :product, '2020-01-01 10:00:00', :amount, :price)"
ROWS: list[dict[str, object]] = [
    {"id": 1, "customer": 1, "product": "x:y", "amount": 2, "price": 1.25},
    {"id": 2, "customer": None, "product": "帽子", "amount": None, "price": None},
    {"id": 3, "customer": 2, "product": "z", "amount": 0, "price": 3},
]


def fill(url: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text(CREATE))
        connection.execute(sa.text(INSERT), ROWS)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "shop.db") as store:
        yield store


@pytest.fixture
def sqlite_url(tmp_path):
    url = f"sqlite:///{tmp_path / 'till.db'}"
    fill(url)
    return url


def check(store: Store, url: str) -> None:
    report = bring_in(store, url, query=QUERY)

    assert (report.stored, report.quarantined, report.anonymous) == (2, 1, 1)
    rows = store.scan([c.ITEM_ID, c.TIMESTAMP, c.QUANTITY, c.PRICE]).rows()
    assert rows == [("x:y", 1_577_872_800_000, 2, 1.25), ("帽子", 1_577_872_800_000, None, None)]
    with pytest.raises((UnreadableSource, InvalidRequest)):
        list(SqlQuery(url, "DELETE FROM sales").chunks())
    assert bring_in(store, url, query=QUERY + "  ").duplicates == 2
    with pytest.raises(EmptySource):
        bring_in(store, url, query="SELECT 1 AS timestamp, 'a::b' AS item_id FROM sales WHERE id > 9")
    with pytest.raises(UnreadableSource):
        bring_in(store, url, query="SELECT nonsense FROM nowhere")


def test_a_query_on_sqlite(store, sqlite_url):
    check(store, sqlite_url)


@pytest.mark.server("postgresql")
def test_a_query_on_postgresql(store, postgresql_url):
    fill(postgresql_url)
    check(store, postgresql_url)


@pytest.mark.server("mysql")
def test_a_query_on_mysql_or_mariadb(store, mysql_url):
    mysql = sa.make_url(mysql_url).update_query_dict({"charset": "utf8mb4"})
    url = mysql.render_as_string(hide_password=False)
    fill(url)
    check(store, url)


def test_rows_are_streamed_in_chunks(sqlite_url, monkeypatch):
    monkeypatch.setattr(sql_query, "CHUNK_ROWS", 2)

    chunks = list(SqlQuery(sqlite_url, QUERY).chunks())

    assert [chunk.lines.to_list() for chunk in chunks] == [[1, 2], [3]]


def test_a_database_needs_a_query(sqlite_url):
    with pytest.raises(InvalidRequest, match="--query"):
        SqlQuery(sqlite_url, None)


def test_a_missing_sqlite_file_is_not_created(tmp_path):
    with pytest.raises(MissingFile):
        SqlQuery(f"sqlite:///{tmp_path / 'nowhere.db'}", QUERY)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_told(tmp_path):
    path = tmp_path / "till.db"
    path.write_text("hello " * 500)

    with pytest.raises(UnreadableSource):
        list(SqlQuery(f"sqlite:///{path}", QUERY).chunks())


def test_a_server_that_does_not_answer_is_told_without_its_password():
    url = "postgresql+psycopg://user:hunter2@127.0.0.1:1/shop"

    with pytest.raises(UnreadableSource) as caught:
        list(SqlQuery(url, QUERY).chunks())
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in SqlQuery(url, QUERY).name


def test_a_column_named_twice_is_told(sqlite_url):
    with pytest.raises(InvalidRequest, match="twice"):
        list(SqlQuery(sqlite_url, "SELECT id AS a, customer AS a FROM sales").chunks())


def test_an_open_transaction_elsewhere_does_not_stop_reading(tmp_path, sqlite_url):
    with sqlite3.connect(tmp_path / "till.db") as connection:
        connection.execute("BEGIN")
        assert len(list(SqlQuery(sqlite_url, QUERY).chunks())) == 1
    connection.close()
