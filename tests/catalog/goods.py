"""A small catalogue whose truth is known: things in colours, with titles in two languages, and pictures."""

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

from shopkeeper.encoders.remembered import Remembered
from shopkeeper.encoders.text import Multilingual

KINDS = {"lamp": "台灯", "shoes": "鞋子", "teapot": "茶壶", "umbrella": "雨伞", "backpack": "背包"}
COLOURS = {"red": "红色", "green": "绿色", "blue": "蓝色", "yellow": "黄色"}
PARENTS = {"lamp": "home", "teapot": "home", "shoes": "wear", "umbrella": "wear", "backpack": "wear"}
BRANDS = ("Acorn", "Birch", "Cedar")
STYLES = ("light", "classic", "sturdy", "small", "travel")


@cache
def encoder() -> Remembered[str]:
    """The real one; titles occur again and again."""
    return Remembered(Multilingual())


def goods(n: int, *, seed: int = 0, silent: float = 0.0, chinese: bool = False) -> pl.DataFrame:
    """``n`` products; of a share ``silent`` of them the title does not name the colour."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        kind, colour = rng.choice(list(KINDS)), rng.choice(list(COLOURS))
        brand, style = rng.choice(BRANDS), rng.choice(STYLES)
        told = "" if rng.random() < silent else colour
        title = " ".join(f"{brand} {style} {told} {kind}".split())
        if chinese:
            title = f"{COLOURS[told] if told else ''}{KINDS[kind]}"
        rows.append(
            (f"p{number:04}", title, kind, PARENTS[kind], colour, brand, f"{number}.png", f"{colour}|{style}")
        )
    return pl.DataFrame(
        rows,
        ["item_id", "title", "kind", "parent", "colour", "brand", "picture", "tags"],
        orient="row",
    )


def draw(products: pl.DataFrame, folder: Path) -> None:
    """A picture for each product: a disc of its colour before white."""
    folder.mkdir(exist_ok=True)
    for name, colour in products.select("picture", "colour").iter_rows():
        picture = Image.new("RGB", (40, 60), "white")
        ImageDraw.Draw(picture).ellipse((5, 15, 35, 45), fill=colour)
        picture.save(folder / name)
