"""Nearest neighbours by comparing everything and by a graph, beside what the library can do alone.

    python -m benchmarks.neighbours [N ...]

Vectors are made up: 64 numbers, around N / 100 random centres (a centre plus three fifths of noise, at length
1), and queries are drawn in the same way. ``raw`` calls usearch without this project's second look at the
candidates: the library's own ceiling of speed with the graph that is built. Recall@10 is against all.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from shopkeeper.core.types import Floats, Ints
from shopkeeper.encoders.base import unit
from shopkeeper.retrieval.vectors import Facts, Neighbours, build_graph, exact

SIZES = (10_000, 100_000, 1_000_000)
DIM, QUERIES, K = 64, 200, 10
NOISE = 0.6


def clustered(n: int, centres: Floats, rng: np.random.Generator) -> Floats:
    """Unit rows around centres."""
    noise = unit(rng.standard_normal((n, DIM), dtype=np.float32))
    return unit(centres[rng.integers(len(centres), size=n)] + np.float32(NOISE) * noise)


def timed(way: Callable[[Floats], Ints], queries: Floats) -> tuple[Ints, float]:
    """Codes of one query after the other, and the median of milliseconds."""
    found, spent = [], []
    for row in range(len(queries)):
        started = time.perf_counter()
        found.append(way(queries[row : row + 1])[0])
        spent.append(time.perf_counter() - started)
    return np.array(found), 1e3 * float(np.median(spent))


def measure(n: int) -> None:
    """Print the rows of one size."""
    rng = np.random.default_rng(0)
    centres = unit(rng.standard_normal((n // 100, DIM), dtype=np.float32))
    vectors, queries = clustered(n, centres, rng), clustered(QUERIES, centres, rng)
    truth, spent = timed(lambda query: exact(vectors, query, K)[0], queries)
    print(f"| {n:,} | exact | | {spent:.2f} | 1 |", flush=True)
    started = time.perf_counter()
    graph = build_graph(vectors)
    built = time.perf_counter() - started
    indexed = Neighbours(vectors, Facts("random", ""), graph)
    ways: dict[str, Callable[[Floats], Ints]] = {
        "graph": lambda query: indexed.search(query, K)[0],
        "raw": lambda query: graph.search(query[0], K).keys.astype(np.int64)[None],
    }
    for name, way in ways.items():
        found, spent = timed(way, queries)
        recall = np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)])
        print(f"| {n:,} | {name} | {built:.1f} | {spent:.2f} | {recall:.3f} |", flush=True)


def main(sizes: list[int]) -> None:
    """Print a row a size and way."""
    print(f"| vectors | way | build s | ms a query | Recall@{K} |\n|---|---|---|---|---|")
    for n in sizes:
        measure(n)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or list(SIZES))
