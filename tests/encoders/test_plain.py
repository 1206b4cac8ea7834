"""Titles as people read them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.encoders.plain import MOST_CHARACTERS, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  Red \n shirt\t", "Red shirt"),
        ("<p>Tea &amp; <b>cups</b></p>", "Tea & cups"),
        ("&lt;p&gt;Tea&lt;/p&gt; &amp; cups", "Tea & cups"),
        ("Tea<!-- hidden --><style>p{}</style><script>if (a<b) x()</script> cup", "Tea cup"),
        ("size < 5 and > 3", "size < 5 and > 3"),
        ("I <3 tea", "I <3 tea"),
        ("red\x00shirt\u200b \ud800", "red shirt"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("红色&nbsp;衬衫", "红色 衬衫"),
        ("🎧", ""),
        ("--- !", ""),
        ("", ""),
    ],
)
def test_examples(text, expected):
    assert plain(text) == expected


@given(st.text(st.characters(), max_size=300))
def test_what_comes_out_is_short_plain_and_stays_as_it_is(text):
    words = plain(text)
    assert len(words) <= MOST_CHARACTERS
    words.encode()
    assert words == " ".join(words.split())


@pytest.mark.parametrize("piece", ["<", "<a", "<!--", "<script>", "&amp;", "a<b", "&#", "</"])
def test_hostile_markup_takes_no_time(piece):
    started = time.process_time()
    plain(piece * 100_000)
    assert time.process_time() - started < 0.5
