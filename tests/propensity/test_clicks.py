"""Click probabilities: what is learned, that serving is the plain formula, and what is kept."""

import numpy as np
import pytest

from shopkeeper.core.errors import CorruptModel, TooLittleData
from shopkeeper.propensity.click_features import advert, context, meanings, paired, table
from shopkeeper.propensity.clicks import (
    DEEP,
    LOGISTIC,
    MACHINE,
    ClickModel,
    Constant,
    Showings,
    _learn,
)

NOW = 20_000 * 86_400_000
TASTES = ("tea", "pots", "cups", "jam")


def showings(n=6000, seed=0):
    """Whoever likes one thing clicks on adverts about the next: a cross, which no sum of both sides tells."""
    rng = np.random.default_rng(seed)
    likes, about = rng.integers(0, 4, n), rng.integers(0, 4, n)
    texts = meanings(rng.normal(size=(4, 40)).astype(np.float32))
    contexts = [context(NOW, "home", [TASTES[like]] * 3) for like in likes]
    adverts = [advert(f"a{at}", f"A{at}", f"A{at}", TASTES[at], texts[at]) for at in about]
    return Showings(contexts, adverts, rng.random(n) < np.where((likes + 1) % 4 == about, 0.5, 0.06))


@pytest.fixture(scope="module")
def learned():
    return ClickModel.fit(showings(), "an encoder")


@pytest.fixture(scope="module", params=[LOGISTIC, MACHINE, DEEP])
def model(request, learned):
    """Each kind, fitted on the same showings."""
    plain, _ = learned
    rows = showings()
    left = table(rows.contexts, plain.columns)
    right = table(paired(rows.contexts, rows.adverts), plain.columns)
    deep = _learn(request.param, left, right, rows.clicked.astype(np.float32))
    return ClickModel(request.param, plain.columns, deep, plain.calibration, "an encoder")


def test_crosses_are_learned_and_calibrated(learned):
    model, told = learned
    assert model.kind in (MACHINE, DEEP)
    assert set(told) == {LOGISTIC, MACHINE, DEEP}
    for kind in (MACHINE, DEEP):
        assert told[kind].loss < told[LOGISTIC].loss - 0.03
        assert told[kind].auc > 0.68 > 0.66 > told[LOGISTIC].auc
        assert told[kind].ece < 0.08


def test_serving_is_the_plain_formula(model):
    fresh = showings(60, 5)
    chances = model.over(fresh.adverts)
    for asked in [*fresh.contexts[:20], {}]:
        told = chances.of(asked | {"never heard of": 1.0})
        assert told == pytest.approx(model.probability([asked] * 60, fresh.adverts), rel=2e-3)


def test_what_is_kept_answers_alike(model, tmp_path):
    model.save(tmp_path)
    again = ClickModel.load(tmp_path)
    adverts = showings(10, 1).adverts
    assert again.encoder == "an encoder"
    np.testing.assert_array_equal(
        again.over(adverts).of(context(NOW, "home", [])), model.over(adverts).of(context(NOW, "home", []))
    )
    (tmp_path / "clicks.json").write_text("{")
    with pytest.raises(CorruptModel, match="Learn it again"):
        ClickModel.load(tmp_path)


def test_few_clicks_are_refused():
    few = showings(400)
    with pytest.raises(TooLittleData, match="at least 100"):
        ClickModel.fit(Showings(few.contexts, few.adverts, np.arange(400) < 30))
    assert Constant(3, 0.02).of({}).tolist() == [0.02] * 3


def test_a_context_says_when_where_and_what_somebody_likes():
    told = context(NOW + 13 * 3_600_000, "cart", ["tea", None, "tea", "jam"])
    assert told == pytest.approx(
        {
            "hour=13": 1,
            "weekday=4": 1,
            "placement=cart": 1,
            "taste=tea": 2 / 3,
            "taste=jam": 1 / 3,
            "known": 1,
        }
    )
    assert "unknown" in context(NOW, "cart", [])
