import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shopkeeper.catalog.classifier import Verdicts
from shopkeeper.catalog.hierarchy import fill_levels

TREE = {"home": ("lamp", "pot"), "wear": ("shoe", "hat", "belt"), "else": ("lamp",)}
PATHS = [(parent, child) for parent, children in TREE.items() for child in children]


def judge(seed):
    """Opinions drawn at random: consistency must not hang on good ones."""

    def judged(given):
        labels = tuple(sorted({label for label in given if label}))
        drawn = np.random.default_rng([seed, len(labels)]).dirichlet(np.ones(len(labels)), len(given))
        return Verdicts(labels, drawn.astype(np.float32))

    return judged


def told(levels, judged) -> list[Verdicts]:
    """Every level, where each has labels."""
    return [verdict for verdict in fill_levels(levels, judged) if verdict is not None]


products = st.lists(st.tuples(st.sampled_from(PATHS), st.booleans(), st.booleans()), min_size=1, max_size=20)


@settings(max_examples=100, deadline=None)
@given(products, st.integers(0, 100))
def test_child_and_parent_agree_and_given_stays(rows, seed):
    # Every path occurs once in full, as in a catalogue where the tree is known.
    parents = [parent for parent, _ in PATHS] + [path[0] if keep else None for path, keep, _ in rows]
    children = [child for _, child in PATHS] + [path[1] if keep else None for path, _, keep in rows]
    over, below = told([parents, children], judge(seed))
    usual = {
        parent
        for parent in TREE
        if np.mean([bool(b) for a, b in zip(parents, children, strict=True) if a == parent]) >= 0.5
    }
    for row, (parent, child) in enumerate(zip(parents, children, strict=True)):
        assert parent in (None, over.best[row])
        assert child in (None, below.best[row])
        if below.confidence[row] > 0:
            assert (over.best[row], below.best[row]) in PATHS
            assert below.confidence[row] <= over.confidence[row] + 1e-5 or child
        else:
            assert over.best[row] not in usual


def test_a_childs_probability_is_its_parents_times_its_share():
    def judged(given):
        if "home" in given:
            return Verdicts(("home", "wear"), np.tile(np.array([0.8, 0.2], np.float32), (4, 1)))
        return Verdicts(("hat", "lamp", "pot"), np.tile(np.array([0.4, 0.45, 0.15], np.float32), (4, 1)))

    over, below = told([["home", "home", "wear", None], ["lamp", "pot", "hat", None]], judged)
    assert over.best[3] == "home"
    np.testing.assert_allclose(below.probabilities[3], np.array([0, 0.6, 0.2]), rtol=1e-5)


def test_where_siblings_have_no_child_none_is_made_up():
    _, below = told([["home"] * 6 + ["wear", None], ["lamp", *[None] * 5, "hat", None]], judge(0))
    assert (below.confidence[1:6] == 0).all()


def test_a_level_nobody_has_is_no_level():
    assert fill_levels([["a", None], [None, None]], judge(0))[1] is None
