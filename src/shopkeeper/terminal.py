"""What a person sees in the terminal: progress bars on long work, and results as tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from shopkeeper.recommenders.blend import Blend
from shopkeeper.surfaces.adverts import MICROS

if TYPE_CHECKING:
    from shopkeeper.catalog.completion import Completion
    from shopkeeper.catalog.describe import Description
    from shopkeeper.catalog.outcome import Tagging
    from shopkeeper.core.types import Balance
    from shopkeeper.data.report import ImportReport
    from shopkeeper.evaluation import backtest
    from shopkeeper.evaluation.findings import Evaluation
    from shopkeeper.metrics.interval import Interval
    from shopkeeper.privacy.erasure import Receipt
    from shopkeeper.propensity.clicks import Learned
    from shopkeeper.propensity.uplift import Found
    from shopkeeper.surfaces.campaign import CampaignResponse
    from shopkeeper.surfaces.forecast import Forecast
    from shopkeeper.surfaces.next_action import NextAction
    from shopkeeper.surfaces.page import Answer, Card, Homepage, SearchPage
    from shopkeeper.surfaces.segmentation import Segmentation
    from shopkeeper.training.train import Training
    from shopkeeper.training.update import Update

_CONSOLE = Console()
_SHOWN = {
    "NDCG@10": "ndcg@10",
    "recall": "recall@10",
    "hit rate": "hit_rate@10",
    "MRR": "mrr@10",
    "coverage": "coverage@10",
}


@contextmanager
def bars() -> Iterator[backtest.Progress]:
    """Progress bars on standard error, one a stage; where that is no terminal, only what is finished."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<44}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        yield _Stages(shown)


class _Stages:
    """One bar for each stage, in the order the stages begin."""

    def __init__(self, shown: Progress) -> None:
        self._shown = shown
        self._bars: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """See `evaluation.backtest.Progress`."""
        bar = self._bars.get(stage)
        if bar is None:
            bar = self._bars[stage] = self._shown.add_task(stage, total=None)
        self._shown.update(bar, completed=done, total=total or None)


def show_import(report: ImportReport) -> None:
    """Print what an import did."""
    for line in report.lines():
        _say(line)


def show_training(training: Training) -> None:
    """Print what a training found, and whether the model went live."""
    for rule in training.rules:
        if rule.rows:
            _say(f"  {rule.sentence}")
    _show_sources(training)
    if training.evaluation is not None:
        show_evaluation(training.evaluation)
    state = "[green]live[/green]" if training.promoted else "[yellow]kept aside[/yellow]"
    verdict = f"Model {training.version} is {state}: {training.reason} ({training.seconds:.0f} s)"
    _CONSOLE.print(verdict, soft_wrap=True)


def show_update(done: Update) -> None:
    """Print what an update counted."""
    if not done.parts:
        _say(f"Nothing new: model {done.version} serves as it is.")
        return
    _say(f"{done.events:,} new events; rows of {done.people:,} people counted into {', '.join(done.parts)}.")
    if done.waiting:
        _say(f"{done.waiting:,} rows of items that the model does not know wait for the next training.")
    _say(f"Model {done.version} is live ({done.seconds:.1f} s)")


def _show_sources(training: Training) -> None:
    """What was considered, what it is worth alone, what it weighs in the blend, and why."""
    settings = training.settings
    if not settings.plan:
        return
    table = Table(title="What the model is made of", title_justify="left")
    table.add_column("source")
    for heading in ("NDCG@10 alone", "weight: new", "weight: known"):
        table.add_column(heading, justify="right")
    table.add_column("why")
    for choice in settings.plan:
        value = settings.validation.get(choice.name)
        weights = [part.get(choice.name, 0.0) for part in (settings.blend.weights, settings.blend.known)]
        cells = [f"{weight:.2f}" if weight else "" for weight in weights]
        table.add_row(choice.name, "" if value is None else f"{value:.4f}", *cells, _plain(choice.reason))
    for name in ("linear blend", Blend.name):
        weight = f"ranker {settings.blend.ranker:g}" if name == Blend.name else ""
        table.add_row(name, f"{settings.validation[name]:.4f}", "", "", weight)
    _CONSOLE.print(table)


def show_tagging(tagging: Tagging) -> None:
    """Print what had to be told, and how well labels were told where the truth is known."""
    for note in tagging.notes:
        _say(note)
    _say(f"{len(tagging.predictions):,} rows labelled.")
    if tagging.accuracy is not None:
        _say(f"Accuracy {tagging.accuracy:.4f}, macro F1 {tagging.macro_f1:.4f}, ECE {tagging.ece:.4f}")


def show_outcomes(rows: Sequence[Mapping[str, Any]], days: int) -> None:
    """Print what came back of messages; see `data.outbox.outcomes`."""
    if not rows:
        _say("Nothing has been sent yet.")
        return
    table = Table("action", title=f"Bought: within {days} days, because of it or not", title_justify="left")
    for heading in ("sent", "followed", "bought"):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(_plain(row["action"]), *(f"{row[name]:,}" for name in ("sent", "followed", "bought")))
    _CONSOLE.print(table)


def show_ads(learned: Mapping[str, Learned], budgets: Mapping[str, Balance]) -> None:
    """Print how well clicks were told, and how budgets stand."""
    for kind, one in learned.items():
        _say(f"{kind}: AUC {one.auc:.4f}, logarithmic loss {one.loss:.5f}, ECE {one.ece:.4f}")
    table = Table(title="Budgets", title_justify="left")
    table.add_column("campaign@day")
    for heading in ("budget", "given out", "spent"):
        table.add_column(heading, justify="right")
    for name, balance in budgets.items():
        amounts = (balance.budget, balance.taken, balance.spent)
        table.add_row(_plain(name), *(f"{amount / MICROS:,.2f}" for amount in amounts))
    _CONSOLE.print(table)


def show_uplift(found: Found) -> None:
    """Print what such data cannot tell, how well effects are ranked, and what the plan would bring."""
    for line in (*found.warnings, *found.notes):
        _say(line)
    told = {"Qini": found.whole.qini, "AUUC": found.whole.auuc}
    told |= {f"Outcome if {name} were treated": one for name, one in found.policies.items() if name != "plan"}
    told["Outcome by the plan"] = found.policies["plan"]
    for name, one in told.items():
        _say(f"{name} {one.mean:.4f} [{one.low:.4f}, {one.high:.4f}]")
    _say(
        f"Plan: treat {len(found.plan.rows):,} of {found.whole.qini.n:,}, expected spending "
        f"{found.plan.spending:,.2f}, expected profit {found.plan.profit:,.2f}; by the outcomes of the file "
        f"{found.measured.mean:,.2f} [{found.measured.low:,.2f}, {found.measured.high:,.2f}]."
    )


def show_completion(found: Completion, folder: Path) -> None:
    """Print what became of each field of the catalogue, and where the lists to look at are."""
    from shopkeeper.catalog.review import DUPLICATES, REVIEW

    table = Table(title="What was missing, and what was told", title_justify="left")
    table.add_column("field")
    for heading in ("given", "missing", "filled", "doubtful"):
        table.add_column(heading, justify="right")
    table.add_column("note")
    for one in found.fields:
        counts = (f"{count:,}" for count in (one.given, one.missing, one.filled, one.doubtful))
        table.add_row(_plain(one.field), *counts, _plain(one.note))
    _CONSOLE.print(table)
    for note in found.notes:
        _say(note)
    _say(f"{len(found.doubts):,} doubtful values: {folder / REVIEW}")
    _say(f"{len(found.duplicates):,} pairs that look like one product: {folder / DUPLICATES}")


def show_evaluation(evaluation: Evaluation) -> None:
    """Print the main figures of each model, with the interval of NDCG@10."""
    window = evaluation.window
    table = Table(
        title=f"{evaluation.protocol}: {window.requests:,} requests after {window.train_events:,} events",
        title_justify="left",
    )
    table.add_column("model")
    for heading in (*_SHOWN, "fit s"):
        table.add_column(heading, justify="right")
    for model in evaluation.models:
        figures = model.intervals["all"]
        cells = [_figure(name, figures, model.result.union) for name in _SHOWN.values()]
        table.add_row(model.name, *cells, f"{model.fit_seconds:.1f}")
    _CONSOLE.print(table)


def _figure(name: str, intervals: Mapping[str, Interval], union: Mapping[str, float]) -> str:
    value = intervals[name].mean if name in intervals else union.get(name)
    return "" if value is None else f"{value:.4f}"


def show_answer(answer: Answer) -> None:
    """Print a ranked list with reasons."""
    if answer.note:
        _say(answer.note)
    _CONSOLE.print(_cards(answer.items, f"Model {answer.model_version}"))


def show_homepage(page: Homepage) -> None:
    """Print a homepage row by row."""
    if not page.rows:
        _say("Nothing to show yet: too few items are known for a row.")
    for row in page.rows:
        _CONSOLE.print(_cards(row.cards, row.title_en))


def show_search(page: SearchPage) -> None:
    """Print results, and in which categories they lie."""
    _CONSOLE.print(_cards(page.results, f"{page.count:,} found"))
    if page.facets.categories:
        _say(", ".join(f"{one.name} {one.count}" for one in page.facets.categories))


def show_forecasts(forecasts: Sequence[Forecast], most: int = 20) -> None:
    """Print the likeliest, at most ``most``, and how many there are."""
    table = Table(title=f"{len(forecasts):,} customers", title_justify="left")
    for heading in ("customer", "probability", "action", "why"):
        table.add_column(heading, justify="right" if heading == "probability" else "left")
    for one in forecasts[:most]:
        why = "; ".join(one.reasons)
        table.add_row(_plain(one.customer_id), f"{one.probability:.3f}", one.action, _plain(why))
    _CONSOLE.print(table)


def show_responses(responses: Sequence[CampaignResponse], most: int = 20) -> None:
    """Print who is likeliest to take up a campaign, at most ``most``, and how many are expected to."""
    expected = sum(one.probability for one in responses)
    table = Table(title=f"{len(responses):,} customers, {expected:,.0f} expected", title_justify="left")
    table.add_column("customer")
    table.add_column("probability", justify="right")
    for one in responses[:most]:
        table.add_row(_plain(one.customer_id), f"{one.probability:.3f}")
    _CONSOLE.print(table)


def show_actions(actions: Sequence[NextAction], most: int = 20) -> None:
    """Print how many customers get which action, and the most profitable, at most ``most``."""
    counted = Counter(one.action for one in actions)
    _say(", ".join(f"{name}: {count:,}" for name, count in counted.most_common()) or "Nobody.")
    table = Table(title="Most profitable", title_justify="left")
    for heading in ("customer", "action", "profit", "cost", "stage", "why"):
        table.add_column(heading, justify="right" if heading in ("profit", "cost") else "left")
    for one in actions[:most]:
        figures = (f"{one.expected_profit:.2f}", f"{one.expected_cost:.2f}")
        why = "; ".join(one.reasons)
        table.add_row(_plain(one.customer_id), one.action, *figures, one.stage, _plain(why))
    _CONSOLE.print(table)


def show_segments(found: Segmentation) -> None:
    """Print how large segments are, and who moved."""
    table = Table(title=f"{found.customers:,} customers by {found.by}", title_justify="left")
    for heading in ("segment", "customers", "share"):
        table.add_column(heading, justify="left" if heading == "segment" else "right")
    for one in found.segments:
        table.add_row(_plain(one.segment), f"{one.size:,}", f"{one.share:.1%}")
    _CONSOLE.print(table)
    for pair in found.overlap:
        if pair.segment < pair.other:
            _say(f"{pair.segment} and {pair.other} share {pair.size:,}.")
    for move in found.movement:
        if move.before != move.after:
            _say(f"{move.size:,} moved from {move.before or 'outside'} to {move.after or 'outside'}.")


def _cards(cards: Sequence[Card], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("item", "title", "price", "why", "source"):
        table.add_column(heading, justify="right" if heading == "price" else "left")
    for card in cards:
        price = "" if card.price is None else f"{card.price:.2f} {card.currency}"
        table.add_row(
            *(_plain(text) for text in (card.item_id, card.title, price, card.reason.en, card.source))
        )
    return table


def _plain(text: str) -> str:
    """Text of a shop with nothing in it that the terminal would read as markup."""
    return text.replace("[", r"\[")


def show_description(found: Description) -> None:
    """Print what was described, by whom, and what a chat model was asked in vain."""
    for what, described in (("products", found.products), ("customers", found.customers)):
        sources = Counter(tags[0].source for tags in described.values() if tags)
        told = ", ".join(f"{count:,} by {source}" for source, count in sources.most_common())
        _say(f"{len(described):,} {what}: {told or 'nothing to say'}.")
    texts = [text.source for text in found.campaigns.values()]
    reasons = [reason.source for of in found.reasons.values() for reason in of.values()]
    for what, said in (("campaigns", texts), ("reasons", reasons)):
        if said:
            told = ", ".join(f"{count:,} by {source}" for source, count in Counter(said).most_common())
            _say(f"{len(said):,} {what}: {told}.")
    for reason, count in found.given_up.items():
        _say(f"The chat model was asked {count:,} times in vain: {reason}.")


def show_receipt(receipt: Receipt) -> None:
    """Print what was deleted of a person."""
    tables = ", ".join(f"{count:,} of {table}" for table, count in receipt.deleted.items())
    _say(f"Forgot {receipt.person}: {receipt.rows:,} rows deleted ({tables}).")
    if not receipt.complete:
        _CONSOLE.print("Something arrived meanwhile; run the same command again.", style="yellow")


def _say(line: str) -> None:
    """Print a line as it is, not broken at the width of the terminal."""
    _CONSOLE.print(line, markup=False, highlight=False, soft_wrap=True)
