"""What friends like, live: the reason, consent, and what stops at once."""

from collections.abc import Iterator

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.collect import collect_events
from shopkeeper.data.dataset import PERSON, ItemIndex, build_dataset, event_weights
from shopkeeper.data.importing import import_source
from shopkeeper.data.sources.base import FrameSource
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.popular import Popular
from shopkeeper.recommenders.social import Social
from shopkeeper.serving.circles import LiveCircles
from shopkeeper.serving.service import Service
from shopkeeper.training.promote import promote, save_model
from tests.serving import world

LIKED, LOOKED_AT, DISCREET, FOLLOWED = "bakery-03", "dairy-05", "drinks-07", "meat-02"
_FRIENDS = BlendConfig({"social": 1.0}, {"social": 1.0}, untouched={"social": 1.0})


def bring(service, kind, columns, *rows):
    """Import rows with raw ids."""
    source = FrameSource(kind, [pl.DataFrame(rows, columns, orient="row")])
    import_source(
        service.store, source, kind=kind, config=service.config, identity=service.identity, now=world.NOW
    )


def did(person, kind, item):
    return {
        c.CUSTOMER_ID: person,
        c.EVENT_TYPE: kind,
        c.ITEM_ID: item,
        c.TIMESTAMP: world.NOW - DAY_MS,
    }


@pytest.fixture
def service(folder) -> Iterator[Service]:
    """A friend and somebody followed agree to be heard by the asker; ``silent`` said nothing."""
    service = world.open_service(folder)
    deeds = [
        did("friend", "purchase", LIKED),
        did("friend", "view_item", LOOKED_AT),
        did("friend", "purchase", DISCREET),
        did("silent", "purchase", "frozen-09"),
        did("followed", "add_to_wishlist", FOLLOWED),
        did("asker", "view_item", "produce-01"),
    ]
    collect_events(service.store, deeds, config=service.config, identity=service.identity, now=world.NOW)
    bring(
        service,
        "customers",
        [c.CUSTOMER_ID, c.CONSENT],
        ("friend", True),
        ("followed", True),
        ("asker", True),
    )
    bring(
        service,
        "ties",
        [c.CUSTOMER_ID, c.OTHER_ID, c.KIND],
        ("friend", "asker", "friend"),
        ("asker", "followed", "follow"),
        ("asker", "silent", "household"),
    )
    discreet = next(row for row in world.item_rows() if row[c.ITEM_ID] == DISCREET)
    world.put_items(service.store, [discreet | {c.ATTRIBUTES: '{"discreet": true}'}])
    train(service)
    yield service
    service.close()


def train(service):
    """A model that goes by friends alone, and then by what everybody likes."""
    store = service.store
    events = store.scan((PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY))
    dataset = build_dataset(events, store.items(), store.customers(), store.circles())
    blend = Blend(_FRIENDS, (Social(), Popular())).fit(dataset)
    models = store.path.parent / "models"
    promote(models, save_model(models, blend, dataset, {}))


def reasons(service, person="asker"):
    """Reasons of cards that friends brought, by item."""
    cards = service.recommend(service.person(customer_id=person), k=20).items
    return {
        card.item_id: (card.reason.en, card.reason.zh)
        for card in cards
        if card.reason.en and card.source == "social"
    }


def test_a_friend_liked_it_is_said_and_never_who(service):
    found = reasons(service)

    assert found[LIKED] == ("A friend liked this", "您的一位朋友喜欢它")
    assert found[FOLLOWED] == ("Somebody you follow liked this", "您关注的人喜欢它")
    # What was looked at, what is discreet, and what somebody without a yes did, is not told.
    assert set(found) == {LIKED, FOLLOWED}
    answer = service.recommend(service.person(customer_id="asker"), k=20)
    names = [service.identity.customer(name) for name in ("friend", "followed", "silent")]
    assert not any(name in str(answer) for name in [*names, "friend's"])
    assert all(not card.evidence_item_ids for card in answer.items if card.source == "social")


def test_being_followed_tells_nothing(service):
    assert reasons(service, "followed") == {}


def test_a_consent_taken_back_is_heeded_by_the_very_next_request(service):
    bring(service, "customers", [c.CUSTOMER_ID, c.CONSENT], ("friend", False))

    assert set(reasons(service)) == {FOLLOWED}


def test_what_a_friend_likes_is_remembered_for_a_while_and_forgotten_at_once(service):
    asker = service.person(customer_id="asker")
    items = ItemIndex.of(service.store.items()[c.ITEM_ID].to_list())
    weights = event_weights(service.config.event_weights)
    remembers, reads = (LiveCircles(service.store, service._live, every=every) for every in (1e9, 0.0))

    def likes(circles):
        found = circles.of(asker, items, weights, world.NOW)
        return {items.ids[item] for item in found.likes.items}

    assert likes(remembers) == likes(reads) == {LIKED, DISCREET, FOLLOWED}
    extra = did("friend", "purchase", "bakery-08")
    collect_events(service.store, [extra], config=service.config, identity=service.identity, now=world.NOW)
    assert likes(remembers) == {LIKED, DISCREET, FOLLOWED}
    assert likes(reads) == {LIKED, DISCREET, FOLLOWED, "bakery-08"}

    service.erase("friend")

    assert likes(remembers) == likes(reads) == {FOLLOWED}
    assert set(reasons(service)) == {FOLLOWED}
    assert service.store.find_people([service.identity.customer("friend")]) == {}


def test_a_tie_that_is_over_is_not_heard(service):
    ended = ("friend", "asker", "friend", world.NOW - 1)
    bring(service, "ties", [c.CUSTOMER_ID, c.OTHER_ID, c.KIND, c.ENDS_AT], ended)

    assert set(reasons(service)) == {FOLLOWED}


def test_a_list_for_everybody_says_what_live_lists_say(service, tmp_path):
    store = service.store
    events = store.scan((PERSON, c.ITEM_ID, c.EVENT_TYPE, c.TIMESTAMP, c.QUANTITY))
    log = build_dataset(events, store.items(), store.customers(), store.circles())

    service.recommend_all(tmp_path / "lists.parquet", log, pl.Series(["asker"]), k=20)

    live = service.recommend(service.person(customer_id="asker"), k=20, bought_days=0).items
    assert pl.read_parquet(tmp_path / "lists.parquet")[c.ITEM_ID].to_list() == [card.item_id for card in live]


def test_one_list_for_several_who_agreed(service, client):
    together = {"customer_ids": ["asker", "friend", "silent"], "k": 5}

    answer = client.post("/v1/recommendations", json=together).json()

    assert len(answer["items"]) == 5
    assert answer["note"] == "1 of 3 have not agreed to be heard by the others."
    assert {item["source"] for item in answer["items"]} == {"together"}
    assert not any(item["reason"]["en"] for item in answer["items"])
    for wrong in ({"customer_id": "asker"}, {"surface": "popular"}):
        assert client.post("/v1/recommendations", json=together | wrong).status_code == 422
    unknown = client.post("/v1/recommendations", json={"customer_ids": ["asker", "nobody"]})
    assert unknown.status_code == 404
    silent = [service.person(customer_id=name) for name in ("silent", "0")]
    with pytest.raises(InvalidRequest, match="none of the 2 has agreed"):
        service.recommend_together(silent)
