"""Updates against a fit on the whole log: events, late events, guests who log in, and people who leave."""

import numpy as np
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import CorruptModel
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.collect import collect_events
from shopkeeper.data.store import STORE_FILE, Store
from shopkeeper.privacy.identity import KEY_FILE, Identity, load_key
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.cooccurrence import Cooccurrence
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from shopkeeper.recommenders.popular import Popular, Trending
from shopkeeper.training.learning import read_learnable
from shopkeeper.training.promote import (
    current_version,
    load_model,
    promote,
    read_manifest,
    save_model,
    versions,
)
from shopkeeper.training.update import take_out, update
from tests.serving.world import NOW, make_shop

CONFIG = ShopConfig()
UPDATABLE = ("cooccurrence", "transition", "trending", "popular", "customer_neighbours")


class World:
    """A shop with a model, its log open."""

    def __init__(self, folder):
        make_shop(folder, trained=False)
        self.folder, self.models = folder, folder / "models"
        self.identity = Identity(load_key(folder / KEY_FILE))
        self.store = Store(folder / STORE_FILE)
        learnable = self.learnable()
        blend = self.blend().fit(learnable.dataset)
        promote(
            self.models, save_model(self.models, blend, learnable.dataset, {"seq": learnable.seq, "told": 1})
        )

    def blend(self):
        """The default with a recommender that keeps people."""
        return Blend(sources=(*Blend().sources, CustomerNeighbours()))

    def learnable(self):
        return read_learnable(self.store, self.store, CONFIG, self.folder / "cache")

    def collect(self, *rows):
        full = [{c.EVENT_TYPE: "purchase", c.QUANTITY: 1} | row for row in rows]
        return collect_events(self.store, full, config=CONFIG, identity=self.identity, now=NOW)

    def check(self):
        """What serves is what a fit on the log of now gives, over the items it knows."""
        model = load_model(self.models / current_version(self.models))
        dataset = self.learnable().dataset.over(model.items)
        for part in self.blend().fit(dataset).sources:
            found = model.parts[part.name]
            if isinstance(part, Cooccurrence) and isinstance(found, Cooccurrence):
                for name in ("data", "indices", "indptr"):
                    assert np.array_equal(getattr(found.next_, name), getattr(part.next_, name))
            elif isinstance(part, Popular | Trending) and isinstance(found, Popular | Trending):
                np.testing.assert_allclose(found.scores_, part.scores_, rtol=1e-5, atol=1e-9)
            elif isinstance(part, CustomerNeighbours) and isinstance(found, CustomerNeighbours):
                one, other = (model.opinions_.people(model.times_) for model in (found, part))
                assert one == other
            else:
                assert part.name not in UPDATABLE


@pytest.fixture
def world(tmp_path):
    found = World(tmp_path / "shop")
    yield found
    found.store.close()


def row(who, item, hours, **more):
    return {**who, c.ITEM_ID: item, c.TIMESTAMP: NOW - int(hours * DAY_MS / 24), **more}


def customer(number):
    return {c.CUSTOMER_ID: str(number)}


def test_nothing_new_changes_nothing(world):
    before = current_version(world.models)
    assert update(world.store, world.models, CONFIG).version == before


def test_new_and_late_events_are_counted_in(world):
    first = current_version(world.models)
    world.collect(
        row(customer(1), "bakery-03", 2),
        row(customer(1), "dairy-04", 1),
        row(customer(2), "meat-01", 24 * 30.5),
        row(customer("new"), "meat-02", 3),
        row(customer("new"), "meat-01", 2),
    )
    done = update(world.store, world.models, CONFIG)
    assert (done.events, done.people, done.waiting) == (5, 3, 0)
    assert set(done.parts) == set(UPDATABLE)
    assert current_version(world.models) == done.version != first
    world.check()
    manifest = read_manifest(world.models / done.version)
    assert manifest["told"] == 1
    assert manifest["updated_from"] == first
    world.collect(row(customer("new"), "dairy-04", 1))
    assert update(world.store, world.models, CONFIG).events == 1
    world.check()


def test_a_return_takes_its_purchase_back(world):
    world.collect(row(customer(3), "bakery-03", 5), row(customer(3), "bakery-04", 4))
    update(world.store, world.models, CONFIG)
    world.collect(row(customer(3), "bakery-03", 1, **{c.EVENT_TYPE: "refund"}))
    update(world.store, world.models, CONFIG)
    world.check()


def test_a_guest_who_logs_in_becomes_the_customer(world):
    guest = {c.SESSION_ID: "abc"}
    world.collect(row(guest, "dairy-01", 9), row(guest, "dairy-02", 8))
    update(world.store, world.models, CONFIG)
    world.check()
    world.collect(row(customer(4) | guest, "dairy-03", 2), row(guest, "dairy-05", 1))
    update(world.store, world.models, CONFIG)
    world.check()


def test_events_of_nobody_and_of_unknown_items(world):
    world.collect(row({}, "dairy-01", 1), row(customer(5), "comet-01", 1), row(customer(5), "dairy-02", 1))
    assert update(world.store, world.models, CONFIG).waiting == 1
    world.check()


def test_who_is_forgotten_leaves_no_trace_in_the_counts(world):
    gone = [row(customer("gone"), item, 2 + place) for place, item in enumerate(("bakery-03", "dairy-04"))]
    world.collect(*gone, row(customer("stays"), "dairy-04", 1))
    update(world.store, world.models, CONFIG)
    for person in (world.identity.customer("gone"), world.identity.customer("7")):
        take_out(world.store, world.models, CONFIG, person)
        world.store.delete_people([person])
    world.check()
    # No older version of a model that keeps people is left to roll back to.
    assert versions(world.models) == [current_version(world.models)]
    assert update(world.store, world.models, CONFIG).events == 0


def test_a_model_that_does_not_say_how_far_it_read_is_refused(world):
    dataset = world.learnable().dataset
    promote(world.models, save_model(world.models, Blend().fit(dataset), dataset, {}))
    with pytest.raises(CorruptModel, match="how far"):
        update(world.store, world.models, CONFIG)
