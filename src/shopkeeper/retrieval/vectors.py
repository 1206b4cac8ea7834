"""Nearest neighbours among vectors: exact, or by a graph where exact is too slow.

Vectors are unit rows and likeness is their dot product, the cosine.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from shopkeeper.core.errors import CorruptModel, NotIndexed
from shopkeeper.core.types import Bools, Floats, Ints, Longs
from shopkeeper.retrieval.kept import publish

EXACT_NUMBERS: Final = 50_000_000
"""Numbers (rows times dimensions) up to which neighbours are exact; see decision 040."""
_BLOCK: Final = 16_384
"""Rows that are compared at a time."""
_SAMPLE: Final = 200
"""Vectors on which a new graph is held against exact neighbours."""
_RESCORED: Final = 4
"""Candidates of the graph for each neighbour wanted; their exact cosines decide."""
_FEWEST_SHARE: Final = 0.1
"""Where a smaller share is allowed, neighbours are exact among the allowed."""
_CONNECTIVITY, _ADDED, _SEARCHED = 16, 64, 128
_FORMAT: Final = 1
_GRAPH, _VECTORS, _FACTS = "graph.usearch", "vectors.npy", "facts.json"

Found = tuple[Ints, Floats]
"""Codes and cosines, each of shape ``(n, k)``, best first; code -1 where there are fewer than ``k``."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is kept beside vectors.

    Attributes
    ----------
    encoder
        `Encoder.id` of what made them.
    content
        Names what was encoded; see `kept.fingerprint`.
    recall
        Share of the exact ten nearest that the graph finds, on a sample; 1 without a graph.
    """

    encoder: str
    content: str
    recall: float = 1.0


def exact(vectors: Floats, queries: Floats, k: int, allowed: Bools | None = None) -> Found:
    """The ``k`` nearest of all or of the allowed rows; of equals the lower code first."""
    rows = np.arange(len(vectors)) if allowed is None else np.flatnonzero(allowed)
    codes = np.full((len(queries), k), -1, np.int32)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        part = vectors[block] if allowed is not None else vectors[start : start + _BLOCK]
        both = np.hstack((scores, queries @ part.T))
        names = np.hstack((codes, np.broadcast_to(block.astype(np.int32), (len(queries), len(block)))))
        codes, scores = _nearest(names, both, k)
    return codes, scores


def _nearest(codes: Ints, scores: Floats, k: int) -> Found:
    """The best ``k`` of each row; of equals the one that stands first."""
    least = -np.partition(-scores, k - 1, axis=1)[:, k - 1]
    best = np.empty((len(scores), k), np.int64)
    for row, bound in enumerate(least):
        reached = np.flatnonzero(scores[row] >= bound)
        best[row] = reached[np.argsort(-scores[row, reached], kind="stable")[:k]]
    return np.take_along_axis(codes, best, 1), np.take_along_axis(scores, best, 1)


class Neighbours:
    """Vectors of items and what finds the nearest of them.

    Parameters
    ----------
    vectors
        Shape ``(n, dim)``, unit rows or zeros.
    facts
        Where they come from.
    graph
        A usearch index over them, or None for exact answers.
    """

    def __init__(self, vectors: Floats, facts: Facts, graph: Any | None = None) -> None:
        self.vectors = vectors
        self.facts = facts
        self._graph = graph

    @classmethod
    def of(cls, vectors: Floats, encoder: str, content: str = "", *, largest: int = EXACT_NUMBERS) -> Self:
        """Index vectors: by a graph, its recall measured, where they hold more than ``largest`` numbers."""
        exactly = cls(vectors, Facts(encoder, content))
        if vectors.size <= largest:
            return exactly
        graph = build_graph(vectors)
        indexed = cls(vectors, exactly.facts, graph)
        return cls(vectors, Facts(encoder, content, indexed.measured_recall()), graph)

    @property
    def is_exact(self) -> bool:
        """Whether there is no graph."""
        return self._graph is None

    def search(self, queries: Floats, k: int, allowed: Bools | None = None) -> Found:
        """The ``k`` nearest items of each query.

        Parameters
        ----------
        queries
            Shape ``(n, dim)``, unit rows.
        k
            Neighbours wanted.
        allowed
            Shape ``(n_items,)``: items that may be found; None allows all. Exact where few are.
        """
        share = 1.0 if allowed is None else float(allowed.mean()) if len(allowed) else 0.0
        if self._graph is None or share < _FEWEST_SHARE:
            return exact(self.vectors, queries, k, allowed)
        asked = min(len(self.vectors), int(_RESCORED * k / share) + 1)
        found = self._graph.search(queries, asked).keys.reshape(len(queries), -1).astype(np.int64)
        return self._rescored(found, queries, k, allowed)

    def measured_recall(self, k: int = 10) -> float:
        """Share of the exact ``k`` nearest that is found, on a sample of the vectors themselves."""
        rows = np.random.default_rng(0).permutation(len(self.vectors))[:_SAMPLE]
        queries = self.vectors[rows]
        truth, found = exact(self.vectors, queries, k)[0], self.search(queries, k)[0]
        return float(np.mean([np.isin(a, b).mean() for a, b in zip(truth, found, strict=True)]))

    def save(self, parent: Path) -> Path:
        """Keep it in a folder below ``parent``, in place of older ones of the same encoder."""
        return publish(parent, name_of(self.facts.encoder, self.facts.content), self._write)

    @classmethod
    def load(cls, folder: Path, encoder: str) -> Self:
        """Read what `save` kept.

        Raises
        ------
        NotIndexed
            There is nothing, or another encoder made it.
        CorruptModel
            A file is damaged.
        """
        facts, checksums = _facts(folder)
        if facts.encoder != encoder:
            raise NotIndexed(
                f"{folder} was indexed by the encoder {facts.encoder}, and {encoder} asks.",
                hint="Delete the folder; the index is built anew.",
            )
        for name, checksum in checksums.items():
            if not (folder / name).is_file() or _checksum(folder / name) != checksum:
                raise CorruptModel(
                    f"{folder / name} is damaged.", hint="Delete the folder; the index is built anew."
                )
        vectors = np.load(folder / _VECTORS, mmap_mode="r", allow_pickle=False)
        graph = _restored(folder / _GRAPH) if _GRAPH in checksums else None
        return cls(vectors, facts, graph)

    def _rescored(self, found: Longs, queries: Floats, k: int, allowed: Bools | None) -> Found:
        codes, scores = (
            np.full((len(queries), k), -1, np.int32),
            np.full((len(queries), k), -np.inf, np.float32),
        )
        for row, candidates in enumerate(found):
            kept = np.sort(candidates if allowed is None else candidates[allowed[candidates]])
            cosines = self.vectors[kept] @ queries[row]
            best = np.argsort(-cosines, kind="stable")[:k]
            codes[row, : len(best)], scores[row, : len(best)] = kept[best], cosines[best]
        return codes, scores

    def _write(self, folder: Path) -> None:
        np.save(folder / _VECTORS, self.vectors, allow_pickle=False)
        if self._graph is not None:
            self._graph.save(str(folder / _GRAPH))
        checksums = {path.name: _checksum(path) for path in sorted(folder.iterdir())}
        facts = {"format": _FORMAT, **asdict(self.facts), "checksums": checksums}
        (folder / _FACTS).write_text(json.dumps(facts, indent=1), encoding="utf-8")


def name_of(encoder: str, content: str) -> str:
    """Name of the folder in which vectors of some content by some encoder are kept."""
    return f"vectors-{hashlib.blake2b(f'{_FORMAT}/{encoder}/{content}'.encode(), digest_size=12).hexdigest()}"


def build_graph(vectors: Floats) -> Any:
    """A navigable small-world graph over the rows (Malkov and Yashunin 2016), in halves of 16 bits."""
    from usearch.index import Index

    graph = Index(
        ndim=vectors.shape[1],
        metric="ip",
        dtype="f16",
        connectivity=_CONNECTIVITY,
        expansion_add=_ADDED,
        expansion_search=_SEARCHED,
    )
    graph.add(np.arange(len(vectors), dtype=np.uint64), vectors)
    return graph


def _restored(path: Path) -> Any:
    from usearch.index import Index

    return Index.restore(str(path), view=True)


def _facts(folder: Path) -> tuple[Facts, dict[str, str]]:
    try:
        told = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        return Facts(told["encoder"], told["content"], float(told["recall"])), dict(told["checksums"])
    except FileNotFoundError:
        raise NotIndexed(
            f"{folder} holds no index.", hint="It is built anew when somebody searches."
        ) from None
    except (ValueError, KeyError, TypeError):
        raise CorruptModel(
            f"{folder / _FACTS} is damaged.", hint="Delete the folder; the index is built anew."
        ) from None


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
