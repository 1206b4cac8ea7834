"""When a training is due, who begins it, and what is told of it."""

import json
import time
from dataclasses import asdict, replace

import pytest

from shopkeeper.core.config import Retrain, load_config
from shopkeeper.core.errors import TooLittleData
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.evaluation.backtest import no_progress
from shopkeeper.privacy.identity import KEY_FILE, create_key
from shopkeeper.serving.http import create_app
from shopkeeper.serving.opening import CONFIG_FILE
from shopkeeper.serving.schedule import Due, due, is_stale
from shopkeeper.serving.snapshots import FOLDER, SNAPSHOT
from shopkeeper.training.announce import ANNOUNCEMENT, Announced, announced, announcing
from tests.serving import world
from tests.serving.test_server import call, serving
from tests.web_client import TestClient

HOUR = 3_600_000
LAST = Announced(running=False, process=1, started=world.NOW, ended=world.NOW + 1, seq=100)


@pytest.mark.parametrize(
    ("settings", "last", "seq", "hours", "expected"),
    [
        (Retrain(), None, 100, 0, Due(False)),
        (Retrain(every_hours=2), None, 0, 0, Due(False, world.NOW)),
        (Retrain(every_hours=2), None, 1, 0, Due(True, world.NOW)),
        (Retrain(every_hours=2), LAST, 101, 1, Due(False, world.NOW + 2 * HOUR)),
        (Retrain(every_hours=2), LAST, 101, 2, Due(True, world.NOW + 2 * HOUR)),
        (Retrain(every_hours=2), LAST, 100, 2, Due(False, world.NOW + 2 * HOUR)),
        (Retrain(after_events=10), None, 9, 0, Due(False, None, 1)),
        (Retrain(after_events=10), LAST, 109, 99, Due(False, None, 1)),
        (Retrain(after_events=10), LAST, 110, 0, Due(True, None, 0)),
        (Retrain(every_hours=2, after_events=10), LAST, 150, 0, Due(True, world.NOW + 2 * HOUR, 0)),
        (Retrain(every_hours=2, after_events=10), LAST, 101, 3, Due(True, world.NOW + 2 * HOUR, 9)),
    ],
)
def test_when_a_training_is_due(settings, last, seq, hours, expected):
    assert due(settings, last, seq, world.NOW + hours * HOUR) == expected


@pytest.mark.parametrize(
    ("snapshot", "training", "expected"),
    [
        (None, None, False),
        (None, LAST, True),
        (None, replace(LAST, running=True, ended=0), False),
        (replace(LAST, started=LAST.started - 1), LAST, True),
        (replace(LAST, started=LAST.ended + 1, told="Too few."), LAST, False),
        (LAST, replace(LAST, told="Killed.", ended=0), False),
    ],
)
def test_when_customers_are_to_be_looked_at(snapshot, training, expected):
    assert is_stale(snapshot, training) == expected


def test_what_came_of_trainings_is_told(client, service, folder):
    told = client.get("/v1/training").json()
    assert (told["runs"], told["scheduled"], told["next_at"], told["next_events"]) == ([], False, None, None)
    with announcing(folder / "models", no_progress) as first:
        assert client.get("/v1/training").json()["running"]
        first.end("The first model of this shop.", "v1", promoted=True)
    with pytest.raises(TooLittleData), announcing(folder / "models", no_progress, service.store.last_seq()):
        raise TooLittleData("Nothing to learn from.")

    told = client.get("/v1/training").json()

    assert [(run["version"], run["promoted"], run["reason"]) for run in told["runs"]] == [
        ("", False, "Nothing to learn from."),
        ("v1", True, "The first model of this shop."),
    ]
    assert (told["running"], told["new_events"]) == (False, 0)
    figures = client.get("/metrics").text
    assert "shopkeeper_training_running 0.0" in figures
    assert "shopkeeper_training_last_promoted 0.0" in figures


def test_trainings_are_guarded(service):
    with TestClient(create_app(service), client=("203.0.113.9", 50_000)) as stranger:
        assert stranger.get("/v1/training").status_code == 403


def test_a_server_trains_itself_once_and_a_restart_begins_nothing(tmp_path):
    folder = empty_shop(tmp_path, "[retrain]\nafter_events = 3\n")
    first = {"running": False, "process": 1, "started": 1, "ended": 2, "told": "By hand.", "stages": []}
    (folder / "models" / ANNOUNCEMENT).write_text(json.dumps(first))
    rows = [
        {"customer_id": "9", "event_type": "purchase", "item_id": item, "event_id": item}
        for item in ("meat-00", "meat-01", "meat-02")
    ]
    with serving(folder, 2) as (_, port):
        assert call(port, "GET", "/v1/training")[1]["next_events"] == 3
        assert call(port, "POST", "/v1/events", rows)[1]["stored"] == 3
        told = wait_for(port, lambda told: len(told["runs"]) == 2 and not told["running"])
        assert [run["reason"] for run in told["runs"]][1:] == ["By hand."]
        assert told["runs"][0]["promoted"], told
        wait_for(port, lambda _: call(port, "GET", "/health/ready")[0] == 200)
        wait_for(port, lambda _: (state := announced(folder / FOLDER, SNAPSHOT)) and not state.running)
    again = world.open_service(folder, config=load_config(folder / CONFIG_FILE))
    try:
        state = again.schedule.state()
    finally:
        again.close()
    assert (state.running, state.next_events) == (False, 3)
    assert [asdict(run) for run in state.runs] == told["runs"]


def empty_shop(folder, config):
    """A shop with goods and without events, so that its training takes no time."""
    (folder / "models").mkdir()
    (folder / CONFIG_FILE).write_text(config)
    create_key(folder / KEY_FILE)
    with Store(folder / STORE_FILE) as store:
        world.put_items(store, world.item_rows())
    return folder


def wait_for(port, is_so):
    """What is told of trainings, as soon as something holds."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        told = call(port, "GET", "/v1/training")[1]
        if is_so(told):
            return told
        time.sleep(0.1)
    raise AssertionError(told)
