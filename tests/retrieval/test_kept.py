import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.retrieval.kept import alone, fingerprint, publish

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


def writing(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "a").write_text(text)

    return write


def test_what_is_published_first_stays(tmp_path):
    publish(tmp_path, "kind-1", writing("first"))
    publish(tmp_path, "kind-1", writing("second"))
    publish(tmp_path, "other-1", writing("third"))
    publish(tmp_path, "kind-2", writing("fourth"))
    assert {path.name: (path / "a").read_text() for path in tmp_path.iterdir()} == {
        "other-1": "third",
        "kind-2": "fourth",
    }


def test_a_failure_leaves_nothing_behind(tmp_path):
    def fail(folder):
        (folder / "a").write_text("half")
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        publish(tmp_path, "kind-1", fail)
    assert list(tmp_path.iterdir()) == []


class LeftWaitingError(Exception):
    """Told to wait no longer."""


def test_one_at_a_time_also_where_somebody_died(tmp_path):
    holding = "import sys, time; from pathlib import Path; from shopkeeper.retrieval.kept import alone\n"
    holding += (
        "with alone(Path(sys.argv[1]), lambda: None):\n    print('mine', flush=True)\n    time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", holding, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    with other.stdout:
        assert other.stdout.readline() == b"mine\n"

        def waiting():
            raise LeftWaitingError

        with pytest.raises(LeftWaitingError), alone(tmp_path, waiting):
            pass
        other.kill()
        other.wait()
    with alone(tmp_path, waiting):
        pass
