"""What can be asked of a shop about its customers, in Python and on the command line."""

import json
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

import shopkeeper
from shopkeeper.cli import main
from shopkeeper.core.errors import InvalidRequest, MissingColumn
from shopkeeper.data.synthetic import generate
from shopkeeper.serving.delivery import CsvFile
from shopkeeper.surfaces.next_action import ACTIONS, LEAVE_ALONE
from shopkeeper.terminal import show_forecasts

DAYS = 120
AS_OF = str(date(2024, 1, 1) + timedelta(days=100))
HORIZON = 7


@pytest.fixture(scope="module")
def made():
    return generate(customers=80, items=60, days=DAYS, seed=5)


@pytest.fixture(scope="module")
def shop(made, tmp_path_factory):
    with shopkeeper.create(tmp_path_factory.mktemp("customers") / "shop") as shop:
        for kind in ("items", "customers", "events"):
            shop.import_frames(kind, iter([getattr(made, kind)]))
        yield shop


@pytest.fixture(scope="module")
def own(made, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "customers.csv"
    made.customers.select("customer_id").write_csv(path)
    return path


def run(capsys, command, shop, *options):
    assert main([command, "--shop", str(shop.folder), "--as-of", AS_OF, *map(str, options)]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.fixture(scope="module")
def churn(shop):
    return shop.churn(AS_OF, HORIZON)


def test_churn_is_told_as_agreed(shop, churn, own, made, capsys):
    found = run(capsys, "churn", shop, "--horizon", HORIZON, "--customers", own, "--json")
    assert all(set(one) == {"customer_id", "probability", "reasons", "action"} for one in found)
    assert all(0 < one["probability"] < 1 and one["reasons"] for one in found)
    assert {one["action"] for one in found} <= set(ACTIONS)
    chances = [one["probability"] for one in found]
    assert chances == sorted(chances, reverse=True)
    assert {one["customer_id"] for one in found} <= set(made.customers["customer_id"])
    pseudonyms = shop.service.identity.customers(pl.Series([one["customer_id"] for one in found]))
    assert pseudonyms.to_list() == [one.customer_id for one in churn]
    show_forecasts(churn)
    assert f"{len(churn)} customers" in capsys.readouterr().out


def test_purchase_says_what_and_how_much(shop, churn, capsys):
    found = run(capsys, "purchase", shop, "--horizon", HORIZON, "--json")
    for one in found:
        assert len(one["next_categories"]) == len(set(one["next_categories"])) == 3
        assert one["expected_value"] >= 0
    silent = {one.customer_id: one.probability for one in churn}
    apart = [one["probability"] + silent[one["customer_id"]] - 1 for one in found]
    assert max(map(abs, apart)) < 0.15


def test_response_is_told_as_agreed(shop, made, capsys):
    shop.import_frames("campaigns", iter([made.campaigns]))
    last = made.campaigns.sort("starts_at")["campaign_id"][-1]
    found = run(capsys, "response", shop, "--campaign", last, "--json")
    assert all(set(one) == {"customer_id", "probability"} for one in found)
    chances = [one["probability"] for one in found]
    assert chances == sorted(chances, reverse=True)
    assert all(0 < chance < 1 for chance in chances)
    addressed = made.campaigns.filter(pl.col("campaign_id") == last)["customer_id"].drop_nulls()
    assert len(found) == addressed.n_unique()
    assert main(["response", "--shop", str(shop.folder), "--as-of", AS_OF, "--campaign", last]) == 0
    assert f"{len(found)} customers" in capsys.readouterr().out
    assert main(["response", "--shop", str(shop.folder), "--as-of", AS_OF, "--campaign", "lost"]) == 2
    assert "'lost'" in capsys.readouterr().err


def test_segments_are_told_and_written(shop, own, made, tmp_path, capsys):
    out = tmp_path / "segments.csv"
    options = ["--by", "stage", "--since", "2024-03-01", "--out", out, "--customers", own, "--json"]
    found = run(capsys, "segments", shop, *options)
    assert sum(one["size"] for one in found["segments"]) == found["customers"]
    assert sum(one["size"] for one in found["movement"]) == found["customers"]
    written = pl.read_csv(out)
    assert len(written) == found["customers"]
    assert set(written["customer_id"]) <= set(made.customers["customer_id"])
    rules = ["--rule", "often=frequency >= 8", "--rule", "rare=frequency < 8", "--json"]
    assert {one["segment"] for one in run(capsys, "segments", shop, *rules)["segments"]} == {"often", "rare"}
    assert run(capsys, "segments", shop, "--by", "clusters", "--json")["segments"]
    broken = ["segments", "--shop", str(shop.folder), "--as-of", AS_OF]
    for wrong in (["--rule", "x=frequency >"], ["--rule", "x"], ["--by", "mood"], ["--by", "rules"]):
        assert main([*broken, *wrong]) == 2
    assert main(broken) == 0


def test_actions_are_approved_and_delivered_once(shop, tmp_path, capsys):
    found = run(capsys, "actions", shop, "--horizon", HORIZON, "--json")
    planned = {one["customer_id"] for one in found if one["action"] != LEAVE_ALONE}
    assert planned
    options = ["--as-of", AS_OF, "--horizon", str(HORIZON), "--approve", "--out", str(tmp_path / "list.csv")]
    assert main(["actions", "--shop", str(shop.folder), *options]) == 0
    assert f"{len(planned)} wait" in capsys.readouterr().out
    assert len(pl.read_csv(tmp_path / "list.csv")) == len(found)
    again = shop.actions(AS_OF, HORIZON)
    assert {one.action for one in again} == {LEAVE_ALONE}
    sent = tmp_path / "sent.csv"
    assert main(["deliver", "--shop", str(shop.folder), "--csv", str(sent)]) == 0
    assert set(pl.read_csv(sent)["customer_id"]) == planned
    assert shop.deliver(CsvFile(sent)).sent == 0
    capsys.readouterr()
    assert main(["outcomes", "--shop", str(shop.folder), "--json"]) == 0
    came = json.loads(capsys.readouterr().out)
    assert sum(one["sent"] for one in came) == len(planned)
    assert {tuple(one) for one in came} == {("action", "sent", "followed", "bought")}
    assert main(["outcomes", "--shop", str(shop.folder)]) == 0
    assert main(["outcomes", "--shop", str(shop.folder), "--days", "0"]) == 2
    resting = next(one for one in again if one.customer_id in planned)
    assert shop.approve([replace(resting, action="offer")]) == 0


def test_mistakes_are_told(shop, own, tmp_path):
    base = ["--shop", str(shop.folder), "--horizon", "7", "--json"]
    for as_of in ("yesterday", "2023-01-01", "2031-01-01", ""):
        assert main(["churn", "--as-of", as_of, *base]) == 2
    with pytest.raises(InvalidRequest, match="horizon = 0"):
        shop.purchase(AS_OF, 0)
    with pytest.raises(InvalidRequest, match="budget"):
        shop.actions(AS_OF, HORIZON, budget=float("nan"))
    other = tmp_path / "other.csv"
    other.write_text("name\nada\n")
    with pytest.raises(MissingColumn, match="customer_id"):
        shop.churn(AS_OF, HORIZON, customers=other)
    approve = ["--as-of", AS_OF, "--approve", "--customers", str(own)]
    assert main(["actions", *base[:4], *approve]) == 2
    assert main(["deliver", "--shop", str(shop.folder), "--webhook", "http://shop.example/hook"]) == 2
