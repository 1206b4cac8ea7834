import numpy as np

from shopkeeper.catalog.tags import _RIDGES, _values, learn_tags
from shopkeeper.catalog.views import text_views, with_joint
from tests.catalog.goods import encoder, goods

PRODUCTS = goods(200)
TAGS = [text.split("|") for text in PRODUCTS["tags"]]


def test_tags_are_told():
    views = with_joint(text_views(PRODUCTS["title"].to_list(), encoder()))
    given = [tags if row % 2 else [] for row, tags in enumerate(TAGS)]
    verdicts = learn_tags(views, given)
    exact = [{tag for tag, _ in verdicts.chosen(row)} == set(TAGS[row]) for row in range(0, 200, 2)]
    assert np.mean(exact) > 0.95
    assert [p for _, p in verdicts.chosen(0)] == sorted((p for _, p in verdicts.chosen(0)), reverse=True)


def test_leaving_out_is_what_a_second_fit_would_tell():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40, 6))
    truth = (features[:, :3] + rng.normal(size=(40, 3)) > 0).astype(float)
    known = np.arange(40) < 30
    found = _values(features, truth, known)

    def plain(ridge):
        out = np.zeros_like(truth)
        for row in range(40):
            rows = [other for other in range(30) if other != row]
            x, y = features[rows], truth[rows]
            out[row] = features[row] @ np.linalg.solve(x.T @ x + ridge * 30 * np.eye(6), x.T @ y)
        return out

    tried = [plain(ridge) for ridge in _RIDGES]
    best = min(tried, key=lambda values: np.square(truth - values)[known].mean())
    np.testing.assert_allclose(found, best, atol=1e-8)


def test_probabilities_mean_what_they_say():
    rng = np.random.default_rng(1)
    hidden = rng.normal(size=(1200, 8))
    chance = 1 / (1 + np.exp(-2 * hidden[:, :4]))
    has = rng.random((1200, 4)) < chance
    from shopkeeper.catalog.views import dense_view

    given = [
        [*(f"t{k}" for k in range(4) if has[row, k]), "always"] if row < 800 else [] for row in range(1200)
    ]
    told = learn_tags([dense_view("x", hidden.astype(np.float32))], given)
    place = [told.tags.index(f"t{k}") for k in range(4)]
    probabilities, truth = told.probabilities[800:, place].ravel(), has[800:].ravel()
    for low in (0.1, 0.4, 0.7):
        some = (probabilities >= low) & (probabilities < low + 0.2)
        assert abs(probabilities[some].mean() - truth[some].mean()) < 0.08
    assert told.probabilities[:, told.tags.index("always")].min() > 0.9


def test_without_views_or_frequent_tags():
    assert learn_tags([], [["a"], ["a", "b"], []]).probabilities.tolist() == [[1.0]] * 3
    assert learn_tags([], [[], []]).tags == ()
