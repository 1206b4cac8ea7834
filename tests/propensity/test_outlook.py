"""Chances of simulated customers: right order, right level, nothing of the future, and plain refusals."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from shopkeeper.core.errors import InvalidRequest, TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.learners.boosting import BoostingConfig
from shopkeeper.metrics.classification import auc, expected_calibration_error
from shopkeeper.propensity.chance import Chance, ChanceConfig
from shopkeeper.propensity.churn import churn
from shopkeeper.propensity.cuts import FEWEST_DAYS, MOST, cut_offs
from shopkeeper.propensity.examples import SILENT, gather, observe
from shopkeeper.propensity.labels import Lapse, Purchase, Silence
from shopkeeper.propensity.outlook import foresee
from tests.features.people import bought, log_of
from tests.propensity.world import AS_OF, after, shop, simulate

HORIZON = 14
QUICK = ChanceConfig(BoostingConfig(trees=30, rate=0.2, leaves=6, least_in_leaf=30, threads=1))


def quiet(stage, done, total):
    """Nobody is told of progress."""


@pytest.fixture(scope="module")
def ahead():
    return foresee(shop(), AS_OF * DAY_MS, Silence(HORIZON), config=QUICK)


@pytest.fixture(scope="module")
def came():
    profiles = observe(shop(), AS_OF * DAY_MS, HORIZON).profiles
    return Silence(HORIZON).of(shop(), AS_OF * DAY_MS, profiles)


def test_chances_put_the_silent_first_and_mean_what_they_say(ahead, came):
    found = auc(ahead.probability, came)
    assert found > 0.88
    assert found > auc(ahead.profiles[SILENT].to_numpy(), came) - 0.02
    assert expected_calibration_error(ahead.probability, came) < 0.08
    assert ((ahead.probability > 0) & (ahead.probability < 1)).all()


def test_nothing_after_the_moment_is_looked_at(ahead):
    changed = foresee(after(shop(), AS_OF), AS_OF * DAY_MS, Silence(HORIZON), config=QUICK)
    np.testing.assert_array_equal(changed.probability, ahead.probability)
    assert changed.reasons("en") == ahead.reasons("en")


def test_buying_is_the_rest_of_silence(ahead):
    buys = foresee(shop(), AS_OF * DAY_MS, Purchase(HORIZON), config=QUICK)
    assert auc(buys.probability, ahead.probability < 0.5) > 0.95


def test_everybody_who_bought_before_is_told_of_with_reasons(ahead):
    people = {row[0] for row in simulate()[0] if row[1] < AS_OF * DAY_MS}
    assert set(ahead.profiles["customer_id"]) == people
    assert all(1 <= len(reasons) <= 3 for reasons in ahead.reasons("en"))
    silent = int(np.argmax(ahead.probability))
    assert any("ago" in reason or "28 days" in reason for reason in ahead.reasons("en")[silent])
    chinese = churn(shop(), AS_OF * DAY_MS, HORIZON, quiet).reasons("zh")
    assert any("天" in reason for reason in chinese[silent])


def test_contributions_sum_to_the_log_odds():
    as_of = AS_OF * DAY_MS
    examples = gather(shop(), cut_offs(shop(), as_of, HORIZON)[:4], HORIZON, Silence(HORIZON).of, quiet)
    model = Chance.fit(examples, QUICK, quiet)
    seen = observe(shop(), as_of, HORIZON)
    parts = model.contributions(seen.matrix).sum(axis=1)
    away = model.log_odds(seen.matrix) - parts
    np.testing.assert_allclose(away, away.mean(), atol=1e-3)


@pytest.mark.parametrize("balance", [0.5, 1.0])
def test_weights_for_the_rare_answer_leave_chances_calibrated(balance, came):
    told = foresee(shop(), AS_OF * DAY_MS, Silence(HORIZON), config=replace(QUICK, balance=balance))
    assert told.probability.mean() == pytest.approx(came.mean(), abs=0.07)


def test_moments_end_before_the_question_and_fall_on_its_day_of_the_week():
    as_of = AS_OF * DAY_MS + 5
    moments = cut_offs(shop(), as_of, HORIZON)
    assert len(moments) <= MOST
    assert moments[0] + HORIZON * DAY_MS <= as_of
    assert all((as_of - moment) % DAY_MS == 0 for moment in moments)
    assert {(moments[0] - moment) % (7 * DAY_MS) for moment in moments} == {0}
    assert moments[-1] >= shop().start + FEWEST_DAYS * DAY_MS
    late = cut_offs(shop(), shop().end + 3 * DAY_MS, HORIZON)
    assert late[0] + HORIZON * DAY_MS <= shop().end


def test_labels_look_ahead_alone():
    log = log_of([bought("c_a", 3), bought("c_a", 20), bought("c_b", 3), bought("c_c", 9)])
    profiles = observe(log, 10 * DAY_MS, 5).profiles
    names = profiles["customer_id"].to_list()
    silent = dict(zip(names, Silence(5).of(log, 10 * DAY_MS, profiles), strict=True))
    assert silent == {"c_a": True, "c_b": True, "c_c": True}
    longer = dict(zip(names, Purchase(11).of(log, 10 * DAY_MS, profiles), strict=True))
    assert longer == {"c_a": True, "c_b": False, "c_c": False}
    edge = Purchase(10).of(log, 10 * DAY_MS, profiles)
    assert not edge.any()  # day 20, noon, is later than ten days


def test_a_lapse_is_a_silence_beyond_the_persons_own_rhythm():
    rows = [bought("c_a", day) for day in range(0, 60, 3)]
    rows += [bought("c_b", day) for day in (0, 29, 58)]
    log = log_of([*rows, bought("c_c", 99)])
    profiles = observe(log, 60 * DAY_MS, 14).profiles
    lapsed = Lapse(14).of(log, 60 * DAY_MS, profiles)
    assert dict(zip(profiles["customer_id"], lapsed, strict=True)) == {"c_a": True, "c_b": False}
    assert Silence(14).of(log, 60 * DAY_MS, profiles).all()


@pytest.mark.parametrize(
    ("day", "horizon", "error", "said"),
    [
        (-1, 14, InvalidRequest, "first event"),
        (170, 0, InvalidRequest, "horizon = 0"),
        (170, 5_000, InvalidRequest, "horizon = 5000"),
        (400, 14, InvalidRequest, "not known"),
        (30, 14, TooLittleData, "too few to learn from"),
        (170, 160, TooLittleData, "too few to learn from"),
    ],
)
def test_moments_and_horizons_that_say_nothing_are_refused(day, horizon, error, said):
    with pytest.raises(error, match=said):
        foresee(shop(), day * DAY_MS, Silence(horizon), config=QUICK)


def test_an_empty_log_and_a_label_that_never_comes_true_are_refused():
    nothing = log_of([])
    with pytest.raises(TooLittleData, match="no event"):
        foresee(nothing, DAY_MS, Silence(7))
    daily = log_of([bought(f"c_{name}", day) for name in "abc" for day in range(90)])
    with pytest.raises(TooLittleData, match="Nobody had no purchase within 7 days"):
        foresee(daily, 85 * DAY_MS, Silence(7))
    with pytest.raises(TooLittleData, match="Everybody had a purchase within 7 days"):
        foresee(daily, 85 * DAY_MS, Purchase(7))


def test_one_purchase_none_and_ten_thousand_are_all_answered():
    rows = list(simulate()[0])
    rows += [bought("c_once", 100)]
    rows += [
        bought("c_often", day + place / 100, "tea", 1.0, 0.0) for day in range(100) for place in range(100)
    ]
    rows += [("c_looks", 100 * DAY_MS, "view_item", "tea", None, None, None, None, None)]
    told = foresee(log_of(rows), AS_OF * DAY_MS, Silence(HORIZON), config=QUICK)
    people = told.profiles["customer_id"].to_list()
    assert {"c_once", "c_often"} <= set(people)
    assert "c_looks" not in people
    assert np.isfinite(told.probability).all()
    assert told.profiles.filter(pl.col("customer_id") == "c_often")["frequency"].item() == 100
