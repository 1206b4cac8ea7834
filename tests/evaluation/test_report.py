"""The report is one file that asks nothing of the outside, and survives odd names and gaps."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from shopkeeper.evaluation.evaluate import evaluate
from shopkeeper.evaluation.report import figure, render, thousands, verdict, write_report
from shopkeeper.evaluation.slices import SLICES
from shopkeeper.evaluation.wording import METRICS
from shopkeeper.evaluation.wording import SLICES as SLICE_NAMES
from shopkeeper.metrics.interval import Interval
from shopkeeper.metrics.ranking import RANKING
from tests.evaluation.tiny import fit_frequency, fit_popularity, shop_rows, write_csv

VOID = {"meta", "br", "img", "hr", "path", "use", "rect"}


class Balanced(HTMLParser):
    """Checks that what is opened is closed, and collects addresses."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.addresses += [value or "" for key, value in attrs if key in ("src", "href", "xlink:href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.faults.append(tag)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    events = write_csv(shop_rows(), tmp_path_factory.mktemp("files") / "events.csv")
    models = {"<b>odd</b> & name": fit_frequency, "popularity": fit_popularity}
    return evaluate(events, None, None, "time", models)


@pytest.fixture(scope="module")
def page(evaluation):
    return render(evaluation)


def test_the_page_is_whole_and_asks_nothing_of_the_outside(page):
    parser = Balanced()
    parser.feed(page)
    assert not parser.faults
    assert not parser.open
    assert all(address.startswith("#") for address in parser.addresses)
    assert "<script" not in page
    assert "@import" not in page
    assert "url(http" not in page


def test_figures_of_the_evaluation_are_on_the_page(page, evaluation):
    for model in evaluation.models:
        for metric in RANKING:
            assert f"{model.intervals['all'][f'{metric}@10'].mean:.4f}" in page
    for name in SLICES:
        if name in evaluation.models[0].intervals:
            assert SLICE_NAMES[name][1] in page


def test_names_are_escaped_also_in_drawings(page):
    assert "<b>odd" not in page
    assert page.count("&lt;b&gt;odd&lt;/b&gt; &amp; name") > 10


def test_drawings_take_their_colours_and_font_from_the_page(page):
    assert page.count("<svg") == 4 + 1 + 2 + 3
    assert "var(--model-1)" in page
    assert "DejaVu" not in re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"#0[1-3]0", page)
    assert "prefers-color-scheme: dark" in page


def test_every_metric_and_slice_is_explained(page):
    assert set(RANKING) | {"coverage", "gini", "novelty", "diversity"} == set(METRICS)
    assert set(SLICES) == set(SLICE_NAMES)
    for meaning in METRICS.values():
        assert meaning.chinese in page
        assert meaning.source.replace("&", "&amp;") in page


def test_rendering_twice_gives_the_same_page(evaluation, page):
    assert render(evaluation) == page


def test_rows_left_out_are_told(evaluation):
    window = replace(evaluation.window, left_out={"item_id is empty": 1234})
    assert "1\u2009234 rows were left out: item_id is empty" in render(replace(evaluation, window=window))


def test_gaps_do_not_break_the_page(evaluation):
    nothing = Interval(float("nan"), float("nan"), float("nan"), 0)
    model = evaluation.models[1]
    gaps = replace(
        model,
        tune_seconds=1.0,
        intervals={part: dict.fromkeys(found, nothing) for part, found in model.intervals.items()},
    )
    page = render(replace(evaluation, models=(gaps,), comparisons=()))
    assert "–" in page
    assert ">nan" not in page


def test_the_verdict_reads_the_interval(evaluation):
    row = next(c for c in evaluation.comparisons if (c.slice_name, c.metric) == ("all", "ndcg@10"))
    for gain, said in (
        (Interval(0.2, 0.1, 0.3, 9), "ranks better than"),
        (Interval(-0.2, -0.3, -0.1, 9), "ranks worse than"),
        (Interval(0.0, -0.1, 0.1, 9), "cannot be told apart"),
    ):
        sentences = verdict(replace(evaluation, comparisons=(replace(row, difference=gain),)))
        assert len(sentences) == 1
        assert said in sentences[0]


def test_numbers_are_written_for_reading():
    assert figure(0.12345) == "0.123"
    assert figure(float("nan")) == "–"
    assert thousands(1234567) == "1\u2009234\u2009567"


def test_the_report_is_written_where_asked(evaluation, tmp_path):
    write_report(evaluation, tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text("utf-8").startswith("<!doctype html>")
