"""The shop as a Python user opens it."""

import json

import pytest

import shopkeeper
from shopkeeper.cli import main
from shopkeeper.core.errors import InvalidQuery, InvalidRequest, ShopNotFound, TooLittleData, UnknownCustomer
from shopkeeper.data.synthetic import generate


@pytest.fixture(scope="module")
def made():
    return generate(customers=60, items=80, days=90, seed=3)


@pytest.fixture(scope="module")
def shop(made, tmp_path_factory):
    with shopkeeper.create(tmp_path_factory.mktemp("app") / "shop") as shop:
        for kind in ("items", "customers", "campaigns", "events"):
            report = shop.import_frames(kind, iter([getattr(made, kind)]))
            assert report.rows_read == report.stored + report.duplicates + report.quarantined
            assert report.stored == report.rows_read
        yield shop


def test_the_verbs_of_the_command_line_work_on_a_shop(shop, made):
    found = shop.evaluate(models=["popular", "frequency"], test_days=14)
    assert [model.name for model in found.models] == ["popular", "frequency"]
    training = shop.train(test_days=14)
    assert training.promoted
    customer = made.events["customer_id"].drop_nulls()[0]
    assert len(shop.recommend(customer=customer, k=7).items) == 7
    assert shop.homepage(customer=customer).rows
    assert shop.similar(shop.recommend(customer=customer, k=1).items[0].item_id, k=3).items
    trained = shop.update().version
    assert trained == training.version
    new = made.events.filter(made.events["event_type"] == "purchase")[:3].with_columns(event_id=None)
    shop.import_frames("events", iter([new.with_columns(new["timestamp"] + 1_000)]))
    assert shop.update().events == 3
    assert shop.forget(customer).complete
    with pytest.raises(UnknownCustomer):
        shop.recommend(customer=customer)


def test_search_reads_the_whole_catalogue_before_it_answers(shop, made, capsys):
    title = made.items["title"][0]
    page = shop.search(title, k=3)
    assert page.results[0].title == title
    assert page.results[0].matched == "both"
    assert shop.search("something to drink in the morning", k=5).results[0].matched in ("meaning", "both")
    with pytest.raises(InvalidQuery, match="1 to 500"):
        shop.search(" ")
    assert main(["search", "--shop", str(shop.folder), title, "-k", "2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["query"] == title
    assert [hit["item_id"] for hit in told["results"]] == [hit.item_id for hit in page.results[:2]]
    assert {"title", "score", "price", "category", "matched", "reason"} <= told["results"][0].keys()
    assert told["facets"]["categories"]
    assert main(["search", "--shop", str(shop.folder), title]) == 0
    assert "found" in capsys.readouterr().out
    assert main(["search", "--shop", str(shop.folder), ""]) == 2


def test_mistakes_are_told(shop, tmp_path):
    with pytest.raises(InvalidRequest, match="unknown"):
        shop.evaluate(models=["oracle"])
    with pytest.raises(InvalidRequest, match="one of the two"):
        shop.recommend()
    with pytest.raises(ShopNotFound):
        shopkeeper.open(tmp_path)
    with shopkeeper.create(tmp_path / "empty") as empty, pytest.raises(TooLittleData):
        empty.evaluate()
