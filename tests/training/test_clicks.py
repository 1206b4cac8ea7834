"""The meaning of adverts' texts as features: by the encoder at hand, dropped where it is another one."""

import numpy as np
import pytest

from shopkeeper.propensity.click_features import WIDTH, meanings
from shopkeeper.surfaces.adverts import Advert
from shopkeeper.training.clicks import features_of


class Letters:
    """Counts letters."""

    id = "letters"
    dim = 26

    def encode(self, values):
        counts = [[value.count(chr(97 + code)) for code in range(26)] for value in values]
        return np.array(counts, np.float32) / np.linalg.norm(counts, axis=1, keepdims=True).clip(1e-9)


ADVERTS = [
    Advert(ad_id="a", bid=1, text="spring tea", category="Tea", advertiser_id="A", campaign_id="C"),
    Advert(ad_id="b", bid=1),
]


def test_texts_are_features_of_the_encoder_that_was_learned_with(tmp_path):
    read = lambda texts: Letters()  # noqa: E731
    first, second = features_of(ADVERTS, read, tmp_path, "letters")
    expected = meanings(Letters().encode(["spring tea"]))[0]
    assert [first[f"text {place}"] for place in range(WIDTH)] == pytest.approx(expected.tolist())
    assert {name for name in first if "=" in name} == {"ad=a", "campaign=C", "advertiser=A", "about=Tea"}
    assert second == {"ad=b": 1.0}
    for other in (
        features_of(ADVERTS, read, tmp_path, "words"),
        features_of(ADVERTS, lambda texts: None, tmp_path, "letters"),
    ):
        assert not any(name.startswith("text") for name in other[0])


def test_alike_texts_have_alike_meanings():
    near, same, far = meanings(Letters().encode(["spring tea", "tea spring", "zoo zzz"]))
    assert np.allclose(near, same, atol=1e-5)
    assert np.linalg.norm(near - far) > 0.3
