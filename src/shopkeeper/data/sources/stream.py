"""Bytes of a file, plain or compressed, in blocks; a zip bomb is stopped before it fills anything."""

import bz2
import gzip
import importlib
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import (
    EmptySource,
    MissingDependency,
    MissingFile,
    PayloadTooLarge,
    UnreadableSource,
)

COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zip", ".zst")
BLOCK: Final = 1 << 24
FREE_BYTES: Final = 100_000_000
"""Decompressed bytes that are allowed whatever the ratio."""
_MAGIC: Final = {
    b"\x1f\x8b": ".gz",
    b"BZh": ".bz2",
    b"\xfd7zXZ": ".xz",
    b"PK\x03\x04": ".zip",
    b"\x28\xb5\x2f\xfd": ".zst",
}
_DAMAGED: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)


def existing(path: Path) -> Path:
    """The path, if it is a file with something in it.

    Raises
    ------
    MissingFile, UnreadableSource, EmptySource
        It is not.
    """
    try:
        if not path.exists():
            raise MissingFile(f"{path} does not exist.", hint="Check the spelling of the path.")
        if not path.is_file():
            raise UnreadableSource(f"{path} is not a file.", hint="Give one file at a time.")
        if path.stat().st_size == 0:
            raise EmptySource(f"{path} is empty.", hint="Check that it was written completely.")
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:
        raise UnreadableSource(f"{path} could not be opened: {error}.") from None


def inner_suffix(path: Path) -> str:
    """The suffix that tells the format: ``.csv`` for ``a.csv`` and for ``a.csv.gz``."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def compression(path: Path) -> str | None:
    """The suffix of the compression, told by the first bytes; None for a plain file."""
    with path.open("rb") as file:
        head = file.read(8)
    return next((suffix for magic, suffix in _MAGIC.items() if head.startswith(magic)), None)


def blocks(path: Path, limits: Limits) -> Iterator[bytes]:
    """The decompressed bytes of a file, `BLOCK` at a time.

    Raises
    ------
    UnreadableSource
        The compression is damaged, or an archive holds other than one file.
    PayloadTooLarge
        The file grows beyond ``limits.max_expansion``.
    MissingDependency
        Nothing here can read the compression.
    """
    size, done = path.stat().st_size, 0
    with _told(path), _opened(path) as file:
        while block := file.read(BLOCK):
            done += len(block)
            _check_expansion(path, size, done, limits)
            yield block


def _check_expansion(path: Path, packed: int, unpacked: int, limits: Limits) -> None:
    if unpacked > FREE_BYTES and unpacked > packed * limits.max_expansion:
        raise PayloadTooLarge(
            f"{path} unpacks to more than {limits.max_expansion:g} times its size: it may be a zip bomb.",
            hint="If the file is right, raise limits.max_expansion or unpack it first.",
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise UnreadableSource(
            f"{path} is damaged: {error or type(error).__name__}.", hint="Fetch or write it again."
        ) from None


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    kind = compression(path)
    if kind == ".zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only_member(path, archive)) as file:
            yield file
    else:
        with _OPENERS[kind](path) as file:
            yield file


def _only_member(path: Path, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise UnreadableSource(
            f"{path} holds {len(members)} files; it should hold one.", hint="Unpack it and import each file."
        )
    return members[0]


def _open_xz(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", lzma.open(path))


def _open_zst(path: Path) -> IO[bytes]:
    """Open with what is there: Python 3.14's own module, its backport, or ``zstandard``."""
    for name in ("compression.zstd", "backports.zstd", "zstandard"):
        try:
            module: Any = importlib.import_module(name)
        except ImportError:
            continue
        return cast("IO[bytes]", module.open(path, "rb"))
    raise MissingDependency(
        f"{path} is compressed with Zstandard, which this Python cannot read.",
        hint="Install it with: pip install zstandard; or unpack the file with: zstd -d",
    )


_OPENERS: Final[dict[str | None, Callable[[Path], IO[bytes]]]] = {
    None: lambda path: path.open("rb"),
    ".gz": lambda path: cast("IO[bytes]", gzip.GzipFile(path)),
    ".bz2": lambda path: cast("IO[bytes]", bz2.BZ2File(path)),
    ".xz": _open_xz,
    ".zst": _open_zst,
}
