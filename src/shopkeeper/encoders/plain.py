"""Titles and descriptions as people read them: no markup, no invisible characters, not too long."""

import html
import re
from typing import Final

MOST_CHARACTERS: Final = 400
"""Of a text that are read: what a thing is stands in the beginning."""
_LOOKED_AT: Final = 64
"""Times as many are looked at, for the sake of markup."""
_UNSEEN: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE
)
_TAG: Final = re.compile(r"</?[a-z!][^<>]*>", re.IGNORECASE)
# Controls, soft hyphens, marks of direction and byte order, halves of characters; what joins letters stays.
_INVISIBLE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+"
)


def plain(text: str, most: int = MOST_CHARACTERS) -> str:
    """The words of a text on one line, at most ``most`` characters.

    Tags go, entities become what they stand for (markup that was itself escaped goes too). A text without
    any letter or digit says nothing and becomes the empty string.
    """
    words = text[: _LOOKED_AT * most]
    for _ in range(2 if "&" in words else 1):
        words = html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", words)))
    words = " ".join(_INVISIBLE.sub(" ", words).split())[:most]
    return words if any(map(str.isalnum, words)) else ""
