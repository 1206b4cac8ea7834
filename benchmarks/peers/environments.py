"""Each peer in a virtual environment of its own, at pinned versions.

    python -m benchmarks.peers.environments [FOLDER]

makes ``FOLDER/implicit`` and ``FOLDER/rectools`` (FOLDER: ``build/peers``) from the requirement files beside
this one, and does nothing where they stand already. The CPU build of torch is wanted, which the default index
does not offer on every platform; what pip finds is printed.
"""

import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
FOLDER: Final = ROOT / "build" / "peers"
FIRST: Final = ("torch==",)
"""Installed before the others: what asks for any torch would bring one with gigabytes of CUDA."""


def environments() -> list[str]:
    """Names of the environments."""
    return sorted(path.stem.removeprefix("requirements-") for path in HERE.glob("requirements-*.txt"))


def ready(name: str, folder: Path = FOLDER) -> Path:
    """Python of an environment that has exactly what its requirements say, made where it is missing."""
    wanted = HERE / f"requirements-{name}.txt"
    home = folder / name
    python, stamp = home / "bin" / "python", home / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted.read_text():
        return python
    print(f"making {home}: {', '.join(wanted.read_text().split())}", flush=True)
    venv.create(home, with_pip=True, clear=True)
    first = [line for line in wanted.read_text().split() if line.startswith(FIRST)]
    for arguments in ([*first] if first else None, ["-r", str(wanted)]):
        if arguments:
            subprocess.run([python, "-m", "pip", "install", "--quiet", *arguments], check=True)
    stamp.write_text(wanted.read_text())
    return python


def main(arguments: list[str]) -> None:
    """Make all environments."""
    folder = Path(arguments[0]) if arguments else FOLDER
    for name in environments():
        python = ready(name, folder)
        subprocess.run([python, "-m", "pip", "list", "--format", "freeze"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
