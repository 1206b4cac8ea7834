"""What it costs to count 10,000 new events into a co-occurrence of 10 million, beside fitting it again.

    python -m benchmarks.update [--events 10000000] [--items 100000] [--new 10000] [--out DIR]

The events are generated (`benchmarks.crowd`). Both ways end in the same model: the whole table and the
answers to a thousand requests are compared to the last bit; the exit status is 1 where they differ or the
update is less than 100 times cheaper. Printed is processor time: what else the machine does is not counted.
Told beside it is what waits until later: rows are made when they are first asked for, and the whole table
when the model is saved.
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from benchmarks.crowd import crowd
from shopkeeper.core.types import Requests
from shopkeeper.data.dataset import Dataset
from shopkeeper.data.histories import build_histories
from shopkeeper.recommenders.cooccurrence import Cooccurrence

CHEAPER = 100
_ASKED = 1_000

Result = TypeVar("Result")


def before_and_after(dataset: Dataset, new: int) -> tuple[Dataset, Dataset, Dataset]:
    """All but the last ``new`` events; then the rows of whom they concern, without them and with them."""
    newest = np.zeros(len(dataset), bool)
    newest[np.argsort(dataset.time, kind="stable")[len(dataset) - new :]] = True
    concerned = np.unique(dataset.person[newest])
    rows = np.isin(dataset.person, concerned)
    people = tuple(dataset.people[person] for person in concerned)
    own = replace(dataset.where(rows), people=people)
    own = replace(own, person=np.searchsorted(concerned, own.person).astype(np.int32))
    return dataset.where(~newest), own.where(~newest[rows]), own


def timed(work: Callable[[], Result]) -> tuple[float, Result]:
    """Processor seconds, and what came of it."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def main() -> int:
    """Measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--new", type=int, default=10_000)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    given = parser.parse_args()
    whole = crowd(given.events, given.items)
    past, before, after = before_and_after(whole, given.new)
    model = Cooccurrence().fit(past)
    del past
    update, model = timed(lambda: model.exchange(before, after))
    people = np.linspace(0, len(whole.people) - 1, _ASKED).astype(np.int64)
    as_of = np.full(_ASKED, whole.end, np.int64)
    requests = Requests(build_histories(whole, people, as_of), as_of)
    asked, answers = timed(lambda: model.recommend(requests, 10))
    settled, table = timed(lambda: model.next_)
    refit, fresh = timed(lambda: Cooccurrence().fit(whole))
    other = fresh.recommend(requests, 10)
    parts = ("data", "indices", "indptr")
    same = all(np.array_equal(getattr(table, part), getattr(fresh.next_, part)) for part in parts)
    same &= np.array_equal(answers.items, other.items) and np.array_equal(answers.scores, other.scores)
    ratio = refit / update
    print(f"{len(whole):,} events, {given.items:,} items: refit {refit:.1f} s")
    print(f"{given.new:,} new events: {update * 1e3:.0f} ms, {ratio:.0f} times cheaper; the same: {same}")
    print(f"later: {_ASKED:,} first requests {asked:.1f} s, the whole table {settled:.1f} s")
    record = {"refit": refit, "update": update, "ratio": ratio, "same": bool(same), "settled": settled}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "update.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
    return int(not same or ratio < CHEAPER)


if __name__ == "__main__":
    raise SystemExit(main())
