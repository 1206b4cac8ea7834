import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import EventWeights, ShopConfig
from shopkeeper.core.errors import InvalidRequest, NotFound, UnknownCustomer, UnknownItem
from shopkeeper.data import catalogue, schema
from shopkeeper.serving.person import GUEST, Person
from shopkeeper.serving.visits import Happening
from tests.serving import world


def test_raw_ids_become_pseudonyms_and_pseudonyms_are_never_guessed(service):
    person = service.person(customer_id=" 3 ", session_id="tab")
    assert person == service.person(customer_id="3", session_id="tab")
    assert person.customer.startswith("c_")
    assert person.session.startswith("s_")
    twice = service.person(customer_id=person.customer)
    assert twice.customer != person.customer
    assert Person.of_pseudonyms(customer=person.customer).customer == person.customer


@pytest.mark.parametrize("text", ["3", "c_", "c_XYZ", "s_" + "0" * 20, "c_" + "0" * 21, ""])
def test_what_is_no_pseudonym_is_refused(text):
    with pytest.raises(InvalidRequest, match="customer"):
        Person.of_pseudonyms(customer=text)


def test_a_click_a_cart_and_a_purchase_are_known_at_once(service):
    person = service.person(session_id="tab")
    service.record(person, "view_item", "meat-01")
    service.record(person, "add_to_cart", "meat-01", quantity=2)
    service.record(person, "add_to_cart", "dairy-02")
    cart = service.cart(person)
    assert [(line.card.item_id, line.quantity) for line in cart.lines] == [("dairy-02", 1), ("meat-01", 2)]
    assert cart.total == 3.0 + 2 * 2.0
    page = service.homepage(person)
    assert "with_cart" in {row.name for row in page.rows}
    assert len(service.record(person, "purchase", request_id=page.request_id)) == 2
    assert service.cart(person).lines == ()
    known = service.knows(person)
    assert (known.events, known.items) == (5, 2)
    assert known.recent[0].kind == "purchase"


def test_the_same_click_sent_twice_counts_once(service):
    person = service.person(session_id="tab")
    for _ in range(2):
        (verdict,) = service.record(person, "add_to_cart", "meat-01", event_id="form-1")
    assert verdict.status == "duplicate"
    assert service.cart(person).lines[0].quantity == 1
    assert service.record(service.person(session_id="other"), "purchase") == []


def test_a_purchase_from_a_page_is_one_order_with_prices(service):
    person = service.person(customer_id="buyer")
    service.record(person, "add_to_cart", "meat-01")
    service.record(person, "add_to_cart", "meat-02")
    service.record(person, "purchase")
    columns = (c.EVENT_TYPE, c.TRANSACTION_ID, c.PRICE)
    rows = service.store.events_of([person.customer], columns=columns)
    orders = [(order, price) for kind, order, price in rows if kind == "purchase"]
    assert len({order for order, _ in orders}) == 1
    assert sorted(price for _, price in orders) == [2.0, 3.0]


def test_unknown_things_are_told(service):
    with pytest.raises(UnknownItem):
        service.item("nothing")
    with pytest.raises(UnknownItem):
        service.product("nothing")
    with pytest.raises(UnknownItem):
        service.record(GUEST, "view_item", "nothing")
    with pytest.raises(NotFound, match="category"):
        service.category("nothing")
    for k in (0, -1, 10**6):
        with pytest.raises(InvalidRequest, match="k ="):
            service.recommend(k=k)
        with pytest.raises(InvalidRequest, match="k ="):
            service.homepage(k=k)


def test_a_customer_is_known_by_an_event_or_by_a_record_alone(service):
    assert service.require(service.person(customer_id="3")).customer
    person = service.person(customer_id="on file")
    with pytest.raises(UnknownCustomer):
        service.require(person)
    row = (person.customer, True, None, None)
    service.store.write(lambda connection: catalogue.upsert(connection, schema.CUSTOMERS, [row])).result()
    assert service.require(person) == person
    service.erase_person(person)
    with pytest.raises(UnknownCustomer):
        service.require(person)


def test_every_surface_answers(service):
    person = service.person(customer_id="3")
    sources = {
        surface: {card.source for card in service.recommend(person, surface=surface).items}
        for surface in ("for_you", "buy_again", "related", "trending", "popular")
    }
    assert sources["buy_again"] == {"repeat"}
    assert sources["related"] == {"cooccurrence"}
    assert sources["trending"] == {"trending"}
    assert sources["popular"] == {"popular"}
    assert len(sources["for_you"]) > 1


def test_a_list_is_filled_as_long_as_there_is_anything(service):
    person = service.person(customer_id="3")
    everything = service.recommend(person, k=1000).items
    assert len(everything) == len(world.CATEGORIES) * (world.ITEMS_EACH - 1)
    assert len({card.item_id for card in everything}) == len(everything)


def test_evidence_comes_from_the_persons_own_history_only(service):
    person = service.person(customer_id="5")
    own = {event.item_id for event in service.knows(person, limit=1000).recent}
    for card in service.recommend(person, k=100).items:
        assert set(card.evidence_item_ids) <= own


def test_a_history_that_nobody_knows_gets_a_note(service):
    answer = service.recommend(history=[Happening("unheard-of")])
    assert "guest" in answer.note
    assert len(answer.items) == 10
    assert service.recommend(history=[Happening("meat-01", "purchase")]).note == ""


def test_an_event_of_the_future_is_still_before_now(service):
    person = service.person(customer_id="early")
    row = {
        c.CUSTOMER_ID: "early",
        c.EVENT_TYPE: "purchase",
        c.ITEM_ID: "meat-01",
        c.TIMESTAMP: world.NOW + 3_600_000,
    }
    assert service.collect([row])[0].status == "stored"
    assert service.recommend(person).note == ""


def test_customers_to_choose_from_are_active_and_differ(service):
    choices = service.customers(12)
    assert len({choice.customer for choice in choices}) == 12
    assert len({choice.categories for choice in choices}) > 6
    # Chosen by what they took lately, described by all they ever did: a favourite may differ by a little.
    assert len({choice.categories[0] for choice in choices[:6]}) >= 4
    for choice in choices:
        assert choice.events >= 5
        assert service.describe(Person.of_pseudonyms(customer=choice.customer)) == choice
    assert service.describe(service.person(customer_id="nobody")) is None
    service.erase_person(Person(choices[0].customer))
    assert choices[0].customer not in {choice.customer for choice in service.customers(12)}


def test_a_change_of_the_catalogue_is_seen_without_training(folder):
    service = world.open_service(folder)
    service._showroom._every, service._showroom._patience = 0.0, 60.0
    assert service.item("meat-01").price == 2.0
    row = {c.ITEM_ID: "meat-01", c.PRICE: 7.5, c.IN_STOCK: False}
    fresh = {c.ITEM_ID: "brand-new", c.TITLE: "Brand new", c.CATEGORY: "Meat", c.PRICE: 1.0}
    world.put_items(service.store, [row, fresh])
    card = service.item("meat-01")
    assert (card.price, card.in_stock, card.title) == (7.5, False, "Meat 1")
    assert "meat-01" not in {card.item_id for card in service.recommend(k=1000).items}
    assert service.product("brand-new").card.title == "Brand new"
    assert "brand-new" in {card.item_id for card in service.category("Meat").cards}
    service.close()


def test_weights_of_the_configuration_decide_what_counts(folder):
    config = ShopConfig(event_weights=EventWeights(view_item=0.0))
    service = world.open_service(folder, config=config)
    person = service.person(session_id="tab")
    service.record(person, "view_item", "meat-01")
    assert service.recommend(person).note.startswith("Nothing is known")
    service.close()


def test_a_category_page_is_in_personal_order(service):
    person = service.person(customer_id="3")
    favourite = service.categories(person)[0].name
    page = service.category(favourite, person, k=10)
    assert len(page.cards) == 10
    assert page.count == world.ITEMS_EACH - 1
    assert page.cards[0].reason.en
    assert [card.item_id for card in page.cards] != [
        card.item_id for card in service.category(favourite, k=10).cards
    ]
