"""Texts in many languages in one space."""

import numpy as np

from shopkeeper.encoders.text import Multilingual

ENGLISH = ["wireless headphones", "cotton shirt", "tea pot", "desk lamp"]
CHINESE = ["无线耳机", "棉衬衫", "茶壶", "台灯"]


def test_a_translation_is_nearest():
    encoder = Multilingual()
    likeness = encoder.encode(ENGLISH) @ encoder.encode(CHINESE).T
    np.testing.assert_array_equal(likeness.argmax(axis=1), range(4))
    np.testing.assert_array_equal(likeness.argmax(axis=0), range(4))
