"""Charts: sound drawings, the same figures in every form, and nothing from the data that acts."""

import csv
import io
import xml.etree.ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shopkeeper.web.dashboard.charts import Chart, Series, top_series

VALUES = st.one_of(st.none(), st.floats(0, 1e9))
HOSTILE = "=cmd|'<script>alert(1)</script>\"&"


@example([(5e-324, None)], False, False)
@given(st.lists(st.tuples(VALUES, VALUES), max_size=30), st.booleans(), st.booleans())
def test_every_drawing_is_sound_and_every_figure_is_in_the_csv(pairs, lines, percent):
    labels = tuple(str(place) for place in range(len(pairs)))
    columns = tuple(zip(*pairs, strict=True)) or ((), ())
    chart = Chart(
        "n", "T", "Day", labels, tuple(Series(f"s{i}", col) for i, col in enumerate(columns)), lines, percent
    )
    for alone in (False, True):
        drawing = ET.fromstring(chart.svg(alone=alone))
        assert sum(el.attrib.get("class") == "hit" for el in drawing.iter()) == len(labels)
    rows = list(csv.reader(io.StringIO(chart.csv())))
    assert rows[0] == ["Day", "s0", "s1"]
    assert [tuple(float(cell) if cell else None for cell in row[1:]) for row in rows[1:]] == pairs
    assert [label for label, _ in chart.rows()] == list(labels)


def test_intervals_are_drawn_told_and_saved():
    chart = Chart(
        "n", "T", "Day", ("a", "b"), (Series("x", (0.5, 0.7), (0.4, None), (0.6, None)),), lines=True
    )
    assert "band" in chart.svg()
    assert next(chart.rows())[1] == ("0.5000 [0.4000, 0.6000]",)
    assert "x,x low,x high".replace(",", ",") in chart.csv()


@pytest.mark.parametrize("alone", [False, True])
def test_texts_of_the_data_stay_text(alone):
    chart = Chart("n", HOSTILE, "Day", (HOSTILE,), (Series(HOSTILE, (1.0,)),))
    drawing = ET.fromstring(chart.svg(alone=alone))
    assert not [el for el in drawing.iter() if el.tag.endswith("script")]
    cells = [cell for row in csv.reader(io.StringIO(chart.csv())) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]


def test_what_has_no_colour_of_its_own_is_added_up():
    many = [Series(str(i), (float(i), None)) for i in range(9)]
    kept = top_series(many, "Other")
    assert len(kept) == 6
    assert kept[-1] == Series("Other", (5.0 + 6 + 7 + 8, 0.0))


def test_a_long_label_keeps_to_its_place_and_is_told_whole_where_pointed_at():
    long = "Because you looked at something with a long name"
    drawn = Chart("rows", "Rows", "Row", (long, "b", "c", "d", "e", "f"), (Series("x", (1.0,) * 6),)).svg()
    assert f">{long}</text>" not in drawn
    assert "…</text>" in drawn
    assert f"<title>{long}" in drawn
