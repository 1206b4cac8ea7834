"""Charts drawn by the server as SVG: hovered and read with a title a place, saved as SVG and as CSV.

A chart is a value; how it looks on a page is the style sheet's business, how it looks in a saved file is
`_STYLE`'s. Every chart has a table beside it with the same figures, for who cannot see it.
"""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from shopkeeper.web.formatting import number

COLOURS: Final = 6
"""Series with a colour of their own; more are not told apart."""
_WIDTH, _HEIGHT = 860, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 8, 10, 26
_FLOOR = _HEIGHT - _BOTTOM
_LABELS = 6
_NOTHING = 1e-300
"""Below it a power of ten can no longer be told from zero."""
_LETTER = 7.0
"""Pixels a letter of a label takes, about."""
_SHORTEST = 10
"""Letters that a label keeps: those of a date."""
_STYLE: Final = (
    "svg{font:12px system-ui,sans-serif;background:#fff}text{fill:#655545}.grid{stroke:#e5d9c7}"
    ".c0{fill:#a83c18;stroke:#a83c18}.c1{fill:#1f5a7d;stroke:#1f5a7d}.c2{fill:#2f6142;stroke:#2f6142}"
    ".c3{fill:#7a5200;stroke:#7a5200}.c4{fill:#74376a;stroke:#74376a}.c5{fill:#655545;stroke:#655545}"
    ".bar{stroke:none}.line{fill:none;stroke-width:2}.band{stroke:none;opacity:.18}.hit{fill:transparent}"
    ".mark-line{stroke:#655545;stroke-width:2;stroke-dasharray:5 4}.zero{stroke:#655545}"
)


@dataclass(frozen=True, slots=True)
class Series:
    """One row of figures.

    Attributes
    ----------
    name
        As the reader sees it.
    values
        One a label; None leaves a gap.
    lows, highs
        Bounds of each value, empty where there are none.
    """

    name: str
    values: tuple[float | None, ...]
    lows: tuple[float | None, ...] = ()
    highs: tuple[float | None, ...] = ()

    @property
    def has_bounds(self) -> bool:
        """Whether values come with intervals."""
        return any(low is not None for low in self.lows)


@dataclass(frozen=True, slots=True)
class Chart:
    """Figures over labels.

    Attributes
    ----------
    name
        In addresses and names of files.
    title
        What is shown.
    label
        What the labels are, such as "Day".
    labels
        Places along the axis, in order.
    series
        At most `COLOURS` are told apart by colour.
    lines
        Lines with bands for intervals; else bars, one on top of another.
    percent
        Whether values are shares, 0 to 1.
    mark
        A place that is pointed out with a line.
    """

    name: str
    title: str
    label: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    lines: bool = False
    percent: bool = False
    mark: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value is not None for one in self.series for value in one.values)

    def told(self, value: float | None) -> str:
        """A value as people read it, empty where there is none."""
        if value is None:
            return ""
        if self.percent:
            return f"{100 * value:.1f}%"
        return number(value) if abs(value) >= 10 or float(value).is_integer() else f"{value:.4f}"

    def rows(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The figures as a table: label and a cell a series."""
        for place, label in enumerate(self.labels):
            yield label, tuple(self._cell(one, place) for one in self.series)

    def csv(self) -> str:
        """The figures as CSV, bounds included, values unrounded."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([self.label, *(_safe(head) for one in self.series for head in _heads(one))])
        for place, label in enumerate(self.labels):
            writer.writerow([_safe(label), *(v for one in self.series for v in _values(one, place))])
        return out.getvalue()

    def svg(self, *, alone: bool = False) -> str:
        """The drawing; ``alone`` makes a file of it, with its own colours and title."""
        top, bottom = round_up(max(self._tops(), default=0.0)), self._bottom()
        box = f'viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        drawn = self._lines(top, bottom) if self.lines else self._bars(top)
        head = f'<svg class="chart" {box} role="img" aria-label="{escape(self.title)}"'
        inner = [*self._grid(top, bottom), *drawn, *self._marked(), *self._places()]
        if not alone:
            return f"{head}>{''.join(inner)}</svg>"
        head += f' xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT + 30}"'
        head = head.replace(box, f'viewBox="0 -30 {_WIDTH} {_HEIGHT + 30}"')
        return f"{head}><style>{_STYLE}</style>{self._legend()}{''.join(inner)}</svg>"

    def _cell(self, one: Series, place: int) -> str:
        text = self.told(one.values[place])
        if text and one.lows and one.lows[place] is not None:
            text += f" [{self.told(one.lows[place])}, {self.told(one.highs[place])}]"
        return text

    def _tops(self) -> Iterator[float]:
        """The heights that must fit."""
        if self.lines:
            for one in self.series:
                yield from (value for value in (*one.values, *one.highs) if value is not None)
        else:
            for place in range(len(self.labels)):
                yield sum(one.values[place] or 0.0 for one in self.series)

    def _bottom(self) -> float:
        """Where the axis of lines begins: 0, unless something lies below."""
        lowest = min((v for one in self.series for v in (*one.values, *one.lows) if v is not None), default=0)
        return -round_up(-lowest) if self.lines and lowest < 0 else 0.0

    def _marked(self) -> Iterator[str]:
        if self.mark is not None and self.mark < len(self.labels):
            yield f'<path class="mark-line" d="M{self._x(self.mark):.1f} {_TOP}V{_FLOOR}"/>'

    def _grid(self, top: float, bottom: float) -> Iterator[str]:
        for part in range(5):
            y = _FLOOR - part * (_FLOOR - _TOP) / 4
            yield f'<path class="grid" d="M{_LEFT} {y:g}H{_WIDTH - _RIGHT}"/>'
            told = self._short(bottom + (top - bottom) * part / 4)
            yield f'<text x="{_LEFT - 6}" y="{y + 4:g}" text-anchor="end">{told}</text>'
        if bottom < 0:
            zero = _FLOOR + bottom / (top - bottom) * (_FLOOR - _TOP)
            yield f'<path class="grid zero" d="M{_LEFT} {zero:.1f}H{_WIDTH - _RIGHT}"/>'
        step = max(1, math.ceil(len(self.labels) / _LABELS))
        for place in range(0, len(self.labels), step):
            at = f'x="{self._x(place):.1f}" y="{_HEIGHT - 8}"'
            label = escape(_fitting(self.labels[place], step * self._step))
            yield f'<text {at} text-anchor="middle">{label}</text>'

    def _short(self, value: float) -> str:
        if self.percent:
            return f"{100 * value:.3g}%"
        return f"{value / 1000:.3g}k" if abs(value) >= 1000 else f"{value:.3g}"

    @property
    def _step(self) -> float:
        return (_WIDTH - _LEFT - _RIGHT) / max(1, len(self.labels))

    def _x(self, place: int) -> float:
        return _LEFT + (place + 0.5) * self._step

    def _bars(self, top: float) -> Iterator[str]:
        width = max(1.0, self._step * 0.78 if len(self.labels) > 1 else 60.0)
        for place in range(len(self.labels)):
            floor = float(_FLOOR)
            for colour, one in enumerate(self.series):
                height = (one.values[place] or 0.0) / top * (_FLOOR - _TOP)
                if height:
                    floor -= height
                    yield (
                        f'<rect class="bar c{colour % COLOURS}" x="{self._x(place) - width / 2:.1f}" '
                        f'y="{floor:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
                    )

    def _lines(self, top: float, bottom: float) -> Iterator[str]:
        def at(place: int, value: float) -> str:
            return f"{self._x(place):.1f} {_FLOOR - (value - bottom) / (top - bottom) * (_FLOOR - _TOP):.1f}"

        for colour, one in enumerate(self.series):
            name = f"c{colour % COLOURS}"
            if one.has_bounds:
                bounds = [
                    (i, *b) for i, b in enumerate(zip(one.lows, one.highs, strict=True)) if None not in b
                ]
                around = [at(i, high or 0.0) for i, _, high in bounds]
                around += [at(i, low or 0.0) for i, low, _ in reversed(bounds)]
                yield f'<path class="band {name}" d="M{"L".join(around)}Z"/>'
            points = [at(i, value) for i, value in enumerate(one.values) if value is not None]
            if points:
                yield f'<path class="line {name}" d="M{"L".join(points)}"/>'
            for point in points if len(points) <= 40 else ():
                x, y = point.split()
                yield f'<circle class="{name}" cx="{x}" cy="{y}" r="3"/>'

    def _places(self) -> Iterator[str]:
        """One invisible column a label, which tells its figures to whoever points at it."""
        cells = list(self.rows())
        for place, (label, values) in enumerate(cells):
            told = [f"{one.name}: {text}" for one, text in zip(self.series, values, strict=True) if text]
            x = _LEFT + place * self._step
            yield (
                f'<rect class="hit" x="{x:.1f}" y="{_TOP}" width="{self._step:.1f}" height="{_FLOOR - _TOP}">'
                f"<title>{escape(chr(10).join((label, *told)))}</title></rect>"
            )

    def _legend(self) -> str:
        parts, x = [f'<text x="{_LEFT}" y="-14" font-weight="bold">{escape(self.title)}</text>'], _LEFT
        for colour, one in enumerate(self.series):
            parts.append(f'<rect class="bar c{colour % COLOURS}" x="{x}" y="-8" width="9" height="9"/>')
            parts.append(f'<text x="{x + 13}" y="1">{escape(one.name)}</text>')
            x += 30 + 8 * len(one.name)
        return "".join(parts)


def top_series(series: Sequence[Series], rest: str) -> tuple[Series, ...]:
    """At most `COLOURS` series: those after the first few are added up into one called ``rest``."""
    if len(series) <= COLOURS:
        return tuple(series)
    kept, others = series[: COLOURS - 1], series[COLOURS - 1 :]
    sums = tuple(
        sum(value or 0.0 for value in values) for values in zip(*(o.values for o in others), strict=True)
    )
    return (*kept, Series(rest, sums))


def _heads(one: Series) -> list[str]:
    return [one.name, f"{one.name} low", f"{one.name} high"] if one.has_bounds else [one.name]


def _values(one: Series, place: int) -> list[float | None]:
    if not one.has_bounds:
        return [one.values[place]]
    return [one.values[place], one.lows[place], one.highs[place]]


def _fitting(label: str, pixels: float) -> str:
    """As much of a label as has room below its figures; whoever points at them is told all of it."""
    room = max(_SHORTEST, int(pixels / _LETTER))
    return label if len(label) <= room else f"{label[: room - 1]}…"


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r") else text


def round_up(value: float) -> float:
    """The next number with one digit that divides well, so that the axis reads easily."""
    if value < _NOTHING:
        return 1.0
    unit: float = 10 ** math.floor(math.log10(value))
    return next(unit * step for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8, 10) if unit * step >= value)
