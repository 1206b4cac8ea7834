"""Whom each person of a dataset hears, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core import columns as c
from shopkeeper.core.types import Longs, Tie

MOST_MEMBERS: Final = 50
"""Most people whom one person hears: the closest, and of those the ones that came last."""
ALWAYS: Final = 0
"""Start of a tie that tells none."""
NEVER: Final = 2**62
"""End of a tie that tells none."""
_KINDS: Final = {tie.name: int(tie) for tie in Tie}


@dataclass(frozen=True)
class Ties:
    """Ties as they are heard, those of one person after another.

    Attributes
    ----------
    offsets
        Shape ``(n_people + 1,)``: ties of person ``p`` are ``offsets[p]:offsets[p + 1]`` of the arrays below.
    others
        Code of who is heard.
    kinds
        `Tie` of each.
    starts, ends
        The first moment of each, and the one from which it is over, epoch milliseconds.
    """

    offsets: Longs = field(default_factory=lambda: np.zeros(1, np.int64))
    others: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    kinds: NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))
    starts: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    ends: Longs = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.others)

    def of(self, person: int, moment: int) -> tuple[Longs, NDArray[np.int8]]:
        """Whom a person hears at a moment, the closest first: code, and the closest tie to them."""
        own = slice(*self.offsets[person : person + 2]) if person + 1 < len(self.offsets) else slice(0)
        held = np.flatnonzero((self.starts[own] <= moment) & (moment < self.ends[own]))
        others, kinds, starts = self.others[own][held], self.kinds[own][held], self.starts[own][held]
        order = np.lexsort((others, -starts, kinds))
        _, first = np.unique(others[order], return_index=True)
        chosen = order[np.sort(first)[:MOST_MEMBERS]]
        return others[chosen], kinds[chosen]

    @classmethod
    def of_one(
        cls,
        others: Sequence[int],
        kinds: Sequence[int],
        starts: Sequence[int | None],
        ends: Sequence[int | None],
    ) -> Self:
        """Ties of one person alone, whose code is 0; times are None where they are not told."""
        return cls(
            np.array([0, len(others)], np.int64),
            np.array(others, np.int64),
            np.array(kinds, np.int8),
            np.array([ALWAYS if start is None else start for start in starts], np.int64),
            np.array([NEVER if end is None else end for end in ends], np.int64),
        )

    @classmethod
    def read(cls, people: Sequence[str], heard: pl.DataFrame) -> Self:
        """Ties between some people.

        Parameters
        ----------
        people
            Their keys; positions are the codes.
        heard
            Who hears whom, in `columns.TIE_COLUMNS`; ties of others are left out.
        """
        keys = pl.DataFrame({"key": pl.Series(people, dtype=pl.String)}).with_row_index("code")
        coded = heard.select(
            c.CUSTOMER_ID,
            c.OTHER_ID,
            pl.col(c.KIND).replace_strict(_KINDS, return_dtype=pl.Int8),
            pl.col(c.STARTS_AT).fill_null(ALWAYS),
            pl.col(c.ENDS_AT).fill_null(NEVER),
        )
        for name in (c.CUSTOMER_ID, c.OTHER_ID):
            coded = coded.join(keys.rename({"key": name, "code": f"{name} code"}), on=name)
        one, other = (coded[f"{name} code"].cast(pl.Int64).to_numpy() for name in (c.CUSTOMER_ID, c.OTHER_ID))
        order = np.lexsort((other, one))
        kinds, starts, ends = (coded[name].to_numpy()[order] for name in (c.KIND, c.STARTS_AT, c.ENDS_AT))
        offsets = np.searchsorted(one[order], np.arange(len(people) + 1)).astype(np.int64)
        return cls(offsets, other[order], kinds, starts, ends)
