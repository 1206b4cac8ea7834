"""Models on disk: written whole, checked by checksum, and made current by one atomic rename.

::

    models/
      current                 the version that serves, one line
      20261123T025900Z-3f2a/
        manifest.json         format, window of the data, figures, checksums
        items.parquet         the catalogue at the time of training
        blend/                what `Blend.save` writes
"""

import hashlib
import json
import os
import secrets
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import CorruptModel, DiskFull, NotTrained
from shopkeeper.data.attributes import AttributeIndex
from shopkeeper.data.dataset import Dataset, ItemIndex
from shopkeeper.learners.contrastive import Projection
from shopkeeper.learners.queries import Adaptation
from shopkeeper.recommenders.blend import Blend
from shopkeeper.recommenders.files import read_state, write_state
from shopkeeper.recommenders.fresh import NOTHING_TRIED, Seen, Tried
from shopkeeper.recommenders.model import Model
from shopkeeper.recommenders.nearness import Nearness
from shopkeeper.recommenders.registry import RECOMMENDERS

FORMAT: Final = 2
"""Raised when older folders can no longer be read."""
OWN: Final = Blend.name
"""Under which name a manifest keeps the figures of the model itself, beside those of its contestants."""
MANIFEST: Final = "manifest.json"
CURRENT: Final = "current"
_ITEMS, _BLEND, _SEARCH, _NEAR = "items.parquet", "blend", "search", "near"


def new_version(now: datetime | None = None) -> str:
    """Name for a model: sorts by time, and two trained in one second differ."""
    return f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def save_model(
    models: Path,
    blend: Blend,
    dataset: Dataset,
    facts: dict[str, Any],
    adaptation: Adaptation | None = None,
    near: Nearness | None = None,
) -> str:
    """Write a model into a folder of its own and return its version; it is not current yet.

    Parameters
    ----------
    models
        The shop's ``models`` folder.
    blend, dataset
        What was trained, and on what: catalogue and names of attributes are kept.
    facts
        Anything JSON can hold: data window, settings, figures. Kept in the manifest.
    adaptation
        How search reads queries and items.
    near
        How alike items are.

    Raises
    ------
    DiskFull
        The model could not be written; nothing of it stays.
    """
    version = new_version()
    draft = models / f".{version}"
    try:
        if adaptation is not None:
            _write_adaptation(draft / _SEARCH, adaptation)
        if near is not None:
            near.save(draft / _NEAR)
        _write(draft, version, blend, dataset, facts)
        draft.rename(models / version)
        _sync(models)
    except (OSError, pl.exceptions.PolarsError) as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise DiskFull(
            f"The new model could not be written to {models}: {error}.",
            hint="Free some space and train again; the model that serves stays.",
        ) from None
    return version


def _write(draft: Path, version: str, blend: Blend, dataset: Dataset, facts: dict[str, Any]) -> None:
    blend.save(draft / _BLEND)
    dataset.items.table.write_parquet(draft / _ITEMS)
    manifest = {
        "format": FORMAT,
        "version": version,
        "checksums": _checksums(draft),
        "attributes": asdict(dataset.attributes),
        **facts,
    }
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    for path in (*draft.rglob("*"), draft):
        _sync(path)


def load_model(folder: Path) -> Model:
    """Read a model after checking every file.

    Raises
    ------
    CorruptModel
        A file is missing or changed, or the folder was written by a newer Shopkeeper.
    """
    manifest = read_manifest(folder)
    _check(folder, manifest)
    blend = Blend.load(folder / _BLEND)
    table = pl.read_parquet(folder / _ITEMS)
    items = ItemIndex(tuple(table[c.ITEM_ID].to_list()), table)
    parts = {source.name: source for source in blend.sources}
    fields, values = (manifest["attributes"][part] for part in ("fields", "values"))
    attributes = AttributeIndex(tuple(fields), tuple(map(tuple, values)))
    behind, tried = int(manifest.get("behind", 0)), _tried(manifest)
    adaptation = _adaptation(folder / _SEARCH)
    near = Nearness.load(folder / _NEAR)
    return Model(folder.name, items, blend, parts, behind, attributes, tried, adaptation, near)


def _write_adaptation(folder: Path, adaptation: Adaptation) -> None:
    settings = {"encoder": adaptation.encoder, "least": adaptation.least}
    write_state(folder, settings, matrix=adaptation.projection.matrix)


def _adaptation(folder: Path) -> Adaptation | None:
    if not folder.is_dir():
        return None
    settings, arrays = read_state(folder)
    return Adaptation(settings["encoder"], Projection(arrays["matrix"]), settings["least"])


def _tried(manifest: dict[str, Any]) -> Tried:
    """What validation said of showing untouched items; nothing where nobody asked it."""
    told = manifest.get("tried", {})
    return Tried(*(Seen(**told[name]) for name in ("fresh", "usual"))) if told else NOTHING_TRIED


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read what is known of a model without loading it."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        written, _ = int(manifest["format"]), dict(manifest["checksums"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CorruptModel(f"{folder} has no readable {MANIFEST}: {error}.", hint="Train again.") from None
    if written != FORMAT:
        raise CorruptModel(
            f"{folder} has format {written}; this Shopkeeper reads format {FORMAT}.",
            hint="Train again with: shopkeeper train",
        )
    return manifest


def promote(models: Path, version: str) -> None:
    """Make a version current; readers see the old one or the new one, never neither.

    Raises
    ------
    CorruptModel
        There is no such version.
    """
    read_manifest(models / version)
    draft = models / f".{CURRENT}.{secrets.token_hex(4)}"
    draft.write_text(version + "\n", encoding="utf-8")
    _sync(draft)
    draft.replace(models / CURRENT)
    _sync(models)


def current_version(models: Path) -> str:
    """Name of the version that serves.

    Raises
    ------
    NotTrained
        Nothing has been promoted.
    """
    try:
        return (models / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise NotTrained(
            "No model has been promoted yet.", hint="Train one with: shopkeeper train --shop DIR"
        ) from None


def versions(models: Path) -> list[str]:
    """Versions on disk, oldest first."""
    return sorted(path.parent.name for path in models.glob(f"[!.]*/{MANIFEST}"))


def prune(models: Path, keep: int = 5) -> list[str]:
    """Delete all but the newest ``keep`` versions and the current one; the names of the deleted."""
    serving = current_version(models)
    newest_first = versions(models)[::-1]
    old = [version for version in newest_first[keep:] if version != serving]
    for version in old:
        shutil.rmtree(models / version)
    return old


def prune_people(models: Path) -> list[str]:
    """Delete all versions but the current one that keep anything of single people; the names of the deleted.

    Somebody who was taken out of what serves must not come back with a roll-back.
    """
    serving = current_version(models)
    old = [version for version in versions(models) if version != serving and _holds_people(models / version)]
    for version in old:
        shutil.rmtree(models / version)
    return old


def _holds_people(folder: Path) -> bool:
    """Whether a recommender of this version does; a version that cannot say is taken to."""
    try:
        settings, _ = read_state(folder / _BLEND)
        return any(RECOMMENDERS[name].holds_people for name in settings["sources"])
    except (OSError, ValueError, KeyError, BadZipFile):
        return True


def _check(folder: Path, manifest: dict[str, Any]) -> None:
    found, expected = _checksums(folder), dict(manifest["checksums"])
    wrong = sorted({name for name, _ in found.items() ^ expected.items()})
    if wrong:
        raise CorruptModel(
            f"{folder}: {', '.join(wrong)} missing, changed or added.", hint="Roll back or train again."
        )


def _checksums(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }


def _sync(path: Path) -> None:
    """Have a file, or the names in a folder, on disk before anything relies on it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
