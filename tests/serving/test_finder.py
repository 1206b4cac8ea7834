import logging
import threading
from typing import Any

import numpy as np
import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.errors import MissingDependency, NotIndexed
from shopkeeper.encoders.base import unit
from shopkeeper.learners.contrastive import Projection
from shopkeeper.learners.queries import Adaptation
from shopkeeper.retrieval.kept import alone
from shopkeeper.retrieval.vectors import Neighbours
from shopkeeper.serving import finder as module
from shopkeeper.serving.finder import Finder
from shopkeeper.surfaces.search import LEAST_LIKENESS


class Goods:
    """A catalogue that can change."""

    def __init__(self, *titles: str) -> None:
        self.version = 0
        self.put(*titles)

    def put(self, *titles: str) -> None:
        self.version += 1
        self.table = pl.DataFrame({c.ITEM_ID: [f"i{n}" for n in range(len(titles))], c.TITLE: titles})

    def items(self) -> pl.DataFrame:
        return self.table

    def items_version(self) -> int:
        return self.version


class Slow:
    """An encoder that waits until it may go on, and counts what it read."""

    id, dim = "slow", 4

    def __init__(self) -> None:
        self.go, self.read = threading.Event(), 0

    def encode(self, values):
        assert self.go.wait(20)
        self.read += len(values)
        return unit(np.array([[len(value), value.count("e"), 1, 0] for value in values], np.float32))


@pytest.fixture
def encoder():
    return Slow()


def found(finder: Finder, query: str, *, whole: bool = False) -> list[str]:
    index = finder.whole() if whole else finder.index()
    codes = index.find(query, np.ones(len(index.ids), bool), 10).codes
    return [index.ids[code] for code in codes]


def test_words_are_searched_while_meaning_is_not_ready(tmp_path, encoder):
    finder = Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder)
    assert found(finder, "tea") == ["i0"]
    assert finder.index().neighbours is None
    encoder.go.set()
    assert finder.whole().neighbours is not None
    assert set(found(finder, "tea")) == {"i0", "i1"}
    finder.close()


def test_what_was_read_before_is_not_read_again(tmp_path, encoder):
    encoder.go.set()
    for expected in (2, 2):
        finder = Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder)
        finder.whole()
        finder.close()
        assert encoder.read == expected


def test_a_large_index_is_kept(tmp_path, encoder, monkeypatch):
    of: Any = Neighbours.of
    monkeypatch.setitem(of.__func__.__kwdefaults__, "largest", 0)
    encoder.go.set()
    first = Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder).whole()
    again = Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder).whole()
    assert len(list((tmp_path / "search").glob("vectors-*"))) == 1
    assert first.neighbours is not None
    assert again.neighbours is not None
    assert not again.neighbours.is_exact
    np.testing.assert_array_equal(first.neighbours.vectors, again.neighbours.vectors)


def test_of_several_at_once_one_reads_and_the_others_share_it(tmp_path, encoder):
    finders = [Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder) for _ in range(3)]
    for finder in finders:
        finder.index()
    encoder.go.set()
    indexes = [finder.whole() for finder in finders]
    assert encoder.read == 2
    assert all(index.neighbours is not None for index in indexes)
    assert len(list((tmp_path / "search").glob("vectors-*"))) == 1


def test_who_waits_for_another_can_be_closed(tmp_path, encoder):
    with alone(tmp_path / "search", lambda: None):
        finder = Finder(Goods("green tea"), tmp_path, lambda _: encoder)
        assert found(finder, "tea") == ["i0"]
        finder.close()
        assert finder.index().neighbours is None


def test_a_change_of_the_catalogue_is_followed_and_the_old_index_serves_until_then(tmp_path, encoder):
    goods = Goods("green tea", "coffee")
    encoder.go.set()
    finder = Finder(goods, tmp_path, lambda _: encoder, every=0.0)
    before = finder.whole()
    encoder.go.clear()
    goods.put("green tea", "coffee", "white tea")
    assert finder.index() is before
    assert finder.index() is before
    encoder.go.set()
    assert finder.whole().ids == ("i0", "i1", "i2")
    assert "i2" in found(finder, "white")
    finder.close()


def test_a_change_that_touches_no_text_builds_nothing(tmp_path, encoder):
    goods = Goods("green tea")
    encoder.go.set()
    finder = Finder(goods, tmp_path, lambda _: encoder, every=0.0)
    before = finder.whole()
    goods.version += 1
    assert finder.whole() is before


def test_what_clicks_after_searches_taught_is_followed(tmp_path, encoder):
    learned: list[Any] = [None]
    encoder.go.set()
    finder = Finder(Goods("green tea", "coffee"), tmp_path, lambda _: encoder, lambda: learned[-1], every=0.0)
    plain: Any = finder.whole()
    swap = Projection(np.eye(4, dtype=np.float32)[[1, 0, 2, 3]])
    learned.append(Adaptation("slow", swap, 0.5))
    adapted: Any = finder.whole()
    np.testing.assert_array_equal(adapted.neighbours.vectors, swap.of(plain.neighbours.vectors))
    np.testing.assert_array_equal(adapted.encoder.encode(["tea"]), swap.of(encoder.encode(["tea"])))
    assert (plain.least, adapted.least) == (LEAST_LIKENESS, 0.5)
    assert encoder.read == 4  # the goods once, and the query twice
    learned.append(Adaptation("another encoder", swap, 0.5))
    again: Any = finder.whole()
    np.testing.assert_array_equal(again.neighbours.vectors, plain.neighbours.vectors)
    finder.close()


def test_words_serve_where_no_encoder_can_be_had(tmp_path, caplog):
    def missing(_):
        raise MissingDependency("No encoder.", hint="Install one.")

    with caplog.at_level(logging.WARNING):
        assert found(Finder(Goods("green tea"), tmp_path, missing), "tea", whole=True) == ["i0"]
    assert "words alone: No encoder. Install one." in caplog.text
    assert found(Finder(Goods("green tea")), "tea", whole=True) == ["i0"]
    assert found(Finder(Goods("green tea"), tmp_path, lambda _: None), "tea", whole=True) == ["i0"]


def test_a_failure_is_logged_and_tried_again(caplog):
    class Broken(Goods):
        def items(self):
            if self.version == 1:
                raise OSError("disk")
            return self.table

    goods = Broken("green tea")
    finder = Finder(goods, every=0.0)
    with pytest.raises(NotIndexed):
        finder.whole()
    assert "disk" in caplog.text
    goods.version = 2
    assert found(finder, "tea", whole=True) == ["i0"]


def test_nobody_waits_for_ever(tmp_path, monkeypatch):
    class Stuck(Goods):
        free = threading.Event()

        def items(self):
            self.free.wait(20)
            return self.table

    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    goods = Stuck("green tea")
    finder = Finder(goods, tmp_path)
    with pytest.raises(NotIndexed, match="getting ready"):
        finder.index()
    goods.free.set()
    assert found(finder, "tea", whole=True) == ["i0"]


def test_closing_stops_what_is_being_built(tmp_path, encoder, monkeypatch):
    monkeypatch.setattr("shopkeeper.encoders.cache._BATCH", 1)
    finder = Finder(Goods("green tea", "coffee", "cups"), tmp_path, lambda _: encoder)
    finder.index()
    closing = threading.Timer(0.2, encoder.go.set)
    closing.start()
    finder.close()
    assert encoder.read == 1
    assert finder.index().neighbours is None


def test_several_threads_may_ask_one_encoder(encoder):
    class Watched(Slow):
        inside = most = 0

        def encode(self, values):
            Watched.inside += 1
            Watched.most = max(Watched.most, Watched.inside)
            threading.Event().wait(0.005)
            Watched.inside -= 1
            return np.zeros((len(values), 4), np.float32)

    one = module.OneAtATime(Watched())
    threads = [threading.Thread(target=one.encode, args=(["a"],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (one.id, one.dim, Watched.most) == ("slow", 4, 1)
