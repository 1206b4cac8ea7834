"""A shop described in words: tags of products, texts of campaigns, interests of customers, and reasons.

A chat model says them where there is one, and the defaults (`catalog.phrases`, `features.interest_tags`, a
template, and a reason as the shop's pages word it) where there is none or it fails. A product's tags in the
catalogue stay as they are. Of a customer a model sees titles, reasons and a vocabulary made of the catalogue,
never who it is; from what is reserved nothing is concluded.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.catalog.phrases import Phrase, key_phrases, share_said
from shopkeeper.catalog.products import Product, products_of
from shopkeeper.core import columns as c
from shopkeeper.core.types import Longs
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.encoders.language import Language, Task
from shopkeeper.encoders.schemas import MOST_TAGS, CampaignText, ReasonText, Tags, tags_among
from shopkeeper.encoders.wording import Brief, Known, Worded, campaign_texts, reasons, worded
from shopkeeper.features.interest_tags import Interest, interest_tags
from shopkeeper.privacy.identity import CUSTOMER_PREFIX

_VOCABULARY: Final = 40
"""Words of a customer that a model may choose among."""
_LATELY: Final = 20
"""Products of a customer that a model is shown."""
_REASONS: Final = 3
"""Recommended products of a customer whose reasons are put in words."""
_OFFERED: Final = 10
"""Products of a campaign that a model is shown."""

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
    campaigns
        Texts by campaign id, of those that are not over.
    reasons
        By pseudonym and item id: why the item is recommended, the first item first.
    given_up
        Reason to number of questions a model was asked in vain.
    """

    date: str
    products: dict[str, tuple[Tag, ...]]
    customers: dict[str, tuple[Tag, ...]]
    campaigns: dict[str, Worded[CampaignText]]
    reasons: dict[str, dict[str, Worded[ReasonText]]]
    given_up: Mapping[str, int]


@dataclass(frozen=True)
class Subject:
    """What is to be described.

    Attributes
    ----------
    dataset
        Catalogue, and what people did.
    reviews
        ``item_id`` and ``text``; no row empty.
    campaigns
        ``campaign_id``, ``title`` and ``ends_at`` of each.
    offered
        ``campaign_id`` and ``item_id`` of what they are for.
    recommended
        Item id to title and reason of what a customer, by pseudonym, is recommended, the best first.
    """

    dataset: Dataset
    reviews: pl.DataFrame
    campaigns: pl.DataFrame
    offered: pl.DataFrame
    recommended: Callable[[str], Mapping[str, Known]]


def describe(
    subject: Subject,
    model: Language | None,
    language: str,
    now: int,
    limit: int | None,
    progress: Progress,
) -> Description:
    """Tag products, write of campaigns, say what interests customers and why they are recommended what.

    Parameters
    ----------
    subject
        What of.
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
    dataset = subject.dataset
    as_of = min(now, dataset.end)
    products = products_of(dataset.items, language)
    phrases = key_phrases(
        [product.without_brand(c.TITLE) for product in products],
        [product.without_brand(c.DESCRIPTION) for product in products],
        _reviews(dataset.items, subject.reviews),
        MOST_TAGS,
    )
    asking = _Asking(model, language, progress, Counter())
    items = np.argsort(-dataset.popularity, kind="stable")[:limit].tolist()
    tags = asking.tags(items, products, phrases)
    words = [
        product.words([tag.value for tag in tags.get(code, ())] or [phrase.text for phrase in phrases[code]])
        for code, product in enumerate(products)
    ]
    codes = _customers(dataset)[:limit]
    people = [dataset.people[code] for code in codes]
    most = MOST_TAGS if model is None else _VOCABULARY
    found = interest_tags(dataset, codes, words, as_of, most)
    lately = [_lately(dataset, code, products) for code in codes]
    return Description(
        _day(now),
        {dataset.items.ids[code]: tags[code] for code in items},
        dict(zip(people, asking.interests(found, lately), strict=True)),
        asking.campaigns(briefs(subject, products, as_of)),
        asking.reasons({person: _first(subject, person, products) for person in people}),
        asking.given_up,
    )


def briefs(subject: Subject, products: Sequence[Product], now: int) -> dict[str, Brief]:
    """What each campaign that is not over is about, the items most in demand first.

    Parameters
    ----------
    subject
        Campaigns, and what they are for.
    products
        Of the catalogue, in its order.
    now
        Epoch milliseconds.
    """
    running = subject.campaigns.filter((pl.col(c.ENDS_AT) >= now).fill_null(value=True))
    offered = subject.offered.group_by(c.CAMPAIGN_ID).agg(c.ITEM_ID)
    items = dict(offered.filter(pl.col(c.CAMPAIGN_ID).is_in(running[c.CAMPAIGN_ID].implode())).iter_rows())
    dataset, found = subject.dataset, {}
    for campaign, title, ends in running.select(c.CAMPAIGN_ID, c.TITLE, c.ENDS_AT).iter_rows():
        codes = dataset.items.encode(items.get(campaign, []))
        codes = codes[np.argsort(-dataset.popularity[codes], kind="stable")]
        named = (products[code] for code in codes.tolist())
        titles = (
            product.texts[c.TITLE] for product in named if c.TITLE in product.texts and not product.reserved
        )
        until = "" if ends is None else _day(ends)
        found[campaign] = Brief(title or campaign, tuple(islice(titles, _OFFERED)), until=until)
    return found


def write_json(found: Description, path: Path) -> None:
    """Write a description to a file.

    ``{"products": [{"item_id", "tags": [...]}], "customers": [{"customer_id", "interests": [...], "reasons":
    [...]}], "campaigns": [...]}``: a tag has ``value`` and ``confidence``, a reason ``item_id`` and
    ``reason``, a campaign its id, ``title``, ``text`` and ``tone``; all have ``source`` and ``date``.
    """

    def tags(of: Sequence[Tag]) -> list[dict[str, Any]]:
        return [{**asdict(tag), "confidence": round(tag.confidence, 3), "date": found.date} for tag in of]

    def said(key: str, of: Mapping[str, Worded[Any]]) -> list[dict[str, Any]]:
        return [
            {key: name, **worded.value.model_dump(), "source": worded.source, "date": found.date}
            for name, worded in of.items()
        ]

    written = {
        "products": [{c.ITEM_ID: item, "tags": tags(of)} for item, of in found.products.items()],
        "customers": [
            {c.CUSTOMER_ID: who, "interests": tags(of), "reasons": said(c.ITEM_ID, found.reasons[who])}
            for who, of in found.customers.items()
        ],
        "campaigns": said(c.CAMPAIGN_ID, found.campaigns),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(written, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class _Asking:
    """Who is asked, in which language, and how it went."""

    model: Language | None
    language: str
    progress: Progress
    given_up: Counter[str]

    def tags(
        self, items: Sequence[int], products: Sequence[Product], phrases: Sequence[tuple[Phrase, ...]]
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

    def campaigns(self, briefs: Mapping[str, Brief]) -> dict[str, Worded[CampaignText]]:
        """What each campaign says."""
        told = partial(self.progress, "texts of campaigns")
        found = campaign_texts(self.model, list(briefs.values()), self.language, told)
        self.given_up.update(found.given_up)
        return dict(zip(briefs, found.values, strict=True))

    def reasons(
        self, recommended: Mapping[str, Mapping[str, Known]]
    ) -> dict[str, dict[str, Worded[ReasonText]]]:
        """Why each person is recommended what."""
        known = [one for of in recommended.values() for one in of.values()]
        found = reasons(self.model, known, self.language, partial(self.progress, "reasons"))
        self.given_up.update(found.given_up)
        values = iter(found.values)
        return {who: {item: next(values) for item in of} for who, of in recommended.items()}

    def _ask(
        self, whose: str, tasks: Iterable[Task[Tags]], defaults: Sequence[list[str]], source: str
    ) -> tuple[Worded[Tags], ...]:
        known = [Tags.model_construct(tags=tags) for tags in defaults]
        answers = worded(self.model, tasks, known, source, partial(self.progress, f"tags of {whose}"))
        self.given_up.update(answers.given_up)
        return answers.values


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).date().isoformat()


def _first(subject: Subject, person: str, products: list[Product]) -> dict[str, Known]:
    """The first of what a person is recommended."""
    open_ = (
        (item, known)
        for item, known in subject.recommended(person).items()
        if not products[subject.dataset.items.code(item)].reserved
    )
    return dict(islice(open_, _REASONS))


def _shown(words: Iterable[str], titles: list[str]) -> dict[str, list[str]]:
    return {"vocabulary": list(words), "lately": titles}


def _customers(dataset: Dataset) -> Longs:
    """Codes of customers, those last seen first."""
    known = [code for code, key in enumerate(dataset.people) if key.startswith(CUSTOMER_PREFIX)]
    people = np.array(known, np.int64)
    last = dataset.time[dataset.offsets[people + 1] - 1]
    return people[np.argsort(-last, kind="stable")]


def _lately(dataset: Dataset, person: int, products: list[Product]) -> list[str]:
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
