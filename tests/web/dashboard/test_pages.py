"""The dashboard as a browser without script meets it, on a real shop."""

import time

import pytest

from shopkeeper.catalog.review import REVIEW
from shopkeeper.core import columns as c
from shopkeeper.data.derived import DERIVED, attributes_of
from shopkeeper.training.promote import current_version, versions
from tests.serving import world
from tests.web.conftest import application, visit
from tests.web.page_reader import Page

OF_CUSTOMERS = ["/customers", "/segments", "/watch", "/campaigns", "/ads", "/curves"]
PAGES = ["", "/models", *OF_CUSTOMERS, "/catalogue", "/results"]


@pytest.fixture
def models(service):
    return service.store.path.parent / "models"


@pytest.fixture
def customer(service) -> str:
    return str(service.person(customer_id="3").customer)


@pytest.fixture
def other(service, models) -> str:
    """A second version, which serves."""
    return world.train(service.store, models)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("path", [*PAGES, "/customers/CUSTOMER"])
def test_every_page_is_sound_small_and_strict(browser_of_a_guest, customer, other, path, language):
    browser_of_a_guest.cookies.set("shop_language", language)
    answer = browser_of_a_guest.get(f"/dashboard{path.replace('CUSTOMER', customer)}")
    assert answer.status_code == 200
    page = Page(answer.text)
    assert page.faults == []
    assert page.all("html")[0]["lang"].startswith(language)
    assert len(answer.content) < 150_000
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", [*PAGES, "/customers/x", "/charts/arrivals.csv", "/models/training"])
def test_only_this_machine_or_the_token_may_look(service, path):
    with visit(application(service), "203.0.113.9") as client:
        assert client.get(f"/dashboard{path}").status_code == 403
    with visit(application(service, "secret"), "203.0.113.9") as client:
        assert client.get(f"/dashboard{path}").status_code == 401
        told = client.get(f"/dashboard{path}", headers={"Authorization": "Bearer secret"})
        assert told.status_code in (200, 422)


def test_only_our_own_pages_may_change_anything(app, other, models):
    with visit(app) as client:
        client.headers["Origin"] = "http://elsewhere.test"
        for path in ("/dashboard/models/serve", "/dashboard/models/train"):
            assert client.post(path, data={"version": versions(models)[0]}).status_code == 403
    assert current_version(models) == other


def test_refused_rows_are_told_with_reason_and_example(service, browser_of_a_guest):
    service.collect([{c.EVENT_TYPE: "<b>nonsense</b>", c.ITEM_ID: "x", c.CUSTOMER_ID: "secret-number"}])
    text = browser_of_a_guest.get("/dashboard").text
    assert "unknown_event_type" in text
    assert "<b>nonsense" not in text
    assert "secret-number" not in text


@pytest.mark.parametrize("path", PAGES)
def test_a_shop_without_items_and_model_has_pages_too(tmp_path, path):
    world.make_shop(tmp_path / "shop", trained=False)
    service = world.open_service(tmp_path / "shop")
    service.store.write(lambda connection: connection.execute("DELETE FROM items").rowcount).result()
    with visit(application(service)) as client:
        answer = client.get(f"/dashboard{path}")
        assert answer.status_code == 200
        assert Page(answer.text).faults == []
        assert client.get("/").status_code == 200


def test_charts_are_saved_as_drawings_and_as_figures(browser_of_a_guest, customer):
    figures = browser_of_a_guest.get("/dashboard/charts/arrivals.csv")
    assert figures.headers["content-disposition"] == 'attachment; filename="arrivals.csv"'
    total = sum(float(cell) for line in figures.text.splitlines()[1:] for cell in line.split(",")[1:])
    assert total == len(world.event_rows())
    names = ("quality", "stock", "funnel", "retention", f"months.svg?customer={customer}")
    for name in names:
        drawing = browser_of_a_guest.get(f"/dashboard/charts/{name if '.' in name else name + '.svg'}")
        assert drawing.status_code == 200
        assert drawing.text.startswith("<svg")
    for name in ("nothing.svg", "arrivals.exe"):
        assert browser_of_a_guest.get(f"/dashboard/charts/{name}").status_code == 404


def test_another_version_serves_and_the_old_one_comes_back(service, browser_of_a_guest, models, other):
    first = versions(models)[0]
    assert f"Roll back to {first}" in browser_of_a_guest.get("/dashboard/models").text
    answer = browser_of_a_guest.post("/dashboard/models/serve", data={"version": first})
    assert answer.status_code == 303
    assert current_version(models) == first
    page = Page(browser_of_a_guest.get("/dashboard/models").text)
    assert next(text for text in page.text_of("tr") if "serves now" in text).startswith(first)
    for unknown in ("../..", "nothing"):
        refused = browser_of_a_guest.post("/dashboard/models/serve", data={"version": unknown})
        assert refused.status_code == 422
    (models / other / "items.parquet").write_bytes(b"damaged")
    assert browser_of_a_guest.post("/dashboard/models/serve", data={"version": other}).status_code == 503
    assert current_version(models) == first


def test_two_versions_stand_side_by_side(service, browser_of_a_guest, models, other, customer):
    first = versions(models)[0]
    asked = f"/dashboard/models/compare?a={first}&b={other}"
    page = Page(browser_of_a_guest.get(f"{asked}&customer={customer}").text)
    assert page.faults == []
    answer = service.recommend(service.person(customer_id="3"))
    for card in answer.items:
        assert sum(card.title in text for text in page.text_of("li")) >= 2
    assert browser_of_a_guest.get(f"{asked}&number=3").status_code == 200
    assert browser_of_a_guest.get(asked).status_code == 422
    assert browser_of_a_guest.get(f"{asked}&number=nobody").status_code == 404
    assert browser_of_a_guest.get(f"/dashboard/models/compare?customer={customer}").status_code == 422


def test_a_customer_is_found_by_number_which_stays_out_of_the_address(browser_of_a_guest, customer):
    answer = browser_of_a_guest.post("/dashboard/customers/find", data={"customer_id": "3"})
    assert answer.headers["location"] == f"/dashboard/customers/{customer}"
    page = browser_of_a_guest.get(answer.headers["location"]).text
    assert "You bought this" in page
    assert "Due again" in page
    assert browser_of_a_guest.post("/dashboard/customers/find", data={"customer_id": "no"}).status_code == 404
    assert browser_of_a_guest.get("/dashboard/customers/c_00000000000000000000").status_code == 404


def test_catalogue_tells_cold_dead_and_doubtful(service, browser_of_a_guest):
    row: dict[str, object] = {c.ITEM_ID: "untouched", c.TITLE: "Nobody's <i>thing</i>", c.CATEGORY: "Meat"}
    world.put_items(service.store, [row])
    (service.store.path.parent / REVIEW).write_text(
        "item_id,title,field,suggestion,confidence,filled\nmeat-01,Meat 1,brand,Butcher,0.41,false\n"
    )
    text = browser_of_a_guest.get("/dashboard/catalogue").text
    assert "Nobody&#39;s &lt;i&gt;thing" in text
    assert "Butcher" in text
    assert "41%" in text


def test_a_doubtful_value_is_accepted_or_rejected_once(service, browser_of_a_guest):
    service.store.path.with_name(REVIEW).write_text(
        "item_id,title,field,suggestion,confidence,filled\n"
        "meat-01,Meat 1,color,red,0.41,false\nmeat-02,Meat 2,color,blue,0.61,true\n"
    )

    def say(item: str, suggestion: str, verdict: str) -> int:
        fields = {"item": item, "field": "color", "suggestion": suggestion, "verdict": verdict}
        return int(browser_of_a_guest.post("/dashboard/catalogue/review", data=fields).status_code)

    def derived(item: str) -> dict[str, object]:
        rows = dict(service.store.items().select(c.ITEM_ID, c.ATTRIBUTES).iter_rows())
        return dict(attributes_of(rows[item]).get(DERIVED, {}))

    assert say("meat-01", "red", "accept") == 303
    assert derived("meat-01")["color"] == {
        "value": "red",
        "source": "reviewed",
        "confidence": 1.0,
        "date": "2026-11-23",
    }
    assert say("meat-02", "blue", "reject") == 303
    assert derived("meat-02") == {}
    assert say("meat-01", "red", "reject") == 422
    assert say("meat-03", "anything", "accept") == 422
    assert "Nothing waits for review." in browser_of_a_guest.get("/dashboard/catalogue").text


def test_a_training_runs_beside_the_service_and_is_told(service, browser_of_a_guest, models):
    folder = models.parent
    assert "No training was seen here yet." in browser_of_a_guest.get("/dashboard/models").text
    (folder / "shopkeeper.toml").write_text("nonsense = 1")  # Ends it at once, in its own process.
    assert browser_of_a_guest.post("/dashboard/models/train").status_code == 303
    page = browser_of_a_guest.get("/dashboard/models/training").text
    assert 'data-running="yes"' in page
    assert browser_of_a_guest.post("/dashboard/models/train").status_code == 422
    deadline = time.monotonic() + 30
    while 'data-running="yes"' in page and time.monotonic() < deadline:
        time.sleep(0.2)
        page = browser_of_a_guest.get("/dashboard/models/training").text
    assert 'data-running="no"' in page
    assert "nonsense" in (models / "training.log").read_text()
