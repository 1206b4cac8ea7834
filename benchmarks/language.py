"""How well a chat model keeps to the schemas, and how long an answer takes, on a generated shop.

Start any OpenAI-compatible endpoint, such as a llama.cpp server, and name it:

    python -m benchmarks.language --base-url http://127.0.0.1:8080/v1 --model NAME [--products 10]

``valid`` is the share of answers that keep their schema, after one correction at most; ``said`` the share of
the words of valid tags that the product's own texts say.
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from shopkeeper.catalog.phrases import share_said
from shopkeeper.core.config import Chat
from shopkeeper.data.synthetic import generate
from shopkeeper.encoders.chat import ChatEndpoint
from shopkeeper.encoders.language import Task
from shopkeeper.encoders.schemas import CampaignText, ReasonText, Tags, tags_among
from shopkeeper.encoders.wording import Brief, Known

SUFFIX = {"en": "", "zh": "_zh"}


def products(n: int, language: str) -> list[dict[str, str]]:
    """Title, category and kind of products all over a generated shop."""
    items = generate(customers=50, items=400, days=60, seed=5).items.gather_every(400 // n).head(n)
    rows = [{**json.loads(row["attributes"]), **row} for row in items.iter_rows(named=True)]
    return [
        {name: row[name + SUFFIX[language]] for name in ("title", "category", "category3")} for row in rows
    ]


def tasks(goods: list[dict[str, str]], language: str) -> dict[str, list[Task[Any]]]:
    """Each use, once a product."""
    words = sorted({row["category3"] for row in goods})
    titles = [row["title"] for row in goods]
    because = {"en": "Because you bought {}", "zh": "因为您购买过{}"}[language]
    return {
        "product_tags": [Task("product_tags", language, row, Tags) for row in goods],
        "interest_tags": [
            Task(
                "interest_tags",
                language,
                {"vocabulary": words, "lately": titles[i : i + 3]},
                tags_among(words),
            )
            for i in range(len(goods))
        ],
        "campaign": [
            Task("campaign", language, asdict(Brief(row["category"], (row["title"],))), CampaignText)
            for row in goods
        ],
        "reason": [
            Task("reason", language, asdict(Known(title, because.format(titles[i - 1]))), ReasonText)
            for i, title in enumerate(titles)
        ],
    }


def measure(config: Chat, use: str, asked: list[Task[Any]]) -> dict[str, Any]:
    """Ask, with nothing remembered."""
    with TemporaryDirectory() as folder, ChatEndpoint(config, Path(folder)) as model:
        started = time.perf_counter()
        answers = model.answer(asked, lambda done, total: None)
        seconds = time.perf_counter() - started
    valid = [(task, answer) for task, answer in zip(asked, answers.values, strict=True) if answer is not None]
    said = [
        share_said(tag, " | ".join(task.data.values()))
        for task, answer in valid
        if use == "product_tags"
        for tag in answer.tags
    ]
    return {
        "use": use,
        "language": asked[0].language,
        "asked": len(asked),
        "valid": round(len(valid) / len(asked), 3),
        "calls": model.endpoint.calls,
        "tokens": model.endpoint.tokens,
        "seconds_per_answer": round(seconds / len(asked), 2),
        "said": round(sum(said) / len(said), 3) if said else None,
        "given_up": dict(answers.given_up),
        "examples": [answer.model_dump() for _, answer in valid[:3]],
    }


def main() -> None:
    """Print a line a use and a language."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--products", type=int, default=10)
    parser.add_argument("--timeout", type=float, default=120.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    config = Chat(base_url=options.base_url, model=options.model, timeout_seconds=options.timeout)
    found = []
    for language in SUFFIX:
        for use, asked in tasks(products(options.products, language), language).items():
            found.append(measure(config, use, asked))
            print(json.dumps(found[-1], ensure_ascii=False), flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
