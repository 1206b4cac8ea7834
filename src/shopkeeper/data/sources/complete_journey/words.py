"""Readable English for the grocer's shorthand: a dictionary of what cannot be guessed, rules for the rest.

``titles.psv`` holds hand-written names (category or ``*``, product type, title), ``categories.psv`` the aisle
and the name of each product category, ``departments.psv`` the same where there is no category. Every other
product type goes through `plain`, which looks words up in ``abbreviations.psv``.
"""

import csv
import re
from functools import cache
from importlib.resources import files
from typing import Final

_NAMES: Final = {
    "italian", "french", "mexican", "english", "german", "spanish", "chinese", "japanese", "thai",
    "hispanic", "indian", "american", "australian", "swiss", "danish", "greek", "california", "asian",
    "christmas", "easter", "halloween", "valentine", "thanksgiving", "fuji", "gala", "anjou", "bartlett",
    "bosc", "jonathan", "mcintosh", "rome", "kosher", "boston", "hawaiian", "caribbean", "irish", "dutch",
    "chilean", "florida", "texas", "idaho", "maine", "alaskan", "cajun", "bermuda", "virginia",
    "black forest",
}  # fmt: skip
_NOISE: Final = re.compile(r"\([^)]*\)?|\bW/\s?|\bNO\.?\s?\d+")
_SEPARATORS: Final = re.compile(r"\s*[:;]\s*|\s+-\s*|\s*-\s+")
_PREFIXES: Final = {
    "SW GDS": "*", "SWEET GOODS": "*", "MEAT": "deli *", "PREP FD": "* to go", "CHIX": "chicken *",
    "CHEESE": "* cheese", "SAL": "deli *", "SNACKS": "*", "BREAD": "* bread", "ROLLS": "*",
    "CAKES": "* cake", "PIES": "* pie", "COOKIES": "* cookies", "JHOOK": "* find", "MISC": "*",
    "COFF SHOP": "*", "COFFEE SHOP": "*", "SV BEV": "*", "QSR FD": "* to go", "DELI TRAY": "* tray",
    "PARTY TRAYS": "* tray", "DL SPEC": "deli *", "FLORAL": "*", "NUT SUPP": "*", "CITRUS": "* citrus",
}  # fmt: skip
_CUT_AT: Final = 30
_LONGEST: Final = 44


def title_of(category: str | None, product_type: str | None) -> str:
    """Name a product type as a shelf label would; at most 44 characters."""
    names = _titles()
    key = product_type or category or ""
    known = names.get((category or "", key)) or names.get(("*", key))
    return known or plain(key)


def aisle_of(category: str | None, department: str) -> tuple[str, str]:
    """Aisle and readable name of a product category."""
    known = _categories().get(category or "")
    if known is not None and known[0] != "Everything else":
        return known
    return _departments().get(department, known or ("Everything else", "Miscellaneous"))


def plain(shorthand: str) -> str:
    """Spell out a product type by rule: abbreviations, word order, case, and words cut off at 30 characters.

    >>> plain("FRZN ICE")
    'Frozen ice'
    >>> plain("WOMEN S GENERAL-MAGAZINE")
    "Women's general magazine"
    """
    text = _NOISE.sub(" ", re.sub(r"\bW/O\b", "WITHOUT", _without_cut_word(shorthand.strip().upper())))
    parts = [part for part in _SEPARATORS.split(text) if part.strip()]
    pattern = _PREFIXES.get(parts[0].strip(), "") if len(parts) > 1 else ""
    phrases = [phrase for phrase in (_phrase(part) for part in (parts[1:] if pattern else parts)) if phrase]
    name = (
        pattern.replace("*", ", ".join(dict.fromkeys(phrases)))
        or ", ".join(dict.fromkeys(phrases))
        or "Other"
    )
    return _shortened(name[0].upper() + name[1:])


def _without_cut_word(text: str) -> str:
    if len(text) < _CUT_AT or text.endswith((")", ".")):
        return text
    words = text.split()
    return text if words[-1] in _abbreviations() or len(words) < 2 else " ".join(words[:-1])


def _phrase(part: str) -> str:
    text = re.sub(r"([A-Z]{2}) S\b", r"\1'S", part.replace("-MAGAZINE", " MAGAZINE"))
    text = re.sub(r"\s*/\s*|\s+OR\s+", " or ", text)
    text = re.sub(r"\s*&\s*", " & ", text)
    words = [_word(word) for word in text.replace("-", "- ").split()]
    joined = re.sub(r"- ", "-", " ".join(word for word in words if word))
    while joined.count(" or ") > 1:
        joined = joined.replace(" or ", ", ", 1)
    return re.sub(r"^(or|&)\s+|\s+(or|&)$|-$", "", joined).strip(" ,")


def _word(word: str) -> str:
    bare = word.strip(".,-").upper()
    tail = "-" if word.endswith("-") else ""
    spelled = _abbreviations().get(bare)
    if spelled is None:
        lower = bare.lower()
        spelled = lower.capitalize() if lower in _NAMES else lower
    return spelled + tail if spelled else ""


def _shortened(name: str) -> str:
    if len(name) <= _LONGEST:
        return name
    cut = name[: _LONGEST + 1].rsplit(" ", 1)[0]
    return re.sub(r"(\s+(or|&)|[,\s])+$", "", cut)


def _rows(name: str) -> list[list[str]]:
    text = (files(__package__) / name).read_text(encoding="utf-8")
    return list(csv.reader(text.splitlines(), delimiter="|", quoting=csv.QUOTE_NONE))


@cache
def _titles() -> dict[tuple[str, str], str]:
    return {(category, product_type): title for category, product_type, title in _rows("titles.psv")}


@cache
def _categories() -> dict[str, tuple[str, str]]:
    return {category: (aisle, name) for category, aisle, name in _rows("categories.psv")}


@cache
def _departments() -> dict[str, tuple[str, str]]:
    return {department: (aisle, name) for department, aisle, name in _rows("departments.psv")}


@cache
def _abbreviations() -> dict[str, str]:
    return {row[0]: row[1] for row in _rows("abbreviations.psv")}
