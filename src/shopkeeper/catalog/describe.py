"""A shop described in words: tags of products, and interests of customers.

A chat model says them where there is one, and the defaults (`catalog.phrases`, `features.interest_tags`)
where there is none or it fails. A product's tags in the catalogue stay as they are. Of a customer a model
sees titles and a vocabulary made of the catalogue, never who it is; from what is reserved nothing is
concluded.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.catalog.phrases import Phrase, key_phrases, share_said
from shopkeeper.core import columns as c
from shopkeeper.core.types import Longs
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.encoders.language import Language, Task
from shopkeeper.encoders.schemas import LONGEST_TAG, MOST_TAGS, Tags, tags_among
from shopkeeper.encoders.wording import Worded, worded
from shopkeeper.features.interest_tags import Interest, interest_tags
from shopkeeper.privacy.identity import CUSTOMER_PREFIX

_KINDS: Final = (c.CATEGORY, c.CATEGORY2, c.CATEGORY3, c.BRAND)
_TEXTS: Final = (c.TITLE, *_KINDS, c.DESCRIPTION)
_MOST_CHARACTERS: Final = 500
"""Of a text that a model is shown."""
_VOCABULARY: Final = 40
"""Words of a customer that a model may choose among."""
_LATELY: Final = 20
"""Products of a customer that a model is shown."""

Progress = Callable[[str, int, int], None]
"""Told of a stage, and how many steps of how many are done."""


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag.

    Attributes
    ----------
    value
        In words.
    source
        ``catalogue``, ``phrases``, ``interests``, or the id of a chat model.
    confidence
        0 to 1. Of the catalogue 1; of key phrases the weight relative to the strongest; of a model's tags the
        share of their words that the product's own texts say; of interests how much speaks for them.
    """

    value: str
    source: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Description:
    """What was found.

    Attributes
    ----------
    date
        Day on which it was, ISO 8601, UTC.
    products
        Tags by item id, those most in demand first.
    customers
        Interests by pseudonym, those last seen first.
    given_up
        Reason to number of questions a model was asked in vain.
    """

    date: str
    products: dict[str, tuple[Tag, ...]]
    customers: dict[str, tuple[Tag, ...]]
    given_up: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Product:
    """What the catalogue says of one item, in one language."""

    texts: dict[str, str]
    tags: tuple[str, ...]
    reserved: bool

    def without_brand(self, name: str) -> str:
        """A text; the brand is known beside it."""
        text, brand = self.texts.get(name, ""), self.texts.get(c.BRAND)
        edge = r"\b" if brand and brand.isascii() else ""
        return re.sub(f"{edge}{re.escape(brand)}{edge}", " | ", text, flags=re.I) if brand else text

    def words(self, tags: Sequence[str]) -> tuple[str, ...]:
        """What may be said of people who took it: nothing of what is reserved."""
        kinds = [self.texts[name] for name in _KINDS if name in self.texts]
        return () if self.reserved else tuple(word for word in (*kinds, *tags) if len(word) <= LONGEST_TAG)


def describe(
    dataset: Dataset,
    reviews: pl.DataFrame,
    model: Language | None,
    language: str,
    now: int,
    limit: int | None,
    progress: Progress,
) -> Description:
    """Tag products, and say what interests customers.

    Parameters
    ----------
    dataset
        Catalogue, and what people did.
    reviews
        ``item_id`` and ``text``; no row empty.
    model
        None for the defaults alone.
    language
        ``en`` or ``zh``.
    now
        Epoch milliseconds.
    limit
        Most products and most customers; None for all.
    progress
        Told of stages.
    """
    products = _products(dataset.items, language)
    phrases = key_phrases(
        [product.without_brand(c.TITLE) for product in products],
        [product.without_brand(c.DESCRIPTION) for product in products],
        _reviews(dataset.items, reviews),
        MOST_TAGS,
    )
    asking = _Asking(model, language, progress, Counter())
    items = np.argsort(-dataset.popularity, kind="stable")[:limit].tolist()
    tags = asking.tags(items, products, phrases)
    words = [
        product.words([tag.value for tag in tags.get(code, ())] or [phrase.text for phrase in phrases[code]])
        for code, product in enumerate(products)
    ]
    people = _customers(dataset)[:limit]
    most = MOST_TAGS if model is None else _VOCABULARY
    found = interest_tags(dataset, people, words, min(now, dataset.end), most)
    lately = [_lately(dataset, person, products) for person in people]
    return Description(
        datetime.fromtimestamp(now / 1000, UTC).date().isoformat(),
        {dataset.items.ids[code]: tags[code] for code in items},
        dict(
            zip((dataset.people[person] for person in people), asking.interests(found, lately), strict=True)
        ),
        asking.given_up,
    )


def write_json(found: Description, path: Path) -> None:
    """Write a description to a file.

    ``{"products": [{"item_id", "tags": [...]}], "customers": [{"customer_id", "interests": [...]}]}``, each
    tag with ``value``, ``source``, ``confidence`` and ``date``.
    """

    def tags(of: Sequence[Tag]) -> list[dict[str, Any]]:
        return [{**asdict(tag), "confidence": round(tag.confidence, 3), "date": found.date} for tag in of]

    said = {
        "products": [{c.ITEM_ID: item, "tags": tags(of)} for item, of in found.products.items()],
        "customers": [{c.CUSTOMER_ID: who, "interests": tags(of)} for who, of in found.customers.items()],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who is asked, in which language, and how it went."""

    model: Language | None
    language: str
    progress: Progress
    given_up: Counter[str]

    def tags(
        self, items: Sequence[int], products: Sequence[_Product], phrases: Sequence[tuple[Phrase, ...]]
    ) -> dict[int, tuple[Tag, ...]]:
        """Tags of these items, those of the catalogue where it has some."""
        tags = {code: tuple(Tag(tag, "catalogue", 1.0) for tag in products[code].tags) for code in items}
        asked = [code for code in items if not tags[code]]
        tasks = (Task("product_tags", self.language, products[code].texts, Tags) for code in asked)
        defaults = [[phrase.text for phrase in phrases[code]] for code in asked]
        for code, answer in zip(asked, self._ask("products", tasks, defaults, "phrases"), strict=True):
            known = {phrase.text: phrase.confidence for phrase in phrases[code]}
            said = " | ".join(products[code].texts.values())
            tags[code] = tuple(
                Tag(
                    tag, answer.source, known[tag] if answer.value.tags == [*known] else share_said(tag, said)
                )
                for tag in answer.value.tags
            )
        return tags

    def interests(
        self, found: Sequence[tuple[Interest, ...]], lately: Sequence[list[str]]
    ) -> list[tuple[Tag, ...]]:
        """Tags of people, chosen among what was found."""
        words = [{interest.tag: interest.confidence for interest in interests} for interests in found]
        asked = [row for row, known in enumerate(words) if known]
        tasks = (
            Task("interest_tags", self.language, _shown(words[row], lately[row]), tags_among(words[row]))
            for row in asked
        )
        defaults = [list(words[row])[:MOST_TAGS] for row in asked]
        tags: list[tuple[Tag, ...]] = [()] * len(found)
        for row, answer in zip(asked, self._ask("customers", tasks, defaults, "interests"), strict=True):
            tags[row] = tuple(Tag(tag, answer.source, words[row][tag]) for tag in answer.value.tags)
        return tags

    def _ask(
        self, whose: str, tasks: Iterable[Task[Tags]], defaults: Sequence[list[str]], source: str
    ) -> tuple[Worded[Tags], ...]:
        known = [Tags.model_construct(tags=tags) for tags in defaults]
        answers = worded(self.model, tasks, known, source, partial(self.progress, f"tags of {whose}"))
        self.given_up.update(answers.given_up)
        return answers.values


def _shown(words: Iterable[str], titles: list[str]) -> dict[str, list[str]]:
    return {"vocabulary": list(words), "lately": titles}


def _customers(dataset: Dataset) -> Longs:
    """Codes of customers, those last seen first."""
    known = [code for code, key in enumerate(dataset.people) if key.startswith(CUSTOMER_PREFIX)]
    people = np.array(known, np.int64)
    last = dataset.time[dataset.offsets[people + 1] - 1]
    return people[np.argsort(-last, kind="stable")]


def _lately(dataset: Dataset, person: int, products: list[_Product]) -> list[str]:
    """Titles of what a person touched, the last one first."""
    rows = slice(dataset.offsets[person], dataset.offsets[person + 1])
    items = dict.fromkeys(dataset.item[rows][::-1].tolist())
    shown = (products[item].texts.get(c.TITLE) for item in items if not products[item].reserved)
    return [title for title in shown if title][:_LATELY]


def _reviews(items: ItemIndex, reviews: pl.DataFrame) -> list[str]:
    said = dict(
        reviews.group_by(c.ITEM_ID, maintain_order=True).agg(pl.col(c.TEXT).str.join(" | ")).iter_rows()
    )
    return [said.get(item, "") for item in items.ids]


def _products(items: ItemIndex, language: str) -> list[_Product]:
    columns = [name for name in (*_TEXTS, c.ATTRIBUTES) if name in items.table.columns]
    if not columns:
        return [_Product({}, (), False)] * len(items)
    return [_product(row, language) for row in items.table.select(columns).iter_rows(named=True)]


def _product(row: dict[str, Any], language: str) -> _Product:
    found = json.loads(row.get(c.ATTRIBUTES) or "{}")
    attributes = found if isinstance(found, dict) else {}

    def told(name: str) -> Any:
        return attributes.get(f"{name}_{language}") or row.get(name) or attributes.get(name)

    texts = {name: str(told(name))[:_MOST_CHARACTERS] for name in _TEXTS if told(name)}
    given = told(c.TAGS)
    tags = tuple(tag for tag in given if isinstance(tag, str)) if isinstance(given, list) else ()
    return _Product(texts, tags, any(attributes.get(key) is True for key in c.RESERVED))
