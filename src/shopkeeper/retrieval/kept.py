"""Folders that are made once and read by many processes: whole or not there, named by what is in them."""

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from time import sleep
from typing import Final

_LOCK: Final = ".lock"
_PAUSE: Final = 0.1
"""Seconds between two tries of a lock."""


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


@contextmanager
def alone(folder: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Be the only one among all processes and threads that makes what a folder keeps.

    Whoever waits should look again for what another may have made meanwhile. A process that dies lets go.

    Parameters
    ----------
    folder
        Made where it is not there.
    waiting
        Called again and again while somebody else is at it; what it raises ends the waiting.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                waiting()
                sleep(_PAUSE)
        yield
