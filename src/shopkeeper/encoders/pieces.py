"""Texts as numbers of word pieces, where a word that comes again is not cut again."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

_WORDS: Final = 65_536
"""Words remembered."""
Cut = Callable[[str], list[int]]
"""Numbers of the pieces of a text, without marks of its beginning and end."""


def word_by_word(cut: Cut) -> Cut:
    """The same cut for texts that `plain` gives, by words, of which those that come again are remembered.

    It is the same where no piece reaches over a space. A word that starts with neither letter nor digit, and
    is not ASCII, may change what stands before it or vanish: a text with such a word is cut as a whole.
    """
    remembered = lru_cache(_WORDS)(cut)

    def by_words(text: str) -> list[int]:
        words = text.split(" ")
        if all(word.isascii() or word[0].isalnum() for word in words):
            return [piece for word in words for piece in remembered(word)]
        return cut(text)

    return by_words
