from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.kept import fingerprint, publish

TEXTS = st.lists(st.text(st.characters(exclude_characters="\x1d\x1f"), max_size=5), max_size=4)


@given(TEXTS, TEXTS)
def test_fingerprint_changes_with_the_texts(one, other):
    def valid(texts):
        return [text.encode("utf-8", "replace") for text in texts]

    same = fingerprint({"title": one}) == fingerprint({"title": other})
    assert same == (valid(one) == valid(other))


def test_fingerprint_does_not_depend_on_the_order_of_columns():
    assert fingerprint({"a": ["x"], "b": ["y"]}) == fingerprint({"b": ["y"], "a": ["x"]})
    assert fingerprint({"a": ["x"], "b": ["y"]}) != fingerprint({"a": ["y"], "b": ["x"]})


def test_what_is_published_first_stays(tmp_path):
    publish(tmp_path, "kind-1", lambda folder: (folder / "a").write_text("first"))
    publish(tmp_path, "kind-1", lambda folder: (folder / "a").write_text("second"))
    publish(tmp_path, "other-1", lambda folder: (folder / "a").write_text("third"))
    publish(tmp_path, "kind-2", lambda folder: (folder / "a").write_text("fourth"))
    assert {path.name: (path / "a").read_text() for path in tmp_path.iterdir()} == {
        "other-1": "third",
        "kind-2": "fourth",
    }


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(folder):
        (folder / "a").write_text("half")
        raise OSError

    try:
        publish(tmp_path, "kind-1", fail)
    except OSError:
        assert list(tmp_path.iterdir()) == []
    else:
        raise AssertionError
