"""Models on disk: complete or refused, current by one rename, and never deleted while they serve."""

import json
import resource
import signal
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import pytest

from shopkeeper.core.errors import CorruptModel, DiskFull, NotTrained
from shopkeeper.learners.contrastive import Projection
from shopkeeper.learners.queries import Adaptation
from shopkeeper.recommenders.blend import Blend, BlendConfig
from shopkeeper.recommenders.customer_neighbours import CustomerNeighbours
from shopkeeper.training import promote as promote_module
from shopkeeper.training.promote import (
    CURRENT,
    MANIFEST,
    current_version,
    load_model,
    new_version,
    promote,
    prune,
    prune_people,
    read_manifest,
    save_model,
    versions,
)
from tests.recommenders.worlds import everybody, shop

SHOP = shop([(p, f"i{(n + d) % 12:02}", d) for n, p in enumerate("uvwxyz") for d in range(8)])
BLEND = Blend(BlendConfig({"cooccurrence": 0.7, "popular": 0.2}, {"repeat": 0.5})).fit(SHOP)


@pytest.fixture
def models(tmp_path):
    folder = tmp_path / "models"
    folder.mkdir()
    return folder


def save(models):
    return save_model(models, BLEND, SHOP, {"figures": {"ndcg@10": 0.25}})


def edit_manifest(folder, **changes):
    path = folder / MANIFEST
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_what_is_loaded_answers_like_what_was_saved(models):
    version = save(models)
    model = load_model(models / version)
    before, after = BLEND.recommend(everybody(SHOP), 6), model.default.recommend(everybody(SHOP), 6)
    assert np.array_equal(before.items, after.items)
    assert np.array_equal(before.scores, after.scores)
    assert model.version == version
    assert model.items.ids == SHOP.items.ids
    assert model.attributes == SHOP.attributes
    assert set(model.parts) == {source.name for source in BLEND.sources}


def test_how_search_reads_is_kept(models):
    assert load_model(models / save(models)).adaptation is None
    told = Adaptation("reader", Projection(np.eye(3, dtype=np.float32)), 0.25)
    found = load_model(models / save_model(models, BLEND, SHOP, {}, told)).adaptation
    assert found is not None
    assert (found.encoder, found.least, found.name) == ("reader", 0.25, told.name)
    assert np.array_equal(found.projection.matrix, told.projection.matrix)


def test_the_manifest_keeps_the_facts(models):
    manifest = read_manifest(models / save(models))
    assert manifest["figures"] == {"ndcg@10": 0.25}
    assert set(manifest["checksums"]) >= {"items.parquet", "blend/settings.json"}


def test_every_file_is_checked(models):
    folder = models / save(models)
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    assert len(files) > 5
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(CorruptModel, match=path.name):
            load_model(folder)
        path.unlink()
        with pytest.raises(CorruptModel, match=path.name):
            load_model(folder)
        path.write_bytes(content)
    load_model(folder)


def test_a_file_nobody_vouches_for_is_refused(models):
    folder = models / save(models)
    (folder / "blend" / "extra.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CorruptModel, match=r"extra\.json"):
        load_model(folder)


@pytest.mark.parametrize("checksums", [{}, None, "all fine"])
def test_a_manifest_without_checksums_vouches_for_nothing(models, checksums):
    folder = models / save(models)
    edit_manifest(folder, checksums=checksums)
    with pytest.raises(CorruptModel):
        load_model(folder)


@pytest.mark.parametrize("written", [promote_module.FORMAT - 1, promote_module.FORMAT + 1])
def test_another_format_is_refused(models, written):
    folder = models / save(models)
    edit_manifest(folder, format=written)
    with pytest.raises(CorruptModel, match=f"format {written}"):
        load_model(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "x"}', '{"format": null}', "\udcff"])
def test_a_manifest_that_cannot_be_read(models, text):
    folder = models / save(models)
    (folder / MANIFEST).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(CorruptModel, match=MANIFEST):
        load_model(folder)


def test_no_model_yet(models):
    with pytest.raises(NotTrained):
        current_version(models)
    save(models)
    with pytest.raises(NotTrained):
        current_version(models)
    assert versions(models / "nowhere") == []


@contextmanager
def no_room(size):
    """Files may not grow beyond ``size`` bytes: as near to a full disk as a test gets without being root."""
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("size", [0, 200, 800])
def test_a_full_disk_leaves_what_serves_and_nothing_else(models, size):
    promote(models, one := save(models))
    with no_room(size), pytest.raises(DiskFull, match="could not be written"):
        save(models)
    assert versions(models) == [one]
    assert sorted(path.name for path in models.iterdir()) == sorted([CURRENT, one])
    assert load_model(models / current_version(models)).version == one


def test_a_half_written_model_is_no_model(models):
    """A training that is killed in the middle leaves nothing that counts as a version."""
    (models / "20990101T000000Z-dead").mkdir()
    (models / ".20990101T000000Z-dead").mkdir()
    (models / ".20990101T000000Z-dead" / MANIFEST).write_text("{}", encoding="utf-8")
    assert versions(models) == []


def test_current_is_what_was_promoted_last(models):
    one, two = save(models), save(models)
    promote(models, one)
    promote(models, two)
    assert current_version(models) == two
    promote(models, one)
    assert current_version(models) == one
    assert not list(models.glob(f".{CURRENT}.*"))


def test_what_is_not_there_cannot_be_promoted(models):
    version = save(models)
    promote(models, version)
    with pytest.raises(CorruptModel):
        promote(models, "20990101T000000Z-none")
    assert current_version(models) == version


def test_readers_see_the_old_or_the_new_model_and_never_neither(models):
    both = [save(models), save(models)]
    promote(models, both[0])
    seen, faults, done = set(), [], threading.Event()

    def read():
        while not done.is_set():
            try:
                seen.add(current_version(models))
            except Exception as error:
                faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(200):
        promote(models, both[turn % 2])
    done.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert seen <= set(both)


def test_prune_keeps_the_newest_and_what_serves(models):
    every = [save(models) for _ in range(5)]
    by_age = sorted(every)
    promote(models, by_age[0])
    assert prune(models, keep=2) == [by_age[2], by_age[1]]
    assert versions(models) == [by_age[0], *by_age[3:]]
    load_model(models / current_version(models))


def test_prune_down_to_what_serves(models):
    by_age = sorted(save(models) for _ in range(3))
    promote(models, by_age[1])
    assert prune(models, keep=0) == [by_age[2], by_age[0]]
    assert versions(models) == [by_age[1]]


def test_older_versions_that_keep_people_are_deleted(models):
    holding = Blend(BlendConfig({"customer_neighbours": 1.0}), (CustomerNeighbours().fit(SHOP),))
    old, serving = (save_model(models, holding, SHOP, {}) for _ in range(2))
    plain, torn = save(models), save(models)
    next((models / torn).glob("blend/*.npz")).write_bytes(b"PK torn")
    promote(models, serving)
    assert set(prune_people(models)) == {old, torn}
    assert set(versions(models)) == {serving, plain}


def test_versions_sort_by_time_and_differ_within_a_second():
    early, late = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
    assert new_version(early) < new_version(late)
    assert len({new_version(early) for _ in range(20)}) > 15
