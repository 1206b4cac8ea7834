"""Package sizes as a shelf label prints them: ``12 PK/12 OZ`` becomes ``12 × 12 oz``.

The column is typed by hand in some 3,000 spellings. What cannot be read is left out rather than guessed, and
so are sizes that describe the grocer's delivery rather than what a shopper takes home (a 40 lb box of
bananas).
"""

import re
from fractions import Fraction
from typing import Final, NamedTuple

_UNITS: Final = {
    "OZ": "oz", "OZS": "oz", "O": "oz", "Z": "oz", "LB": "lb", "LBS": "lb", "GA": "gallon", "GAL": "gallon",
    "GALON": "gallon", "QT": "quart", "PT": "pint", "L": "L", "LT": "L", "LTR": "L", "ML": "ml", "G": "g",
    "GM": "g", "SQ FT": "sq ft", "FT": "ft", "YD": "yd", "IN": "in", "CM": "cm", "CT": "ct", "PC": "ct",
    "PCS": "ct", "DZ": "dozen", "DOZ": "dozen", "PK": "pack", "PKS": "pack", "P": "pack", "LOAD": "loads",
    "LOADS": "loads", "LD": "loads", "LDS": "loads", "USE": "uses", "USES": "uses", "STEM": "stems",
    "STEMS": "stems", "SHEET": "sheets", "CUP": "cups",
}  # fmt: skip
_COUNTS: Final = {"ct", "pack"}
_NUMBER: Final = r"\d+ \d/\d+|\d+/\d+(?!\.\d)(?=\s*(?:GAL?|PT|QT|OZ|LB|IN|DZ)\b)|\d*\.\d+|\d+"
_UNIT: Final = "|".join(sorted(_UNITS, key=len, reverse=True))
_QUANTITY: Final = re.compile(rf"(?P<number>{_NUMBER})\s*-?\s*(?P<unit>SQ\.? ?FT|{_UNIT})(?![A-Z])")
_MULTIPLE: Final = re.compile(r"^(\d+)\s*/\s*(\d*\.?\d+)\s*(OZ|L|ML|CT)\b")
_BARE: Final = {
    "PT": "1 pint",
    "QT": "1 quart",
    "GAL": "1 gallon",
    "DZ": "1 dozen",
    "HALF GAL": "half gallon",
}
_STORE_CODE: Final = re.compile(r"^[A-Z]{1,3}( [A-Z])?\s*(?=[\d.])")
_ONE_BY_ONE: Final = {
    "CANDY - CHECKLANE",
    "MAGAZINE",
    "NEWSPAPER",
    "COOKIES",
    "BREAKFAST SWEETS",
    "CIGARETTES",
}
_BULKY: Final = {
    "CAT LITTER",
    "CHARCOAL AND LIGHTER FLUID",
    "DOG FOODS",
    "CAT FOOD",
    "BIRD SEED",
    "FRZN ICE",
    "PROPANE",
}
_HEAVY_BAGS: Final = {"POTATOES", "CITRUS", "ONIONS", "APPLES", "ORGANICS FRUIT & VEGETABLES"}
_BY_WEIGHT: Final = {
    "PRODUCE",
    "MEAT",
    "SEAFOOD",
    "SALAD BAR",
    "DELI",
    "FLORAL",
    "CHEF SHOPPE",
    "FROZEN GROCERY",
}
_BOTTLE_OZ: Final = Fraction("16.9")


class _Quantity(NamedTuple):
    number: Fraction
    unit: str


def readable_size(size: str | None, *, category: str | None, department: str) -> str:
    """Spell a package size; empty where it cannot be read or does not describe what a shopper takes home.

    >>> readable_size("12 PK/12 OZ", category="SOFT DRINKS", department="GROCERY")
    '12 × 12 oz'
    >>> readable_size("40 LB", category="TROPICAL FRUIT", department="PRODUCE")
    ''
    """
    text = _STORE_CODE.sub("", (size or "").strip().upper())
    if not text or text.startswith("("):
        return ""
    if text in _BARE:
        return _BARE[text]
    found = [q for q in _quantities(text) if not _is_delivery(q, category or "", department)]
    return _printed(found, category or "")


_POUND: Final = _Quantity(Fraction(1), "lb")


def _quantities(text: str) -> list[_Quantity]:
    multiple = _MULTIPLE.match(text)
    if multiple and not _is_fraction(multiple[1], multiple[2]):
        unit = _UNITS[multiple[3]]
        return [_Quantity(Fraction(multiple[1]), "pack"), _Quantity(Fraction(multiple[2]), unit)]
    found = (_quantity(match["number"], match["unit"]) for match in _QUANTITY.finditer(text))
    return [quantity for quantity in found if 0 < quantity.number < 5000]


def _is_fraction(above: str, below: str) -> bool:
    return below in {"2", "3", "4", "8", "16"} and int(above) < int(below)


def _quantity(number: str, unit: str) -> _Quantity:
    value = sum(
        (Fraction(part) if not part.endswith("/0") else Fraction(0) for part in number.split()), Fraction(0)
    )
    return _Quantity(value, _UNITS[unit.replace(".", "").replace("SQFT", "SQ FT")])


def _is_delivery(quantity: _Quantity, category: str, department: str) -> bool:
    number, unit = quantity
    if unit in _COUNTS and (number == 1 or category in _ONE_BY_ONE):
        return True
    if department in _BY_WEIGHT:
        return (
            unit in _COUNTS
            or unit == "in"
            or (unit == "lb" and number > (10 if category in _HEAVY_BAGS else 5))
        )
    return unit == "lb" and number > 20 and category not in _BULKY


def _printed(quantities: list[_Quantity], category: str) -> str:
    counts = [q for q in quantities if q.unit in _COUNTS][:1]
    measures = [q for q in quantities if q.unit not in _COUNTS][:1]
    if not measures:
        return _count(counts[0]) if counts else ""
    measure = _measure(measures[0], category)
    if not counts:
        return measure
    number = _plain_number(counts[0].number)
    return f"{number} × {measure}" if counts[0].unit == "pack" else f"{number} ct, {measure}"


def _count(quantity: _Quantity) -> str:
    number = _plain_number(quantity.number)
    return f"{number}-pack" if quantity.unit == "pack" else f"{number} ct"


def _measure(quantity: _Quantity, category: str) -> str:
    number, unit = _Quantity(Fraction(16), "oz") if quantity == _POUND else quantity
    bottles = number / _BOTTLE_OZ
    if unit == "oz" and category.startswith("WATER") and bottles > 1 and bottles.denominator == 1:
        return f"{bottles} × 16.9 oz"  # a case of half-litre bottles, given as their sum
    if unit == "gallon" and number == Fraction(1, 2):
        return "half gallon"
    if unit in {"gallon", "quart", "pint"} and number > 1:
        unit += "s"
    return f"{_plain_number(number)} {unit}"


def _plain_number(number: Fraction) -> str:
    return f"{float(number):.2f}".rstrip("0").rstrip(".")
