"""What a comparison found: a table, gains with intervals, JSON, a drawing of accuracy against fit time."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib.pyplot as plt

from benchmarks.peers.measure import METRICS, PARTS, Measured, gain

_COSTS: Final = {
    "fit_seconds": "tuned and fitted s",
    "final_fit_seconds": "last fit s",
    "predict_seconds": "predict s",
    "cpu_seconds": "process CPU s",
    "peak_mb": "peak MB",
}


def table(protocol: str, found: Sequence[Measured]) -> str:
    """Everybody's figures and costs in Markdown, the best first; a mean over seeds has its deviation."""
    parts = PARTS[protocol]
    head = [
        "model",
        *(f"NDCG@10 {part}" for part in parts),
        "Recall@10",
        "Recall@20",
        "MRR@20",
        *_COSTS.values(),
    ]
    rows = [head, ["---"] * len(head)]
    rows += [_row(model, parts) for model in sorted(found, key=lambda model: -model.mean("all"))]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def gains(protocol: str, ours: Measured, peers: Sequence[Measured]) -> str:
    """What ours gains over each peer on each slice, and what a peer costs beside it, in Markdown."""
    parts = PARTS[protocol]
    rows = [[f"{ours.name} less", *parts, "its fit time", "its CPU time", "its memory"]]
    rows += [["---"] * len(rows[0])]
    for peer in peers:
        intervals = [gain(ours, peer, part) for part in parts]
        told = [f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]" for found in intervals]
        rows.append(
            [
                peer.name,
                *told,
                *(_ratio(peer, ours, cost) for cost in ("fit_seconds", "cpu_seconds", "peak_mb")),
            ]
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def strongest(protocol: str, peers: Sequence[Measured]) -> str:
    """The peer to beat on each slice."""
    best = {part: max(peers, key=lambda peer: peer.mean(part)) for part in PARTS[protocol]}
    return "\n".join(f"- {part}: {peer.name}, {peer.mean(part):.4f}" for part, peer in best.items())


def to_json(protocol: str, found: Sequence[Measured], ours: Measured | None) -> dict[str, Any]:
    """Everything as plain values."""
    return {
        "protocol": protocol,
        "machine": {"platform": platform.platform(), "python": platform.python_version()},
        "models": [_plain(protocol, model, ours) for model in found],
    }


def write(folder: Path, protocol: str, found: Sequence[Measured], ours: Measured | None) -> None:
    """Write ``peers.json`` and ``peers.svg``."""
    plain = to_json(protocol, found, ours)
    (folder / "peers.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    draw(folder / "peers.svg", found)


def draw(path: Path, found: Sequence[Measured]) -> None:
    """Accuracy against the whole fit time, which has a logarithmic axis."""
    figure, axes = plt.subplots(figsize=(7, 4.5), constrained_layout=True)
    for model in found:
        seconds = max(model.mean_of("fit_seconds") or 0.0, 0.01)
        own = "process" in model.runs[0].facts and "models" in model.runs[0].facts
        axes.scatter(seconds, model.mean("all"), color="tab:red" if own else "tab:blue", zorder=2)
        axes.annotate(
            model.name, (seconds, model.mean("all")), xytext=(4, 4), textcoords="offset points", fontsize=8
        )
    axes.set(xscale="log", xlabel="tuned and fitted, seconds", ylabel="NDCG@10", ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(path)
    plt.close(figure)


def _row(model: Measured, parts: Sequence[str]) -> list[str]:
    values = [_figure(model, part, "ndcg@10") for part in parts]
    values += [_figure(model, "all", f"{metric}@{k}") for metric, k in METRICS if metric != "ndcg"]
    costs = [model.mean_of(cost) for cost in _COSTS]
    return [model.name, *values, *("" if cost is None else f"{cost:,.1f}" for cost in costs)]


def _figure(model: Measured, part: str, metric: str) -> str:
    deviation = model.deviation(part, metric)
    return f"{model.mean(part, metric):.4f}" + ("" if deviation is None else f" ± {deviation:.4f}")


def _ratio(peer: Measured, ours: Measured, cost: str) -> str:
    one, other = peer.mean_of(cost), ours.mean_of(cost)
    return "" if one is None or not other else f"{one / other:.2g} x"


def _plain(protocol: str, model: Measured, ours: Measured | None) -> dict[str, Any]:
    compared = ours is not None and model is not ours
    return {
        "name": model.name,
        "figures": {
            f"{part} {metric}@{k}": {
                "mean": model.mean(part, f"{metric}@{k}"),
                "sd": model.deviation(part, f"{metric}@{k}"),
            }
            for part in PARTS[protocol]
            for metric, k in METRICS
        },
        "gain_of_ours": {f"{part} ndcg@10": _interval(ours, model, part) for part in PARTS[protocol]}
        if compared and ours
        else {},
        **{cost: model.mean_of(cost) for cost in _COSTS},
        "runs": [
            {"seed": run.seed, "settings": run.facts.get("settings"), "history": run.facts.get("history")}
            for run in model.runs
        ],
    }


def _interval(ours: Measured, peer: Measured, part: str) -> list[float]:
    found = gain(ours, peer, part)
    return [found.mean, found.low, found.high]
