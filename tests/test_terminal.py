"""What is printed is what was meant, brackets included."""

from io import StringIO

import pytest
from rich.console import Console

from shopkeeper import terminal
from shopkeeper.data.clean import RuleReport
from shopkeeper.training.plan import Choice
from shopkeeper.training.portfolio import Settings
from shopkeeper.training.train import Training


@pytest.fixture
def printed(monkeypatch):
    out = StringIO()
    monkeypatch.setattr(terminal, "_CONSOLE", Console(file=out, width=200))
    return out


def training(reason, rules: tuple[RuleReport, ...] = ()):
    choice = Choice("transformer", False, reason, 1.0, 1.0)
    settings = Settings(plan=(choice,), validation={"linear blend": 0.5, "shopkeeper": 0.6})
    return Training("v1", True, "The first model.", settings, None, rules, 1.0)


def test_a_reason_is_printed_whole(printed):
    terminal.show_training(training('needs torch: pip install "shopkeeper[deep]"'))
    assert 'pip install "shopkeeper[deep]"' in printed.getvalue()
    assert "Model v1 is live: The first model. (1 s)" in printed.getvalue()
