"""Prompts, the fence around data, and what is taken from a reply."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from shopkeeper.encoders import language
from shopkeeper.encoders.language import (
    Task,
    content_key,
    correction,
    fresh_mark,
    messages,
    parse,
)
from shopkeeper.encoders.schemas import CampaignText, ReasonText, Tags

SCHEMAS: dict[str, type[BaseModel]] = {
    "product_tags": Tags,
    "interest_tags": Tags,
    "campaign": CampaignText,
    "reason": ReasonText,
}
PROMPTS = sorted(path.name for path in (Path(language.__file__).parent / "prompts").iterdir())


def task(**data):
    return Task("product_tags", "en", data, Tags)


def test_every_prompt_is_there_in_both_languages():
    names = [*SCHEMAS, "rules", "correction"]
    assert sorted(f"{name}.{code}.txt" for name in names for code in ("en", "zh")) == PROMPTS


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("code", ["en", "zh"])
def test_prompts_are_filled_in(name, code):
    asked: Task[Any] = Task(name, code, {}, SCHEMAS[name])
    system = messages(asked, "m")[0]["content"]
    assert "$mark" not in system
    assert "$schema" not in system
    assert json.dumps(asked.schema.model_json_schema(), ensure_ascii=False, sort_keys=True) in system
    assert correction(asked, "the $fault").count("the $fault") == 1


@given(st.dictionaries(st.text(), st.text() | st.lists(st.text())))
def test_data_stand_on_one_line_behind_a_mark_nobody_knew(data):
    mark = fresh_mark()
    system, user = (message["content"] for message in messages(task(x=data), mark))
    first, line, last = user.split("\n")
    assert (first, last) == (f"BEGIN {mark}", f"END {mark}")
    assert re.fullmatch(r"[0-9a-f]{16}", mark)
    assert system.count(mark) == 2
    assert json.loads(line) == {"x": data}
    assert fresh_mark() != mark


def test_the_key_is_of_the_content():
    key = content_key("m", task(a=1, b=2))
    assert content_key("m", task(b=2, a=1)) == key
    others = [
        content_key("n", task(a=1, b=2)),
        content_key("m", task(a=1, b=3)),
        content_key("m", Task("product_tags", "zh", {"a": 1, "b": 2}, Tags)),
        content_key("m", Task("product_tags", "en", {"a": 1, "b": 2}, ReasonText)),
    ]
    assert len({key, *others}) == 5


@pytest.mark.parametrize(
    "reply",
    [
        '{"tags": ["tea"]}',
        '```json\n{"tags": ["tea"]}\n```',
        'Sure! {"tags": ["tea"]} Anything else?',
        '<think>{"tags": ["coffee"]}? {</think>{"tags": ["tea"]}',
        'The data are {"title": "Tea"}, so: {"tags": [" tea "]}',
        '{broken {"tags": ["tea"]}',
    ],
)
def test_the_last_object_of_a_reply_counts(reply):
    assert parse(reply, task()).tags == ["tea"]


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("", "no JSON object"),
        ("no", "no JSON object"),
        ('["tea"]', "no JSON object"),
        ('{"a":' * 4000, "no JSON object"),
        ("{}", "tags: Field required"),
        ('{"tags": "tea"}', "tags: Input should be a valid list"),
        ('{"tags": ["tea"], "more": 1}', "more: Extra inputs are not permitted"),
    ],
)
def test_faults_are_named(reply, fault):
    with pytest.raises(ValueError, match=fault):
        parse(reply, task())


@given(st.text(alphabet='{}[]":,a1\\ \n', max_size=200))
def test_any_reply_is_an_answer_or_a_fault(reply):
    with suppress(ValueError):
        assert isinstance(parse(reply, task()), Tags)


def test_the_mark_is_no_answer():
    assert parse('{"tags": ["BEGIN ab"]}', task(), "cd").tags == ["BEGIN ab"]
    with pytest.raises(ValueError, match="no part"):
        parse('{"tags": ["BEGIN ab"]}', task(), "ab")
