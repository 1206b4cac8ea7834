"""An evaluation as files: its figures as JSON, and the answers themselves as Parquet.

The JSON is ``{"protocol": ..., "models": [{"name", "fit_seconds", "ndcg@10", ...}]}``.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.evaluation.findings import Comparison, Evaluated, Evaluation
from shopkeeper.evaluation.result import Measured
from shopkeeper.metrics.interval import LEVEL, RESAMPLES, Interval

LISTS: Final = ("all", "repeats_only", "new_to_person_only")
"""Slices with lists of their own; the lists of the others are those of ``all``."""


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """The evaluation as plain values.

    Each model has its figures by names such as ``ndcg@10``, the bounds of their intervals under
    ``intervals``, and the same again for each slice under ``slices``, with the number of ``requests`` that
    have such truth. A figure that is not defined is null.
    """
    return {
        "protocol": evaluation.protocol,
        "data": asdict(evaluation.window),
        "interval": {"level": LEVEL, "resamples": RESAMPLES, "method": "bootstrap percentile over requests"},
        "models": [_model(model) for model in evaluation.models],
        "comparisons": [_comparison(comparison) for comparison in evaluation.comparisons],
    }


def write_json(evaluation: Evaluation, path: Path) -> None:
    """Write `to_json` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(to_json(evaluation), indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_lists(evaluation: Evaluation, path: Path) -> None:
    """Write every answer to a Parquet file, so that others can measure it.

    One row an item: ``model``, ``slice`` (`LISTS`), ``request`` (its number in the order of the protocol),
    ``rank`` from 1, and ``item_id``.
    """
    ids = pl.Series(evaluation.item_ids, dtype=pl.String)
    frames = [
        _answers(measured, ids).select(
            pl.lit(model.name).alias("model"), pl.lit(part).alias("slice"), pl.all()
        )
        for model in evaluation.models
        for part, measured in model.result.slices.items()
        if part in LISTS
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.concat(frames).write_parquet(path)


def _answers(measured: Measured, ids: pl.Series) -> pl.DataFrame:
    rows = measured.lists.rows
    ranks = np.arange(len(rows)) - measured.lists.offsets[rows] + 1
    return pl.DataFrame(
        {
            "request": measured.rows[rows],
            "rank": ranks.astype(np.int32),
            "item_id": ids.gather(measured.lists.items),
        }
    )


def _model(model: Evaluated) -> dict[str, Any]:
    slices = {
        part: {"requests": len(model.result.slices[part]), **_figures(found)}
        for part, found in model.intervals.items()
        if part != "all"
    }
    seconds = {
        "tune_seconds": model.tune_seconds,
        "final_fit_seconds": model.final_fit_seconds,
    }
    return {
        "name": model.name,
        "fit_seconds": round(model.fit_seconds, 4),
        **{name: round(value, 4) for name, value in seconds.items() if value is not None},
        "predict_seconds": round(model.result.predict_seconds, 4),
        "peak_rss_mb": round(model.peak_rss_mb, 1),
        **{name: round(value, 6) for name, value in model.result.union.items()},
        **_figures(model.intervals["all"]),
        "slices": slices,
    }


def _figures(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    means = {name: _number(interval.mean) for name, interval in intervals.items()}
    return means | {"intervals": {name: _bounds(interval) for name, interval in intervals.items()}}


def _comparison(comparison: Comparison) -> dict[str, Any]:
    low, high = _bounds(comparison.difference)
    return {
        "model": comparison.model,
        "baseline": comparison.baseline,
        "slice": comparison.slice_name,
        "metric": comparison.metric,
        "difference": _number(comparison.difference.mean),
        "low": low,
        "high": high,
        "requests": comparison.difference.n,
    }


def _bounds(interval: Interval) -> list[float | None]:
    return [_number(interval.low), _number(interval.high)]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
