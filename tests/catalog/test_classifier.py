import numpy as np
import pytest

from shopkeeper.catalog import classifier
from shopkeeper.catalog.classifier import classify
from shopkeeper.catalog.views import dense_view, picture_views, text_views, with_joint
from shopkeeper.features.colours import Colours
from shopkeeper.metrics.classification import expected_calibration_error
from tests.catalog.goods import draw, encoder, goods

N = 200


@pytest.fixture(scope="module")
def products():
    return goods(N, silent=0.4)


@pytest.fixture(scope="module")
def views(products, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw(products[: N - 20], folder)
    paths = [folder / name for name in products["picture"]]
    text = text_views(products["title"].to_list(), encoder())
    seen, _ = picture_views(paths, [Colours()], lambda done, total: None)
    return {"text": with_joint(text), "picture": seen, "both": with_joint([*text, *seen])}


def half(labels):
    return [label if row % 2 else None for row, label in enumerate(labels)]


def right(verdicts, truth, rows):
    return np.mean([verdicts.best[row] == truth[row] for row in rows])


def test_what_the_text_says_is_learned(products, views):
    truth = products["kind"].to_list()
    assert right(classify(views["text"], half(truth)), truth, range(0, N, 2)) == 1.0


def test_text_and_picture_know_more_than_either(products, views):
    truth = products["colour"].to_list()
    rows = range(0, N - 20, 2)
    text, both = (classify(views[name], half(truth)) for name in ("text", "both"))
    assert right(text, truth, rows) < 0.85
    assert right(both, truth, rows) == 1.0


def test_without_its_picture_a_product_is_judged_by_its_text(products, views):
    """The last twenty have no picture: they are told as text alone tells them, and as unsurely."""
    truth = products["colour"].to_list()
    both = classify(views["both"], half(truth))
    silent = [row for row in range(N - 20, N, 2) if truth[row] not in products["title"][row]]
    named = [row for row in range(N - 20, N, 2) if truth[row] in products["title"][row]]
    assert right(both, truth, named) == 1.0
    assert both.confidence[silent].max() < 0.7 < 0.9 < both.confidence[range(0, N - 20, 2)].mean()


def test_confidence_means_what_it_says():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 1500)
    vectors = (np.eye(4)[truth] + rng.normal(0, 0.6, (1500, 4))).astype(np.float32)
    verdicts = classify(
        [dense_view("x", vectors)], [str(k) if k_row < 900 else None for k_row, k in enumerate(truth)]
    )
    best = np.array(verdicts.best, dtype=int)
    assert 0.6 < (best == truth)[900:].mean() < 0.9
    assert expected_calibration_error(verdicts.confidence[900:], (best == truth)[900:]) < 0.06


def test_a_wrong_label_is_doubted(products, views):
    given = products["kind"].to_list()
    given[5] = "lamp" if given[5] != "lamp" else "shoes"
    verdicts = classify(views["text"], given)
    assert verdicts.best[5] == products["kind"][5]


def test_the_same_twice(products, views):
    one, two = (classify(views["text"], half(products["kind"].to_list())) for _ in range(2))
    np.testing.assert_array_equal(one.probabilities, two.probabilities)


def test_one_label_and_labels_with_one_example(products, views):
    only = classify(views["text"], ["a", "a", *[None] * (N - 2)])
    assert set(only.best) == {"a"}
    given = half(products["kind"].to_list())
    given[1], given[3] = "rare", "rarer"
    assert right(classify(views["text"], given), products["kind"], range(0, N, 2)) == 1.0


def test_nothing_to_go_by_gives_the_shares():
    verdicts = classify([], ["a", "a", "b", None])
    np.testing.assert_allclose(verdicts.probabilities[3], [0.6, 0.4])


def test_sizes_are_bounded_and_told(products, views, monkeypatch):
    monkeypatch.setattr(classifier, "MOST_CLASSES", 3)
    monkeypatch.setattr(classifier, "MOST_CELLS", 90)
    monkeypatch.setattr(classifier, "MOST_WORDS", 0)
    told = []
    verdicts = classify(
        views["text"], products["kind"].to_list(), progress=lambda done, total: told.append((done, total))
    )
    assert len(verdicts.labels) == 3
    assert [note.split()[0] for note in verdicts.notes] == ["2", "Learned"]
    assert told[-1] == (12, 12)
