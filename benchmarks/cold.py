"""What reading the catalogue gains where nobody has touched an item yet, and what it costs where many have.

    python -m benchmarks.cold FOLDER OUT

FOLDER is that of ``office`` in `benchmarks.datasets`. The same blend is measured twice by the public command:
without the catalogue, on behaviour alone, and with it; beside both stand single models on behaviour. Told is
Recall@10 of truth that somebody had touched before the test (warm) and that nobody had (cold), with paired
bootstrap intervals; requests without such truth are left out.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.datasets import office
from shopkeeper.core.types import Bools, Ragged
from shopkeeper.data.split import Cases
from shopkeeper.evaluation.files import load_events
from shopkeeper.evaluation.protocols import time_task
from shopkeeper.metrics.interval import bootstrap, paired_bootstrap
from shopkeeper.metrics.ranking import Values, hits, recall

BLEND = "shopkeeper-base"
BEHAVIOUR = ("cooccurrence", "item_neighbours", "linear", "popular")
DAYS = 28
K = 10


def answers(files: list[Path], models: list[str], name: str, out: Path) -> pl.DataFrame:
    """Lists that the public command wrote: model, request, rank and item_id."""
    events, *items = files
    catalogue = ["--items", str(items[0])] if items else []
    lists = out / f"{name}.parquet"
    command = [sys.executable, "-m", "shopkeeper", "evaluate", "--events", str(events), *catalogue]
    command += ["--protocol", "time", "--test-days", str(DAYS), "--model", *models]
    subprocess.run([*command, "--json", str(out / f"{name}.json"), "--lists", str(lists)], check=True)
    return pl.read_parquet(lists).filter(pl.col("slice") == "all")


def recalls(found: pl.DataFrame, cases: Cases, ids: tuple[str, ...], kept: Bools) -> Values:
    """Recall@10 of each request with truth of a kind, on that truth alone."""
    codes = {item_id: code for code, item_id in enumerate(ids)}
    found = found.sort("request", "rank")
    offsets = np.searchsorted(found["request"].to_numpy(), np.arange(len(cases) + 1)).astype(np.int64)
    lists = Ragged(offsets, np.array([codes[item] for item in found["item_id"]], np.int32))
    inside = kept[cases.truth.items]
    truth = Ragged(np.append(0, np.cumsum(inside))[cases.truth.offsets], cases.truth.items[inside])
    rows = np.flatnonzero(truth.lengths > 0)
    return recall(hits(lists.take(rows), truth.take(rows), K))


def main() -> None:
    """Convert, measure twice, tell."""
    folder, out = map(Path, sys.argv[1:])
    files = office(folder, out)
    dataset = load_events(*files).dataset
    task = time_task(dataset, DAYS)
    touched = task.train.popularity > 0
    alone = answers(files[:1], [BLEND, *BEHAVIOUR], "behaviour", out)
    both = answers(files, [BLEND], "catalogue", out)
    for kind, kept in (("warm", touched), ("cold", ~touched)):
        values = {
            f"{BLEND} on behaviour" if name == BLEND else name: recalls(
                alone.filter(pl.col("model") == name), task.test, dataset.items.ids, kept
            )
            for name in (BLEND, *BEHAVIOUR)
        }
        found = recalls(both, task.test, dataset.items.ids, kept)
        print(f"{kind}: {len(found)} requests; {BLEND} with the catalogue {bootstrap(found).mean:.4f}")
        for name, other in values.items():
            gain = paired_bootstrap(found, other)
            print(
                f"  {name:28} {other.mean():.4f}  gain {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
            )


if __name__ == "__main__":
    main()
