"""Rows of the homepage learn their order from clicks, through the real log."""

import json
from functools import partial

import numpy as np

from shopkeeper.core import columns as c
from shopkeeper.core.config import Lists, ShopConfig
from shopkeeper.core.types import Decision, Shown
from shopkeeper.data.lately import Lately
from shopkeeper.data.schema import DECISIONS
from shopkeeper.serving.row_learner import learn_rows
from shopkeeper.serving.row_orders import FEWEST_CLICKS, FILE, WORLDS, Orders, Own, RowOrders, learn, write
from shopkeeper.serving.snapshots import FOLDER
from shopkeeper.surfaces.row_order import AS_GIVEN, ROWS
from tests.serving import world

LIKED = "explore"


def show_and_click(service, pages, first=0):
    """Pages whose lowest row alone is clicked."""
    events = []
    for number in range(first, first + pages):
        request = f"r{number}"
        rows = tuple(Shown(name, (f"{name}-x",), ("",), (1.0,)) for name in ("for_you", "because", LIKED))
        service.decisions.log(Decision(request, None, f"s{number}", "homepage", "v", world.NOW, rows))
        click = {c.SESSION_ID: f"s{number}", c.EVENT_TYPE: "select_item", c.ITEM_ID: f"{LIKED}-x"}
        events.append({**click, c.REQUEST_ID: request, c.TIMESTAMP: world.NOW, c.EVENT_ID: request})
    assert {verdict.status for verdict in service.collect(events)} == {"stored"}
    service.decisions.flush()


def test_a_row_that_is_clicked_rises_and_the_chance_is_logged(service):
    usual = [row.name for row in service.homepage(service.person(customer_id="3")).rows]
    assert usual[0] == "for_you"
    assert usual[-1] != usual[0]
    show_and_click(service, 2 * FEWEST_CLICKS)
    learn_rows(service.store, service.store.path.parent / FOLDER)
    service._orders.look()

    pages = [service.homepage(service.person(customer_id="3")) for _ in range(40)]

    # Others are tried now and then.
    assert sum(page.rows[0].name == LIKED for page in pages) > 20
    service.decisions.flush()
    for page in pages:
        sql = f"SELECT {c.SHOWN} FROM {DECISIONS} WHERE {c.REQUEST_ID} = ?"
        (packed,) = service.store.read(
            lambda found, sql=sql, page=page: found.execute(sql, [page.request_id]).fetchone()
        )
        logged = [(row[c.ROW], row.get(c.PLACED, 1.0)) for row in json.loads(packed)]
        assert logged == [(row.name, row.placed) for row in page.rows]
        assert 0 < page.rows[0].placed <= 1


def test_few_clicks_change_nothing_and_the_same_log_gives_the_same_orders(service):
    show_and_click(service, FEWEST_CLICKS - 1)
    assert learn(service.decisions, service.lately) is None
    show_and_click(service, 5, first=FEWEST_CLICKS)
    one, other = (learn(service.decisions, Lately(service.store)) for _ in range(2))
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.worlds, other.worlds)
    assert len(one.worlds) == WORLDS


def test_what_is_kept_is_what_was_learned_less_who_is_forgotten(tmp_path):
    rng = np.random.default_rng(0)
    own = Own({"a": 0, "b": 1, "c": 2}, rng.random((3, len(ROWS))), rng.random((3, len(ROWS))), 12.0)
    learned = Orders(rng.random((WORLDS, len(ROWS))), own)
    orders, chance = RowOrders(tmp_path), partial(np.random.default_rng, 1)
    orders.look()
    assert orders.draw(chance, "b") is AS_GIVEN
    write(tmp_path, learned)
    orders.look()
    for person in ("a", "b", "c", None):
        expected = own.worlds(learned.worlds, person)
        np.testing.assert_array_equal(orders.draw(chance, person).worlds, expected)

    orders.forget(["b", "unheard of"])

    assert b"b" not in np.load(tmp_path / FILE)["people"].astype(bytes).tolist()
    for person in ("a", "c"):
        expected = own.worlds(learned.worlds, person)
        np.testing.assert_array_equal(orders.draw(chance, person).worlds, expected)
    np.testing.assert_array_equal(orders.draw(chance, "b").worlds, learned.worlds)


def test_people_who_differ_get_orders_of_their_own():
    rng = np.random.default_rng(0)
    mean = np.full(len(ROWS), 0.2)
    liked = rng.integers(len(ROWS), size=200)
    looks = np.full((200, len(ROWS)), 40.0)
    clicked = rng.binomial(40, np.where(np.arange(len(ROWS)) == liked[:, None], 0.7, 0.1)).astype(float)
    own = Own.of([str(person) for person in range(200)], looks, clicked, mean)
    worlds = np.tile(mean, (64, 1))
    for person in range(0, 200, 20):
        assert own.worlds(worlds, str(person)).mean(0).argmax() == liked[person]
    for stranger in ("200", None):
        assert own.worlds(worlds, stranger) is worlds


def test_it_can_be_switched_off(folder):
    service = world.open_service(folder, config=ShopConfig(lists=Lists(learned_order=False)))
    try:
        assert service._learner is None
        assert {row.placed for row in service.homepage().rows} == {AS_GIVEN.chance(())}
    finally:
        service.close()
