"""Lists for everybody: the very lists single requests get, streamed, whole or not at all."""

import polars as pl
import pytest

from shopkeeper.app import Shop
from shopkeeper.core.errors import InvalidRequest, MissingColumn, NotTrained
from shopkeeper.serving import batch


@pytest.fixture
def shop(folder, monkeypatch):
    monkeypatch.setattr(batch, "BATCH", 16)
    with Shop(folder) as shop:
        yield shop


def lists(path):
    frame = pl.read_parquet(path)
    assert dict(frame.schema) == batch.SCHEMA
    return {
        name: part.sort("rank")["item_id"].to_list()
        for (name,), part in frame.partition_by("customer_id", as_dict=True).items()
    }


def asked_for(folder, ids):
    path = folder / "asked.csv"
    pl.DataFrame({"customer_id": ids}).write_csv(path)
    return path


def test_everybody_gets_the_list_a_single_request_gets(shop, tmp_path):
    told = []
    ids = [str(person) for person in range(40)]
    n = shop.recommend_all(
        tmp_path / "lists.parquet",
        customers=asked_for(tmp_path, ids),
        k=7,
        progress=lambda *done: told.append(done),
    )
    found = lists(tmp_path / "lists.parquet")
    assert n == 40
    assert list(found) == ids
    for person in ids[::5]:
        answer = shop.recommend(customer=person, k=7)
        assert found[person] == [item.item_id for item in answer.items]
    assert told == [("recommend", 16, 40), ("recommend", 32, 40), ("recommend", 40, 40)]


def test_the_whole_log_by_pseudonym(shop, tmp_path):
    assert shop.recommend_all(tmp_path / "lists.parquet", k=3) == 40
    found = lists(tmp_path / "lists.parquet")
    assert len(found) == 40
    assert {len(items) for items in found.values()} == {3}
    assert not {"0", "1"} & set(found)


def test_a_stranger_gets_what_suits_anybody(shop, tmp_path):
    shop.recommend_all(tmp_path / "lists.parquet", customers=asked_for(tmp_path, ["nobody", "3"]), k=5)
    found = lists(tmp_path / "lists.parquet")
    assert len(found["nobody"]) == 5
    assert found["nobody"] != found["3"]


def test_mistakes_are_told_and_nothing_is_left_behind(shop, tmp_path):
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("name\nada\n", encoding="utf-8")
    with pytest.raises(MissingColumn, match="customer_id"):
        shop.recommend_all(tmp_path / "lists.parquet", customers=wrong)
    with pytest.raises(InvalidRequest, match="k = 0"):
        shop.recommend_all(tmp_path / "lists.parquet", k=0)
    with pytest.raises(InvalidRequest, match="cannot be written"):
        shop.recommend_all(tmp_path / "nowhere" / "lists.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop", "wrong.csv"]
    (shop.models / "current").unlink()
    with Shop(shop.folder) as untrained, pytest.raises(NotTrained):
        untrained.recommend_all(tmp_path / "lists.parquet")
