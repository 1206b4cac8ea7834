"""Rules, against Python's own reading of them, and what is said of broken ones."""

from contextlib import suppress

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.errors import InvalidRequest
from shopkeeper.features.rules import DEEPEST, LONGEST, parse_rule

PEOPLE = pl.DataFrame(
    {
        "frequency": [1.0, 5.0, None, 12.5],
        "stage": ["new", "at risk", "lapsed", None],
        "customer.age": ["35-44", None, "65+", "65+"],
    }
)


def picked(rule):
    return PEOPLE.select(parse_rule(rule, PEOPLE.schema)).to_series().to_list()


@pytest.mark.parametrize(
    ("rule", "who"),
    [
        ("frequency >= 5", [False, True, False, True]),
        ("frequency != 5", [True, False, False, True]),
        ("not frequency >= 5", [True, False, True, False]),
        ("stage = 'new' or frequency > 10 and customer.age = \"65+\"", [True, False, False, True]),
        ("(stage = 'new' or frequency > 10) and customer.age = '65+'", [False, False, False, True]),
        ("stage in ('new', 'lapsed')", [True, False, True, False]),
        ("stage not in ('new', 'lapsed')", [False, True, False, False]),
        ("frequency is unknown", [False, False, True, False]),
        ("frequency is known", [True, True, False, True]),
        ("frequency > -1 AND NOT stage is unknown", [True, True, False, False]),
    ],
)
def test_rules_pick_whom_they_say(rule, who):
    assert picked(rule) == who


numbers = st.sampled_from(["1", "5", "12.5", "7"])
simple = st.builds("frequency {} {}".format, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers)
written = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
    ),
    max_leaves=8,
)


@given(written)
def test_rules_read_as_python_reads_them(rule):
    known = PEOPLE.filter(pl.col("frequency").is_not_null())
    found = known.select(parse_rule(rule, PEOPLE.schema)).to_series().to_list()
    plain = [eval(rule, {"__builtins__": {}}, {"frequency": value}) for value in known["frequency"]]
    assert found == plain


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("", "name of a column"),
        ("frequency", "comparison is expected"),
        ("frequncy > 1", "did you mean frequency"),
        ("frequency > 'five'", "holds numbers"),
        ("stage = 5", "put quotes"),
        ("stage = new", "quoted text"),
        ("frequency > 1 stage = 'new'", "the end is expected"),
        ("(frequency > 1", r"\) is expected"),
        ("frequency ( 1", "comparison is expected"),
        ("stage in 'new'", r"\( is expected"),
        ("stage in ()", "quoted text"),
        ("__import__('os').system('true')", "cannot be read"),
        ("password = 1", "no column 'password'"),
        ("frequency > 1; drop", "cannot be read, at character 14"),
        ("frequency > 1e400", "cannot be read"),
        ("not " * (DEEPEST + 1) + "frequency > 1", "within one another"),
        ("frequency > 1 " * LONGEST, "more than"),
    ],
)
def test_broken_rules_are_told(rule, said):
    with pytest.raises(InvalidRequest, match=said):
        picked(rule)


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(text):
    with suppress(InvalidRequest):
        picked(text)
