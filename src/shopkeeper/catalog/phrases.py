"""Key phrases of products: words and pairs of words that stand out in a text against the whole catalogue.

Weighed by TF-IDF with sublinear counts (Salton and Buckley 1988), over words that at least `FEWEST` products
share (what one product alone says is its name, not a tag) and over pairs of neighbours that belong together.
With n the number of products that hold a word or a pair, the equivalence index of Callon et al. (1983) says
so:

    n(a b)^2 / (n(a) n(b)) >= `TOGETHER`

Chinese is cut into words by rjieba.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

import numpy as np

from shopkeeper.features.interest_tags import apart

FEWEST: Final = 2
TOGETHER: Final = 0.05
_LONGEST: Final = 30
_OF_TITLE: Final = 2
"""How often a title counts beside the other texts."""
_MOST_CHARACTERS: Final = 2_000
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff"
_RUNS: Final = re.compile(
    rf"[{_HAN}]+|[^\W\d_{_HAN}]+(?:['’-][^\W\d_{_HAN}]+)*|\S|(?<=[{_HAN}])\s+(?=[{_HAN}])"
)
"""Chinese, words of other scripts, and what parts them: any other sign, and a blank within Chinese."""
_STOP_WORDS: Final = frozenset((files(__package__) / "stop_words.txt").read_text(encoding="utf-8").split())
"""Words that say nothing of a product."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One key phrase of a product.

    Attributes
    ----------
    text
        Lower case.
    confidence
        Weight relative to the product's strongest phrase, above 0 and at most 1.
    """

    text: str
    confidence: float


def key_phrases(
    titles: Sequence[str], texts: Sequence[str], reviews: Sequence[str], most: int
) -> list[tuple[Phrase, ...]]:
    """Phrases of each product, the strongest first.

    Parameters
    ----------
    titles, texts, reviews
        One a product: its name, what else the shop says of it, and what customers say; all may be empty.
        Reviews lend weight to words of the catalogue and add none: nobody's name becomes a tag.
    most
        Length of a list.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer  # a second to load

    counter = CountVectorizer(analyzer=_analyzed, min_df=FEWEST, max_df=0.5, dtype=np.float32)
    try:
        counts = counter.fit_transform(zip(titles, texts, strict=True))
    except ValueError:  # no two products share a word
        return [()] * len(titles)
    weights = counts + counter.transform(("", review) for review in reviews)
    names = counter.get_feature_names_out()
    held = dict(zip(names, np.bincount(counts.indices, minlength=len(names)).tolist(), strict=True))
    kept = np.array([_belongs_together(name, held) for name in names])
    names, weights = names[kept], TfidfTransformer(sublinear_tf=True).fit_transform(weights[:, kept])
    lengths = np.array([len(name) for name in names])
    found = []
    for row in range(len(titles)):
        part = slice(weights.indptr[row], weights.indptr[row + 1])
        codes, values = weights.indices[part], weights.data[part]
        # Words that never stand apart weigh the same as their pair, which says more.
        ranked = np.lexsort((codes, -lengths[codes], -values.round(4)))
        by_name = {_shown(names[codes[place]]): float(values[place]) for place in ranked}
        best = float(values.max(initial=0.0))
        found.append(tuple(Phrase(text, by_name[text] / best) for text in apart(by_name, most)))
    return found


def share_said(tag: str, text: str) -> float:
    """Share of the words of a tag that a text says, 0 to 1."""
    words = [word for word in phrases(tag) if " " not in word] or [tag.lower()]
    said = set(phrases(text))
    return sum(word in said or (_is_han(word) and word in text) for word in words) / len(words)


def phrases(text: str) -> Iterator[str]:
    """Words of a text that say something, and pairs of them that stand side by side, with a blank between."""
    before = ""
    for word in _words(text[:_MOST_CHARACTERS].lower()):
        if len(word) < 2 or word in _STOP_WORDS or not word[0].isalpha():
            before = ""
            continue
        yield word
        if before and len(before) + len(word) < _LONGEST:
            yield f"{before} {word}"
        before = word


def _belongs_together(name: str, held: Mapping[str, int]) -> bool:
    first, _, second = name.partition(" ")
    if not second:
        return True
    alone = held.get(first, 0) * held.get(second, 0)
    return alone > 0 and held[name] ** 2 >= TOGETHER * alone


def _shown(name: str) -> str:
    """A phrase as it is written: Chinese words without a blank."""
    words = name.split(" ")
    return ("" if all(_is_han(word) for word in words) else " ").join(words)


def _analyzed(product: tuple[str, str]) -> Iterator[str]:
    title, text = product
    for _ in range(_OF_TITLE):
        yield from phrases(title)
    yield from phrases(text)


def _words(text: str) -> Iterator[str]:
    import rjieba  # loads its dictionary

    for run in _RUNS.findall(text):
        yield from rjieba.cut(run) if _is_han(run) else (run,)


def _is_han(word: str) -> bool:
    return "\u3400" <= word[0] <= "\u9fff"
