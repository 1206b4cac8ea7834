"""Why a chance is high or low for a person: SHAP values of columns, summed by topic, and told in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.features.visits import (
    EXPECTED,
    FREQUENCY,
    GAP_LAST,
    LIMIT,
    OVERDUE,
    RECENCY,
    SPEND,
    TENURE,
    USUAL,
    WINDOWS,
)
from shopkeeper.propensity.examples import ALIVE, COMING, SILENT

MOST: Final = 3
"""Reasons that are told of one person."""

Row = Mapping[str, Any]
Wording = Callable[[Row], tuple[str, str]]
"""A sentence in English and in Chinese, from a row of profiles."""


def _recency(row: Row) -> tuple[str, str]:
    past, usual = row[RECENCY], row[USUAL]
    return (
        f"last purchase {_days(past)} ago; every {_days(usual)} is usual",
        f"上次购买在 {past:.0f} 天前，平时约每 {usual:.0f} 天一次",
    )


def _rhythm(row: Row) -> tuple[str, str]:
    longest = row[LIMIT]
    return (
        f"stays away for up to {_days(longest)} as a rule",
        f"平时最多隔 {longest:.0f} 天不来",
    )


def _frequency(row: Row) -> tuple[str, str]:
    lately = row["visits_28d"]
    before = row["visits_56d"] - lately
    return (
        f"bought on {lately:.0f} of the last 28 days, {before:.0f} of the 28 before",
        f"最近 28 天有 {lately:.0f} 天购买，之前 28 天有 {before:.0f} 天",
    )


def _money(row: Row) -> tuple[str, str]:
    lately = row["spend_28d"]
    before = row["spend_56d"] - lately
    return (
        f"spent {lately:,.2f} in the last 28 days, {before:,.2f} in the 28 before",
        f"最近 28 天消费 {lately:,.2f}，之前 28 天 {before:,.2f}",
    )


def _tenure(row: Row) -> tuple[str, str]:
    return f"a customer for {_days(row[TENURE])}", f"成为顾客已 {row[TENURE]:.0f} 天"


def _breadth(row: Row) -> tuple[str, str]:
    items, share = row["items"], row["repeat_share"] or 0.0
    return (
        f"bought {items:.0f} different items; {share:.0%} of lines were repeats",
        f"买过 {items:.0f} 种商品，其中 {share:.0%} 是重复购买",
    )


def _price(row: Row) -> tuple[str, str]:
    share = row["discount_share"] or 0.0
    return f"{share:.0%} of spending was on discounted goods", f"{share:.0%} 的消费是打折商品"


def _habits(row: Row) -> tuple[str, str]:
    share = row["weekend_share"] or 0.0
    return f"{share:.0%} of purchases fall on weekends", f"{share:.0%} 的购买在周末"


def _attention(row: Row) -> tuple[str, str]:
    seen, looks = row["days_since_seen"], row["looks_28d"] + row["carts_28d"]
    return (
        f"last seen {_days(seen)} ago; looked at or put aside {looks:.0f} things in 28 days",
        f"上次来访在 {seen:.0f} 天前，28 天内浏览或加购 {looks:.0f} 次",
    )


def _days(count: float) -> str:
    whole = round(count)
    return f"{whole} day" if whole == 1 else f"{whole} days"


_WINDOWED: Final = {what: tuple(f"{what}_{window}d" for window in WINDOWS) for what in ("visits", "spend")}
_TOPICS: Final[dict[Wording, tuple[str, ...]]] = {
    _recency: (RECENCY, OVERDUE, EXPECTED, ALIVE, SILENT, COMING, "longer", "much_longer_share"),
    _frequency: (FREQUENCY, "trend", "weeks_active", "week_", *_WINDOWED["visits"]),
    _money: (SPEND, "monetary", "monetary_sd", "units", "lines_per_visit", *_WINDOWED["spend"]),
    _tenure: (TENURE,),
    _breadth: ("items", "categories", "brands", "repeat_share", "favourite_category", "favourite_brand"),
    _price: ("discount_share", "low_price_share", "high_price_share", "redemptions"),
    _habits: ("weekend_share", "favourite_hour", "favourite_place", "places"),
    _attention: ("days_since_seen", "looks_28d", "carts_28d", "dwell_seconds"),
    _rhythm: ("gap_", GAP_LAST, USUAL, LIMIT, "silent_share", "refund_share"),
}
"""What each sentence speaks for: columns by name, or by how it begins."""


def topic_of(column: str) -> int:
    """Place among the topics of a column of the matrix."""
    starts = [
        max((len(start) for start in names if column.startswith(start)), default=0)
        for names in _TOPICS.values()
    ]
    return int(np.argmax(starts))


def reasons(
    profiles: pl.DataFrame, contributions: NDArray[np.float64], names: tuple[str, ...], language: str
) -> list[tuple[str, ...]]:
    """The strongest reasons of each person, at most `MOST`, for what is said of them.

    Parameters
    ----------
    profiles
        Whom it is said of.
    contributions
        Shape ``(n, len(names))``: what each column adds to the log-odds; where they sum to more than nothing,
        what adds is told, else what takes away.
    names
        Of the columns.
    language
        ``en`` or ``zh``.
    """
    place = np.array([topic_of(name) for name in names])
    topics = np.stack([contributions[:, place == topic].sum(axis=1) for topic in range(len(_TOPICS))], axis=1)
    push = topics * np.where(topics.sum(axis=1, keepdims=True) > 0, 1.0, -1.0)
    order = np.argsort(-push, axis=1, kind="stable")[:, :MOST]
    wordings, chinese = list(_TOPICS), int(language == "zh")
    return [
        tuple(wordings[topic](row)[chinese] for topic in order[at] if push[at, topic] > 0)
        for at, row in enumerate(profiles.iter_rows(named=True))
    ]
