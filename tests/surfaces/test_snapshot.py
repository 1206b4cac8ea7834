"""Parts of a snapshot say what the single commands say."""

import polars as pl
import pytest

from shopkeeper.core import columns as c
from shopkeeper.core.config import ShopConfig
from shopkeeper.core.errors import TooLittleData
from shopkeeper.core.types import DAY_MS
from shopkeeper.data.campaign_log import CampaignLog
from shopkeeper.propensity import outlook
from shopkeeper.propensity.response import learn_responses
from shopkeeper.surfaces.forecast import churn_list
from shopkeeper.surfaces.snapshot import LIKENESS, MOMENT, PEOPLE, PROFILES, Asked, customers, watch
from tests.propensity.test_outlook import HORIZON, QUICK, quiet
from tests.propensity.world import AS_OF, shop

NOTHING = pl.DataFrame()


def asked(log=None) -> Asked:
    known = shop() if log is None else log
    return Asked(
        CampaignLog(known, (), NOTHING, NOTHING, NOTHING), AS_OF * DAY_MS, HORIZON, NOTHING, learn_responses
    )


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    monkeypatch.setattr(outlook, "ChanceConfig", lambda: QUICK)


def test_the_watch_list_has_the_chances_and_reasons_of_churn():
    told = watch(asked(), quiet).frames[PEOPLE]
    alone = {one.customer_id: one for one in churn_list(shop(), AS_OF * DAY_MS, HORIZON, ShopConfig(), quiet)}
    assert set(told[c.CUSTOMER_ID]) == set(alone)
    for row in told.iter_rows(named=True):
        one = alone[row[c.CUSTOMER_ID]]
        assert row["silent"] == pytest.approx(one.probability, abs=1e-6)
        assert tuple(row["reasons_en"]) == one.reasons
        assert len(row["reasons_zh"]) == len(one.reasons)
        assert row["stake"] >= 0


def test_customers_are_known_now_and_before_with_the_clusters_of_now():
    told = customers(asked(), quiet).frames
    moments = told[PROFILES][MOMENT].unique().sort(descending=True)
    assert moments[0] == AS_OF * DAY_MS
    assert set((moments[:-1] - moments[1:]).to_list()) <= {28 * DAY_MS}
    assert set(told[LIKENESS][MOMENT].unique()) <= set(moments)


def test_an_empty_log_is_refused():
    empty = shop()
    with pytest.raises(TooLittleData):
        customers(asked(empty.before(0)), quiet)
