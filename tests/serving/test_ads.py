"""Adverts over HTTP: read from the file, paid from the ledger, capped over workers, learned from clicks."""

import json
import os

import numpy as np
import pytest

from shopkeeper.cli import main
from shopkeeper.core import columns as c
from shopkeeper.core.config import Ads, ShopConfig
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.core.types import DAY_MS, Decision, Shown
from shopkeeper.data.collect import collect_events
from shopkeeper.serving.ads import AUCTION, SURFACE
from shopkeeper.surfaces.adverts import MICROS, read_adverts
from tests.serving import world

FAST = ShopConfig(segments={"regulars": "frequency >= 3"}, ads=Ads(refill_seconds=3600))


def write(folder, *rows, name="ads.jsonl"):
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    os.utime(path, ns=(path.stat().st_mtime_ns, path.stat().st_mtime_ns + len(rows)))


@pytest.fixture
def shop(folder):
    service = world.open_service(folder, config=FAST)
    yield service
    service.close()


def shown(service, person, **more):
    answer = service.adverts(service.person(customer_id=person), placement="home", **more)
    return [one.ad_id for one in answer.ads]


def test_without_a_file_there_are_none_and_a_new_file_is_read(shop, folder):
    assert shown(shop, "1") == []
    write(folder, {"ad_id": "a", "bid": 1, "segments": ["regulars"]}, {"ad_id": "b", "bid": 0.5})
    assert shown(shop, "1") == ["a"]
    assert shown(shop, "a stranger") == ["b"]
    write(folder, {"ad_id": "c", "bid": 1})
    assert shown(shop, "1") == ["c"]
    write(folder, {"ad_id": "c", "bid": -1}, {"ad_id": "d", "bid": 1})
    assert shown(shop, "1") == ["c"]


def test_two_workers_share_budget_and_cap(shop, folder):
    write(
        folder,
        {"ad_id": "often", "bid": 9, "daily_cap": 3},
        {"ad_id": "poor", "bid": 5, "daily_budget": 0.6, "category": "Dairy"},
    )
    other = world.open_service(folder, config=FAST)
    assert [shown(one, "1") for one in (shop, other)] == [["often"], ["often"]]
    for one in (shop, other):
        one.decisions.flush()
    for one in (shop, other):
        one.ads.refresh()
    assert shown(shop, "1") == ["often"]
    assert shown(other, "1") == ["often"]
    shop.decisions.flush()
    other.ads.refresh()
    asked = [shown(one, "1") for _ in range(12) for one in (shop, other)]
    assert ["often"] not in asked
    assert asked.count(["poor"]) >= 5
    other.close()
    shop.ads.close()
    (balance,) = shop.ads.balances().values()
    assert balance.spent == balance.taken <= balance.budget == 600_000
    shop.decisions.flush()
    frame = shop.decisions.shown()
    assert set(frame[c.SURFACE]) == {SURFACE}
    assert balance.spent == sum(_charges(shop, "poor"))


def _charges(service, ad):
    rows = service.store.read(lambda db: db.execute("SELECT shown FROM decisions").fetchall())
    return [
        charge
        for (packed,) in rows
        for row in json.loads(packed)
        for name, charge in zip(row[c.ITEM_ID], row[c.CHARGE], strict=True)
        if name == ad
    ]


def test_over_http(client):
    body = {"placement": "home", "k": 3, "history": [{"item_id": "dairy-01"}]}
    body["ads"] = [{"ad_id": "a", "bid": 0.5, "text": "Milk"}, {"ad_id": "b", "bid": 0.25, "daily_budget": 5}]
    answer = client.post("/v1/ads", json=body).json()
    assert [(one["rank"], one["ad_id"], one["text"]) for one in answer["ads"]] == [
        (1, "a", "Milk"),
        (2, "b", ""),
    ]
    assert answer["ads"][0]["click_price"] == pytest.approx(0.25)
    assert answer["ads"][0]["charge"] == pytest.approx(0.0025)
    assert answer["currency"] == "USD"
    assert client.post("/v1/ads", json=body | {"only": ["b"]}).json()["ads"][0]["ad_id"] == "b"
    assert client.post("/v1/ads", json={"customer_id": "nobody"}).json()["ads"] == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"ads": [{"ad_id": "a", "bid": -1}]}, "ads.0.bid"),
        ({"ads": [{"ad_id": "a", "bid": 1, "daily_budget": 0}]}, "ads.0.daily_budget"),
        ({"ads": [{"ad_id": "a"}]}, "ads.0.bid"),
        ({"k": 0}, "k"),
        ({"placement": ""}, "placement"),
        ({"colour": 1}, "colour"),
    ],
)
def test_bad_requests_name_the_field(client, changed, field):
    answer = client.post("/v1/ads", json=changed)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in answer.text


def test_adverts_that_do_not_fit_together_are_a_problem(client):
    twice = [{"ad_id": "a", "bid": 1}, {"ad_id": "a", "bid": 2}]
    answer = client.post("/v1/ads", json={"ads": twice})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    nan = '{"ads": [{"ad_id": "a", "bid": NaN}]}'
    assert client.post("/v1/ads", content=nan).status_code in (400, 422)


def test_a_file_with_faults_names_all_of_them(folder, shop):
    (folder / "ads.csv").write_text("ad_id,bid,segments,daily_cap\na,0.5,x|y,2\nb,-1,,\n,1,,1\n", "utf-8")
    with pytest.raises(InvalidConfig) as caught:
        read_adverts(folder / "ads.csv")
    assert "row 2: bid = '-1'" in caught.value.message
    assert "row 3: ad_id" in caught.value.message
    (folder / "ads.csv").write_text("ad_id,bid,segments,daily_cap\na,0.5,x|y,2\n", "utf-8")
    (one,) = read_adverts(folder / "ads.csv")
    assert (one.bid, one.segments, one.daily_cap) == (0.5, ("x", "y"), 2)
    write(folder, {"ad_id": "a", "bid": 0})
    with pytest.raises(InvalidConfig, match="bid = 0"):
        shown(shop, "1")


def test_forgetting_a_customer_forgets_what_they_saw(shop, folder):
    write(folder, {"ad_id": "a", "bid": 1, "daily_cap": 1})
    assert [shown(shop, "1"), shown(shop, "1")] == [["a"], []]
    shop.erase("1")
    assert shown(shop, "1") == ["a"]


def test_clicks_are_learned_from_the_log(folder, shop, capsys):
    """People click on what is about the category of the item they looked at last."""
    assert main(["ads", "--shop", str(folder)]) == 2
    assert "has no adverts" in capsys.readouterr().err
    kinds = world.CATEGORIES[:2]
    write(folder, *({"ad_id": kind, "bid": 1, "category": kind} for kind in kinds))
    assert main(["ads", "--shop", str(folder)]) == 2
    assert "at least 100" in capsys.readouterr().err
    rng = np.random.default_rng(0)
    clicks: list[dict[str, object]] = []
    for number in range(900):
        kind, last = kinds[number % 2], kinds[rng.integers(2)]
        at = world.NOW - DAY_MS + number * 1000
        looks: dict[str, object] = {
            c.CUSTOMER_ID: f"n{number}",
            c.ITEM_ID: f"{last.lower()}-01",
            c.EVENT_TYPE: "view_item",
        }
        clicks.append(looks | {c.TIMESTAMP: at - 1})
        row = Shown("home", (kind,), (AUCTION,), (1.0,), (0.1,), (10,))
        name = shop.person(customer_id=f"n{number}").customer
        shop.decisions.log(Decision(f"r{number}", name, None, SURFACE, "", at, (row,)))
        if rng.random() < (0.6 if kind == last else 0.05):
            click = {c.EVENT_TYPE: "select_promotion", c.PROMOTION_ID: kind, c.REQUEST_ID: f"r{number}"}
            clicks.append(click | {c.CUSTOMER_ID: f"n{number}", c.TIMESTAMP: at + 1})
    shop.decisions.flush()
    collect_events(shop.store, clicks, config=shop.config, identity=shop.identity, now=world.NOW)
    assert main(["ads", "--shop", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert max(one["auc"] for one in told["learned"].values()) > 0.75
    for kind in kinds:
        looked = [{"item_id": f"{kind.lower()}-01"}]
        answer = shop.adverts(placement="home", history=[_happening(one) for one in looked])
        assert answer.ads[0].ad_id == kind
        assert answer.model in told["learned"]
        assert answer.ads[0].probability > 0.3
        assert answer.ads[0].micros <= answer.ads[0].probability * MICROS


def _happening(one):
    from shopkeeper.serving.visits import Happening

    return Happening(**one)
