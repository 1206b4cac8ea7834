import gzip
import json
import re
import zlib
from pathlib import Path

import pytest

from shopkeeper.core import errors
from shopkeeper.core.config import Limits, ShopConfig
from shopkeeper.serving import problems
from shopkeeper.serving.guard import Guard
from shopkeeper.serving.http import create_app
from tests.serving import world
from tests.web_client import TestClient

PROBLEM = "application/problem+json"


def leaves(cls: type[errors.ShopkeeperError] = errors.ShopkeeperError) -> list[type[errors.ShopkeeperError]]:
    children = cls.__subclasses__()
    return [leaf for child in children for leaf in leaves(child)] if children else [cls]


def purchase(**changes):
    return {
        "customer_id": "new",
        "event_type": "purchase",
        "item_id": "meat-01",
        "timestamp": world.NOW,
    } | changes


def test_table_of_statuses_names_exactly_the_leaves_of_the_error_tree():
    assert set(problems.STATUS) == set(leaves())


def test_every_code_and_status_is_documented():
    text = (Path(__file__).parents[2] / "docs" / "http.md").read_text("utf-8")
    told = {code: int(status) for code, status in re.findall(r"^\| `(\w+)` \| (\d+) \|", text, re.MULTILINE)}
    assert told == {leaf.code: status for leaf, status in problems.STATUS.items()}


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.__name__)
def test_every_leaf_becomes_a_problem_document(leaf):
    answer = problems.of_error(leaf("What is wrong.", hint="What to do."))
    body = json.loads(bytes(answer.body))
    assert answer.media_type == PROBLEM
    assert body["status"] == answer.status_code == problems.STATUS[leaf]
    assert (body["code"], body["detail"], body["hint"]) == (leaf.code, "What is wrong.", "What to do.")
    assert body["title"]


def test_batch_keeps_the_good_rows_and_says_what_is_wrong_with_the_others(client):
    rows = [
        purchase(),
        purchase(price="NaN"),
        purchase(price=float("nan")),
        purchase(timestamp=world.NOW + 10 * 86_400_000),
        purchase(timestamp=-5),
        purchase(event_type="search", search_term="x" * 10_000),
        purchase(event_type="nonsense"),
        "no row at all",
        purchase(),
    ]
    answer = client.post("/v1/events", content=json.dumps({"events": rows}))
    body = answer.json()
    assert answer.status_code == 200
    assert (body["stored"], body["duplicates"], body["quarantined"]) == (3, 0, 6)
    assert [(row.get("code"), row.get("field")) for row in body["verdicts"]] == [
        (None, None),
        ("not_a_number", "price"),
        ("not_finite", "price"),
        ("in_the_future", "timestamp"),
        ("too_early", "timestamp"),
        (None, None),
        ("unknown_event_type", "event_type"),
        ("not_a_row", None),
        (None, None),
    ]
    assert body["verdicts"][5]["cut"] == ["search_term"]
    assert all(row["reason"] for row in body["verdicts"] if row["status"] == "quarantined")


def test_sending_a_batch_again_stores_nothing_twice(client):
    rows = [purchase(), purchase(), purchase(event_id="mine")]
    first = client.post("/v1/events", json=rows).json()
    again = client.post("/v1/events", json=rows).json()
    assert (first["stored"], first["duplicates"]) == (3, 0)
    assert (again["stored"], again["duplicates"]) == (0, 3)
    assert [row["event_id"] for row in first["verdicts"]] == [row["event_id"] for row in again["verdicts"]]


def test_large_batch_takes_the_worker_thread_to_the_same_end(client):
    rows = [purchase(customer_id=str(i)) for i in range(700)]
    assert client.post("/v1/events", json=rows).json()["stored"] == 700


def test_a_posted_event_is_in_the_very_next_answer(client):
    def sources():
        asked = {"customer_id": "new", "session_id": "first-visit", "k": 5}
        answer = client.post("/v1/recommendations", json=asked).json()
        return answer["note"], {item["source"] for item in answer["items"]}

    assert sources() == ("Nothing is known of this person yet: this is a guest's list.", {"popular"})
    client.post("/v1/events", json=[purchase()])
    note, answered = sources()
    assert note == ""
    assert answered - {"popular"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "invalid_json"),
        (b"", 400, "invalid_json"),
        (b"\xff\xfe", 400, "invalid_json"),
        (b"[" * 5_000, 400, "invalid_json"),
        (b"3", 422, "invalid_request"),
        (b'{"rows": []}', 422, "invalid_request"),
        (b"[" + b",".join([b"{}"] * 10_001) + b"]", 413, "payload_too_large"),
    ],
    ids=["not-json", "empty", "not-utf8", "deep", "number", "no-events", "too-many-rows"],
)
def test_bad_batches_are_refused_with_a_problem_document(client, body, status, code):
    answer = client.post("/v1/events", content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["hint"]


def test_a_body_is_refused_while_it_arrives_not_after(service):
    small = ShopConfig(limits=Limits(max_body_mb=0.01))
    limited = world.open_service(service.store.path.parent, config=small)

    def endless():
        for _ in range(10_000):
            yield b" " * 1_000

    with TestClient(create_app(limited), base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        declared = client.post("/v1/events", content=b" " * 20_000)
        streamed = client.post("/v1/events", content=endless())
        bomb = client.post(
            "/v1/events", content=gzip.compress(b" " * 10_000_000), headers={"Content-Encoding": "gzip"}
        )
    assert declared.status_code == streamed.status_code == bomb.status_code == 413


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_packed_bodies_are_read(client, encoding, pack):
    packed = pack(json.dumps([purchase()]).encode())
    answer = client.post("/v1/events", content=packed, headers={"Content-Encoding": encoding})
    assert answer.json()["stored"] == 1
    damaged = client.post("/v1/events", content=packed[:-9], headers={"Content-Encoding": encoding})
    assert (damaged.status_code, damaged.json()["code"]) == (400, "invalid_json")


def test_unknown_packing_is_refused(client):
    answer = client.post("/v1/events", content=b"x", headers={"Content-Encoding": "br"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"k": 0}, "k"),
        ({"k": 1_000_000}, "k"),
        ({"k": "many"}, "k"),
        ({"surface": "nowhere"}, "surface"),
        ({"category": "nowhere"}, "category"),
        ({"customer_id": ""}, "customer_id"),
        ({"customer_id": "x" * 300}, "customer_id"),
        ({"colour": "red"}, "colour"),
        ({"history": [{"item_id": "meat-01", "timestamp": "yesterday"}]}, "timestamp"),
        ({"history": [{"item_id": "meat-01", "event_type": "nonsense"}]}, "event_type"),
        ([], "body"),
    ],
)
def test_bad_questions_name_the_field(client, body, field):
    answer = client.post("/v1/recommendations", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == PROBLEM
    assert field in answer.json()["detail"]


def test_recommendations_hold_to_what_was_asked(client):
    asked = {"customer_id": "3", "k": 7, "category": "Dairy", "exclude": ["dairy-01", "no-such-item"]}
    body = client.post("/v1/recommendations", json=asked).json()
    assert [item["rank"] for item in body["items"]] == list(range(1, 8))
    assert {item["category"] for item in body["items"]} == {"Dairy"}
    assert "dairy-01" not in {item["item_id"] for item in body["items"]}
    scores = [item["score"] for item in body["items"]]
    assert scores == sorted(scores, reverse=True)
    assert body["request_id"]
    assert body["model_version"]


def test_a_history_in_the_body_answers_like_the_same_history_in_the_log(client):
    times = [world.NOW - 2_000, world.NOW - 1_000]
    history = [
        {"item_id": item, "timestamp": at} for item, at in zip(["meat-01", "meat-02"], times, strict=True)
    ]
    client.post(
        "/v1/events", json=[{"session_id": "s", "event_type": "view_item"} | event for event in history]
    )
    from_log = client.post("/v1/recommendations", json={"session_id": "s"}).json()["items"]
    from_body = client.post("/v1/recommendations", json={"history": history}).json()["items"]
    assert from_log == from_body


def test_ids_may_be_numbers_as_in_events(client):
    client.post("/v1/events", json=[purchase(customer_id=77)])
    assert client.post("/v1/recommendations", json={"customer_id": 77, "exclude": [5]}).json()["note"] == ""
    history = [{"item_id": 5, "timestamp": 1_795_000_000}]
    assert "guest" in client.post("/v1/recommendations", json={"history": history}).json()["note"]


@pytest.mark.parametrize("value", [True, None, [], {}, 10**30, -1, 0.5, "", "\x00", "é" * 257])
def test_no_value_of_any_field_makes_a_fault_of_ours(client, value):
    """Whatever is sent, the answer is a result or a problem document of the caller's."""
    for field in ("customer_id", "session_id", "history", "k", "exclude", "category", "surface"):
        assert client.post("/v1/recommendations", json={field: value}).status_code in (200, 404, 422), field
    for field in (
        "event_id",
        "customer_id",
        "item_id",
        "timestamp",
        "price",
        "quantity",
        "consent",
        "rating",
    ):
        assert client.post("/v1/events", json=[purchase(**{field: value})]).status_code == 200, field
    for path in ("/v1/similar", "/v1/homepage"):
        asked = client.get(path, params={"item_id": str(value), "customer_id": str(value), "k": str(value)})
        assert asked.status_code in (200, 404, 422)


def test_only_items_in_stock_are_answered(client):
    body = client.post("/v1/recommendations", json={"k": 1_000}).json()
    assert len(body["items"]) == len(world.CATEGORIES) * (world.ITEMS_EACH - 1)


def test_similar_items_and_unknown_ones(client):
    body = client.get("/v1/similar", params={"item_id": "meat-01", "k": 5}).json()
    assert len(body["items"]) == 5
    assert "meat-01" not in {item["item_id"] for item in body["items"]}
    missing = client.get("/v1/similar", params={"item_id": "nothing"})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_item")
    assert client.get("/v1/similar").status_code == 422


def test_homepage_of_a_customer_and_of_a_guest(client):
    own = client.get("/v1/homepage", params={"customer_id": "3"}).json()
    guest = client.get("/v1/homepage").json()
    assert own["rows"][0]["name"] == "for_you"
    assert guest["rows"][0]["name"] == "popular"
    assert client.get("/v1/homepage", params={"k": 1}).status_code == 422


def test_erasure_takes_everything_and_then_knows_nobody(client):
    answer = client.delete("/v1/customers/3")
    assert answer.json()["deleted"]["events"] > 30
    assert answer.json()["remaining"] == {}
    gone = client.post("/v1/recommendations", json={"customer_id": "3"})
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_customer")
    assert client.get("/v1/homepage", params={"customer_id": "3"}).status_code == 404
    guest = client.post("/v1/recommendations", json={"customer_id": "3", "session_id": "tab"}).json()
    assert guest["note"].startswith("Nothing is known")
    assert len(guest["items"]) == 10
    again = client.delete("/v1/customers/3")
    assert (again.status_code, again.json()["code"]) == (404, "unknown_customer")


def test_health_metrics_and_openapi(client):
    assert client.get("/health/live").json()["status"] == "live"
    assert client.get("/health/ready").json()["status"] == "ready"
    client.post("/v1/events", json=[purchase()])
    figures = client.get("/metrics").text
    assert 'shopkeeper_events_total{verdict="stored"}' in figures
    assert 'route="/v1/events"' in figures
    described = client.get("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    for path in (
        "/v1/events",
        "/v1/recommendations",
        "/v1/similar",
        "/v1/homepage",
        "/v1/customers/{customer_id}",
    ):
        assert path in described["paths"]
    body = described["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    assert body["example"]["events"]


def test_every_reference_of_the_openapi_document_exists(client):
    text = client.get("/openapi.json").text
    known = json.loads(text)["components"]["schemas"]
    wanted = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert wanted
    assert wanted <= set(known)


def test_wrong_paths_and_methods_are_problem_documents(client):
    for answer, status in ((client.get("/nowhere"), 404), (client.put("/v1/events"), 405)):
        assert answer.status_code == answer.json()["status"] == status
        assert answer.headers["content-type"] == PROBLEM


def test_before_the_first_training_pages_work_and_lists_say_what_to_do(tmp_path):
    service = world.open_service(world.make_shop(tmp_path / "shop", trained=False))
    with TestClient(create_app(service), base_url="http://localhost", client=("127.0.0.1", 1)) as client:
        answer = client.post("/v1/recommendations", json={})
        assert (answer.status_code, answer.json()["code"]) == (503, "not_trained")
        assert answer.headers["retry-after"]
        assert client.get("/health/ready").status_code == 503
        assert client.get("/health/live").status_code == 200
        assert len(client.get("/v1/homepage").json()["rows"]) > 3


def test_a_fault_of_ours_tells_nothing_and_keeps_the_request_id(service, caplog):
    app = create_app(service)

    def broken() -> None:
        raise RuntimeError("a secret")

    app.add_api_route("/broken", broken)
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.get("/broken", headers={"X-Request-ID": "abc"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "abc"
    assert "Request abc failed." in caplog.text


def test_request_ids_and_security_headers(client):
    given = client.get("/health/live", headers={"X-Request-ID": "from-me.1"})
    made = client.get("/health/live", headers={"X-Request-ID": "not good\u00e9".encode("latin-1")})
    assert given.headers["x-request-id"] == "from-me.1"
    assert len(made.headers["x-request-id"]) == 32
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in given.headers["content-security-policy"]


def test_pages_of_other_sites_may_not_change_anything(client):
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/v1/events", json=[purchase()], headers=headers).status_code == 403
    assert client.get("/health/live", headers=headers).status_code == 200


PERSONAL = (
    ("POST", "/v1/recommendations", {"customer_id": "3"}),
    ("POST", "/v1/recommendations", {"session_id": "3"}),
    ("GET", "/v1/homepage?customer_id=3", None),
    ("DELETE", "/v1/customers/no-such", None),
)


@pytest.mark.parametrize(("method", "path", "body"), PERSONAL)
@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("10.0.0.7", {}),
        ("127.0.0.1", {"Host": "evil.example"}),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.7"}),
    ],
)
def test_personal_data_stays_on_this_machine(service, method, path, body, address, headers):
    app = create_app(service, guard=Guard(None))
    with TestClient(app, base_url="http://localhost", client=(address, 1)) as client:
        answer = client.request(method, path, json=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, PROBLEM)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer wrong", 401),
        ("Basic !", 401),
        ("Bearer s3cret", 200),
        ("Basic YWRtaW46czNjcmV0", 200),
    ],
)
def test_an_admin_token_opens_the_shop_to_other_machines(service, authorization, status):
    app = create_app(service, guard=Guard("s3cret"))
    headers = {"Authorization": authorization} if authorization else {}
    with TestClient(app, base_url="http://shop.example", client=("10.0.0.7", 1)) as client:
        answer = client.get("/v1/homepage?customer_id=3", headers=headers)
        assert client.get("/v1/homepage").status_code == 200
    assert answer.status_code == status
