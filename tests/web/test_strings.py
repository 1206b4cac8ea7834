"""Every text is there in both languages, every key that is used exists, and none is left over."""

import re
from pathlib import Path
from string import Formatter

import pytest

import shopkeeper.web
from shopkeeper.core.types import EventType
from shopkeeper.web.strings import Words, keys, texts

FOLDER = Path(shopkeeper.web.__file__).parent
MADE_FROM_DATA = (
    "segment_",
    "way_",
    "action_",
    "ad_",
    "status_",
    "curve_",
    "surface_",
    "row_",
    "badge_",
    "did_",
    "critique_",
)
CJK = re.compile("[\u4e00-\u9fff]")


def places(text: str) -> int:
    return sum(field is not None for _, field, _, _ in Formatter().parse(text))


def used() -> set[str]:
    found: set[str] = set()
    for path in [*FOLDER.rglob("*.py"), *FOLDER.glob("templates/**/*.html")]:
        text = path.read_text()
        found |= set(re.findall(r"\b(?:t|words|Words\(\"en\"\))\(\s*['\"](\w+)['\"]", text))
        found |= {
            f"{key}{end}" for key in re.findall(r"\.count\(['\"](\w+)['\"]", text) for end in ("", "_one")
        }
        found |= set(re.findall(r"self\(\"(\w+)\"\)", text))
        found |= {key for pair in re.findall(r"t\('(\w+)' if \w+ else '(\w+)'", text) for key in pair}
    return found


@pytest.mark.parametrize("key", sorted(keys()))
def test_both_languages_say_the_same(key):
    en, zh = texts(key)
    assert en.strip()
    assert zh.strip()
    assert places(en) == places(zh)
    if key not in ("language", "language_label", "list_join"):
        assert CJK.search(zh)
        assert not CJK.search(en)
        assert not re.search(r"[,;!?()]|:(?!\w)", re.sub(r"\{\}", "", zh)), "punctuate Chinese as Chinese"


def test_every_key_that_is_used_exists_and_none_is_left_over():
    table = {key for key in keys() if not key.startswith(MADE_FROM_DATA)}
    assert used() - keys() == set()
    assert table - used() == set()


def test_every_kind_of_event_has_a_word():
    assert {key.removeprefix("did_") for key in keys() if key.startswith("did_")} == {
        kind.name for kind in EventType
    }


def test_templates_spell_no_text_themselves():
    for path in FOLDER.glob("templates/**/*.html"):
        markup = re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", "", path.read_text(), flags=re.S)
        bare = re.sub(r"<[^>]*>", "", markup)
        assert re.findall(r"[A-Za-z]{3,}", bare.replace("openapi.json", "")) == [], path.name


def test_counts_have_a_singular_in_english():
    assert Words("en").count("thanks_bought", 1) == "1 product bought"
    assert Words("en").count("thanks_bought", 1200) == "1,200 products bought"
