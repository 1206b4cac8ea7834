"""Snapshots on disk: kept by part, read by every process, and nobody who was erased is left in them."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import TooLittleData
from shopkeeper.serving import snapshots
from shopkeeper.serving.snapshots import Part, Snapshots, take_snapshot
from shopkeeper.surfaces.snapshot import MOMENT, PROFILES, Content
from tests.serving import world


def part(stamp: str, *people: str) -> Part:
    return Part(
        stamp, 1, 28, figures={"n": 2}, frames={"people": pl.DataFrame({c.CUSTOMER_ID: list(people)})}
    )


def people_of(found: Part | None) -> list[str]:
    assert found is not None
    return found.frames["people"][c.CUSTOMER_ID].to_list()


@pytest.fixture
def one_part(monkeypatch):
    """Snapshots of one part alone, made by a function of the test."""

    def only(take):
        monkeypatch.setattr(snapshots, "PARTS", {"people": take})

    return only


def test_a_part_is_read_back_and_replaced_whole(tmp_path, one_part):
    one_part(None)
    writer, reader = Snapshots(tmp_path), Snapshots(tmp_path)
    assert reader.part("people") is None
    writer.put("people", part("a", "c_1", "c_2"))
    first = reader.part("people")
    assert people_of(first) == ["c_1", "c_2"]
    assert first.figures == {"n": 2}
    assert reader.part("people") is first
    writer.put("people", part("b", "c_3"))
    assert people_of(reader.part("people")) == ["c_3"]
    assert len(list((tmp_path / "snapshots").iterdir())) == 2


def test_whoever_is_erased_is_taken_out(tmp_path, one_part):
    one_part(None)
    kept, other = Snapshots(tmp_path), Snapshots(tmp_path)
    kept.put("people", part("a", "c_1", "c_2"))
    other.part("people")
    kept.forget(["c_2", "c_9"])
    assert people_of(kept.part("people")) == people_of(other.part("people")) == ["c_1"]
    assert not any(b"c_2" in path.read_bytes() for path in (tmp_path / "snapshots").iterdir())


def test_what_cannot_be_told_is_told_as_that(service, one_part):
    def refuse(asked, progress):
        raise TooLittleData("Too few.", hint="Wait.")

    one_part(refuse)
    folder = service.store.path.parent
    told = take_snapshot(service.store, folder, service.config, world.NOW, 28, lambda *stage: None)
    assert told == ("people: Too few.",)
    found = Snapshots(folder).part("people")
    assert (found.fault, found.hint, found.frames) == ("Too few.", "Wait.", {})


def test_somebody_erased_meanwhile_is_not_kept(service, one_part):
    gone, left = (service.identity.customer(name) for name in ("3", "4"))

    def take(asked, progress):
        known = asked.log.customers.people.to_list()
        if gone in known:
            service.erase("3")
        return Content({"people": pl.DataFrame({c.CUSTOMER_ID: known})})

    one_part(take)
    folder = service.store.path.parent
    take_snapshot(service.store, folder, service.config, world.NOW, 28, lambda *stage: None)
    assert left in people_of(Snapshots(folder).part("people"))
    assert gone not in people_of(Snapshots(folder).part("people"))


def test_erasing_reaches_what_was_taken_before(service):
    folder, gone = service.store.path.parent, service.identity.customer("3")
    take_snapshot(service.store, folder, service.config, world.NOW, 28, lambda *stage: None)
    assert gone in service.snapshots.part("customers").frames[PROFILES][c.CUSTOMER_ID]
    service.erase("3")
    assert gone not in service.snapshots.part("customers").frames[PROFILES][c.CUSTOMER_ID]


def test_profiles_are_taken_now_and_before_and_a_stale_log_as_of_its_end(service):
    folder, late = service.store.path.parent, world.NOW + 900 * 86_400_000
    take_snapshot(service.store, folder, service.config, late, 28, lambda *stage: None)
    found = service.snapshots.part("customers")
    assert found.as_of <= world.NOW
    moments = found.frames[PROFILES][MOMENT].unique().sort(descending=True).to_list()
    assert moments[0] == found.as_of
    assert {moments[0] - one for one in moments} == {0, 28 * 86_400_000}
