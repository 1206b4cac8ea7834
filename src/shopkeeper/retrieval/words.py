"""Items by the words in their texts: BM25 over an embedded search engine, English and Chinese in one index.

Texts and queries go one way: compatibility forms made plain, Chinese cut into words and characters, then
lower case, no accents, and English stems. A query is never parsed, so no character in it means anything else.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import tantivy

from shopkeeper.core.types import Bools, Floats, Ints, Longs
from shopkeeper.retrieval.kept import fingerprint, publish

BOOSTS: Final[dict[str, float]] = {
    "title": 3.0,
    "brand": 2.0,
    "category": 1.5,
    "attributes": 1.0,
    "description": 0.7,
}
"""Fields of an item, and how much a word in one counts. Other languages' titles stand in the title."""
_TIE: Final = 0.1
"""What a word counts in its other fields, beside the one where it counts most."""
_MOST_TERMS: Final = 64
_CODE: Final = "code"
_FORMAT: Final = 2
_FEW: Final = 4_096
"""Down to how many allowed items they are handed to the engine one by one."""
_HEAP_BYTES: Final = 64_000_000
_ANALYZER: Final = (
    tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
    .filter(tantivy.Filter.remove_long(64))
    .filter(tantivy.Filter.lowercase())
    .filter(tantivy.Filter.ascii_fold())
    .filter(tantivy.Filter.stemmer("english"))
    .build()
)
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_APOSTROPHES: Final = str.maketrans("", "", "'’‘`")


def words_of(text: str) -> str:
    """The words of a text between blanks, Chinese ones with their characters; may be empty."""
    import rjieba  # loads its dictionary

    plain = unicodedata.normalize("NFKC", text.encode("utf-8", "ignore").decode()).translate(_APOSTROPHES)
    words = re.findall(r"\w+", " ".join(rjieba.cut_for_search(plain)))
    return " ".join(piece for word in words for piece in _pieces(word))


def _pieces(word: str) -> list[str]:
    """A word, and the characters of a Chinese one: two texts may be cut into words differently."""
    return [word, *_HAN.findall(word)] if len(word) > 1 else [word]


def terms_of(text: str) -> list[str]:
    """The distinct terms that a text is found by, in order."""
    return list(dict.fromkeys(_ANALYZER.analyze(words_of(text))))


class Words:
    """An index of items by their words; the position of an item is its code.

    Parameters
    ----------
    engine
        An index of `_schema`.
    n_items
        Items in it.
    """

    def __init__(self, engine: Any, n_items: int) -> None:
        engine.register_tokenizer("words", _ANALYZER)
        engine.reload()
        self.n_items = n_items
        self._schema = engine.schema
        self._searcher = engine.searcher()

    @classmethod
    def of(cls, texts: Mapping[str, Sequence[str]], folder: Path | None = None) -> Self:
        """Index texts, or take the index of the very same texts that is there.

        Parameters
        ----------
        texts
            Fields of `BOOSTS` to one text an item.
        folder
            Where to keep the index; None keeps it in memory.
        """
        columns = {name: texts[name] for name in BOOSTS}
        n_items = len(columns["title"])
        if folder is None:
            return cls(_fill(tantivy.Index(_schema()), columns), n_items)
        name = f"words-{_FORMAT}{fingerprint(columns)}"
        found = _opened(folder / name, n_items)
        if found is None:
            publish(folder, name, lambda draft: _write(draft, columns))
            found = _opened(folder / name, n_items) or _fill(tantivy.Index(_schema()), columns)
        return cls(found, n_items)

    def search(self, query: str, k: int, allowed: Bools | None = None) -> tuple[Ints, Floats]:
        """The best ``k`` items for the words of a query, and their scores, best first.

        An item need not have all words. A word that no item has stands for those that begin with it, or else
        for those a letter or two away. Any text may be asked for.

        Parameters
        ----------
        query
            What was typed.
        k
            Most items to find.
        allowed
            Shape ``(n_items,)``: items that may be found; None allows all.
        """
        clauses = [self._clause(term) for term in terms_of(query)[:_MOST_TERMS]]
        if not clauses or not self.n_items or (allowed is not None and not allowed.any()):
            return np.zeros(0, np.int32), np.zeros(0, np.float32)
        wanted = tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in clauses])
        if allowed is None:
            return self._best(wanted, k)
        codes = np.flatnonzero(allowed)
        return self._among(wanted, codes, k) if len(codes) <= _FEW else self._filtered(wanted, allowed, k)

    def _clause(self, term: str) -> Any:
        """What one word asks for: the field where it counts most, or words like it."""
        query = tantivy.Query
        if any(self._searcher.doc_freq(field, term) for field in BOOSTS):
            return self._anywhere(lambda field: query.term_query(self._schema, field, term))
        if not term.isascii() or len(term) < 3:
            return query.empty_query()
        begins = lambda field: query.fuzzy_term_query(self._schema, field, term, 0, prefix=True)  # noqa: E731
        if self._searcher.search(self._anywhere(begins), 1).hits or len(term) < 4:
            return self._anywhere(begins)
        distance = 1 if len(term) < 8 else 2
        return self._anywhere(lambda field: query.fuzzy_term_query(self._schema, field, term, distance))

    def _anywhere(self, of: Any) -> Any:
        boosted = [tantivy.Query.boost_query(of(field), boost) for field, boost in BOOSTS.items()]
        return tantivy.Query.disjunction_max_query(boosted, _TIE)

    def _best(self, query: Any, k: int) -> tuple[Ints, Floats]:
        hits = self._searcher.search(query, k, count=False).hits
        codes = self._searcher.fast_field_values(_CODE, [address for _, address in hits])
        found = np.array(codes, np.int32), np.array([score for score, _ in hits], np.float32)
        order = np.lexsort((found[0], -found[1]))
        return found[0][order], found[1][order]

    def _among(self, query: Any, codes: Longs, k: int) -> tuple[Ints, Floats]:
        only = tantivy.Query.term_set_query(self._schema, _CODE, codes.tolist())
        both = [(tantivy.Occur.Must, query), (tantivy.Occur.Must, tantivy.Query.const_score_query(only, 0.0))]
        return self._best(tantivy.Query.boolean_query(both), k)

    def _filtered(self, query: Any, allowed: Bools, k: int) -> tuple[Ints, Floats]:
        """Ask for more until enough of it is allowed."""
        asked = min(self.n_items, 2 * k * len(allowed) // int(allowed.sum()) + 64)
        while True:
            codes, scores = self._best(query, asked)
            kept = allowed[codes]
            if int(kept.sum()) >= k or len(codes) < asked:
                return codes[kept][:k], scores[kept][:k]
            asked = min(self.n_items, 4 * asked)


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    for field in BOOSTS:
        builder.add_text_field(field, tokenizer_name="words", index_option="freq")
    builder.add_unsigned_field(_CODE, indexed=True, fast=True)
    return builder.build()


def _fill(engine: Any, columns: Mapping[str, Sequence[str]]) -> Any:
    engine.register_tokenizer("words", _ANALYZER)
    writer = engine.writer(_HEAP_BYTES, 1)
    for code, values in enumerate(zip(*columns.values(), strict=True)):
        document = tantivy.Document()
        document.add_unsigned(_CODE, code)
        for field, text in zip(columns, values, strict=True):
            if text:
                document.add_text(field, words_of(text))
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    return engine


def _write(folder: Path, columns: Mapping[str, Sequence[str]]) -> None:
    _fill(tantivy.Index(_schema(), str(folder)), columns)


def _opened(folder: Path, n_items: int) -> Any | None:
    """The index in a folder; None where there is none, or it is damaged."""
    try:
        engine = tantivy.Index.open(str(folder))
        engine.reload()
        return engine if engine.searcher().num_docs == n_items else None
    except ValueError:
        return None
