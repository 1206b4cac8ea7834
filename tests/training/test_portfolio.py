"""The engine's own default: repeats where people repeat, none where nobody does, and never blind choices."""

import json

import pytest

from shopkeeper.data.split import Split
from shopkeeper.evaluation.protocols import last_out_task, time_task
from shopkeeper.recommenders.blend import Blend
from shopkeeper.training import portfolio
from shopkeeper.training.families import BASIC
from shopkeeper.training.portfolio import Portfolio, Settings, choose, fit_portfolio, refit
from shopkeeper.training.tuning.trials import value_of
from tests.recommenders.worlds import everybody
from tests.training.shops import chains, habits


@pytest.fixture(scope="module")
def habit():
    task = time_task(habits(), 7)
    return task, fit_portfolio(task.train, task.tuning)


@pytest.fixture(scope="module")
def chain():
    task = last_out_task(chains())
    return task, fit_portfolio(task.train, task.tuning)


def test_repeats_carry_a_shop_of_habits(habit):
    _, model = habit
    assert "repeat" in model.settings.configs
    assert max(model.settings.blend.known.values()) > 0
    assert model.settings.validation["repeat"] > 3 * model.settings.validation["popular"]


def test_repeats_are_left_out_where_nobody_repeats(chain):
    _, model = chain
    assert "repeat" not in model.settings.configs
    assert "repeat" not in {source.name for source in model.sources}
    told = {choice.name: choice for choice in model.settings.plan}
    assert not told["repeat"].chosen
    assert "twice" in told["repeat"].reason


def test_shelves_have_their_parts_and_the_blend_asks_only_those_with_a_weight(habit):
    _, model = habit
    assert {"cooccurrence", "repeat", "trending", "popular"} <= {source.name for source in model.sources}
    weighed = {name for name in model.settings.configs if model.config.uses(name)}
    assert {source.name for source in model.asked} == weighed | {"popular"}


@pytest.mark.parametrize("world", ["habit", "chain"])
def test_the_blend_is_not_below_the_best_single_on_validation(world, request):
    _, model = request.getfixturevalue(world)
    figures = dict(model.settings.validation)
    blend = figures.pop("linear blend")
    assert figures.pop(Blend.name) >= blend - 1e-9
    assert blend >= max(figures.values()) - 1e-9


@pytest.mark.parametrize(("world", "at_least"), [("habit", 0.5), ("chain", 0.9)])
def test_the_portfolio_works_on_the_test(world, at_least, request):
    task, model = request.getfixturevalue(world)
    assert value_of(model, task.test) >= at_least


def test_settings_survive_json(habit, chain):
    for _, model in (habit, chain):
        assert Settings.of(json.loads(json.dumps(model.settings.record()))) == model.settings


@pytest.mark.parametrize(
    "record", [{}, {"repeat": None}, {**Settings().record(), "configs": {"popular": {"old": 1}}}]
)
def test_settings_of_another_version_are_told(record):
    with pytest.raises((KeyError, TypeError)):
        Settings.of(record)


def test_the_same_settings_again():
    task = last_out_task(chains(people=60))
    assert task.tuning is not None
    assert choose(task.tuning).settings == choose(task.tuning).settings


def test_without_tuning_the_defaults_are_fitted():
    dataset = habits(people=10)
    model = fit_portfolio(dataset, None)
    assert model.settings == Settings()
    assert (model.recommend(everybody(dataset), 5).lists.lengths == 5).all()


def test_progress_is_told_from_the_first_step_to_the_last():
    task = last_out_task(chains(people=40))
    told = []
    fit_portfolio(task.train, task.tuning, lambda stage, done, total: told.append((stage, done, total)))
    assert told[-1][0] == "learn the blend"
    assert {stage: [done for name, done, _ in told if name == stage] for stage, _, _ in told} == {
        stage: [0, 1] for stage, _, _ in told
    }
    assert {total for _, _, total in told} == {1}


def test_tuning_on_one_case():
    """A shop that has hardly opened."""
    task = last_out_task(chains(people=1))
    assert isinstance(task.tuning, Split)
    assert (fit_portfolio(task.train, task.tuning).recommend(task.test.requests, 3).lists.lengths == 3).all()


def test_a_portfolio_can_be_kept_like_any_blend(habit, tmp_path):
    task, model = habit
    model.save(tmp_path)
    read = Blend.load(tmp_path)
    assert isinstance(model, Portfolio)
    assert value_of(read, task.test) == value_of(model, task.test)


def test_what_was_chosen_can_be_fitted_on_other_data(habit):
    """As training does: settings from the past, everything fitted on all there is."""
    task, model = habit
    fresh = refit(model, task.train)
    assert fresh.settings == model.settings
    assert value_of(fresh, task.test) == pytest.approx(value_of(model, task.test))


def test_what_holds_up_every_page_is_left_out_and_says_so(monkeypatch):
    monkeypatch.setattr(portfolio, "MOST_MS", 0.0)
    tuning = last_out_task(chains(people=60)).tuning
    assert tuning is not None
    model = choose(tuning, budget=1e6, deep=False)
    assert set(model.settings.configs) <= set(BASIC)
    told = {choice.name: choice.reason for choice in model.settings.plan}
    assert "ms a request" in told["item_neighbours"]
