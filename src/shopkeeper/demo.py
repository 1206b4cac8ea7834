"""A shop to walk through: a year of real purchases, or a generated shop, from import to a served page."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from shopkeeper.app import Shop, create_shop, open_shop
from shopkeeper.core.errors import NotTrained
from shopkeeper.data.report import ImportReport
from shopkeeper.data.sources.named import COMPLETE_JOURNEY
from shopkeeper.data.synthetic import generate
from shopkeeper.evaluation.backtest import Progress
from shopkeeper.evaluation.evaluate import peak_rss_mb
from shopkeeper.evaluation.report import write_report
from shopkeeper.terminal import bars, show_import, show_training
from shopkeeper.training.promote import current_version
from shopkeeper.training.train import Training

FOLDERS: Final = {"journey": Path("demo-shop"), "generated": Path("demo-shop-generated")}
_KINDS: Final = ("items", "customers", "campaigns", "events")
_NAMES: Final = {"journey": "The Corner Grocery", "generated": "The Generated Shop"}
_CONFIG: Final = 'language = "en"\ncurrency = "USD"\n[retrain]\nevery_hours = 24\n'
"""It trains by itself, and so looks at its customers as soon as it serves."""
_GENERATED: Final = {"customers": 1_000, "items": 1_500, "days": 180, "seed": 7}
_BUDGET: Final = 60.0
"""Seconds for choosing what to train: the first page should stand after three minutes on two cores."""
REPORT: Final = "evaluation.html"


def open_demo(which: str, folder: Path | None = None) -> Path:
    """Make the demonstration shop, or take the one that is there, and return its folder.

    Parameters
    ----------
    which
        ``journey`` (real purchases of a grocery chain) or ``generated``.
    folder
        Where to; `FOLDERS` tells the default.
    """
    folder = folder or FOLDERS[which]
    start = time.perf_counter()
    with _shop(which, folder) as shop:
        if _is_trained(shop):
            Console().print(f"Using the shop in {folder}; delete that folder to begin again.", markup=False)
            return folder
        _import(shop, which)
        training = _train(shop)
        _summary(shop, training, time.perf_counter() - start)
    return folder


def _shop(which: str, folder: Path) -> Shop:
    if (folder / "shopkeeper.toml").exists():
        return open_shop(folder)
    return create_shop(folder, f'name = "{_NAMES[which]}"\n{_CONFIG}')


def _is_trained(shop: Shop) -> bool:
    try:
        current_version(shop.models)
    except NotTrained:
        return False
    return True


def _import(shop: Shop, which: str) -> None:
    with bars() as progress:
        reports = list(_journey(shop, progress) if which == "journey" else _generated(shop, progress))
    for report in reports:
        show_import(report)


def _journey(shop: Shop, progress: Progress) -> Iterator[ImportReport]:
    for kind in _KINDS:
        yield shop.import_(COMPLETE_JOURNEY, kind=kind, progress=progress)


def _generated(shop: Shop, progress: Progress) -> Iterator[ImportReport]:
    progress("generate the shop", 0, 1)
    made = generate(**_GENERATED)
    progress("generate the shop", 1, 1)
    for kind in (*_KINDS, "ties"):
        yield shop.import_frames(kind, iter([getattr(made, kind)]), progress=progress)


def _train(shop: Shop) -> Training:
    with bars() as progress:
        training = shop.train(budget=_BUDGET, progress=progress)
    show_training(training)
    return training


def _summary(shop: Shop, training: Training, seconds: float) -> None:
    table = Table(title="The shop is ready", title_justify="left", show_header=False)
    counts = shop.store.counts()
    table.add_row("events stored", f"{counts['events']:,}")
    table.add_row("items, customers", f"{counts['items']:,}, {counts['customers']:,}")
    table.add_row("set aside", f"{counts['quarantine']:,}")
    if training.evaluation is not None:
        path = shop.folder / REPORT
        write_report(training.evaluation, path)
        for model in training.evaluation.models:
            table.add_row(f"NDCG@10, {model.name}", f"{model.intervals['all']['ndcg@10'].mean:.4f}")
        table.add_row("report", str(path))
    table.add_row("from import to here", f"{seconds:.0f} s")
    table.add_row("memory at the peak", f"{peak_rss_mb() / 1024:.1f} GB")
    Console().print(table)
