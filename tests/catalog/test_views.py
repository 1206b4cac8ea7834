import numpy as np
import pytest

from shopkeeper.catalog.views import JOINT, WORDS, dense_view, picture_views, text_views, with_joint
from shopkeeper.features.colours import Colours
from tests.catalog.goods import draw, encoder, goods


def test_views_tell_who_has_nothing():
    views = text_views(["red teapot", "", "red lamp", "blue 茶壶 teapot"], encoder())
    assert [view.name for view in views] == [WORDS, encoder().id]
    for view in views:
        assert view.present.tolist() == [True, False, True, True]


def test_nothing_said_is_no_view():
    assert text_views(["", ""], encoder()) == []


def test_dense_views_lie_around_their_mean_and_keep_their_angles():
    vectors = np.random.default_rng(0).normal(3, 1, (60, 8)).astype(np.float32)
    vectors[7] = 0
    view = dense_view("x", vectors)
    shown = view.features[view.present]
    assert not view.present[7]
    assert not view.features[7].any()
    np.testing.assert_allclose(shown.mean(axis=0), 0, atol=1e-5)
    assert np.square(shown).sum(axis=1).mean() == pytest.approx(1, rel=1e-4)


def test_wide_views_keep_what_their_rows_have_in_common():
    low = np.random.default_rng(0).normal(size=(400, 5)) @ np.random.default_rng(1).normal(size=(5, 700))
    view = dense_view("x", low.astype(np.float32))
    assert view.features.shape == (400, 256)
    around = low - low.mean(axis=0)
    around /= np.sqrt(np.square(around).sum(axis=1).mean())
    np.testing.assert_allclose(view.features @ view.features.T, around @ around.T, atol=1e-3)


def test_the_joint_view_needs_all():
    a, b = (np.array([[1, 1], [2, 2], [3, 3]], np.float32) for _ in range(2))
    a[0], b[1] = 0, 0
    views = with_joint([dense_view("a", a), dense_view("b", b)])
    assert views[-1].name == JOINT
    assert views[-1].present.tolist() == [False, False, True]
    assert len(with_joint(views[:1])) == 1


def test_pictures_that_are_missing_or_broken_are_counted(tmp_path):
    draw(goods(4), tmp_path)
    (tmp_path / "1.png").write_bytes(b"no picture")
    (tmp_path / "2.png").unlink()
    paths = [*(tmp_path / f"{i}.png" for i in range(4)), None]
    told = []
    [view], lost = picture_views(paths, [Colours()], lambda done, total: told.append((done, total)))
    assert view.present.tolist() == [True, False, False, True, False]
    assert lost == 2
    assert told[-1] == (3, 3)
    assert picture_views(paths, [], lambda done, total: None) == ([], 4)
