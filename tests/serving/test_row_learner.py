"""The order of rows is learned by a process beside the service, where there is anything to learn from."""

import time

import pytest

from shopkeeper.serving import row_learner, row_orders
from shopkeeper.serving.row_learner import learn_rows
from shopkeeper.serving.row_orders import FEWEST_CLICKS, FILE, Orders, write
from shopkeeper.serving.snapshots import FOLDER
from tests.serving.test_row_orders import show_and_click


@pytest.fixture
def kept(service):
    return service.store.path.parent / FOLDER


def wait_for(truth, seconds=30.0):
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_page_has_it_learned_in_a_process_of_its_own(service, kept, monkeypatch):
    monkeypatch.setattr(row_learner, "LOOK_SECONDS", 0.05)
    show_and_click(service, 2 * FEWEST_CLICKS)
    assert len(service._orders._orders.worlds) == 0
    service.homepage()
    wait_for(lambda: len(service._orders._orders.worlds))
    assert (kept / "rows.log").read_bytes() == b""


def test_no_process_is_started_where_little_was_clicked_or_another_has_just_learned(
    service, kept, monkeypatch
):
    started = []
    monkeypatch.setattr(row_learner, "begin", lambda command, log: started.append(command))
    learner = service._learner
    kept.mkdir(exist_ok=True)
    show_and_click(service, FEWEST_CLICKS - 1)
    learner._learn()
    assert not started
    show_and_click(service, 5, first=FEWEST_CLICKS)
    learner._learn()  # It looked a moment ago.
    assert not started
    learner._not_before = 0.0
    write(kept, Orders())
    learner._learn()
    assert not started
    (kept / FILE).unlink()
    learner._not_before = 0.0
    learner._learn()
    assert len(started) == 1


def test_who_is_erased_while_it_learns_is_not_kept(service, kept, monkeypatch):
    show_and_click(service, 2 * FEWEST_CLICKS)
    plain = row_orders.learn
    learned = []

    def slowly(decisions, lately):
        orders = plain(decisions, lately)
        learned.append(orders)
        if len(learned) == 1:
            service.erase("3")
        return orders

    monkeypatch.setattr(row_learner, "learn", slowly)
    learn_rows(service.store, kept)
    assert len(learned) == 2
    assert (kept / FILE).exists()
