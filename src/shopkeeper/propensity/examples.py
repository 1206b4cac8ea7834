"""Customers at moments, as rows of numbers: the same columns for learning and for the question itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shopkeeper.core.types import DAY_MS, Floats, Longs
from shopkeeper.data.customer_log import CustomerLog
from shopkeeper.data.dataset import PERSON
from shopkeeper.features.customer import profiles
from shopkeeper.features.visits import FREQUENCY, RECENCY, TENURE, WINDOWS, silences
from shopkeeper.learners.calibration import log_odds
from shopkeeper.learners.repeat_buying import BetaGeometric, Buying

Progress = Callable[[str, int, int], None]
Tell = Callable[[CustomerLog, int, pl.DataFrame], NDArray[Any]]
"""What came of each person of profiles as of a moment; see `labels.Label.of`."""

ALIVE, SILENT, COMING = "p_alive", "p_silent", "purchases_ahead"
"""What BG/NBD says: still a customer; silent within the horizon; purchases expected within it."""
_TOTALS: Final = (FREQUENCY, "spend", "units", "items", "redemptions")
"""Columns that grow with the log: they count by the day, or a model of last month would misread this one."""
_MONTH: Final = 28


@dataclass(frozen=True)
class Observed:
    """Everybody who had bought before a moment, as of then.

    Attributes
    ----------
    profiles
        See `features.customer.profiles`; buyers alone, with `ALIVE`, `SILENT` and `COMING`.
    matrix
        Shape ``(n, len(names))``: logarithms of numbers, NaN where something is not known.
    names
        Of the columns of ``matrix``.
    """

    profiles: pl.DataFrame
    matrix: Floats
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.profiles)


@dataclass(frozen=True)
class Examples:
    """Customers at several moments, and what came of them.

    Attributes
    ----------
    matrix
        Shape ``(n, len(names))``.
    names
        Of its columns.
    truth
        Shape ``(n,)``: whether something came true, or an amount.
    person, moment
        Shape ``(n,)``: code of the customer, and which of the moments, 0 the latest.
    """

    matrix: Floats
    names: tuple[str, ...]
    truth: NDArray[Any]
    person: Longs
    moment: Longs

    def __len__(self) -> int:
        return len(self.truth)


def observe(log: CustomerLog, as_of: int, days: int) -> Observed:
    """Everybody who had bought before ``as_of``, with a horizon of ``days`` in view."""
    past = log.before(as_of)
    buyers = profiles(past, as_of).filter(pl.col(RECENCY).is_not_null())
    told = buyers.join(silences(past, as_of, days), on=PERSON, how="left", maintain_order="left")
    told = told.with_columns(_chances(told, days))
    return Observed(told, *_numbers(told, (as_of - log.start) / DAY_MS))


def gather(log: CustomerLog, moments: Sequence[int], days: int, tell: Tell, progress: Progress) -> Examples:
    """What was known at each of these moments, the latest first, and what came of it within ``days``."""
    parts: list[tuple[Observed, NDArray[Any]]] = []
    for place, moment in enumerate(moments):
        seen = observe(log, moment, days)
        parts.append((seen, tell(log, moment, seen.profiles)))
        progress("look at past moments", place + 1, len(moments))
    return Examples(
        np.concatenate([seen.matrix for seen, _ in parts]),
        parts[0][0].names,
        np.concatenate([truth for _, truth in parts]),
        np.concatenate([seen.profiles[PERSON].to_numpy().astype(np.int64) for seen, _ in parts]),
        np.repeat(np.arange(len(parts)), [len(seen) for seen, _ in parts]),
    )


def buying(profiles: pl.DataFrame) -> Buying:
    """Purchases as BG/NBD counts them: visits, in days."""
    columns = (pl.col(FREQUENCY) - 1, pl.col(TENURE) - pl.col(RECENCY), pl.col(TENURE))
    return Buying(*(profiles.select(column).to_series().to_numpy() for column in columns))


def _chances(profiles: pl.DataFrame, days: int) -> list[pl.Series]:
    seen = buying(profiles)
    model = BetaGeometric.fit(seen)
    chances = {
        ALIVE: model.alive(seen),
        SILENT: model.silent(seen, days),
        COMING: model.purchases(seen, days),
    }
    return [pl.Series(name, values, dtype=pl.Float64) for name, values in chances.items()]


def _numbers(profiles: pl.DataFrame, observed: float) -> tuple[Floats, tuple[str, ...]]:
    """The numeric columns of profiles: by the day where they grow, then as logarithms."""
    numeric = [name for name, kind in profiles.schema.items() if kind == pl.Float64]
    whole = {f"{what}_{window}d": min(window, observed) for window in WINDOWS for what in ("visits", "spend")}
    length = whole | dict.fromkeys(_TOTALS, observed)
    columns = [
        profiles[name].to_numpy() * (_MONTH / length[name] if name in length else 1.0) for name in numeric
    ]
    named = dict(zip(numeric, columns, strict=True))
    table = {name: _log(values) for name, values in named.items()}
    for name in (ALIVE, SILENT):
        table[name] = log_odds(named[name])
    return np.stack(list(table.values()), axis=1).astype(np.float32), tuple(table)


def _log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sign(values) * np.log1p(np.abs(values)))
