"""Pictures for shops that have none: a small drawing for each item, made here from its category alone.

The category's words choose what is drawn and the palette; the item's key varies tint, backdrop, pose and
number, so that two neighbours on a shelf do not look the same. Drawings are plain SVG below 3 kB without any
reference to another host, follow the reader's light or dark scheme, and are the same on every machine.

``glyphs.psv`` holds the drawings: name, hue, how far the hue may wander, words in English and Chinese (``_``
stands for a space), shapes in a box of 100 x 100. In the shapes ``$a`` stands for the main colour, ``$b``
for its shade, ``$t`` for its tint, ``$v`` for a second colour, ``$g`` for leaf green and ``$k`` for near
black.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from html import escape
from importlib.resources import files
from string import Template
from typing import Final

WIDTH: Final = 240
HEIGHT: Final = 180
_FALLBACK: Final = "parcel"
_BACKDROPS: Final = (
    '<circle cx="{x}" cy="84" r="66" class="p"/>',
    '<path d="M0 {y}q40-30 80 0t80 0 80 0v90H0z" class="p"/>',
    '<path d="M-20 {x}L{x}-20h52L-20 {z}zM60 190L250 0v58L118 190z" class="p"/>',
    '<g class="p"><circle cx="34" cy="36" r="9"/><circle cx="204" cy="30" r="13"/><circle cx="28" cy="128"'
    ' r="14"/><circle cx="212" cy="116" r="9"/><circle cx="{x}" cy="22" r="6"/></g>',
    '<path d="M120 96L20-20h56zM120 96L104-20h52zM120 96L190-20h70zM120 96L260 40v60zM120 96L-20 40v60z"'
    ' class="p"/>',
    '<path d="M0 0h240v{y}q-60 34-120 0T0 {y}z" class="p"/>',
)


@dataclass(frozen=True, slots=True)
class _Glyph:
    hue: int
    spread: int
    words: tuple[str, ...]
    shapes: Template


class _Dice:
    """Numbers drawn from a digest: the same text gives the same numbers on every machine."""

    def __init__(self, text: str) -> None:
        self._left = int.from_bytes(blake2b(text.encode(), digest_size=24).digest())

    def below(self, limit: int) -> int:
        self._left, drawn = divmod(self._left, limit)
        return drawn


def artwork(category: str, category2: str | None, key: str) -> str:
    """Draw an item.

    Parameters
    ----------
    category, category2
        Department and category, in English or Chinese; the finer one is looked at first.
    key
        Whatever tells the item from its neighbours, such as its id.

    Returns
    -------
    str
        An ``<svg>`` element, 240 x 180, with role and title; safe to inline many times on one page.
    """
    glyph = _glyphs()[glyph_name(category, category2)]
    dice = _Dice(f"{category}\n{category2}\n{key}")
    name = f"a{dice.below(16**8):08x}"
    hue = (_Dice(category2 or category).below(360) + dice.below(41) - 20) % 360
    title = escape("".join(char for char in category2 or category if char.isprintable()))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{title}</title>{_style(name, hue, dice)}"
        f'<rect width="{WIDTH}" height="{HEIGHT}" class="f"/>{_backdrop(dice)}'
        f"{_scene(name, glyph.shapes.substitute(_colours(glyph, dice)), dice)}</svg>"
    )


@cache
def glyph_name(category: str, category2: str | None) -> str:
    """Name the drawing that stands for a category, the finer category first.

    Of names joined by "&" or a comma the first known one counts ("Pizza & snacks"); within a name the last
    word, where English keeps its noun ("Breakfast sausage"), and of several that end there the longest ("Hot
    dogs").
    """
    for text in (category2, category):
        for part in re.split(r"[&,，、/]", (text or "").casefold()):
            found = _match(part)
            if found:
                return found
    return _FALLBACK


def _match(text: str) -> str | None:
    hits = [
        (found.end(), len(word), name)
        for name, glyph in _glyphs().items()
        for word in glyph.words
        for found in re.finditer(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word), text)
    ]
    return max(hits)[2] if hits else None


@cache
def _glyphs() -> dict[str, _Glyph]:
    text = (files(__package__) / "glyphs.psv").read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines(), delimiter="|", quoting=csv.QUOTE_NONE)
    return {
        name: _Glyph(
            int(hue), int(spread), tuple(word.replace("_", " ") for word in words.split()), Template(shapes)
        )
        for name, hue, spread, words, shapes in rows
    }


def _colours(glyph: _Glyph, dice: _Dice) -> dict[str, str]:
    hue = (glyph.hue + dice.below(2 * glyph.spread + 1) - glyph.spread) % 360
    second = (hue + 150 + dice.below(60)) % 360
    calm = 24 if 60 < hue < 190 else 0  # the eye finds green and cyan louder than the rest
    return {
        "a": f"hsl({hue} {68 - calm}% {55 - calm // 4}%)",
        "b": f"hsl({hue} {60 - calm}% {42 - calm // 6}%)",
        "t": f"hsl({hue} {76 - calm}% 77%)",
        "v": f"hsl({second} 42% 52%)",
        "g": f"hsl({95 + dice.below(40)} 42% 42%)",
        "k": f"hsl({hue} 20% 24%)",
    }


def _style(name: str, hue: int, dice: _Dice) -> str:
    pale, deep = 88 + dice.below(5), 20 + dice.below(6)
    return (
        f"<style>#{name} .f{{fill:hsl({hue} 55% {pale}%)}}#{name} .p{{fill:hsl({hue} 60% {pale - 6}%)}}"
        f"#{name} .s{{fill:hsl({hue} 40% 30%/.16)}}@media(prefers-color-scheme:dark){{"
        f"#{name} .f{{fill:hsl({hue} 26% {deep}%)}}#{name} .p{{fill:hsl({hue} 28% {deep + 6}%)}}"
        f"#{name} .s{{fill:hsl({hue} 40% 5%/.4)}}}}</style>"
    )


def _backdrop(dice: _Dice) -> str:
    x, y = 70 + dice.below(100), 96 + dice.below(40)
    return _BACKDROPS[dice.below(len(_BACKDROPS))].format(x=x, y=y, z=x + 52)


def _scene(name: str, shapes: str, dice: _Dice) -> str:
    """One to three of the thing on a soft shadow, the first in front."""
    lean = dice.below(17) - 8
    count = 1 + dice.below(3)
    wobble = dice.below(7)
    places = {
        1: [(120, 92, 128)],
        2: [(98, 96, 116), (162, 104, 84)],
        3: [(120, 92, 108), (62, 106, 74), (178, 106, 74)],
    }[count]
    if dice.below(2):
        places = [(WIDTH - x, y, size) for x, y, size in places]
    shadows = "".join(_shadow(*place) for place in places)
    drawn = f'<g id="{name}g" fill="none" stroke-linecap="round" stroke-linejoin="round">{shapes}</g>'
    front = _placed(drawn, *places[0], lean)
    copy = f'<use href="#{name}g"/>'
    others = "".join(
        _placed(copy, *place, wobble * side - lean) for side, place in zip((1, -1), places[1:], strict=False)
    )
    return f"{shadows}{others}{front}"


def _shadow(x: int, y: int, size: int) -> str:
    foot, wide, high = y + size * 0.44, size * 0.4, size * 0.07
    return f'<ellipse cx="{x}" cy="{foot:.0f}" rx="{wide:.0f}" ry="{high:.0f}" class="s"/>'


def _placed(shape: str, x: int, y: int, size: int, lean: int) -> str:
    corner = f"{x - size / 2:g} {y - size / 2:g}"
    return f'<g transform="translate({corner})scale({size / 100:g})rotate({lean} 50 50)">{shape}</g>'
