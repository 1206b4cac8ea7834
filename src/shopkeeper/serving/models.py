"""The live model: loaded from the folder training promotes into, and swapped without losing a request."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock, Thread
from time import monotonic

from shopkeeper.core.errors import NotTrained, ShopkeeperError
from shopkeeper.recommenders.model import Model

_Mark = tuple[int, int, int, str]


class LiveModel:
    """The model behind ``models/current``, followed as it changes.

    A request takes the model once, through `current`, and keeps it to its end; a swap changes what the next
    request takes. A version that cannot be loaded is told in `problem` and left alone until ``current``
    changes again; the one before goes on serving.

    Parameters
    ----------
    folder
        The shop's ``models`` folder; it may not exist yet.
    load
        Reads the model of that folder's current version; raises a `ShopkeeperError` if it cannot.
    every
        Seconds between two looks at ``current``.
    """

    def __init__(self, folder: Path, load: Callable[[Path], Model], *, every: float = 1.0) -> None:
        self._path = folder / "current"
        self._folder = folder
        self._load = load
        self._every = every
        self._looked = float("-inf")
        self._mark: _Mark | None = None
        self._model: Model | None = None
        self._problem = ""
        self._lock = Lock()
        self._loader: Thread | None = None
        self._prepare: list[Callable[[Model], None]] = []

    def prepare_with(self, prepare: Callable[[Model], None]) -> None:
        """Have something done with every model before it serves."""
        self._prepare.append(prepare)

    @property
    def folder(self) -> Path:
        """The shop's ``models`` folder."""
        return self._folder

    @property
    def problem(self) -> str:
        """Why the newest version is not the one that serves; empty if it is."""
        return self._problem

    def current(self) -> Model | None:
        """The live model; None before the first training. Costs one ``stat`` a second at most."""
        if monotonic() - self._looked >= self._every:
            self._look()
        return self._model

    def required(self) -> Model:
        """The live model.

        Raises
        ------
        NotTrained
            There is none yet.
        """
        model = self.current()
        if model is None:
            raise NotTrained(
                self._problem or "No model has been trained yet.",
                hint="Train one with: shopkeeper train --shop DIR",
            )
        return model

    def _look(self) -> None:
        """Start loading if ``current`` has changed; the first model is waited for, later ones are not."""
        with self._lock:
            self._looked = monotonic()
            mark = _mark(self._path)
            if mark == self._mark or (self._loader is not None and self._loader.is_alive()):
                return
            self._mark = mark
            if mark is None:
                return
            if self._model is None:
                self._swap()
                return
            self._loader = Thread(target=self._swap, name="model-loader", daemon=True)
            self._loader.start()

    def _swap(self) -> None:
        try:
            model = self._load(self._folder)
            for prepare in self._prepare:
                prepare(model)
            self._model, self._problem = model, ""
        except ShopkeeperError as error:
            self._problem = str(error)
        except Exception as error:  # A damaged folder must never take down a shop that serves.
            self._problem = f"The newest model could not be loaded: {type(error).__name__}: {error}"


def _mark(path: Path) -> _Mark | None:
    """What changes when ``current`` is replaced, be it a link or a file."""
    try:
        stat = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
    except FileNotFoundError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size, target
