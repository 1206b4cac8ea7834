"""Rules that pick customers, such as ``frequency >= 5 and stage in ("at risk", "lapsed")``.

    rule       = both { "or" both }
    both       = one { "and" one }
    one        = "not" one | "(" rule ")" | comparison
    comparison = column ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
               | column [ "not" ] "in" "(" value { "," value } ")"
               | column "is" ( "known" | "unknown" )
    value      = number | text in double or single quotes

Rules are parsed and never run as code. A comparison with something that is not known is false.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, NoReturn

import polars as pl

from shopkeeper.core.errors import InvalidRequest

LONGEST: Final = 2_000
"""Characters of a rule."""
DEEPEST: Final = 50
"""Brackets and negations within one another."""
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<number>-?\d+(?:\.\d+)?(?![\w.]))|(?P<text>"[^"]*"|'[^']*')|(?P<word>[^\W\d][\w.]*)"""
    r"""|(?P<sign><=|>=|!=|==|=|<|>|\(|\)|,))"""
)
_WORDS: Final = ("and", "or", "not", "in", "is", "known", "unknown")
_COMPARE: Final[Mapping[str, Callable[[pl.Expr, Any], pl.Expr]]] = {
    "=": lambda column, value: column == value,
    "==": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def parse_rule(rule: str, columns: pl.Schema) -> pl.Expr:
    """A rule as an expression over profiles, true or false of each.

    Parameters
    ----------
    rule
        What is written.
    columns
        Names and types of the columns there are.

    Raises
    ------
    InvalidRequest
        The rule cannot be read, names an unknown column, or compares a text with a number; the message says
        where.
    """
    if len(rule) > LONGEST:
        raise InvalidRequest(f"rule: {len(rule):,} characters are more than {LONGEST:,}.")
    return _Parser(rule, columns).whole()


def _tokens(rule: str) -> list[_Token]:
    tokens, at = [], 0
    while rule[at:].strip():
        found = _TOKEN.match(rule, at)
        if found is None or found.lastgroup is None:
            _fail(rule, at + len(rule[at:]) - len(rule[at:].lstrip()), "this cannot be read")
        tokens.append(_Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)))
        at = found.end()
    return [*tokens, _Token("end", "", len(rule))]


def _fail(rule: str, place: int, what: str) -> NoReturn:
    raise InvalidRequest(
        f"rule: {what}, at character {place + 1}: {rule[:place]}⟨{rule[place:]}⟩",
        hint='For example: frequency >= 5 and stage in ("at risk", "lapsed")',
    )


class _Parser:
    """Reads tokens from left to right; each method takes what its rule of the grammar says."""

    def __init__(self, rule: str, columns: pl.Schema) -> None:
        self._rule = rule
        self._columns = columns
        self._tokens = _tokens(rule)
        self._next = 0
        self._depth = 0

    def whole(self) -> pl.Expr:
        found = self._either()
        if self._peek().kind != "end":
            self._wrong("and, or, or the end is expected")
        return found

    def _either(self) -> pl.Expr:
        found = self._both()
        while self._takes("or"):
            found = found | self._both()
        return found

    def _both(self) -> pl.Expr:
        found = self._one()
        while self._takes("and"):
            found = found & self._one()
        return found

    def _one(self) -> pl.Expr:
        self._depth += 1
        if self._depth > DEEPEST:
            self._wrong(f"more than {DEEPEST} brackets and negations within one another")
        if self._takes("not"):
            found = ~self._one()
        elif self._takes("("):
            found = self._either()
            self._require(")")
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> pl.Expr:
        token = self._take("word", "the name of a column is expected")
        column, kind = self._column(token)
        if self._takes("is"):
            if self._takes("known"):
                return column.is_not_null()
            self._require("unknown")
            return column.is_null()
        negated = self._takes("not")
        if negated or self._peek().text == "in":
            self._require("in")
            among = column.is_in(self._values(kind)).fill_null(value=False)
            return column.is_not_null() & ~among if negated else among
        sign = self._take("sign", "a comparison is expected")
        if sign.text not in _COMPARE:
            self._back("a comparison is expected")
        return _COMPARE[sign.text](column, self._value(kind)).fill_null(value=False)

    def _column(self, token: _Token) -> tuple[pl.Expr, type]:
        if token.text not in self._columns:
            near = get_close_matches(token.text, self._columns.names(), 3)
            hint = f"; did you mean {' or '.join(near)}" if near else ""
            _fail(self._rule, token.place, f"there is no column {token.text!r}{hint}")
        return pl.col(token.text), str if self._columns[token.text] == pl.String else float

    def _values(self, kind: type) -> list[Any]:
        self._require("(")
        values = [self._value(kind)]
        while self._takes(","):
            values.append(self._value(kind))
        self._require(")")
        return values

    def _value(self, kind: type) -> Any:
        token = self._peek()
        if token.kind not in ("number", "text"):
            self._wrong("a number or a quoted text is expected")
        if (token.kind == "text") != (kind is str):
            self._wrong("this column holds " + ("texts: put quotes around it" if kind is str else "numbers"))
        self._next += 1
        return token.text[1:-1] if kind is str else float(token.text)

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _takes(self, text: str) -> bool:
        token = self._peek()
        found = token.kind in ("word", "sign") and token.text.lower() == text
        self._next += found
        return found

    def _take(self, kind: str, otherwise: str) -> _Token:
        token = self._peek()
        if token.kind != kind or (kind == "word" and token.text.lower() in _WORDS):
            self._wrong(otherwise)
        self._next += 1
        return token

    def _require(self, text: str) -> None:
        if not self._takes(text):
            self._wrong(f"{text} is expected")

    def _back(self, what: str) -> NoReturn:
        self._next -= 1
        self._wrong(what)

    def _wrong(self, what: str) -> NoReturn:
        _fail(self._rule, self._peek().place, what)
