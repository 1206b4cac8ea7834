"""Keyed pseudonyms: raw personal ids stop here.

A customer id becomes ``c_`` and a session id ``s_``, each followed by 20 lower-case hexadecimal characters
(80 bits) of HMAC-SHA256 under a key that belongs to the shop alone. Without the key nobody can tell which
customer a pseudonym stands for, not even by trying every id; with it the shop finds a customer again.
"""

import os
import secrets
from hmac import digest
from pathlib import Path
from typing import Final, Protocol

import polars as pl

from shopkeeper.core.errors import InvalidConfig, MissingFile

CUSTOMER_PREFIX: Final = "c_"
SESSION_PREFIX: Final = "s_"
KEY_FILE: Final = "identity.key"
KEY_BYTES: Final = 32
_HEX_DIGITS: Final = 20
_REMEMBERED: Final = 100_000


class Pseudonyms(Protocol):
    """Whoever knows the pseudonym of a person."""

    def customer(self, raw: str) -> str:
        """Pseudonym of one customer id."""

    def session(self, raw: str) -> str:
        """Pseudonym of one session id."""


class AsGiven:
    """For events whose ids are pseudonyms already, such as a click on a page of ours."""

    def customer(self, raw: str) -> str:
        """The pseudonym itself."""
        return raw

    def session(self, raw: str) -> str:
        """The pseudonym itself."""
        return raw


class Identity:
    """Pseudonyms under one shop's key.

    Parameters
    ----------
    key
        `KEY_BYTES` secret bytes; see `load_key`.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._customers: dict[str, str] = {}
        self._sessions: dict[str, str] = {}

    def customer(self, raw: str) -> str:
        """Pseudonym of one customer id."""
        return self._remembered(self._customers, CUSTOMER_PREFIX, raw)

    def session(self, raw: str) -> str:
        """Pseudonym of one session id."""
        return self._remembered(self._sessions, SESSION_PREFIX, raw)

    def customers(self, raw: pl.Series) -> pl.Series:
        """Pseudonyms of a text column of customer ids; null stays null. Each distinct id is hashed once."""
        return self._column(CUSTOMER_PREFIX, raw)

    def sessions(self, raw: pl.Series) -> pl.Series:
        """Pseudonyms of a text column of session ids; null stays null. Each distinct id is hashed once."""
        return self._column(SESSION_PREFIX, raw)

    def _remembered(self, known: dict[str, str], prefix: str, raw: str) -> str:
        found = known.get(raw)
        if found is None:
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[raw] = self._pseudonym(prefix, raw)
        return found

    def _pseudonym(self, prefix: str, raw: str) -> str:
        return prefix + digest(self._key, raw.encode(), "sha256").hex()[:_HEX_DIGITS]

    def _column(self, prefix: str, raw: pl.Series) -> pl.Series:
        distinct = raw.drop_nulls().unique()
        pseudonyms = pl.Series([self._pseudonym(prefix, value) for value in distinct], dtype=pl.String)
        return raw.replace_strict(distinct, pseudonyms, default=None, return_dtype=pl.String)


def create_key(path: Path) -> bytes:
    """Write a fresh key that only the owner of the process may read, and return it.

    If another process wrote one first, that one is returned: a shop never has two keys.
    """
    key = secrets.token_bytes(KEY_BYTES)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        return load_key(path)
    finally:
        draft.unlink()
    return key


def load_key(path: Path) -> bytes:
    """Read a shop's key.

    Raises
    ------
    MissingFile
        There is no key: a key made anew could not recognise the customers already stored.
    InvalidConfig
        The file is not a key.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except FileNotFoundError:
        raise MissingFile(
            f"{path} does not exist.",
            hint="Restore the shop's key from a backup; no other key fits its data.",
        ) from None
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise InvalidConfig(
            f"{path} is not a key: {2 * KEY_BYTES} hexadecimal characters are needed.",
            hint="Restore it from a backup.",
        )
    return key
