"""The curves page: figures and charts of what was judged, and what to do where nothing was."""

import numpy as np
import pytest

from shopkeeper.serving.snapshots import Part
from shopkeeper.surfaces.curves import figures
from tests.serving import world
from tests.web.page_reader import Page

EFFECT = {
    "sent": 900,
    "held": 100,
    "effect": 0.031,
    "qini": 0.004,
    "qini_low": 0.001,
    "qini_high": 0.008,
    "share": [0.0, 0.5, 1.0],
    "curve": [0.0, 0.02, 0.031],
}


@pytest.fixture
def judged(service, browser_of_a_guest):
    chances = np.linspace(0, 1, 400)
    told = figures(chances, np.random.default_rng(1).random(400) < chances)
    found = {"churn": told, "purchase": told, "response": {"fault": "Too few <campaigns>."}, "uplift": EFFECT}
    service.snapshots.put("curves", Part("first", world.NOW, 28, figures=found))
    return browser_of_a_guest


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("of", "charts"), [("churn", 3), ("purchase", 3), ("response", 0), ("uplift", 1)])
def test_every_curve_is_drawn_or_says_why_not(judged, of, charts, language):
    judged.cookies.set("shop_language", language)
    answer = judged.get(f"/dashboard/curves?of={of}")
    page = Page(answer.text)
    assert page.faults == []
    assert len(answer.content) < 150_000
    assert answer.text.count('<svg class="chart"') == charts
    assert ("Too few &lt;campaigns&gt;." in answer.text) == (of == "response")


def test_curves_are_saved(judged):
    gain = judged.get("/dashboard/charts/gain.csv?of=churn").text.splitlines()
    assert gain[-1] == "100%,1.0,1.0"
    assert len(judged.get("/dashboard/charts/reliability.csv?of=churn").text.splitlines()) == 11
    assert judged.get("/dashboard/charts/qini.csv?of=uplift").text.splitlines()[-1] == "100%,0.031,0.031"
    assert judged.get("/dashboard/charts/lift.svg?of=response").status_code == 200


def test_without_a_test_the_page_says_how_to_make_one(service, judged):
    service.snapshots.put("curves", Part("second", world.NOW, 28, figures={"uplift": None}))
    assert "No effect has been measured yet." in judged.get("/dashboard/curves?of=uplift").text
