"""Adverts: what an advertiser offers for a click, to whom, when, and what a day may cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import EmptySource, InvalidConfig, InvalidRequest
from shopkeeper.core.types import Bools, Longs
from shopkeeper.data.sources.rows import read_rows
from shopkeeper.data.values import read_moment

Doubles = NDArray[np.float64]

MICROS: Final = 1_000_000
"""Money is counted in millionths of the currency."""
_MOST: Final = 1_000_000.0
_SEPARATOR: Final = "|"
_TOLD: Final = 20
"""Most faults of a file that are told."""


def _parted(value: Any) -> Any:
    """Names as a list, or as a text with ``|`` between them."""
    return (
        [part.strip() for part in value.split(_SEPARATOR) if part.strip()]
        if isinstance(value, str)
        else value
    )


def _moment(value: str | None) -> str | None:
    if value is not None:
        try:
            read_moment("moment", value)
        except InvalidRequest as error:
            raise ValueError(error.message) from None
    return value


_Id = Annotated[str, Field(min_length=1, max_length=128)]
_Moment = Annotated[str | None, AfterValidator(_moment)]


class Advert(BaseModel):
    """One advert. Money is in the shop's currency."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, coerce_numbers_to_str=True
    )

    ad_id: _Id
    """Name of the advert; clicks on it name it as ``promotion_id``."""
    bid: float = Field(gt=0, le=_MOST, allow_inf_nan=False)
    """Most that is paid for a click."""
    advertiser_id: _Id | None = None
    """Whose it is; two adverts of one advertiser never stand in one answer."""
    campaign_id: _Id | None = None
    """Adverts of one campaign share its budget."""
    daily_budget: float | None = Field(None, gt=0, le=1e12, allow_inf_nan=False)
    """Most that a day (UTC) may cost; no bound where it is missing."""
    quality: float = Field(1.0, gt=0, le=1, allow_inf_nan=False)
    """How far the shop wants it shown: multiplies the bid."""
    text: str = Field("", max_length=5_000)
    """What it says; its meaning is part of the click probability."""
    category: _Id | None = None
    """Of what it is about."""
    segments: Annotated[tuple[_Id, ...], BeforeValidator(_parted)] = Field((), max_length=100)
    """Who may see it, as names of segments; everybody where there is none."""
    daily_cap: int | None = Field(None, ge=1, le=1_000)
    """Most times a day one person sees it."""
    starts: _Moment = None
    """From when on, ISO 8601."""
    ends: _Moment = None
    """Up to when."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        start, end = self.window
        if start >= end:
            raise ValueError("starts must lie before ends")
        return self

    @property
    def account(self) -> str:
        """Whose budget it spends."""
        return self.campaign_id or self.ad_id

    @property
    def advertiser(self) -> str:
        """Whose it is; its own where nobody is named."""
        return self.advertiser_id or self.account

    @cached_property
    def window(self) -> tuple[int, int]:
        """When it may be shown, epoch milliseconds; the end is excluded."""
        start = 0 if self.starts is None else read_moment("starts", self.starts)
        return start, 2**62 if self.ends is None else read_moment("ends", self.ends)


@dataclass(frozen=True)
class Inventory:
    """``n`` adverts as columns.

    Attributes
    ----------
    adverts
        The adverts.
    bid
        Shape ``(n,)``: millionths.
    quality, cap
        Shape ``(n,)``; 0 where there is no cap.
    advertiser, account
        Shape ``(n,)``: codes; accounts are places of ``accounts``.
    accounts
        Names.
    budgets
        Millionths a day by account; those without a bound are left out.
    starts, ends
        Shape ``(n,)``: epoch milliseconds.
    """

    adverts: tuple[Advert, ...]
    bid: Doubles
    quality: Doubles
    cap: Longs
    advertiser: Longs
    account: Longs
    accounts: tuple[str, ...]
    budgets: dict[str, int]
    starts: Longs
    ends: Longs

    def __len__(self) -> int:
        return len(self.adverts)

    @classmethod
    def of(cls, adverts: Sequence[Advert]) -> Self:
        """Check that they fit together.

        Raises
        ------
        InvalidRequest
            Two have the same id, or the adverts of a campaign name different budgets.
        """
        names = [one.ad_id for one in adverts]
        twice = (
            next((name for name in names if names.count(name) > 1), None)
            if len(set(names)) < len(names)
            else None
        )
        if twice is not None:
            raise InvalidRequest(
                f"ad_id = {twice!r} stands there twice.", hint="Give each advert its own id."
            )
        accounts, account = _codes([one.account for one in adverts])
        windows = [one.window for one in adverts]
        return cls(
            tuple(adverts),
            np.array([one.bid * MICROS for one in adverts]),
            np.array([one.quality for one in adverts]),
            np.array([one.daily_cap or 0 for one in adverts], np.int64),
            _codes([one.advertiser for one in adverts])[1],
            account,
            accounts,
            _budgets(adverts),
            np.array([start for start, _ in windows], np.int64),
            np.array([end for _, end in windows], np.int64),
        )

    @cached_property
    def has_audiences(self) -> bool:
        """Whether any advert is meant for some alone."""
        return any(one.segments for one in self.adverts)

    def open(self, now: int) -> Bools:
        """Which may be shown at a moment, shape ``(n,)``."""
        return (self.starts <= now) & (now < self.ends)

    def unchanged(self, now: int) -> tuple[int, int]:
        """From when to when the same adverts are open as at a moment; the end is excluded."""
        edges = np.concatenate([self.starts, self.ends])
        before, after = edges[edges <= now], edges[edges > now]
        return int(before.max(initial=-(2**62))), int(after.min(initial=2**62))

    def meant_for(self, segments: frozenset[str]) -> Bools:
        """Whose audience a person of these segments is in, shape ``(n,)``."""
        return np.array(
            [not one.segments or not segments.isdisjoint(one.segments) for one in self.adverts], bool
        )


def _codes(names: Sequence[str]) -> tuple[tuple[str, ...], Longs]:
    codes: dict[str, int] = {}
    told = np.array([codes.setdefault(name, len(codes)) for name in names], np.int64)
    return tuple(codes), told


def _budgets(adverts: Sequence[Advert]) -> dict[str, int]:
    told: dict[str, float | None] = {}
    for one in adverts:
        if told.setdefault(one.account, one.daily_budget) != one.daily_budget:
            raise InvalidRequest(
                f"The adverts of campaign {one.account!r} name different budgets.",
                hint="Give all of them the same daily_budget: they share it.",
            )
    return {name: round(budget * MICROS) for name, budget in told.items() if budget is not None}


def read_adverts(path: Path) -> list[Advert]:
    """Adverts of a CSV, TSV, JSON Lines or Parquet file with a column for each field.

    Raises
    ------
    InvalidConfig
        Rows have faults: all are listed.
    MissingFile, UnreadableSource
        The file cannot be read.
    """
    try:
        rows = read_rows(path, Limits())
    except EmptySource:
        return []
    found: list[Advert] = []
    faults = list(rows.notes)
    for number, row in zip(rows.numbers.tolist(), rows.frame.iter_rows(named=True), strict=True):
        given = {name: value for name, value in row.items() if value is not None and value != ""}
        try:
            found.append(Advert.model_validate(given))
        except ValidationError as error:
            faults += [_fault(number, fault["loc"], fault["input"], fault["msg"]) for fault in error.errors()]
    if faults:
        lines = "".join(f"\n  - {fault}" for fault in faults[:_TOLD])
        raise InvalidConfig(f"{path} has {len(faults):,} faults:{lines}", hint="Mend these rows.")
    return found


def _fault(number: int, where: tuple[int | str, ...], given: Any, message: str) -> str:
    field = ".".join(map(str, where))
    return f"row {number + 1}: {field} = {given!r}: {message}" if field else f"row {number + 1}: {message}"
