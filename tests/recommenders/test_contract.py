"""One contract for every recommender, found by itself: a new one cannot be left out."""

import json
from dataclasses import dataclass, replace
from importlib import import_module
from inspect import isclass
from pkgutil import walk_packages
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper import recommenders
from shopkeeper.core.types import DAY_MS, Ragged
from shopkeeper.recommenders.base import Explains, Recommender, Similar, Updatable
from tests.recommenders import worlds
from tests.recommenders.worlds import ask, everybody, everything, names, shop


def find_recommenders():
    """Every concrete class of the package that keeps the protocol."""
    modules = [
        import_module(found.name)
        for found in walk_packages(recommenders.__path__, "shopkeeper.recommenders.")
    ]
    own = {member for module in modules for member in vars(module).values() if _is_own(member, module)}
    found = [family for family in own if isinstance(family(), Recommender)]
    return sorted(found, key=lambda family: family.name)


def _is_own(member, module):
    if not isclass(member) or member.__module__ != module.__name__ or member.__name__.startswith("_"):
        return False
    return hasattr(member, "recommend") and not getattr(member, "_is_protocol", False)


@dataclass(frozen=True)
class Known:
    """A world so small that the answer is known: rows, one history, and the list it must get."""

    rows: list[tuple[Any, ...]]
    past: list[tuple[Any, ...]]
    expected: list[str]
    k: int = 10
    friends: tuple[list[str], ...] = ()


_FOLLOWS = [
    *[(p, i, d) for p in "uvw" for i, d in (("i01", 0), ("i02", 1))],
    ("x", "i01", 0),
    ("x", "i03", 1),
]
_TWO_WAYS = [
    (f"{p:02}", i, d) for p in range(60) for d, i in enumerate(["i01", "i02"] if p % 3 else ["i03", "i04"])
]
_WEEKLY = [(p, "i05", 7 * week) for p in "uvwxyz" for week in range(6)] + [(p, "i06", 35) for p in "uvwxyz"]

KNOWN = {
    # i01 is followed by i02 three times and by i03 once.
    "cooccurrence": Known(_FOLLOWS, [("i01", 5)], ["i02", "i03"]),
    # Only the very next event counts: i03 never comes right after i01.
    "transition": Known(
        [(p, i, d) for p in "uv" for d, i in enumerate(["i01", "i02", "i03"])], [("i01", 5)], ["i02"]
    ),
    "popular": Known(
        [
            ("u", "i01", 9),
            ("v", "i01", 9),
            ("w", "i01", 9),
            ("u", "i02", 9),
            ("v", "i02", 9),
            ("u", "i03", 9),
        ],
        [],
        ["i01", "i02", "i03"],
        3,
    ),
    # i01 always sells, i02 rises, i03 rises more, i04 is over.
    "trending": Known(
        [(None, "i01", d) for d in range(60)]
        + [(None, "i02", d) for d in (57, 58)]
        + [(None, "i03", d) for d in (56, 57, 58, 59)]
        + [(None, "i04", d) for d in (3, 4, 5)],
        [],
        ["i03", "i02"],
    ),
    # Everybody takes i05 every week, and i06 was taken once; nothing else can be taken again.
    "repeat": Known(_WEEKLY, [*[("i05", 7 * week) for week in range(6)], ("i06", 35)], ["i05", "i06"]),
    "frequency": Known([], [("i01", 1), ("i02", 2), ("i02", 3), ("i03", 4)], ["i02", "i03", "i01"]),
    # Three went on from i01 to i02 and one to i03.
    "linear": Known(_FOLLOWS, [("i01", 5)], ["i02", "i03"]),
    # Three touched i02 with i01, and one i03; it takes somebody without i01 to tell that from chance.
    "item_neighbours": Known([*_FOLLOWS, ("y", "i04", 0)], [("i01", 5)], ["i02", "i03"]),
    # All four who touched i01 speak; three touched i02 too, and one i03.
    "session_neighbours": Known(_FOLLOWS, [("i01", 5)], ["i01", "i02", "i03"]),
    # Who takes i01 takes i02 too, and the asker has i01 alone.
    "basket_neighbours": Known(_FOLLOWS, [("i01", 5)], ["i01", "i02", "i03"]),
    "customer_neighbours": Known(_FOLLOWS, [("i01", 5)], ["i01", "i02", "i03"]),
    # i03 is called what i02 is called.
    "content": Known([], [("i02", 5)], ["i03"]),
    # Nothing is known of anybody here, so that the favourites are everybody's.
    "segments": Known(_FOLLOWS, [], ["i01", "i02", "i03"]),
    # Both friends like i02, and the one of them i03 too; whoever touched i03 touched i01.
    "social": Known(_FOLLOWS, [], ["i02", "i03", "i01"], friends=(["i02"], ["i02", "i03"])),
    # All takers have i01 alike: nothing but how many took it tells.
    "bayes": Known(_FOLLOWS, [("i01", 5)], ["i01", "i02", "i03"]),
    # Nothing here is a campaign: what its source says.
    "campaigns": Known(_FOLLOWS, [("i01", 5)], ["i01", "i02", "i03"]),
    # Most go from i01 to i02, the others from i03 to i04.
    "factorization_machine": Known(_TWO_WAYS, [("i01", 5)], ["i02"], 1),
    # Some stop at i01, so that it stands clearly before i02.
    "factors": Known(
        [*_TWO_WAYS, *((f"s{p:02}", "i01", 0) for p in range(20))], [("i01", 5)], ["i01", "i02"], 2
    ),
    "autoencoder": Known(_TWO_WAYS, [("i01", 5)], ["i02"], 1),
    "towers": Known(_TWO_WAYS, [("i01", 5)], ["i02"], 1),
    "transformer": Known(_TWO_WAYS, [("i01", 5)], ["i02"], 1),
    "gru": Known(_TWO_WAYS, [("i01", 5)], ["i02"], 1),
    # What follows first, then what nothing but popularity speaks for, and what nobody took stands last.
    "shopkeeper": Known(
        [*_FOLLOWS, ("y", "i04", 1), ("z", "i04", 1)], [("i01", 5)], ["i01", "i02", "i03", "i04", "i00"], 5
    ),
}

FOUND = find_recommenders()
every = pytest.mark.parametrize("family", FOUND, ids=lambda family: family.name)


def busy_shop(seed=0, people=40):
    """Habits, chance and nobody: a shop in which every recommender has something to say."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[Any, ...]] = [
        (f"p{p:02}", f"i{rng.integers(12):02}", d + rng.random())
        for p in range(people)
        for d in range(0, 40, 3)
    ]
    rows += [(f"p{p:02}", f"i{p % 5:02}", 7 * week + 0.1) for p in range(people) for week in range(6)]
    rows += [(None, "i11", day) for day in (37, 38, 39)]
    return shop(rows, ties=[(f"p{p:02}", f"p{(p * p + 1) % people:02}") for p in range(0, people, 2)])


BUSY = busy_shop()


def same(one, other):
    """Whether two answers are identical, scores to the last bit."""
    parts = ("offsets", "items", "scores", "sources")
    return one.source_names == other.source_names and all(
        np.array_equal(getattr(one, part), getattr(other, part)) for part in parts
    )


def check_lists(answer, dataset, requests, k):
    """Rules every answer keeps."""
    assert len(answer) == len(requests)
    assert answer.items.dtype == np.int32
    assert answer.scores.dtype == np.float32
    assert len(answer.items) == len(answer.scores) == len(answer.sources) == answer.offsets[-1]
    assert np.isfinite(answer.scores).all()
    assert (answer.scores > 0).all()
    for row in range(len(answer)):
        items, scores = answer.lists[row], answer.scores[answer.offsets[row] : answer.offsets[row + 1]]
        assert len(items) <= k
        assert len(set(items.tolist())) == len(items)
        assert all(0 <= item < dataset.n_items for item in items)
        order = sorted(zip(-scores, items, strict=True))
        assert [item for _, item in order] == items.tolist()
        if requests.allowed is not None:
            assert requests.allowed[items].all()
        if requests.exclude is not None:
            assert not set(items.tolist()) & set(requests.exclude[row].tolist())


def plain_lists(scores, dataset, requests, k):
    """The whole catalogue sorted by score: what `recommend` must amount to."""
    out = []
    for row in range(len(requests)):
        ranked = sorted((-score, item) for item, score in enumerate(scores[row]) if score > 0)
        free = [
            (item, -negative)
            for negative, item in ranked
            if (requests.allowed is None or requests.allowed[item])
            and (requests.exclude is None or item not in requests.exclude[row])
        ]
        out.append(free[:k])
    return out


def check_against_score(model, dataset, requests, k):
    """`recommend` is `score` over the whole catalogue, sorted, to the precision of float32."""
    answer = model.recommend(requests, k)
    check_lists(answer, dataset, requests, k)
    scores = model.score(requests, everything(requests, dataset.n_items)).reshape(len(requests), -1)
    for row, expected in enumerate(plain_lists(scores, dataset, requests, k)):
        low, high = answer.offsets[row], answer.offsets[row + 1]
        assert high - low == len(expected)
        np.testing.assert_allclose(answer.scores[low:high], [score for _, score in expected], rtol=1e-5)
        np.testing.assert_allclose(scores[row][answer.items[low:high]], answer.scores[low:high], rtol=1e-5)


def test_all_recommenders_are_found_and_have_a_known_world():
    assert len(FOUND) == 23
    assert {family.name for family in FOUND} == set(KNOWN)


@every
def test_known_answer(family):
    known = KNOWN[family.name]
    dataset = shop(known.rows)
    friends = [known.friends] if known.friends else None
    answer = family().fit(dataset).recommend(ask(dataset, known.past, day=61, friends=friends), known.k)
    assert names(dataset, answer) == [known.expected]


@every
@settings(max_examples=25)
@given(st.data())
def test_recommend_is_score_over_the_whole_catalogue(family, data):
    dataset = data.draw(worlds.shops)
    requests = data.draw(worlds.questions(dataset))
    check_against_score(family().fit(dataset), dataset, requests, data.draw(st.integers(1, 15)))


@every
def test_habits_are_answered_like_the_whole_catalogue(family):
    check_against_score(family().fit(BUSY), BUSY, everybody(BUSY), 7)


@every
def test_same_data_same_model(family):
    one, other = family().fit(BUSY), family().fit(busy_shop())
    assert same(one.recommend(everybody(BUSY), 8), other.recommend(everybody(BUSY), 8))


@every
def test_fitting_again_forgets(family):
    other = busy_shop(seed=9, people=15)
    again, fresh = family().fit(BUSY).fit(other), family().fit(other)
    assert same(again.recommend(everybody(other), 8), fresh.recommend(everybody(other), 8))


@every
def test_what_is_saved_answers_the_same(family, tmp_path):
    model, requests = family().fit(BUSY), everybody(BUSY)
    model.save(tmp_path / "model")
    read = family.load(tmp_path / "model")
    assert same(read.recommend(requests, 8), model.recommend(requests, 8))
    candidates = everything(requests, BUSY.n_items)
    assert np.array_equal(read.score(requests, candidates), model.score(requests, candidates))


@every
def test_files_are_arrays_networks_and_json(family, tmp_path):
    family().fit(BUSY).save(tmp_path)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".json", ".npz", ".onnx"}
    for path in files:
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert not any(arrays[name].dtype.hasobject for name in arrays.files)


def _saved(model, folder):
    """Names, shapes and raw bytes of what is saved."""
    model.save(folder)
    arrays: dict[Any, Any] = {}
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path) as found:
            part = path.relative_to(folder).as_posix()
            arrays |= {(part, name): found[name].shape for name in found.files}
    return arrays, b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@every
def test_nothing_is_kept_of_people(family, tmp_path):
    past = [(f"i{i:02}", 3 * i) for i in (0, 3, 1, 3, 4, 0)]
    few = shop([(f"secret-{p}", *event) for p in range(3) for event in past])
    many = shop([(f"secret-{p}", *event) for p in range(60) for event in past])
    shapes, content = _saved(family().fit(few), tmp_path / "few")
    more, _ = _saved(family().fit(many), tmp_path / "many")
    if not family.holds_people:
        assert shapes == more
    assert b"secret" not in content


holding = pytest.mark.parametrize("family", [f for f in FOUND if f.holds_people], ids=lambda f: f.name)


@holding
def test_who_is_taken_out_leaves_no_trace(family, tmp_path):
    assert issubclass(family, Updatable), f"{family.name} keeps people and cannot forget them"
    gone = BUSY.person == 3
    _, forgotten = _saved(family().fit(BUSY).remove(BUSY.where(gone)), tmp_path / "forgotten")
    _, never = _saved(family().fit(BUSY.where(~gone)), tmp_path / "never")
    assert forgotten == never


@every
def test_people_without_a_past(family):
    answer = family().fit(BUSY).recommend(ask(BUSY, [], [], day=41), 5)
    assert (answer.lists.lengths > 0).tolist() == [family.supports_cold_people] * 2


@every
def test_a_batch_is_its_requests_one_by_one(family):
    model, requests = family().fit(BUSY), everybody(BUSY)
    batch = model.recommend(requests, 6)
    candidates = Ragged.of([[row % 12, 3, 7] for row in range(len(requests))])
    scores = model.score(requests, candidates).reshape(-1, 3)
    for row in range(len(requests)):
        alone = requests.take(np.array([row]))
        assert same(batch_row(batch, row), batch_row(model.recommend(alone, 6), 0)), (
            f"request {row} is answered differently alone"
        )
        np.testing.assert_allclose(model.score(alone, Ragged.of([candidates[row]])), scores[row], rtol=1e-6)


def batch_row(answer, row):
    low, high = answer.offsets[row], answer.offsets[row + 1]
    parts = {name: getattr(answer, name)[low:high] for name in ("items", "scores", "sources")}
    return type(answer)(np.array([0, high - low]), **parts, source_names=answer.source_names)


@every
def test_no_requests(family):
    nothing = everybody(BUSY).take(np.empty(0, np.int64))
    model = family().fit(BUSY)
    assert len(model.recommend(nothing, 5)) == 0
    assert len(model.score(nothing, Ragged.empty(0))) == 0


@every
def test_requests_without_candidates(family):
    assert len(family().fit(BUSY).score(ask(BUSY, [("i01", 1)], []), Ragged.empty(2))) == 0


@every
def test_limits_are_pushed_down(family):
    """What is excluded makes room for what would have come next."""
    model, requests = family().fit(BUSY), everybody(BUSY).take(np.arange(5))
    full = model.recommend(requests, 12)
    heads = [full.lists[row][:2].tolist() for row in range(5)]
    mask = np.ones(BUSY.n_items, bool)
    mask[int(full.items[3])] = False
    limited = replace(requests, allowed=mask, exclude=Ragged.of(heads))
    check_against_score(model, BUSY, limited, 4)
    for row, length in enumerate(model.recommend(limited, 4).lists.lengths):
        left = [item for item in full.lists[row] if item not in heads[row] and mask[item]]
        assert length == min(4, len(left))


@every
def test_nothing_allowed(family):
    answer = family().fit(BUSY).recommend(ask(BUSY, [("i01", 1)], [], day=41, allowed=[]), 5)
    assert len(answer.items) == 0


@every
def test_more_asked_than_there_is(family):
    model = family().fit(BUSY)
    many, all_ = model.recommend(everybody(BUSY), 1_000), model.recommend(everybody(BUSY), BUSY.n_items)
    assert same(many, all_)


@every
def test_one_item_catalogue(family):
    dataset = shop([("u", "i00", day) for day in range(5)], catalogue=["i00"])
    answer = family().fit(dataset).recommend(ask(dataset, [("i00", 3), ("i00", 4)], [], day=5), 3)
    check_lists(answer, dataset, ask(dataset, [], []), 3)


@every
@pytest.mark.parametrize("catalogue", [(), worlds.ITEMS], ids=["no items", "no events"])
def test_nothing_to_learn_from(family, catalogue):
    dataset = shop([], catalogue)
    model, requests = family().fit(dataset), ask(dataset, [], [])
    check_against_score(model, dataset, requests, 5)


@every
def test_only_nobody(family):
    """Events of people nobody knows: popularity counts them, sequences do not."""
    dataset = shop([(None, item, day) for day, item in enumerate(worlds.ITEMS * 3)])
    check_against_score(family().fit(dataset), dataset, ask(dataset, [("i01", 1)], []), 5)


@every
@pytest.mark.parametrize("step", [0.0, 1 / 24], ids=["in one moment", "every hour"])
def test_thousands_of_events_of_one_person(family, step):
    events = [(f"i{(i * i) % 12:02}", i * step) for i in range(2_500)]
    dataset = shop([("u", *event) for event in events])
    check_against_score(family().fit(dataset), dataset, everybody(dataset), 5)


@every
def test_a_moment_before_everything(family):
    """A question about the past does not break; the caller sees to it that the history fits."""
    dataset = shop([("u", "i01", 50), ("u", "i02", 51)])
    check_against_score(family().fit(dataset), dataset, ask(dataset, [("i01", 50)], [], day=-100), 5)


@every
def test_evidence_comes_from_the_own_history(family):
    assert issubclass(family, Explains), f"{family.name} cannot say why"
    model = family().fit(BUSY)
    requests = everybody(BUSY)
    for row in range(10):
        alone = requests.take(np.array([row]))
        answer = model.recommend(alone, 6)
        known = set(alone.histories.known[0].tolist())
        evidence = model.explain(alone, answer.items)
        assert evidence == tuple(model.explain(alone, item[None])[0] for item in answer.items)
        for one in evidence:
            assert one.source in {family.name for family in FOUND}
            assert set(one.items) <= known


@every
def test_nothing_to_explain(family):
    model = family().fit(BUSY)
    assert model.explain(ask(BUSY, [("i01", 1)]), np.empty(0, np.int32)) == ()
    assert len(model.explain(ask(BUSY, []), np.array([1, 2], np.int32))) == 2


similar = pytest.mark.parametrize(
    "family", [f for f in FOUND if issubclass(f, Similar)], ids=lambda f: f.name
)


@similar
def test_similar_items_never_hold_the_item(family):
    model, items = family().fit(BUSY), np.arange(BUSY.n_items, dtype=np.int32)
    answer = model.similar(items, 5)
    assert len(answer) == BUSY.n_items
    assert all(item not in answer.lists[item] for item in items.tolist())
    assert (answer.lists.lengths <= 5).all()


def test_units_of_time():
    assert DAY_MS == 24 * 60 * 60 * 1000
