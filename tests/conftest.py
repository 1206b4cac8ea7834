"""Fixtures every test may use, and the rule about skipping.

Tests marked ``server`` or ``browser`` are skipped where no server or browser is at hand, with the reason.
``SHOPKEEPER_FORBID_SKIPS=1`` turns any skipped test into a failed run.
"""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import reach

settings.register_profile(
    "shopkeeper", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shopkeeper")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this machine cannot run."""
    for item in items:
        reason = _fault(item)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def _fault(item: pytest.Item) -> str | None:
    for mark in item.iter_markers("server"):
        faults = [reach.server_fault(kind) for kind in mark.args or reach.SERVERS]
        if any(faults):
            return next(filter(None, faults))
    return reach.browser_fault() if item.get_closest_marker("browser") else None


@pytest.fixture
def postgresql_url() -> Iterator[str]:
    """URL of an empty PostgreSQL database; the test needs ``@pytest.mark.server("postgresql")``."""
    with reach.fresh_database("postgresql") as url:
        yield url


@pytest.fixture
def mysql_url() -> Iterator[str]:
    """URL of an empty MySQL or MariaDB database; the test needs ``@pytest.mark.server("mysql")``."""
    with reach.fresh_database("mysql") as url:
        yield url


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    """A headless Chromium, 1280 x 900; the test needs ``@pytest.mark.browser``."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = reach.chromium() or ""
    for flag in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-dev-shm-usage",
        # A browser that is tested calls nobody.
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "window-size=1280,900",
        f"user-data-dir={tmp_path / 'browser'}",
    ):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=Service(reach.chromedriver()))
    yield driver
    driver.quit()


def _skipped(config: pytest.Config) -> list[Any]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return [] if reporter is None else reporter.stats.get("skipped", [])


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that must not skip anything."""
    forbidden = os.environ.get("SHOPKEEPER_FORBID_SKIPS") == "1"
    if forbidden and _skipped(session.config) and not hasattr(session.config, "workerinput"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say in one line a reason what was not tested here."""
    reasons = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in _skipped(config)
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.items():
        terminalreporter.write_line(f"NOT TESTED HERE: {count} test{'s' if count > 1 else ''}: {reason}")
    if reasons and os.environ.get("SHOPKEEPER_FORBID_SKIPS") == "1":
        terminalreporter.write_line("SHOPKEEPER_FORBID_SKIPS=1: a skipped test fails the run.", red=True)
