"""Pages go on with the catalogue they have while a changed one is laid out."""

import threading
import time
from dataclasses import replace

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.serving.showroom import Showroom
from tests.surfaces import stock as made

MODEL = made.model(made.dataset())


class Catalogue:
    """A catalogue that can be changed, and whose reading can be held up."""

    def __init__(self):
        self.rows = made.catalogue()
        self.version = 1
        self.read = 0
        self.free = threading.Event()
        self.free.set()

    def items(self):
        rows = self.rows
        assert self.free.wait(30)
        self.read += 1
        return rows

    def items_version(self):
        return self.version

    def change(self, price):
        self.rows = self.rows.with_columns(pl.lit(price).alias(c.PRICE))
        self.version += 1


@pytest.fixture
def catalogue():
    return Catalogue()


def prices(stock):
    return set(stock.prices.tolist())


def test_a_prepared_model_finds_its_catalogue(catalogue):
    showroom = Showroom(catalogue, currency="EUR")
    showroom.prepare(MODEL)
    stock = showroom.assortment(MODEL)
    assert catalogue.read == 1
    assert len(stock) == len(catalogue.rows)
    assert {"codes", "offered", "category_sizes", "newest"} <= set(vars(stock))


def test_who_answers_by_the_model_before_finds_that_of_theirs(catalogue):
    showroom, newer = Showroom(catalogue, currency="EUR"), replace(MODEL, version="newer")
    before = showroom.assortment(MODEL)
    showroom.prepare(newer)
    for _ in range(3):
        assert showroom.assortment(MODEL) is before
        assert showroom.assortment(newer) is not before
    assert catalogue.read == 2


def test_requests_go_on_with_what_there_was_until_the_changed_catalogue_is_laid_out(catalogue):
    showroom = Showroom(catalogue, currency="EUR", every=0.0, patience=0.0)
    before = showroom.assortment(MODEL)
    catalogue.free.clear()
    catalogue.change(7.0)
    assert all(showroom.assortment(MODEL) is before for _ in range(5))
    catalogue.free.set()
    end = time.monotonic() + 30
    while showroom.assortment(MODEL) is before:
        assert time.monotonic() < end
        time.sleep(0.005)
    assert prices(showroom.assortment(MODEL)) == {7.0}
    assert catalogue.read == 2


def test_a_small_catalogue_is_waited_for(catalogue):
    showroom = Showroom(catalogue, currency="EUR", every=0.0, patience=30.0)
    showroom.assortment(MODEL)
    catalogue.change(7.0)
    assert prices(showroom.assortment(MODEL)) == {7.0}


def test_all_wait_for_one_moment_and_nobody_for_a_catalogue_that_takes_long(catalogue):
    showroom = Showroom(catalogue, currency="EUR", every=0.0, patience=0.5)
    before = showroom.assortment(MODEL)
    catalogue.free.clear()
    catalogue.change(7.0)
    began = time.monotonic()
    assert all(showroom.assortment(MODEL) is before for _ in range(20))
    assert 0.5 <= time.monotonic() - began < 5.0  # not each for a while of its own
    catalogue.free.set()
    while showroom.assortment(MODEL) is before:
        time.sleep(0.005)

    now = showroom.assortment(MODEL)
    showroom._took, showroom._patience = 160.0, 30.0
    catalogue.free.clear()
    catalogue.change(8.0)
    began = time.monotonic()
    assert showroom.assortment(MODEL) is now
    assert time.monotonic() - began < 10.0
    catalogue.free.set()
