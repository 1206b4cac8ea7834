"""The budget ledger over SQL: SQLite by default, PostgreSQL and MariaDB for several machines.

Every operation is one transaction that first locks the accounts it touches, in their order, so that no two
wait for each other and no two see the same money. Every operation may be repeated without harm: an answer
that was lost on the way is simply asked for again.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from shopkeeper.core.errors import InvalidRequest, ShopkeeperError, StoreBusy, UnreadableSource
from shopkeeper.core.ports import Clock, system_clock
from shopkeeper.core.types import Balance, Claim
from shopkeeper.data.connections import BUSY_SECONDS
from shopkeeper.data.engines import open_engine, read_url

Done = TypeVar("Done")

_TRIES: Final = 5
"""Of a server that breaks off a transaction, as it may to end a deadlock."""
_PAUSE: Final = 0.05
_PASSING: Final = (OperationalError, InterfaceError, IntegrityError)
"""Faults that may be gone at the next try: a deadlock, a lost connection, two who made the same row."""
_MOST: Final = 2**62
# MariaDB would take "A" and "a" for one account.
_NAME: Final = sa.String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")
_TABLES: Final = sa.MetaData()
_BUDGETS: Final = sa.Table(
    "ledger_budgets",
    _TABLES,
    sa.Column("account", _NAME, primary_key=True),
    sa.Column("budget", sa.BigInteger, nullable=False),
    sa.Column("taken", sa.BigInteger, nullable=False),
    sa.Column("spent", sa.BigInteger, nullable=False),
)
_PURSES: Final = sa.Table(
    "ledger_purses",
    _TABLES,
    sa.Column("purse", _NAME, primary_key=True),
    sa.Column("account", _NAME, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("spent", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)


class SqlLedger:
    """See `core.ports.BudgetLedger`. Safe with several threads and several processes.

    Parameters
    ----------
    url
        Of the database; tables are created where they are missing.
    clock
        Tells when a purse was last touched.

    Raises
    ------
    InvalidRequest, MissingFile, MissingDependency
        The URL cannot be read, the SQLite file is not there, or the driver is not installed.
    StoreBusy
        The server did not answer.
    """

    def __init__(self, url: str, clock: Clock = system_clock) -> None:
        self._clock = clock
        self._url = read_url(url)
        engine = open_engine(self._url, NullPool)
        self._is_file = engine.dialect.name == "sqlite"
        if self._is_file:
            sa.event.listen(engine, "connect", _ready_file)
            sa.event.listen(engine, "begin", _lock_file)
        else:
            engine = engine.execution_options(isolation_level="READ COMMITTED")
        self._engine = engine
        self._try(_create)

    def set_budgets(self, budgets: Mapping[str, int]) -> None:
        """Say what each account may spend in all, what it spent before included."""
        for account, budget in budgets.items():
            if not 0 <= budget < _MOST:
                raise InvalidRequest(f"The budget of {account!r} is {budget}: must not be below 0.")
        self._try(lambda connection: _set_budgets(connection, budgets))

    def reserve(self, claims: Sequence[Claim]) -> list[int]:
        """Fill purses up to totals: for each claim what its purse has got in all, as much as there is."""
        for claim in claims:
            if not 0 <= claim.total < _MOST:
                raise InvalidRequest(f"{claim.total} for {claim.account!r}: must not be below 0.")
        return self._try(lambda connection: _reserve(connection, claims, self._clock())) if claims else []

    def spend(self, totals: Mapping[str, int]) -> None:
        """Say what was spent out of each purse so far, in all; less than was said before changes nothing."""
        if totals:
            self._try(lambda connection: _spend(connection, totals, self._clock()))

    def release(self, purses: Sequence[str]) -> None:
        """Give back what was not spent out of purses; they may be filled again."""
        if purses:
            self._try(lambda connection: _release(connection, purses))

    def forfeit(self, before: int) -> int:
        """Count as spent what lies in purses that nobody touched since a moment; how many there were.

        Their worker died, and nobody knows what it spent at last: what may be gone is not spent again.
        """
        return self._try(lambda connection: _forfeit(connection, before))

    def balances(self) -> dict[str, Balance]:
        """How much every account may spend, has out in purses, and has spent."""
        return self._try(
            lambda connection: {
                row.account: Balance(row.budget, row.taken, row.spent)
                for row in connection.execute(sa.select(_BUDGETS).order_by(_BUDGETS.c.account))
            }
        )

    def _try(self, job: Callable[[sa.Connection], Done]) -> Done:
        """Do a job within one transaction, again where the server broke it off."""
        for left in reversed(range(1 if self._is_file else _TRIES)):
            try:
                with self._engine.begin() as connection:
                    return job(connection)
            except _PASSING as error:
                if not left:
                    raise self._told(error) from error
                time.sleep(_PAUSE)
            except SQLAlchemyError as error:
                raise self._told(error) from error
        raise AssertionError("unreachable")

    def _told(self, error: SQLAlchemyError) -> ShopkeeperError:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        where = f"The budget ledger at {self._url.render_as_string(hide_password=True)}"
        if isinstance(error, _PASSING):
            return StoreBusy(f"{where} did not answer: {said}.", hint="Try again; nothing is spent twice.")
        return UnreadableSource(f"{where} could not be used: {said}.", hint="Check its tables and rights.")


def _ready_file(connection: Any, _record: Any) -> None:
    # Transactions are begun by `_lock_file`, not by the driver.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    connection.execute("PRAGMA synchronous = FULL")


def _lock_file(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create(connection: sa.Connection) -> None:
    for table in _TABLES.sorted_tables:
        connection.execute(sa.schema.CreateTable(table, if_not_exists=True))


@contextmanager
def _changing(connection: sa.Connection, accounts: Iterable[str]) -> Iterator[dict[str, Balance]]:
    """Balances of these accounts, nobody else's until the transaction ends; changes are written."""
    wanted = _BUDGETS.c.account.in_(sorted(set(accounts)))
    # In order: two who lock the same accounts must not wait for each other.
    rows = connection.execute(
        sa.select(_BUDGETS).where(wanted).order_by(_BUDGETS.c.account).with_for_update()
    )
    before = {row.account: Balance(row.budget, row.taken, row.spent) for row in rows}
    now = dict(before)
    yield now
    changed = [
        {"name": name, "to_budget": one.budget, "to_taken": one.taken, "to_spent": one.spent}
        for name, one in now.items()
        if one != before[name]
    ]
    _update(connection, _BUDGETS, ("budget", "taken", "spent"), changed)


def _update(
    connection: sa.Connection, table: sa.Table, columns: Sequence[str], changed: Sequence[dict[str, Any]]
) -> None:
    """Write rows named by the table's key."""
    if changed:
        (key,) = table.primary_key.columns
        values: dict[str, Any] = {name: sa.bindparam(f"to_{name}") for name in columns}
        connection.execute(sa.update(table).where(key == sa.bindparam("name")).values(values), changed)


def _set_budgets(connection: sa.Connection, budgets: Mapping[str, int]) -> None:
    with _changing(connection, budgets) as balances:
        new = [
            {"account": name, "budget": budget, "taken": 0, "spent": 0}
            for name, budget in sorted(budgets.items())
            if name not in balances
        ]
        for name, one in balances.items():
            balances[name] = replace(one, budget=budgets[name])
    if new:
        connection.execute(sa.insert(_BUDGETS), new)


def _purses(connection: sa.Connection, purses: Iterable[str]) -> dict[str, Any]:
    rows = connection.execute(sa.select(_PURSES).where(_PURSES.c.purse.in_(list(purses))))
    return {row.purse: row for row in rows}


def _reserve(connection: sa.Connection, claims: Sequence[Claim], now: int) -> list[int]:
    with _changing(connection, (claim.account for claim in claims)) as balances:
        there = _purses(connection, (claim.purse for claim in claims))
        held = {name: int(row.amount) for name, row in there.items()}
        for claim in claims:
            if claim.account not in balances:
                raise InvalidRequest(f"There is no budget for {claim.account!r}.", hint="Set one first.")
            one, before = balances[claim.account], held.get(claim.purse, 0)
            most = one.budget if claim.ceiling is None else min(one.budget, claim.ceiling)
            more = max(0, min(claim.total - before, most - one.taken))
            held[claim.purse] = before + more
            balances[claim.account] = replace(one, taken=one.taken + more)
        accounts = {claim.purse: claim.account for claim in claims}
        new = [
            {"purse": name, "account": account, "amount": held[name], "spent": 0, "changed_at": now}
            for name, account in accounts.items()
            if name not in there
        ]
        if new:
            connection.execute(sa.insert(_PURSES), new)
        changed = [{"name": name, "to_amount": held[name], "to_changed_at": now} for name in there]
        _update(connection, _PURSES, ("amount", "changed_at"), changed)
    return [held[claim.purse] for claim in claims]


@contextmanager
def _opened(
    connection: sa.Connection, purses: Collection[str]
) -> Iterator[tuple[list[Any], dict[str, Balance]]]:
    """These purses, and the balances of their accounts, both nobody else's."""
    found = _purses(connection, purses)
    missing = [name for name in purses if name not in found]
    if missing:
        raise InvalidRequest(f"There is no purse {missing[0]!r}.", hint="Reserve it first.")
    with _changing(connection, (row.account for row in found.values())) as balances:
        # Read again: what another process did before the accounts were locked counts.
        yield list(_purses(connection, purses).values()), balances


def _spend(connection: sa.Connection, totals: Mapping[str, int], now: int) -> None:
    with _opened(connection, totals) as (purses, balances):
        changed = []
        for purse in purses:
            total = totals[purse.purse]
            if total > purse.amount:
                raise InvalidRequest(
                    f"{total} spent out of purse {purse.purse!r}, which held {purse.amount}."
                )
            more = max(0, total - purse.spent)
            one = balances[purse.account]
            balances[purse.account] = replace(one, spent=one.spent + more)
            changed.append({"name": purse.purse, "to_spent": purse.spent + more, "to_changed_at": now})
        _update(connection, _PURSES, ("spent", "changed_at"), changed)


def _release(connection: sa.Connection, names: Collection[str]) -> None:
    with _opened(connection, names) as (purses, balances):
        for purse in purses:
            one = balances[purse.account]
            balances[purse.account] = replace(one, taken=one.taken - (purse.amount - purse.spent))
        changed = [{"name": purse.purse, "to_amount": purse.spent} for purse in purses]
        _update(connection, _PURSES, ("amount",), changed)


def _forfeit(connection: sa.Connection, before: int) -> int:
    stale = sa.select(_PURSES.c.purse).where(
        _PURSES.c.spent < _PURSES.c.amount, _PURSES.c.changed_at < before
    )
    with _opened(connection, list(connection.execute(stale).scalars())) as (purses, balances):
        lost = [purse for purse in purses if purse.spent < purse.amount and purse.changed_at < before]
        for purse in lost:
            one = balances[purse.account]
            balances[purse.account] = replace(one, spent=one.spent + purse.amount - purse.spent)
        changed = [{"name": purse.purse, "to_spent": purse.amount} for purse in lost]
        _update(connection, _PURSES, ("spent",), changed)
    return len(lost)
