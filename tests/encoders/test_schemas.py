"""Answers that may be shown, and those that may not."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shopkeeper.encoders.schemas import (
    LONGEST_TAG,
    MOST_TAGS,
    CampaignText,
    ReasonText,
    Tags,
    tags_among,
)


@given(st.lists(st.text(max_size=40), max_size=12))
def test_tags_that_pass_keep_every_rule(tags):
    try:
        passed = Tags(tags=tags).tags
    except ValidationError:
        return
    assert len(passed) <= MOST_TAGS
    assert len({tag.casefold() for tag in passed}) == len(passed)
    for tag in passed:
        assert 1 <= len(tag) <= LONGEST_TAG
        assert tag == tag.strip()
        assert not any(unicodedata.category(sign)[0] == "C" for sign in tag)
        assert not set(tag) & set("<>{}")
        assert "://" not in tag


def test_good_tags_pass():
    tags = ["tea", "green tea", "绿茶", "50 % cotton", "3-in-1", "e.g. gifts", "Tea"]
    assert Tags(tags=tags).tags == tags[:-1]


@pytest.mark.parametrize(
    "tag", ["", "a" * 31, "http://x", "www.x", "x.com/y", "a@b", "a\nb", "a\u200bb", "<i>"]
)
def test_bad_tags_do_not(tag):
    with pytest.raises(ValidationError):
        Tags(tags=["tea", tag])


def test_a_vocabulary_binds():
    schema = tags_among(["tea", "tent"])
    assert schema(tags=["tent", "tea"]).tags == ["tent", "tea"]
    assert schema.model_json_schema()["properties"]["tags"]["items"]["enum"] == ["tea", "tent"]
    with pytest.raises(ValidationError, match="not in the vocabulary"):
        schema(tags=["pregnancy"])
    with pytest.raises(ValidationError):
        schema(tags=["tea"] * 9)


def test_figures_come_from_the_data():
    said = {"title": "Tea week", "text": "20% off until 3 May.", "tone": "warm"}
    assert CampaignText.model_validate(said, context={"data": '{"offer": "20% off", "until": "3 May"}'})
    with pytest.raises(ValidationError, match="the data do not say 20"):
        CampaignText.model_validate(said, context={"data": '{"offer": "200% off", "until": "3 May"}'})
    with pytest.raises(ValidationError, match="the data do not say 24"):
        ReasonText.model_validate({"reason": "Only for 24 hours!"}, context={"data": "{}"})
    with pytest.raises(ValidationError, match="the data do not say 1000"):
        Tags.model_validate({"tags": ["1000 g"]}, context={"data": '{"title": "Tea, 100 g"}'})
    with pytest.raises(ValidationError, match="tone"):
        CampaignText.model_validate(said | {"tone": "threatening"}, context={"data": "20 3"})
