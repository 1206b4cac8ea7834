"""What answers of a chat model must look like before anybody reads them."""

import re
import unicodedata
from collections.abc import Collection
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, create_model

MOST_TAGS: Final = 8
LONGEST_TAG: Final = 30

_ADDRESS: Final = re.compile(r"://|www\.|\S@\S|\b[\w-]+\.(?:com|net|org|io|cn|top|xyz|shop|info|biz)\b", re.I)
_NUMBER: Final = re.compile(r"\d+")


def _plain(text: str) -> str:
    """Words for people: no addresses, no markup, nothing invisible."""
    if any(unicodedata.category(sign).startswith("C") for sign in text):
        raise ValueError("control characters are not allowed")
    if _ADDRESS.search(text):
        raise ValueError("addresses are not allowed")
    if set(text) & set("<>{}"):
        raise ValueError("markup is not allowed")
    return text


def _told(text: str, info: ValidationInfo) -> str:
    """No figure that the data do not hold: a model must not invent prices, discounts and dates."""
    known = set(_NUMBER.findall((info.context or {}).get("data", text)))
    made_up = [number for number in _NUMBER.findall(text) if number not in known]
    if made_up:
        raise ValueError(f"the data do not say {', '.join(made_up)}")
    return text


def _distinct(tags: list[str]) -> list[str]:
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.casefold(), tag)
    return list(first.values())


Sentence = Annotated[str, AfterValidator(_plain), AfterValidator(_told)]
Tag = Annotated[Sentence, Field(min_length=1, max_length=LONGEST_TAG)]


class _Schema(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Tags(_Schema):
    """Tags, the most fitting first."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=MOST_TAGS), AfterValidator(_distinct)]


class CampaignText(_Schema):
    """What a campaign says."""

    title: Annotated[Sentence, Field(min_length=1, max_length=60)]
    text: Annotated[Sentence, Field(min_length=1, max_length=240)]
    tone: Literal["plain", "warm", "festive"]


class ReasonText(_Schema):
    """Why an item is recommended, in one sentence."""

    reason: Annotated[Sentence, Field(min_length=1, max_length=120)]


def tags_among(vocabulary: Collection[str]) -> type[Tags]:
    """`Tags` that all occur in a vocabulary."""
    words = sorted(vocabulary)
    known = frozenset(words)

    def member(tag: str) -> str:
        if tag not in known:
            raise ValueError("not in the vocabulary")
        return tag

    word = Annotated[Tag, AfterValidator(member), Field(json_schema_extra={"enum": list(words)})]
    tags = Annotated[list[word], Field(min_length=1, max_length=MOST_TAGS), AfterValidator(_distinct)]
    return create_model("Tags", __base__=Tags, tags=(tags, ...))
