"""Counts by two names, as a table whose shades tell where most people are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

SHADES: Final = 5
"""Shades of a cell besides none; ``heat0`` to ``heat5`` in the style sheet."""


@dataclass(frozen=True, slots=True)
class Cell:
    """People of a row who are in a column too; ``share`` is of the row, 0 to 1."""

    people: int
    share: float

    @property
    def heat(self) -> int:
        """Its shade."""
        return min(SHADES, -int(-self.share * SHADES // 1))


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of cells.

    Attributes
    ----------
    columns
        Names along the top.
    rows
        Name and cells of each row.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def matrix(
    counts: Iterable[tuple[str, str, int]], rows: Sequence[str], columns: Sequence[str], sizes: dict[str, int]
) -> Matrix:
    """Lay counts out.

    Parameters
    ----------
    counts
        Row, column and people.
    rows, columns
        In order.
    sizes
        People of each row in all.
    """
    found = {(row, column): people for row, column, people in counts}
    return Matrix(
        tuple(columns),
        tuple(
            (
                row,
                tuple(
                    Cell(people := found.get((row, column), 0), people / max(1, sizes.get(row, 0)))
                    for column in columns
                ),
            )
            for row in rows
        ),
    )
