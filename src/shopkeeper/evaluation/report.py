"""The report: one HTML file that needs nothing but a browser, light and dark, with drawings inside."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from shopkeeper.evaluation.findings import Comparison, Evaluated, Evaluation
from shopkeeper.evaluation.plots import N_COLOURS, Line, bars, curves, dots
from shopkeeper.evaluation.wording import METRICS, PROTOCOLS, SLICES
from shopkeeper.metrics.interval import LEVEL, RESAMPLES, Interval
from shopkeeper.metrics.ranking import RANKING

_HEADLINE: Final = ("ndcg", "recall", "mrr", "hit_rate")
_SLICE_COLUMNS: Final = ("ndcg@10", "recall@10", "hit_rate@10", "mrr@10")
_WIDE, _NARROW = 4.0, 3.0
"""Widths of drawings in a grid of two and of three, inches."""

_UNDEFINED: Final = "–"


def write_report(evaluation: Evaluation, path: Path) -> None:
    """Write the report of an evaluation to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(evaluation), encoding="utf-8")


def render(evaluation: Evaluation) -> str:
    """The report as HTML."""
    loader = Environment(
        loader=PackageLoader("shopkeeper.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters |= {"figure": figure, "interval": interval_text, "signed": signed, "thousands": thousands}
    return loader.get_template("report.html").render(
        evaluation=evaluation,
        window=evaluation.window,
        models=evaluation.models,
        asked=PROTOCOLS[evaluation.protocol].format(days=evaluation.window.test_days or 0),
        verdict=verdict(evaluation),
        headline=_headline(evaluation.models),
        slices=_slices(evaluation.models),
        slice_columns=_SLICE_COLUMNS,
        slice_drawing=_slice_drawing(evaluation.models),
        curves=_curves(evaluation.models),
        beyond=_beyond(evaluation.models),
        comparisons=[c for c in evaluation.comparisons if c.metric == "ndcg@10"],
        ranking=RANKING,
        meanings=METRICS,
        slice_names=SLICES,
        n_colours=N_COLOURS,
        level=LEVEL,
        resamples=RESAMPLES,
    )


def verdict(evaluation: Evaluation) -> list[str]:
    """What the comparisons say in words, a sentence a baseline."""
    return [
        _sentence(comparison)
        for comparison in evaluation.comparisons
        if (comparison.slice_name, comparison.metric) == ("all", "ndcg@10")
    ]


def figure(value: float, digits: int = 3) -> str:
    """A number with so many digits after the point, a dash where undefined."""
    return _UNDEFINED if math.isnan(value) else f"{value:.{digits}f}"


def interval_text(interval: Interval, digits: int = 3) -> str:
    """Bounds of an interval, nothing where undefined or of no width."""
    return (
        ""
        if math.isnan(interval.low) or interval.low == interval.high
        else f"{interval.low:.{digits}f} – {interval.high:.{digits}f}"
    )


def signed(value: float) -> str:
    """A difference with its sign."""
    return f"{value:+.3f}".replace("-", "\u2212")


def thousands(value: int) -> str:
    """A whole number with thin groups of three."""
    return f"{value:,}".replace(",", "\u2009")


def _sentence(comparison: Comparison) -> str:
    gain = comparison.difference
    mean, low, high = (signed(value) for value in (gain.mean, gain.low, gain.high))
    bounds = f"NDCG@10 {mean}, {LEVEL:.0%} interval {low} to {high}"
    if gain.low > 0:
        return f"{comparison.model} ranks better than {comparison.baseline}: {bounds}."
    if gain.high < 0:
        return f"{comparison.model} ranks worse than {comparison.baseline}: {bounds}."
    return f"{comparison.model} and {comparison.baseline} cannot be told apart: {bounds}."


def _headline(models: Sequence[Evaluated]) -> list[tuple[str, Markup]]:
    return [(f"{metric}@10", _bars(models, f"{metric}@10")) for metric in _HEADLINE]


def _beyond(models: Sequence[Evaluated]) -> list[tuple[str, Markup]]:
    """Drawings of what lists are made of."""
    covered = [_exactly(model.result.union["coverage@10"]) for model in models]
    names = [model.name for model in models]
    return [
        ("coverage@10", _drawn(bars(names, covered, "{:.1%}", _NARROW))),
        ("novelty@10", _bars(models, "novelty@10", "{:.1f} bits", _NARROW)),
        ("diversity@10", _bars(models, "diversity@10", "{:.2f}", _NARROW)),
    ]


def _bars(
    models: Sequence[Evaluated], figure_name: str, form: str = "{:.3f}", width: float = _WIDE
) -> Markup:
    found = [model.intervals["all"][figure_name] for model in models]
    return _drawn(bars([model.name for model in models], found, form, width))


def _slices(models: Sequence[Evaluated]) -> list[str]:
    """Slices that have cases."""
    return [part for part in SLICES if part in models[0].intervals]


def _slice_drawing(models: Sequence[Evaluated]) -> Markup:
    parts = _slices(models)
    table = [[model.intervals[part]["ndcg@10"] for model in models] for part in parts]
    drawing = dots([SLICES[part][0] for part in parts], [model.name for model in models], table)
    return _drawn(drawing)


def _curves(models: Sequence[Evaluated]) -> list[tuple[str, Markup]]:
    return [
        (f"{metric}@k", _drawn(curves([Line(m.name, m.result.curve(metric)) for m in models])))
        for metric in ("ndcg", "recall")
    ]


def _exactly(value: float) -> Interval:
    return Interval(value, value, value, 1)


def _drawn(svg: str) -> Markup:
    """A drawing of `plots`, in which matplotlib has escaped all text."""
    return Markup(svg)  # noqa: S704
