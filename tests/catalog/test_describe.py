"""A shop in words, from the command line to the file."""

import json
from datetime import UTC, datetime

import polars as pl
import pytest

import shopkeeper
from shopkeeper.cli import main
from shopkeeper.serving.person import Person
from tests.encoders import chat_server
from tests.encoders.chat_server import told

ATTRIBUTES = {
    "t1": {"title_zh": "有机绿茶", "category_zh": "茶"},
    "t2": {"title_zh": "绿茶礼盒", "category_zh": "茶"},
    "c1": {"title_zh": "登山帐篷", "tags": ["our best", "two persons"]},
    "c2": {"title_zh": "登山背包"},
    "x1": {"discreet": True},
    "x2": {"discreet": True},
}
ITEMS = pl.DataFrame(
    {
        "item_id": list(ATTRIBUTES),
        "title": [
            "Leafy organic green tea",
            "Leafy green tea powder",
            "Alpine tent",
            "Alpine backpack for tent and stove",
            "Pregnancy test",
            "Pregnancy pillow",
        ],
        "category": ["Tea", "Tea", "Camping", "Camping", "Health", "Health"],
        "brand": ["Leafy", "Leafy", None, None, None, None],
        "attributes": [json.dumps(of_item) for of_item in ATTRIBUTES.values()],
    }
)
DAY = 86_400_000
TAKEN = [("ann", "t1"), ("ann", "t2"), ("ann", "x1"), ("ben", "c1"), ("ben", "c2"), ("eve", "x2")]
EVENTS = pl.DataFrame(
    {
        "customer_id": [who for who, _ in TAKEN] + [None],
        "session_id": [None] * len(TAKEN) + ["guest"],
        "item_id": [item for _, item in TAKEN] + ["t1"],
        "event_type": "purchase",
        "timestamp": [1_700_000_000_000 + day * DAY for day in range(len(TAKEN) + 1)],
    }
)


END = 1_700_000_000_000 + len(TAKEN) * DAY
CAMPAIGNS = pl.DataFrame(
    [
        ("tea", "Tea week", END - DAY, END + DAY, "t2"),
        ("tea", "Tea week", END - DAY, END + DAY, "t1"),
        ("tea", "Tea week", END - DAY, END + DAY, "x1"),
        ("over", "Last week", END - 9 * DAY, END - 2 * DAY, "c1"),
        ("open", "Hello", None, None, None),
    ],
    schema=["campaign_id", "title", "starts_at", "ends_at", "item_id"],
    orient="row",
)


@pytest.fixture(scope="module")
def chat_url():
    with chat_server.running() as url:
        yield url


@pytest.fixture
def describe(tmp_path, capsys):
    """Describe the shop under some settings: what was written by item and by customer, and what was said."""
    folder, out = tmp_path / "shop", tmp_path / "tags.json"
    with shopkeeper.create(folder) as shop:
        shop.import_frames("items", iter([ITEMS]))
        shop.import_frames("events", iter([EVENTS]))
        shop.import_frames("campaigns", iter([CAMPAIGNS]))
        names = {shop.service.identity.customer(name): name for name in ("ann", "ben", "eve")}

    def run(*options, config=""):
        (folder / "shopkeeper.toml").write_text(config)
        assert main(["describe", "--shop", str(folder), "--json", str(out), *options]) == 0
        found = json.loads(out.read_text("utf-8"))
        products = {row["item_id"]: row["tags"] for row in found["products"]}
        customers = {names[row["customer_id"]]: row["interests"] for row in found["customers"]}
        return products, customers, capsys.readouterr().out

    return run


def values(tags):
    return [tag["value"] for tag in tags]


def sources(described):
    return {tag["source"] for tags in described.values() for tag in tags}


def test_without_a_model(describe):
    products, customers, said = describe()
    assert values(products["t1"]) == ["green tea"]
    assert products["c1"][0] == {
        "value": "our best",
        "source": "catalogue",
        "confidence": 1.0,
        "date": datetime.now(UTC).date().isoformat(),
    }
    assert values(products["c1"]) == ["our best", "two persons"]
    assert set(values(products["c2"])) == {"alpine", "tent"}
    assert set(values(customers["ann"])) == {"Leafy", "Tea"}
    assert {"Camping", "our best"} <= set(values(customers["ben"]))
    assert customers["eve"] == []
    assert "6 products: 5 by phrases, 1 by catalogue." in said
    assert "3 customers: 2 by interests." in said


def test_in_chinese(describe):
    products, customers, _ = describe(config='language = "zh"')
    assert values(products["t1"]) == ["绿茶"]
    assert "登山" in values(products["c2"])
    assert {"茶", "Leafy"} & set(values(customers["ann"]))


def test_with_a_model(describe, chat_url):
    url = f"{chat_url}/good/describe"
    config = f'[chat]\nbase_url = "{url}"\nmodel = "m"\n'
    products, customers, said = describe(config=config)
    assert values(products["t1"]) == ["leafy", "organic", "green", "tea"]
    assert products["t1"][1]["confidence"] == 1.0
    assert values(products["c1"]) == ["our best", "two persons"]
    assert sources(products) == {"m", "catalogue"}
    assert sources(customers) == {"m"}
    assert "in vain" not in said
    assert "5 by m, 1 by catalogue" in said
    talk = json.dumps(told(url)["bodies"])
    assert "c_" not in talk
    assert "Pregnancy" not in json.dumps(
        [body for body in told(url)["bodies"] if "lately" in json.dumps(body)]
    )
    assert describe(config=config)[:2] == (products, customers)
    assert len(told(url)["bodies"]) == 5 + 2 + 2


def test_a_model_that_fails_leaves_the_defaults(describe, chat_url):
    default = describe()
    config = f'[chat]\nbase_url = "{chat_url}/stubborn/x"\nmodel = "m"\n'
    products, customers, said = describe(config=config)
    assert (products, customers) == default[:2]
    assert "The chat model was asked 9 times in vain: an answer that breaks its schema." in said


def campaigns(folder):
    written = json.loads((folder / "tags.json").read_text("utf-8"))["campaigns"]
    return {row["campaign_id"]: (row["title"], row["text"], row["tone"], row["source"]) for row in written}


def test_campaigns_that_are_not_over(describe, chat_url, tmp_path):
    *_, said = describe()
    day = datetime.fromtimestamp((END + DAY) / 1000, UTC).date().isoformat()
    tea = f"Leafy organic green tea, Leafy green tea powder. Until {day}."
    assert campaigns(tmp_path) == {
        "tea": ("Tea week", tea, "plain", "template"),
        "open": ("Hello", "Hello.", "plain", "template"),
    }
    assert "2 campaigns: 2 by template." in said
    describe(config=f'[chat]\nbase_url = "{chat_url}/good/campaigns"\nmodel = "m"\n')
    tea = "Leafy organic green tea Leafy green tea powder"
    assert campaigns(tmp_path)["tea"] == ("Tea week", tea, "warm", "m")


def test_reasons_of_what_is_recommended(tmp_path, chat_url):
    folder, out = tmp_path / "shop", tmp_path / "out.json"
    with shopkeeper.create(folder) as shop:
        shop.import_frames("items", iter([ITEMS]))
        shop.import_frames("events", iter([EVENTS]))
        shop.train()
        ben = shop.service.identity.customer("ben")

        def reasons(shop):
            shop.describe(out)
            written = {row["customer_id"]: row for row in json.loads(out.read_text("utf-8"))["customers"]}
            return [(one["item_id"], one["reason"], one["source"]) for one in written[ben]["reasons"]]

        shown = shop.service.preview(Person(ben)).items
        expected = [
            (card.item_id, card.reason.en, "evidence")
            for card in shown
            if card.reason.en and card.item_id not in ("x1", "x2")
        ]
        assert 1 <= len(expected) <= 3
        assert reasons(shop) == expected
    config = f'language = "zh"\n[chat]\nbase_url = "{chat_url}/good/reasons"\nmodel = "m"\n'
    (folder / "shopkeeper.toml").write_text(config)
    with shopkeeper.open(folder) as shop:
        assert ("t1", "有机绿茶, for you", "m") in reasons(shop)


def test_the_most_wanted_first_and_no_more_than_asked(describe):
    products, customers, _ = describe("--limit", "2")
    assert list(products) == ["t1", "c1"]
    assert list(customers) == ["eve", "ben"]


def test_mistakes_are_told(describe, tmp_path, capsys):
    describe()
    folder = tmp_path / "shop"
    command = ["describe", "--shop", str(folder), "--json", str(tmp_path / "x.json")]
    assert main([*command, "--limit", "0"]) == 2
    assert "limit = 0" in capsys.readouterr().err
    (folder / "shopkeeper.toml").write_text('[chat]\nbase_url = "http://127.0.0.1:1"\n')
    assert main(command) == 2
    assert "model is needed where base_url is set" in capsys.readouterr().err
    (folder / "shopkeeper.toml").write_text('[chat]\nbase_url = "ftp://x"\nmodel = "m"\n')
    assert main(command) == 2
    assert "chat.base_url" in capsys.readouterr().err
