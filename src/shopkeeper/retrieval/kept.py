"""Folders that are made once and read by many processes: whole or not there, named by what is in them."""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path


def fingerprint(columns: Mapping[str, Sequence[str]]) -> str:
    """A name for columns of texts that changes whenever one of them does."""
    digest = blake2b(digest_size=12)
    for name in sorted(columns):
        digest.update(f"{name}\x1d".encode())
        for text in columns[name]:
            digest.update(text.encode("utf-8", "replace") + b"\x1f")
    return digest.hexdigest()


def publish(parent: Path, name: str, write: Callable[[Path], object]) -> Path:
    """Write a folder aside and give it its name by one rename; where another process was faster, its stays.

    Older folders of the same kind, which is what stands before the last ``-`` of the name, are deleted.
    """
    parent.mkdir(parents=True, exist_ok=True)
    target = parent / name
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=parent))
    try:
        write(draft)
        with suppress(OSError):  # a folder of that name with something in it was published meanwhile
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    for other in parent.glob(f"{name.rpartition('-')[0]}-*"):
        if other != target:
            shutil.rmtree(other, ignore_errors=True)
    return target
