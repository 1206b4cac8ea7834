"""Snapshots on disk: kept by part, read by every process, and nobody who was erased is left in them."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import TooLittleData
from shopkeeper.serving import snapshots
from shopkeeper.serving.snapshots import Part, Snapshots, take_snapshot
from shopkeeper.surfaces.snapshot import MOMENT, PROFILES, Content, customers
from tests.serving import world


def part(stamp: str, *people: str) -> Part:
    return Part(
        stamp, 1, 28, figures={"n": 2}, frames={"people": pl.DataFrame({c.CUSTOMER_ID: list(people)})}
    )


def kept(snapshots: Snapshots, name: str = "people") -> Part:
    """A part that must be there."""
    part = snapshots.part(name)
    assert part is not None
    return part


def people_of(found: Part) -> list[str]:
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
    first = kept(reader)
    assert people_of(first) == ["c_1", "c_2"]
    assert first.figures == {"n": 2}
    assert kept(reader) is first
    writer.put("people", part("b", "c_3"))
    assert people_of(kept(reader)) == ["c_3"]
    assert len(list((tmp_path / "snapshots").iterdir())) == 2


def test_whoever_is_erased_is_taken_out(tmp_path, one_part):
    one_part(None)
    one, other = Snapshots(tmp_path), Snapshots(tmp_path)
    one.put("people", part("a", "c_1", "c_2"))
    kept(other)
    one.forget(["c_2", "c_9"])
    assert people_of(kept(one)) == people_of(kept(other)) == ["c_1"]
    assert not any(b"c_2" in path.read_bytes() for path in (tmp_path / "snapshots").iterdir())


def test_what_cannot_be_told_is_told_as_that(service, one_part):
    def refuse(asked, progress):
        raise TooLittleData("Too few.", hint="Wait.")

    one_part(refuse)
    folder = service.store.path.parent
    told = take_snapshot(service.store, folder, world.NOW, 28, lambda *stage: None)
    assert told == ("people: Too few.",)
    found = kept(Snapshots(folder))
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
    take_snapshot(service.store, folder, world.NOW, 28, lambda *stage: None)
    assert left in people_of(kept(Snapshots(folder)))
    assert gone not in people_of(kept(Snapshots(folder)))


def test_erasing_reaches_what_was_taken_before(service, monkeypatch):
    monkeypatch.setattr(snapshots, "PARTS", {"customers": customers})
    folder, gone = service.store.path.parent, service.identity.customer("3")
    take_snapshot(service.store, folder, world.NOW, 28, lambda *stage: None)
    assert gone in kept(service.snapshots, "customers").frames[PROFILES][c.CUSTOMER_ID]
    service.erase("3")
    assert gone not in kept(service.snapshots, "customers").frames[PROFILES][c.CUSTOMER_ID]


def test_profiles_are_taken_now_and_before_and_a_stale_log_as_of_its_end(service, monkeypatch):
    monkeypatch.setattr(snapshots, "PARTS", {"customers": customers})
    folder, late = service.store.path.parent, world.NOW + 900 * 86_400_000
    take_snapshot(service.store, folder, late, 28, lambda *stage: None)
    found = kept(service.snapshots, "customers")
    assert found.as_of <= world.NOW
    moments = found.frames[PROFILES][MOMENT].unique().sort(descending=True).to_list()
    assert moments[0] == found.as_of
    assert {moments[0] - one for one in moments} == {0, 28 * 86_400_000}
