"""The command line: every verb of `app.Shop`; exit code 2 stands for what a person can mend.

A command imports what it needs when it runs, so that ``--help`` answers at once.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from shopkeeper import __version__
from shopkeeper.core.errors import InvalidRequest, ShopkeeperError

_KINDS = ("events", "items", "customers", "campaigns", "ties")
_DEMO_PORT = 8080
_KINDNESS = 10
"""Training gives way to a service on the same machine."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 2 for a mistake that is told, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except ShopkeeperError as error:
        print(f"shopkeeper: {error.message}", file=sys.stderr)
        if error.hint:
            print(error.hint, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("shopkeeper: interrupted; what was acknowledged is kept.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough.
        sys.stderr.close()
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="shopkeeper", description="An open-source personalization engine for online shops."
    )
    parser.add_argument("--version", action="version", version=f"shopkeeper {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_init(commands)
    _add_import(commands)
    _add_train(commands)
    _add_fine_tune(commands)
    _add_update(commands)
    _add_evaluate(commands)
    _add_recommend(commands)
    _add_search(commands)
    _add_homepage(commands)
    _add_describe(commands)
    _add_churn(commands)
    _add_purchase(commands)
    _add_response(commands)
    _add_segments(commands)
    _add_snapshot(commands)
    _add_actions(commands)
    _add_deliver(commands)
    _add_outcomes(commands)
    _add_ads(commands)
    _add_serve(commands)
    _add_forget(commands)
    _add_tag(commands)
    _add_uplift(commands)
    _add_demo(commands)
    return parser


def _command(commands: Any, name: str, run: Callable[[argparse.Namespace], None], about: str) -> Any:
    command = commands.add_parser(name, help=about, description=about)
    command.set_defaults(run=run)
    return command


def _add_shop(command: Any) -> None:
    command.add_argument("--shop", type=Path, required=True, metavar="DIR", help="the shop's folder")


def _add_init(commands: Any) -> None:
    command = _command(commands, "init", _init, "Create a shop in a folder.")
    command.add_argument("folder", type=Path, metavar="DIR")


def _add_import(commands: Any) -> None:
    command = _command(commands, "import", _import, "Import a file, a database query, or a source by name.")
    command.add_argument(
        "source", metavar="SOURCE", help="a file, a database URL with --query, or complete-journey"
    )
    _add_shop(command)
    command.add_argument("--kind", choices=_KINDS, required=True)
    command.add_argument("--format", help="csv, jsonl, parquet, ga4, sql ... where the name does not tell")
    command.add_argument(
        "--map",
        action="extend",
        nargs="+",
        default=[],
        metavar="OURS=THEIRS",
        help="our column name and theirs, for columns that are not guessed",
    )
    command.add_argument("--query", help="SQL, where SOURCE is a database URL")


def _add_train(commands: Any) -> None:
    command = _command(commands, "train", _train, "Train a model on everything in the log.")
    _add_shop(command)
    command.add_argument("--test-days", type=float, help="length of the test (default: 28, or a fifth)")
    _add_budget(command)
    command.add_argument("--report", type=Path, metavar="HTML", help="where to write the report")


def _add_fine_tune(commands: Any) -> None:
    about = "Fine-tune the text encoder on the shop's log, on a GPU."
    command = _command(commands, "fine-tune", _fine_tune, about)
    _add_shop(command)
    command.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the encoder to write")


def _add_update(commands: Any) -> None:
    about = "Count what came in since the last training into the model that serves."
    _add_shop(_command(commands, "update", _update, about))


def _add_budget(command: Any) -> None:
    command.add_argument(
        "--time-budget",
        type=float,
        default=165.0,
        metavar="SECONDS",
        help="about how long choosing what to train may take (default: 165)",
    )


def _add_evaluate(commands: Any) -> None:
    command = _command(commands, "evaluate", _evaluate, "Measure models on a file of events.")
    command.add_argument("--events", type=Path, required=True, metavar="FILE", help="CSV or Parquet")
    command.add_argument("--items", type=Path, metavar="FILE", help="the catalogue")
    command.add_argument("--test", type=Path, metavar="FILE", help="test sessions, for --protocol sessions")
    command.add_argument("--protocol", required=True, help="last-out, time or sessions")
    command.add_argument(
        "--model",
        action="extend",
        nargs="+",
        metavar="NAME",
        help="models to measure (default: shopkeeper popular)",
    )
    command.add_argument("--test-days", type=float, help="length of the test period, for --protocol time")
    command.add_argument(
        "--refit", action="store_true", help="finally fit on all but the last event, for --protocol last-out"
    )
    _add_budget(command)
    command.add_argument("--seed", type=int, default=0, help="of everything random (default: 0)")
    command.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the figures")
    command.add_argument("--lists", type=Path, metavar="PARQUET", help="where to write every answer")
    command.add_argument("--report", type=Path, metavar="HTML", help="where to write a report with plots")


def _add_recommend(commands: Any) -> None:
    command = _command(commands, "recommend", _recommend, "Recommend items for a customer or after items.")
    _add_shop(command)
    whom = command.add_mutually_exclusive_group(required=True)
    whom.add_argument("--customer", metavar="ID")
    whom.add_argument("--items", metavar="A,B,C", help="a history, the last item last")
    whom.add_argument("--everybody", action="store_true", help="all customers of the log, into --out")
    whom.add_argument("--customers", type=Path, metavar="FILE", help="those in a file, into --out")
    command.add_argument("--out", type=Path, metavar="PARQUET", help="file for the lists of many customers")
    command.add_argument("-k", type=int, default=10, help="length of the list (default: 10)")
    command.add_argument("--json", action="store_true")


def _add_search(commands: Any) -> None:
    command = _command(commands, "search", _search, "Find items by the words and the meaning of a query.")
    command.add_argument("query", metavar="QUERY", help="what to look for")
    _add_shop(command)
    command.add_argument("--customer", metavar="ID", help="in the order that suits this customer")
    command.add_argument("-k", type=int, default=10, help="most results (default: 10)")
    command.add_argument("--json", action="store_true")


def _add_homepage(commands: Any) -> None:
    command = _command(commands, "homepage", _homepage, "Compose the homepage of a customer.")
    _add_shop(command)
    command.add_argument("--customer", metavar="ID", help="without it, a guest's page")
    command.add_argument("--json", action="store_true")


def _add_describe(commands: Any) -> None:
    about = "Say in words what products and campaigns are, what interests customers, and why."
    command = _command(commands, "describe", _describe, about)
    _add_shop(command)
    command.add_argument("--limit", type=int, metavar="N", help="most products and most customers")
    command.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write it")


def _add_churn(commands: Any) -> None:
    about = "Tell who will buy nothing within a horizon, why, and what to do."
    _add_forecast(_command(commands, "churn", _churn, about))


def _add_purchase(commands: Any) -> None:
    about = "Tell who will buy within a horizon, of what, and for how much."
    _add_forecast(_command(commands, "purchase", _purchase, about))


def _add_forecast(command: Any) -> None:
    _add_shop(command)
    command.add_argument("--as-of", required=True, metavar="DATE", help="the moment; nothing later is read")
    command.add_argument("--horizon", type=int, required=True, metavar="DAYS", help="how far to look ahead")
    command.add_argument("--customers", type=Path, metavar="FILE", help="those in a file, by your own ids")
    command.add_argument("--json", action="store_true")


def _add_response(commands: Any) -> None:
    command = _command(commands, "response", _response, "Tell who is likely to take up a campaign.")
    _add_shop(command)
    command.add_argument("--as-of", required=True, metavar="DATE", help="the moment; nothing later is read")
    command.add_argument("--campaign", required=True, metavar="ID", help="its campaign_id")
    command.add_argument(
        "--learn-until", metavar="DATE", help="learn from what was known by then alone (default: --as-of)"
    )
    command.add_argument("--customers", type=Path, metavar="FILE", help="those in a file, by your own ids")
    command.add_argument("--json", action="store_true")


def _add_segments(commands: Any) -> None:
    about = "Divide customers by rules, stage of life, recency-frequency-money, or likeness."
    command = _command(commands, "segments", _segments, about)
    _add_shop(command)
    command.add_argument("--as-of", required=True, metavar="DATE", help="the moment; nothing later is read")
    command.add_argument("--by", default="rfm", help="rules, stage, rfm or clusters (default: rfm)")
    command.add_argument(
        "--rule",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME=RULE",
        help='in place of those of shopkeeper.toml, such as: regulars="frequency >= 10"',
    )
    command.add_argument("--since", metavar="DATE", help="an earlier moment, to tell who moved")
    command.add_argument("--out", type=Path, metavar="CSV", help="where to write who is in which segment")
    command.add_argument("--customers", type=Path, metavar="FILE", help="into --out, by your own ids")
    command.add_argument("--json", action="store_true")


def _add_snapshot(commands: Any) -> None:
    about = "Look at all customers, and keep what the dashboard shows of them."
    command = _command(commands, "snapshot", _snapshot, about)
    _add_shop(command)
    command.add_argument("--as-of", metavar="TIME", help="the moment (default: that of the shop)")
    command.add_argument("--horizon", type=int, default=28, metavar="DAYS", help="days ahead (default: 28)")


def _add_actions(commands: Any) -> None:
    about = "Tell what to do next about each customer: recommend, remind, offer, win back, or leave alone."
    command = _command(commands, "actions", _actions, about)
    _add_forecast(command)
    command.add_argument("--budget", type=float, help="most that all actions may cost (default: no limit)")
    command.add_argument("--only", metavar="A,B", help='of these kinds alone, such as "remind,win back"')
    command.add_argument("--out", type=Path, metavar="CSV", help="where to write the list")
    command.add_argument("--approve", action="store_true", help="let them wait in the outbox for deliver")


def _add_deliver(commands: Any) -> None:
    about = "Send the approved actions: into a CSV file, or to a webhook."
    command = _command(commands, "deliver", _deliver, about)
    _add_shop(command)
    where = command.add_mutually_exclusive_group(required=True)
    where.add_argument("--csv", type=Path, metavar="FILE", help="rows at the end of a file")
    where.add_argument("--webhook", metavar="URL", help="one signed POST a message")
    command.add_argument(
        "--secret-env",
        default="SHOPKEEPER_WEBHOOK_SECRET",
        metavar="NAME",
        help="environment variable with the webhook's secret (default: SHOPKEEPER_WEBHOOK_SECRET)",
    )
    command.add_argument("--customers", type=Path, metavar="FILE", help="send by your own ids in this file")


def _add_outcomes(commands: Any) -> None:
    about = "Tell what came back of the messages that were sent, by action."
    command = _command(commands, "outcomes", _outcomes, about)
    _add_shop(command)
    command.add_argument(
        "--days", type=int, default=28, help="after a message, in which a purchase counts (default: 28)"
    )
    command.add_argument("--json", action="store_true")


def _add_ads(commands: Any) -> None:
    about = "Learn click probabilities of adverts from what was clicked, and tell how budgets stand."
    command = _command(commands, "ads", _ads, about)
    _add_shop(command)
    command.add_argument("--no-learn", action="store_true", help="tell how budgets stand, and no more")
    command.add_argument("--json", action="store_true", help="for programs")


def _add_serve(commands: Any) -> None:
    command = _command(commands, "serve", _serve, "Serve the shop page and the HTTP interface.")
    _add_shop(command)
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=_DEMO_PORT)
    command.add_argument("--workers", type=int, default=1, metavar="N")


def _add_forget(commands: Any) -> None:
    command = _command(commands, "forget", _forget, "Delete everything kept of a customer, with a receipt.")
    _add_shop(command)
    command.add_argument("--customer", required=True, metavar="ID")


def _add_tag(commands: Any) -> None:
    about = "Tell missing labels of products: of a file from another, or of a shop's items from the others."
    command = _command(commands, "tag", _tag, about)
    command.add_argument("--shop", type=Path, metavar="DIR", help="a shop's folder, to complete its items")
    command.add_argument("--train", type=Path, metavar="FILE", help="products with labels to learn from")
    command.add_argument("--test", type=Path, metavar="FILE", help="products to judge")
    command.add_argument("--target", metavar="COLUMN", help="the column to tell")
    command.add_argument(
        "--text",
        action="extend",
        nargs="+",
        default=[],
        metavar="COLUMN",
        help="columns with words (default: guessed)",
    )
    command.add_argument("--image", metavar="COLUMN", help="column with names of picture files")
    command.add_argument("--image-dir", type=Path, metavar="DIR", help="folder of the pictures")
    command.add_argument("--zero-shot", action="store_true", help="tell labels from their names alone")
    command.add_argument("--json", type=Path, metavar="OUT", help="where to write figures and labels")


def _add_uplift(commands: Any) -> None:
    about = (
        "Tell who does something because of a treatment, and whom to treat; of files with a control group."
    )
    command = _command(commands, "uplift", _uplift, about)
    for name, what in (("train", "learn from"), ("test", "judge")):
        command.add_argument(
            f"--{name}", type=Path, required=True, metavar="FILE", help=f"people to {what}, treated and not"
        )
    command.add_argument("--treatment", required=True, metavar="COLUMN", help="0 or 1: who was treated")
    command.add_argument("--outcome", required=True, metavar="COLUMN", help="0 or 1: what came of it")
    command.add_argument(
        "--ignore", action="extend", nargs="+", default=[], metavar="COLUMN", help="columns to leave out"
    )
    command.add_argument("--worth", type=float, default=1.0, help="what one outcome is worth (default: 1)")
    command.add_argument("--cost", type=float, default=0.0, help="of treating one person (default: 0)")
    command.add_argument(
        "--discount", type=float, default=0.0, help="of each outcome of somebody treated (default: 0)"
    )
    command.add_argument("--budget", type=float, help="most the plan may cost (default: no limit)")
    command.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write all of it")


def _add_demo(commands: Any) -> None:
    command = _command(commands, "demo", _demo, "Open a shop made of real purchases, and serve it.")
    command.add_argument("--shop", choices=("journey", "generated"), default="journey")
    command.add_argument("--folder", type=Path, metavar="DIR", help="where to keep it (default: demo-shop)")
    command.add_argument("--port", type=int, default=_DEMO_PORT)
    command.add_argument("--workers", type=int, default=1, metavar="N")
    command.add_argument("--no-serve", action="store_true", help="stop after the closing summary")


def _init(options: argparse.Namespace) -> None:
    from shopkeeper.app import create_shop

    with create_shop(options.folder) as shop:
        print(f"Created a shop in {shop.folder}.")
        print(f"Next: shopkeeper import FILE --shop {shop.folder} --kind events")


def _import(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars, show_import

    with open_shop(options.shop) as shop, bars() as progress:
        report = shop.import_(
            options.source,
            kind=options.kind,
            format=options.format,
            mapping=_mapping(options.map),
            query=options.query,
            progress=progress,
        )
    show_import(report)


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    return _pairs("--map", pairs, "ours=theirs", "For example: --map item_id=StockCode")


def _pairs(option: str, pairs: Sequence[str], form: str, hint: str) -> dict[str, str]:
    wrong = [pair for pair in pairs if not all(pair.partition("="))]
    if wrong:
        raise InvalidRequest(f"{option} {' '.join(wrong)}: must be {form}.", hint=hint)
    return {ours: theirs for ours, _, theirs in (pair.partition("=") for pair in pairs)}


def _train(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.evaluation.report import write_report
    from shopkeeper.terminal import bars, show_training

    os.nice(_KINDNESS)
    with open_shop(options.shop) as shop, bars() as progress:
        training = shop.train(test_days=options.test_days, budget=options.time_budget, progress=progress)
    show_training(training)
    if options.report and training.evaluation:
        write_report(training.evaluation, options.report)
        print(f"Report: {options.report}")


def _fine_tune(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars

    with open_shop(options.shop) as shop, bars() as progress:
        found = shop.fine_tune(options.out, progress=progress)
    print(f"Mean reciprocal rank of right answers, held out: {found.before:.4f}, now {found.after:.4f}.")
    print(
        f'Written. Set encoders.text = "{options.out}" and train.'
        if found.written
        else "Nothing was gained, and nothing is written."
    )


def _update(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_update

    os.nice(_KINDNESS)
    with open_shop(options.shop) as shop:
        show_update(shop.update())


def _evaluate(options: argparse.Namespace) -> None:
    from shopkeeper.evaluation.evaluate import evaluate
    from shopkeeper.evaluation.output import write_json, write_lists
    from shopkeeper.evaluation.report import write_report
    from shopkeeper.terminal import bars, show_evaluation
    from shopkeeper.training.train import chosen_fitters

    with bars() as progress:
        evaluation = evaluate(
            options.events,
            options.items,
            options.test,
            options.protocol,
            chosen_fitters(
                options.model or ["shopkeeper", "popular"], progress, options.time_budget, options.seed
            ),
            test_days=options.test_days,
            refit=options.refit,
            progress=progress,
        )
    write_json(evaluation, options.json)
    show_evaluation(evaluation)
    print(f"Figures: {options.json}")
    if options.lists:
        write_lists(evaluation, options.lists)
        print(f"Answers: {options.lists}")
    if options.report:
        write_report(evaluation, options.report)
        print(f"Report: {options.report}")


def _recommend(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_answer

    if options.everybody or options.customers:
        _recommend_all(options)
        return
    items = [item.strip() for item in (options.items or "").split(",") if item.strip()]
    with open_shop(options.shop) as shop:
        answer = shop.recommend(customer=options.customer, items=items, k=options.k)
    if options.json:
        _print_json(dataclasses.asdict(answer))
    else:
        show_answer(answer)


def _recommend_all(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars

    if options.out is None:
        raise InvalidRequest("Lists for many customers go into a file.", hint="Name it with --out.")
    with open_shop(options.shop) as shop, bars() as progress:
        n = shop.recommend_all(options.out, customers=options.customers, k=options.k, progress=progress)
    print(f"Lists of {n:,} customers: {options.out}")


def _search(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_search

    with open_shop(options.shop) as shop:
        page = shop.search(options.query, customer=options.customer, k=options.k)
    if options.json:
        _print_json(dataclasses.asdict(page))
    else:
        show_search(page)


def _homepage(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_homepage

    with open_shop(options.shop) as shop:
        page = shop.homepage(customer=options.customer)
    if options.json:
        _print_json(dataclasses.asdict(page))
    else:
        show_homepage(page)


def _describe(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars, show_description

    with open_shop(options.shop) as shop, bars() as progress:
        found = shop.describe(options.json, limit=options.limit, progress=progress)
    show_description(found)
    print(f"Description: {options.json}")


def _churn(options: argparse.Namespace) -> None:
    from shopkeeper.app import Shop

    _forecast(options, Shop.churn)


def _purchase(options: argparse.Namespace) -> None:
    from shopkeeper.app import Shop

    _forecast(options, Shop.purchase)


def _forecast(options: argparse.Namespace, ask: Callable[..., Sequence[Any]]) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars, show_forecasts

    with open_shop(options.shop) as shop, bars() as progress:
        found = ask(shop, options.as_of, options.horizon, customers=options.customers, progress=progress)
    if options.json:
        _print_json([dataclasses.asdict(one) for one in found])
    else:
        show_forecasts(found)


def _response(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars, show_responses

    with open_shop(options.shop) as shop, bars() as progress:
        found = shop.response(
            options.as_of,
            options.campaign,
            learn_until=options.learn_until,
            customers=options.customers,
            progress=progress,
        )
    if options.json:
        _print_json([dataclasses.asdict(one) for one in found])
    else:
        show_responses(found)


def _segments(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_segments

    with open_shop(options.shop) as shop:
        found = shop.segments(
            options.as_of,
            by="rules" if options.rule else options.by,
            rules=_rules(options.rule) if options.rule else None,
            since=options.since,
        )
        if options.out:
            members = found.members
            if options.customers:
                members = shop.own_ids(members, options.customers)
            _write_csv(members, options.out)
    if options.json:
        told = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
        parts = ("segments", "overlap", "movement")
        told |= {name: [dataclasses.asdict(one) for one in told[name]] for name in parts}
        _print_json({name: value for name, value in told.items() if name != "members"})
    else:
        show_segments(found)


def _rules(pairs: Sequence[str]) -> dict[str, str]:
    return _pairs("--rule", pairs, "name=rule", 'For example: --rule regulars="frequency >= 10"')


def _write_csv(frame: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_csv(path)
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror or error}.") from None


def _snapshot(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars

    os.nice(_KINDNESS)
    with open_shop(options.shop) as shop, bars() as progress:
        faults = shop.snapshot(options.as_of, horizon=options.horizon, progress=progress)
    print("The dashboard shows customers anew.", *faults, sep="\n")


def _actions(options: argparse.Namespace) -> None:
    import polars as pl

    from shopkeeper.app import open_shop
    from shopkeeper.surfaces.next_action import of_kinds
    from shopkeeper.terminal import bars, show_actions

    if options.approve and options.customers:
        raise InvalidRequest("--approve takes no --customers.", hint="Give --customers to deliver instead.")
    with open_shop(options.shop) as shop, bars() as progress:
        found = shop.actions(
            options.as_of,
            options.horizon,
            budget=options.budget,
            customers=options.customers,
            progress=progress,
        )
        found = of_kinds(found, options.only)
        approved = shop.approve(found) if options.approve else None
    rows = [dataclasses.asdict(one) for one in found]
    if options.out:
        _write_csv(pl.DataFrame([row | {"reasons": "; ".join(row["reasons"])} for row in rows]), options.out)
    if options.json:
        _print_json(rows)
        return
    show_actions(found)
    if approved is not None:
        print(f"{approved:,} wait in the outbox. Next: shopkeeper deliver --shop {options.shop} --csv FILE")


def _deliver(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.serving.delivery import CsvFile, Webhook, secret_of

    with open_shop(options.shop) as shop:
        channel = (
            CsvFile(options.csv) if options.csv else Webhook(options.webhook, secret_of(options.secret_env))
        )
        done = shop.deliver(channel, customers=options.customers)
    print(
        f"{done.sent:,} sent, {done.waiting:,} wait for the next time, {done.given_up:,} given up, "
        f"{done.withdrawn:,} withdrawn."
    )
    if done.quiet_until is not None:
        until = datetime.fromtimestamp(done.quiet_until / 1000, UTC)
        print(f"Quiet hours hold messages back until {until:%Y-%m-%d %H:%M} UTC: deliver again then.")


def _outcomes(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_outcomes

    with open_shop(options.shop) as shop:
        rows = shop.outcomes(options.days).to_dicts()
    if options.json:
        _print_json(rows)
    else:
        show_outcomes(rows, options.days)


def _ads(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import bars, show_ads

    with open_shop(options.shop) as shop, bars() as progress:
        learned = {} if options.no_learn else shop.learn_ads(progress=progress)
        budgets = shop.ad_budgets()
    if options.json:
        tables: dict[str, dict[str, Any]] = {"learned": {**learned}, "budgets": {**budgets}}
        _print_json(
            {
                name: {key: dataclasses.asdict(one) for key, one in table.items()}
                for name, table in tables.items()
            }
        )
    else:
        show_ads(learned, budgets)


def _serve(options: argparse.Namespace) -> None:
    from shopkeeper.app import serve

    serve(options.shop, host=options.host, port=options.port, workers=options.workers)


def _forget(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop
    from shopkeeper.terminal import show_receipt

    with open_shop(options.shop) as shop:
        show_receipt(shop.forget(options.customer))


def _tag(options: argparse.Namespace) -> None:
    from shopkeeper.app import open_shop, tag
    from shopkeeper.catalog.tagging import Question
    from shopkeeper.terminal import bars, show_completion, show_tagging

    if options.shop:
        with open_shop(options.shop) as shop, bars() as progress:
            found = shop.tag(image_dir=options.image_dir, progress=progress)
        show_completion(found, options.shop)
        return
    missing = [name for name in ("train", "test", "target", "json") if getattr(options, name) is None]
    if missing:
        raise InvalidRequest(
            f"--{missing[0]} is missing.",
            hint="Give --shop DIR, or --train FILE --test FILE --target COLUMN --json OUT.",
        )
    asked = Question(
        options.train,
        options.test,
        options.target,
        tuple(options.text),
        options.image,
        options.image_dir,
        options.zero_shot,
    )
    with bars() as progress:
        tagging = tag(asked, progress=progress)
    _write_json(tagging.to_json(), options.json)
    show_tagging(tagging)
    print(f"Labels: {options.json}")


def _uplift(options: argparse.Namespace) -> None:
    from shopkeeper.propensity.plan import Terms
    from shopkeeper.propensity.uplift import Question, uplift_files
    from shopkeeper.terminal import bars, show_uplift

    asked = Question(
        options.train,
        options.test,
        options.treatment,
        options.outcome,
        tuple(options.ignore),
        Terms(options.worth, options.cost, options.discount, options.budget),
    )
    with bars() as progress:
        found = uplift_files(asked, progress=progress)
    _write_json(found.to_json(), options.json)
    show_uplift(found)
    print(f"Scores: {options.json}")


def _demo(options: argparse.Namespace) -> None:
    from shopkeeper.app import serve
    from shopkeeper.demo import open_demo

    folder = open_demo(options.shop, options.folder)
    if not options.no_serve:
        serve(folder, host="127.0.0.1", port=options.port, workers=options.workers)


def _write_json(value: Any, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be written: {error.strerror or error}.") from None


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    print()


def run() -> NoReturn:
    """Entry of ``python -m shopkeeper`` and of the installed command."""
    sys.exit(main())
