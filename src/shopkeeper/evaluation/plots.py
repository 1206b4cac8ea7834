"""Drawings of the report: inline SVG by matplotlib, coloured by the page so that light and dark both fit.

Every drawing is made on a figure of its own with the SVG canvas: nothing global is touched but the SVG
settings, and those only while it is written. Colours are stand-ins that the page's style variables replace.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from shopkeeper.metrics.interval import Interval
from shopkeeper.metrics.ranking import Values

N_COLOURS: Final = 6
"""Colours for models; a seventh model takes the first again."""

_INK: Final = "#010101"
_FAINT: Final = "#020202"
_MODELS: Final = tuple(f"#0300{number:02x}" for number in range(N_COLOURS))
_VARIABLES: Final = {_INK: "--ink", _FAINT: "--rule"} | {
    colour: f"--model-{number}" for number, colour in enumerate(_MODELS)
}
_WIDTH: Final = 4.0
"""Width of a small drawing, inches."""

_REWRITES: Final = (
    (r"<metadata>.*?</metadata>|<style.*?</style>", ""),
    (r'(<svg[^>]*?) width="[^"]*"', r"\1"),
    (r'(<svg[^>]*?) height="[^"]*"', r"\1"),
    (r'<g id="[^"]*"', "<g"),
    (r'font-family: [^;"]*', "font-family: var(--font)"),
)
"""What is taken out of matplotlib's SVG: fixed size, rules and ids that would reach the rest of the page."""


@dataclass(frozen=True, slots=True)
class Line:
    """Values at k = 1, 2, ... of one model."""

    name: str
    values: Values


def bars(
    names: Sequence[str], intervals: Sequence[Interval], form: str = "{:.3f}", width: float = _WIDTH
) -> str:
    """One bar a model with its interval as a whisker and its mean as a number; ``width`` in inches."""
    figure, axes = _canvas(width, 0.34 * len(names) + 0.12)
    top = _top([interval.high for interval in intervals])
    for row, interval in enumerate(intervals):
        if np.isnan(interval.mean):
            continue
        axes.barh(row, interval.mean, height=0.56, color=_MODELS[row % N_COLOURS], linewidth=0)
        axes.plot([interval.low, interval.high], [row, row], color=_INK, linewidth=1.1, solid_capstyle="butt")
        axes.text(
            interval.high + 0.02 * top, row, form.format(interval.mean), va="center", fontsize=9, color=_INK
        )
    axes.set_xlim(0, top * 1.22)
    _rows(axes, names)
    axes.set_xticks([])
    axes.spines["left"].set_visible(True)
    return _svg(figure)


def dots(rows: Sequence[str], names: Sequence[str], table: Sequence[Sequence[Interval | None]]) -> str:
    """A row a slice, a dot with whisker a model: ``table[slice][model]``."""
    figure, axes = _canvas(8.4, (0.11 * len(names) + 0.26) * len(rows) + 0.4)
    step = 0.72 / max(len(names), 1)
    for row, intervals in enumerate(table):
        for column, interval in enumerate(intervals):
            if interval is None or np.isnan(interval.mean):
                continue
            place = row + (column - (len(names) - 1) / 2) * step
            colour = _MODELS[column % N_COLOURS]
            axes.plot([interval.low, interval.high], [place, place], color=colour, linewidth=2.2, alpha=0.45)
            axes.plot([interval.mean], [place], "o", color=colour, markersize=5.5, clip_on=False)
        if row:
            axes.axhline(row - 0.5, color=_FAINT, linewidth=0.7)
    _rows(axes, rows)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", pad=10)
    axes.xaxis.grid(visible=True, color=_FAINT, linewidth=0.7)
    axes.tick_params(axis="x", labelsize=9, length=0, labelcolor=_INK)
    return _svg(figure)


def curves(lines: Sequence[Line]) -> str:
    """A metric against the length of the list, a line a model."""
    figure, axes = _canvas(_WIDTH, 2.5)
    length = max((len(line.values) for line in lines), default=1)
    for number, line in reversed(list(enumerate(lines))):
        k = np.arange(1, len(line.values) + 1)
        width = 2.4 if number == 0 else 1.6
        axes.plot(k, line.values, color=_MODELS[number % N_COLOURS], linewidth=width, solid_capstyle="round")
    axes.set_ylim(bottom=0)
    axes.set_xlim(1, length)
    axes.set_xticks(sorted({1, *range(5, length + 1, 5)}))
    axes.yaxis.grid(visible=True, color=_FAINT, linewidth=0.7)
    axes.spines["bottom"].set_visible(True)
    axes.tick_params(labelsize=9, length=0, labelcolor=_INK)
    return _svg(figure)


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.patch.set_alpha(0)
    axes = figure.add_subplot()
    axes.patch.set_alpha(0)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)
        side.set_color(_FAINT)
    return figure, axes


def _rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", labelsize=9.5, length=0, labelcolor=_INK)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _top(values: Sequence[float]) -> float:
    usable = [value for value in values if not np.isnan(value)]
    return max([*usable, 1e-9])


def _svg(figure: Figure) -> str:
    """Inline SVG with the page's font and colours."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "shopkeeper"}):
        FigureCanvasSVG(figure)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    for found, put in _REWRITES:
        drawing = re.sub(found, put, drawing, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        drawing = drawing.replace(colour, f"var({variable})")
    return drawing
