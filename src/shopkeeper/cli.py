"""The command line: every verb of `app.Shop`; exit code 2 stands for what a person can mend.

A command imports what it needs when it runs, so that ``--help`` answers at once.
"""

import argparse
import dataclasses
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from shopkeeper import __version__
from shopkeeper.core.errors import InvalidRequest, ShopkeeperError

_KINDS = ("events", "items", "customers", "campaigns")
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
    _add_update(commands)
    _add_evaluate(commands)
    _add_recommend(commands)
    _add_search(commands)
    _add_homepage(commands)
    _add_describe(commands)
    _add_serve(commands)
    _add_forget(commands)
    _add_tag(commands)
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
    about = "Say in words what products are and what interests customers."
    command = _command(commands, "describe", _describe, about)
    _add_shop(command)
    command.add_argument("--limit", type=int, metavar="N", help="most products and most customers")
    command.add_argument("--json", type=Path, required=True, metavar="OUT", help="where to write the tags")


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
    wrong = [pair for pair in pairs if not all(pair.partition("="))]
    if wrong:
        raise InvalidRequest(
            f"--map {' '.join(wrong)}: must be ours=theirs.", hint="For example: --map item_id=StockCode"
        )
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
    print(f"Tags: {options.json}")


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
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(tagging.to_json(), ensure_ascii=False, indent=1) + "\n", "utf-8")
    show_tagging(tagging)
    print(f"Labels: {options.json}")


def _demo(options: argparse.Namespace) -> None:
    from shopkeeper.app import serve
    from shopkeeper.demo import open_demo

    folder = open_demo(options.shop, options.folder)
    if not options.no_serve:
        serve(folder, host="127.0.0.1", port=options.port, workers=options.workers)


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1)
    print()


def run() -> NoReturn:
    """Entry of ``python -m shopkeeper`` and of the installed command."""
    sys.exit(main())
