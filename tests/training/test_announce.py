"""How far a training has come, as others read it."""

import json

import pytest

from shopkeeper.core.errors import TooLittleData
from shopkeeper.evaluation.backtest import no_progress
from shopkeeper.training.announce import ANNOUNCEMENT, KEPT_RUNS, RUNS, Stage, announced, announcing, runs


def test_nothing_was_announced(tmp_path):
    assert announced(tmp_path) is None
    (tmp_path / ANNOUNCEMENT).write_text("{")
    assert announced(tmp_path) is None


def test_stages_are_told_while_it_runs_and_the_outcome_after(tmp_path):
    heard = []
    with announcing(tmp_path, lambda *stage: heard.append(stage)) as announcer:
        announcer("read the log", 0, 1)
        announcer("fit", 2, 5)
        state = announced(tmp_path)
        assert state is not None
        assert state.running
        assert state.stages == (Stage("read the log", 0, 1), Stage("fit", 2, 5))
        announcer.end("Not worse.", "v1", promoted=True)
    assert heard == [("read the log", 0, 1), ("fit", 2, 5)]
    state = announced(tmp_path)
    assert state is not None
    assert (state.running, state.version, state.promoted, state.told) == (False, "v1", True, "Not worse.")
    assert state.ended >= state.started


def test_an_error_ends_it_with_its_message(tmp_path):
    with pytest.raises(TooLittleData), announcing(tmp_path, no_progress):
        raise TooLittleData("The log is empty.")
    state = announced(tmp_path)
    assert state is not None
    assert not state.running
    assert "The log is empty." in state.told


def test_a_process_that_is_gone_runs_no_more(tmp_path):
    with announcing(tmp_path, no_progress):
        told = json.loads((tmp_path / ANNOUNCEMENT).read_text())
        (tmp_path / ANNOUNCEMENT).write_text(json.dumps({**told, "process": 2**22 + 1}))
        state = announced(tmp_path)
    assert state is not None
    assert not state.running
    assert "ended before" in state.told


def test_trainings_before_are_remembered_whatever_ended_them(tmp_path):
    for number in range(KEPT_RUNS + 2):
        with announcing(tmp_path, no_progress, seq=number) as announcer:
            announcer.end(f"The {number}th.")
    (tmp_path / ANNOUNCEMENT).write_text(
        json.dumps({"running": True, "process": 2**22 + 1, "started": 5, "stages": []})
    )
    with announcing(tmp_path, no_progress, seq=99):
        found = runs(tmp_path)
    assert len(found) == KEPT_RUNS
    assert [run.running for run in found[:3]] == [True, False, False]
    assert "ended before" in found[1].told
    assert (found[2].told, found[2].seq) == (f"The {KEPT_RUNS}th.", KEPT_RUNS)
    (tmp_path / RUNS).write_text("[")
    assert len(runs(tmp_path)) == 1
