"""Rules by themselves: what is refused, all at once, and which pairs contradict each other."""

import pytest
from pydantic import ValidationError

from shopkeeper.core.config import parse_config
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.core.rules import Rule, contradictions


def rule(name: str, action: str, **fields: object) -> Rule:
    return Rule.model_validate({"name": name, "action": action, **fields})


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"action": "filter"}, "filter needs one of item_ids, brand"),
        ({"action": "boost", "brand": ["A"], "slot": 1}, "slot is for pin only"),
        ({"action": "exclude", "brand": ["A"], "strength": 3}, "strength is for boost and bury only"),
        (
            {"action": "pin", "slot": 1, "item_ids": ["a", "b"]},
            "pin selects by item_ids alone, and exactly one",
        ),
        ({"action": "pin", "item_ids": ["a"]}, "pin needs slot"),
        ({"action": "pin", "slot": 1, "item_ids": ["a"], "brand": ["A"]}, "pin selects by item_ids alone"),
        ({"action": "cap", "most": 2}, "cap needs per"),
        ({"action": "cap", "per": "brand"}, "cap needs most"),
        ({"action": "exclude", "min_price": 3, "max_price": 2}, "min_price = 3 is above max_price = 2"),
    ],
)
def test_a_rule_that_is_not_whole_says_what_it_needs(fields, told):
    with pytest.raises(ValidationError, match="rule 'r'") as error:
        Rule.model_validate({"name": "r", **fields})
    assert told in str(error.value)


def test_all_faults_of_a_rule_are_told():
    with pytest.raises(ValidationError, match="cap needs per; cap needs most; slot is for pin only"):
        rule("r", "cap", slot=2)


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (("pin", {"slot": 2, "item_ids": ["a"]}), ("pin", {"slot": 2, "item_ids": ["b"]}), "pins on slot 2"),
        (("pin", {"slot": 1, "item_ids": ["a"]}), ("pin", {"slot": 2, "item_ids": ["a"]}), "pinned twice"),
        (("pin", {"slot": 1, "item_ids": ["a"]}), ("exclude", {"item_ids": ["b", "a"]}), "pins item 'a'"),
        (("filter", {"item_ids": ["b"]}), ("pin", {"slot": 1, "item_ids": ["a"]}), "pins item 'a'"),
        (("boost", {"brand": ["A", "B"]}), ("bury", {"brand": ["B", "A"]}), "boost and bury the same items"),
        (("exclude", {"category": ["A"]}), ("filter", {"category": ["A"]}), "the same items"),
    ],
)
def test_rules_that_contradict_each_other_are_named(one, other, told):
    (found,) = contradictions([rule("one", one[0], **one[1]), rule("other", other[0], **other[1])])
    assert told in found
    assert "'one' and 'other'" in found


def test_rules_that_can_both_hold_do_not_contradict():
    rules = [
        rule("a", "boost", brand=["A"]),
        rule("b", "bury", brand=["A"], max_price=3),
        rule("c", "pin", slot=1, item_ids=["a"]),
        rule("d", "pin", slot=2, item_ids=["b"]),
        rule("e", "exclude", item_ids=["a"], brand=["A"]),
        rule("f", "cap", per="seller", most=1),
    ]
    assert contradictions(rules) == []
    assert contradictions([rules[0], rule("a", "cap", per="brand", most=2)]) == [
        "rules 'a' and 'a': two rules have one name"
    ]


BROKEN = """
currency = "dollars"
[[rules]]
name = "one"
action = "pin"
slot = 1
item_ids = [7]
[[rules]]
name = "two"
action = "pin"
slot = 1
item_ids = ["b"]
[[rules]]
name = "three"
action = "boost"
[[rules]]
name = "four"
action = "hide"
colour = "red"
"""


def test_a_configuration_tells_broken_and_contradictory_rules_beside_all_else():
    with pytest.raises(InvalidConfig) as error:
        parse_config(BROKEN)
    told = str(error.value)
    assert "5 faults" in told
    for part in (
        "currency",
        "'one' and 'two': two pins on slot 1",
        "rule 'three'",
        "rules.3.action",
        "colour",
    ):
        assert part in told


def test_a_configuration_holds_rules():
    config = parse_config('[[rules]]\nname = "r"\naction = "cap"\nper = "seller"\nmost = 2\n')
    assert config.rules == (rule("r", "cap", per="seller", most=2),)
