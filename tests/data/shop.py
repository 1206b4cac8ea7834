"""A small shop for tests of the data path."""

from pathlib import Path
from typing import Any

from shopkeeper.core.config import ShopConfig
from shopkeeper.data.importing import import_source
from shopkeeper.data.report import ImportReport
from shopkeeper.data.store import Store
from shopkeeper.privacy.identity import Identity

NOW = 1_700_000_000_000
IDENTITY = Identity(b"k" * 32)
CONFIG = ShopConfig()


def bring_in(store: Store, source: Any, *, kind: str = "events", **options: Any) -> ImportReport:
    """Import with the test shop's settings, and hold the report to its invariant."""
    settings: dict[str, Any] = {"config": CONFIG, "identity": IDENTITY, "now": NOW} | options
    report = import_source(store, source, kind=kind, **settings)
    assert report.rows_read == report.stored + report.duplicates + report.quarantined
    return report


def reasons(report: ImportReport) -> dict[str, list[int]]:
    """Line numbers of the examples by reason."""
    return {refusal.reason.value: [line for line, _ in refusal.examples] for refusal in report.refusals}


def write(path: Path, content: str | bytes) -> Path:
    """A file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
