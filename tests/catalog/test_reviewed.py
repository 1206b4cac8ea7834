"""Verdicts on doubtful values: what they change, that they last, and that nothing else changes."""

from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.catalog.reviewed import REVIEWED, Verdict, add_verdict, read_verdicts, reviewed, reviewed_all

STAMP = {"source": "learned", "confidence": 0.6, "date": "2026-01-01"}


def verdict(field: str, suggestion: str, accepted: str) -> Verdict:
    return Verdict("i", field, suggestion, accepted, "2026-02-02")


def test_an_accepted_value_is_certain_and_a_rejected_one_is_gone():
    derived = {"brand": {"value": "House", **STAMP}, "category": {"value": "Tea", **STAMP}}
    yes = reviewed(derived, [verdict("brand", "Mill", "yes")])
    assert yes["brand"] == {"value": "Mill", "source": "reviewed", "confidence": 1.0, "date": "2026-02-02"}
    assert yes["category"] == derived["category"]
    assert reviewed(derived, [verdict("brand", "House", "no")]) == {"category": derived["category"]}
    assert reviewed(derived, [verdict("brand", "Mill", "no")]) == derived
    assert reviewed({}, [verdict("brand", "Mill", "yes")])["brand"]["value"] == "Mill"


def test_of_tags_one_comes_or_goes():
    derived = {"tags": {"value": ["warm", "soft"], **STAMP}}
    assert reviewed(derived, [verdict("tags", "warm", "no")])["tags"]["value"] == ["soft"]
    assert reviewed(derived, [verdict("tags", "red", "yes")])["tags"]["value"] == ["warm", "soft", "red"]
    assert reviewed(derived, [verdict("tags", tag, "no") for tag in ("warm", "soft")]) == {}
    assert reviewed({}, [verdict("tags", "red", "yes")])["tags"]["value"] == ["red"]


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), st.sampled_from(("yes", "no")))))
def test_verdicts_are_read_as_they_were_written_and_the_last_counts(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("review") / REVIEWED
    plain = {}
    for field, suggestion, accepted in rows:
        said = verdict(field, suggestion, accepted)
        add_verdict(path, said)
        plain[said.about] = said
    assert read_verdicts(path) == plain


def test_a_later_tagging_keeps_to_them(tmp_path):
    add_verdict(tmp_path / REVIEWED, verdict("brand", "House", "no"))
    again = {"i": {"brand": {"value": "House", **STAMP}}, "j": {"brand": {"value": "House", **STAMP}}}
    assert reviewed_all(again, read_verdicts(tmp_path / REVIEWED)) == {"i": {}, "j": again["j"]}
