"""Wishes over HTTP: by words alone, in English and Chinese, carried by the request and kept nowhere."""

import pytest


def answered(client, **body):
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_a_sentence_is_a_taste(client):
    items = answered(client, wish={"words": "something frozen b"}, k=6)
    assert len(items) == 6
    assert {item["category"] for item in items} == {"Frozen"}
    assert items[0]["reason"]["en"] == "For “something frozen b”"
    assert items[0]["source"] == "search"
    assert [item["rank"] for item in items] == [1, 2, 3, 4, 5, 6]
    chinese = answered(client, wish={"words": "想要一些商品"}, k=3)
    assert all(item["item_id"].endswith("-00") for item in chinese)
    # Nobody remembers.
    assert {item["category"] for item in answered(client, k=6)} != {"Frozen"}


def test_bounds_hold_for_what_is_wished_too(client):
    items = answered(
        client, wish={"words": "frozen"}, k=30, category="Frozen", exclude=["frozen-01", "frozen-02"]
    )
    assert {item["category"] for item in items} == {"Frozen"}
    names = [item["item_id"] for item in items]
    assert len(set(names)) == len(names)
    assert not {"frozen-01", "frozen-02", "frozen-19"} & set(names)
    mixed = answered(client, wish={"words": "frozen"}, category="Dairy", k=5)
    assert {item["category"] for item in mixed} == {"Dairy"}


def test_critique_of_a_list(client):
    first = answered(client, customer_id="3", k=5)
    name = first[0]["item_id"]
    again = answered(client, customer_id="3", k=5, wish={"not_this": [name]})
    assert name not in [item["item_id"] for item in again]
    assert all(name not in item["evidence_item_ids"] for item in again)
    cheaper = answered(client, k=5, wish={"cheaper_than": ["meat-10"]})
    assert all(item["category2"] != "Meat a" or item["price"] < 11 for item in cheaper)
    assert cheaper[0]["category2"] == "Meat a"
    alike = answered(client, k=3, wish={"more_like": ["meat-10"]})
    assert alike[0]["reason"]["en"] == "More like Meat 10"


def test_homepage_offers_styles_to_who_is_not_known_and_follows_a_wish(client):
    page = client.get("/v1/homepage").json()
    assert len(page["styles"]) >= 2
    assert all(style["cards"] for style in page["styles"])
    style = page["styles"][0]["name"]
    chosen = client.get("/v1/homepage", params={"style": style}).json()
    assert chosen["styles"] == []
    assert chosen["rows"][0]["name"] == "style"
    assert {card["category2"] for card in chosen["rows"][0]["cards"]} == {style}
    asked = client.get(
        "/v1/homepage", params={"words": "frozen", "more_like": ["meat-01", "meat-02"], "k": 5}
    ).json()
    assert [row["name"] for row in asked["rows"][:3]] == ["wished", "more_like", "more_like"]
    assert client.get("/v1/homepage", params={"customer_id": "3"}).json()["styles"] == []
    body = {"history": [{"item_id": "meat-01"}], "wish": {"words": "frozen"}}
    brought = client.post("/v1/homepage", json=body).json()
    assert brought["rows"][0]["name"] == "wished"
    assert brought["styles"] == []


@pytest.mark.parametrize(
    ("wish", "status", "told"),
    [
        ({"style": "none such"}, 422, "style = 'none such' is no style"),
        ({"words": "x" * 501}, 400, "501 characters"),
        ({"words": "  "}, 400, "empty"),
        ({"not_this": ["x"] * 51}, 422, "not_this names 51 items"),
    ],
)
def test_wishes_that_break_a_rule_are_refused(client, wish, status, told):
    for answer in (
        client.post("/v1/recommendations", json={"wish": wish}),
        client.get("/v1/homepage", params=wish),
        client.post("/v1/homepage", json={"wish": wish}),
    ):
        assert answer.status_code == status
        assert told in answer.json()["detail"]


def test_a_wish_of_another_form_names_the_field(client):
    answer = client.post("/v1/recommendations", json={"wish": {"word": "tea"}})
    assert answer.status_code == 422
    assert "word" in answer.text


@pytest.mark.parametrize("words", ["🙂", "<b>", "' OR 1=1 --", "?!", "\x00", "想"])
def test_no_sentence_makes_a_fault_of_ours(client, words):
    assert len(answered(client, wish={"words": words}, k=4)) == 4
    assert client.get("/v1/homepage", params={"words": words}).status_code == 200
