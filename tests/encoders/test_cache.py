"""Vectors kept on disk: what is encoded, shared by processes, killed and damaged."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import numpy as np
import pytest

from shopkeeper.core.errors import EndpointFailed, UnreadableSource
from shopkeeper.encoders.base import unit
from shopkeeper.encoders.cache import Cached
from tests.encoders.servers import vector
from tests.examples import ROOT

TITLES = [f"shirt number {n} of {'cotton' * (n % 5)}" for n in range(1500)]


class Letters:
    """Counts letters, and what it was asked."""

    def __init__(self, name="letters", dim=26):
        self.id, self.dim, self.asked = name, dim, []

    def encode(self, values):
        self.asked += values
        told = [
            value.read_text() if hasattr(value, "read_text") and value.exists() else str(value)
            for value in values
        ]
        rows = [vector(text if text != "nothing" else "", self.dim) for text in told]
        return unit(np.array(rows, np.float32).reshape(-1, self.dim))


def test_an_unchanged_catalogue_encodes_nothing_and_a_change_only_itself(tmp_path):
    first, second = Letters(), Letters()
    with Cached(first, tmp_path / "v.db") as cached:
        found = cached.encode(TITLES)
    assert first.asked == TITLES
    np.testing.assert_array_equal(found, Letters().encode(TITLES))
    with Cached(second, tmp_path / "v.db") as cached:
        np.testing.assert_array_equal(cached.encode(TITLES[::-1]), found[::-1])
        assert second.asked == []
        cached.encode([*TITLES, "a new lamp", "a new lamp"])
    assert second.asked == ["a new lamp"]


def test_ids_never_mix(tmp_path):
    one, other = Letters("one"), Letters("other", dim=13)
    with Cached(one, tmp_path / "v.db") as a, Cached(other, tmp_path / "v.db") as b:
        a.encode(["tea"])
        assert b.encode(["tea"]).shape == (1, 13)
    assert other.asked == ["tea"]


def test_files_are_known_by_what_is_in_them(tmp_path):
    a, b = tmp_path / "a.txt", tmp_path / "b.txt"
    a.write_text("tea")
    b.write_text("tea")
    letters = Letters()
    with Cached(letters, tmp_path / "v.db") as cached:
        cached.encode([a, b, tmp_path / "missing.txt"])
        assert letters.asked == [b, tmp_path / "missing.txt"]
        a.write_text("cup")
        cached.encode([a])
    assert letters.asked[-1] == a


def test_what_says_nothing_is_not_kept(tmp_path):
    letters = Letters()
    with Cached(letters, tmp_path / "v.db") as cached:
        assert not cached.encode(["nothing"]).any()
        cached.encode(["nothing"])
    assert letters.asked == ["nothing", "nothing"]


def test_progress_is_told(tmp_path):
    told = []
    with Cached(Letters(), tmp_path / "v.db") as cached:
        cached.encode(TITLES, lambda done, total: told.append((done, total)))
        assert told == [(512, 1500), (1024, 1500), (1500, 1500)]
        cached.encode(TITLES, lambda done, total: told.append((done, total)))
    assert len(told) == 3


def test_another_dimension_under_the_same_id_is_refused(tmp_path):
    with Cached(Letters(), tmp_path / "v.db") as cached:
        cached.encode(["tea"])
    with (
        Cached(Letters(dim=13), tmp_path / "v.db") as cached,
        pytest.raises(EndpointFailed, match="13 numbers"),
    ):
        cached.encode(["cup"])


@pytest.mark.parametrize("content", [b"no database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_no_database_is_started_anew(tmp_path, caplog, content):
    path = tmp_path / "v.db"
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING), Cached(Letters(), path) as cached:
        np.testing.assert_array_equal(cached.encode(TITLES), Letters().encode(TITLES))
    assert "started anew" in caplog.text
    again = Letters()
    with Cached(again, path) as cached:
        cached.encode(TITLES)
    assert again.asked == []


def test_damage_in_the_middle_never_gives_a_wrong_vector(tmp_path):
    path, right = tmp_path / "v.db", Letters().encode(TITLES)
    with Cached(Letters(), path) as cached:
        cached.encode(TITLES)
    whole = path.read_bytes()
    random = np.random.default_rng(1)
    for _ in range(10):
        damaged = bytearray(whole)
        at = int(random.integers(0, len(whole) - 3000))
        damaged[at : at + 3000] = random.bytes(3000)
        path.write_bytes(damaged)
        with Cached(Letters(), path) as cached:
            np.testing.assert_array_equal(cached.encode(TITLES), right)
            np.testing.assert_array_equal(cached.encode(TITLES), right)


@pytest.mark.parametrize("column", ["digests", "vectors", "crc"])
def test_a_damaged_block_is_passed_over_and_only_it_is_encoded_again(tmp_path, column):
    path, right = tmp_path / "v.db", Letters().encode(TITLES)
    with Cached(Letters(), path) as cached:
        cached.encode(TITLES)
    with closing(sqlite3.connect(path)) as file, file:
        value = 7 if column == "crc" else bytes(16 * 512 if column == "digests" else 40)
        file.execute(f"UPDATE blocks SET {column} = ? WHERE rowid = 2", [value])
    first, later = Letters(), Letters()
    with Cached(first, path) as cached:
        np.testing.assert_array_equal(cached.encode(TITLES), right)
    with Cached(later, path) as cached:
        np.testing.assert_array_equal(cached.encode(TITLES), right)
    assert (first.asked, later.asked) == (TITLES[512:1024], [])


def test_a_place_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "v.db").mkdir()
    with pytest.raises(UnreadableSource, match=r"v\.db"):
        Cached(Letters(), tmp_path / "v.db")


SCRIPT = """
import sys, time
from pathlib import Path
from shopkeeper.encoders.cache import Cached
from tests.encoders.test_cache import Letters

class Slow(Letters):
    def encode(self, values):
        time.sleep(float(sys.argv[2]))
        return super().encode(values)

with Cached(Slow(), Path(sys.argv[1])) as cached:
    for start in range(int(sys.argv[3]), 8192, 1024):
        cached.encode([f"title {n}" for n in range(start, 8192)], lambda done, total: print(done, flush=True))
"""


def process(path, wait, first=0):
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path), str(wait), str(first)],
        stdout=subprocess.PIPE,
        env=environment,
        text=True,
    )


def test_a_kill_costs_no_more_than_a_batch(tmp_path):
    with process(tmp_path / "v.db", 0.1) as running:
        assert running.stdout
        for line in running.stdout:
            if int(line) >= 2048:
                break
        time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
    letters = Letters()
    with Cached(letters, tmp_path / "v.db") as cached:
        cached.encode([f"title {n}" for n in range(8192)])
    assert not {f"title {n}" for n in range(2048)} & set(letters.asked)


def test_two_processes_share_a_file(tmp_path):
    with process(tmp_path / "v.db", 0) as one, process(tmp_path / "v.db", 0, first=512) as other:
        assert (one.wait(60), other.wait(60)) == (0, 0)
    letters = Letters()
    with Cached(letters, tmp_path / "v.db") as cached:
        found = cached.encode([f"title {n}" for n in range(8192)])
    assert letters.asked == []
    np.testing.assert_array_equal(found[:50], Letters().encode([f"title {n}" for n in range(50)]))
