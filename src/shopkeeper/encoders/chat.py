"""A chat model over HTTP behind `Language`: many tasks at once, each asked once and remembered."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from shopkeeper.core.config import Chat
from shopkeeper.core.errors import UnreadableSource
from shopkeeper.data.connections import connect, telling
from shopkeeper.encoders.chat_connection import ChatConnection, NoAnswer
from shopkeeper.encoders.language import (
    Answer,
    Answers,
    Progress,
    Task,
    content_key,
    correction,
    fresh_mark,
    messages,
    parse,
)

CACHE_FILE: Final = "answers.db"
_WORKERS: Final = 4


class ChatEndpoint:
    """See `Language`; use it in a ``with`` block, or `close` it.

    An answer that breaks its schema is asked for once more with the fault named; then that task is given up
    and counted, and the rest goes on. Valid answers are kept by content, model, prompt, data and schema, so
    that the same question is never paid for twice.

    Parameters
    ----------
    config
        Where the model is, and what it may cost.
    folder
        Where answers are kept, in `CACHE_FILE`.
    """

    def __init__(self, config: Chat, folder: Path) -> None:
        self.endpoint = ChatConnection(config)
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / CACHE_FILE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self.endpoint.close()

    @property
    def id(self) -> str:
        """See `Language.id`."""
        return self.endpoint.config.model

    def answer(self, tasks: Sequence[Task[Answer]], progress: Progress) -> Answers[Answer]:
        """See `Language.answer`."""
        keys = [content_key(self.id, task) for task in tasks]
        distinct = dict(zip(keys, tasks, strict=True))
        with self._cache() as cache:
            found = _known(cache, distinct)
            cached, total = len(found), len(distinct)
            progress(cached, total)
            given_up: Counter[str] = Counter()
            waiting = {key: task for key, task in distinct.items() if key not in found}
            for done, (key, result) in enumerate(self._ask_all(waiting), start=cached + 1):
                if isinstance(result, str):
                    given_up[result] += 1
                else:
                    found[key] = result
                    cache.execute(
                        "INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, result.model_dump_json())
                    )
                progress(done, total)
        return Answers(tuple(found.get(key) for key in keys), cached, given_up)

    @contextmanager
    def _cache(self) -> Iterator[sqlite3.Connection]:
        try:
            with telling(self._path), closing(connect(self._path)) as cache:
                cache.execute(
                    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)"
                )
                yield cache
        except UnreadableSource as error:
            raise UnreadableSource(
                error.message, hint="Delete it: what it knew is asked for anew."
            ) from error

    def _ask_all(self, tasks: dict[str, Task[Answer]]) -> Iterator[tuple[str, Answer | str]]:
        """Each key with its answer, or with the reason why there is none, as they come."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            asked = {pool.submit(self._ask, task): key for key, task in tasks.items()}
            try:
                for future in as_completed(asked):
                    yield asked[future], future.result()
            except BaseException:
                self.endpoint.end("interrupted")
                raise

    def _ask(self, task: Task[Answer]) -> Answer | str:
        mark, schema = fresh_mark(), task.schema.model_json_schema()
        talk = messages(task, mark)
        for _ in range(2):
            try:
                reply = self.endpoint.reply(talk, schema)
            except NoAnswer as none:
                return str(none)
            try:
                return parse(reply, task, mark)
            except ValueError as fault:
                talk.append({"role": "assistant", "content": reply})
                talk.append({"role": "user", "content": correction(task, str(fault))})
        return "an answer that breaks its schema"


def _known(cache: sqlite3.Connection, tasks: dict[str, Task[Answer]]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for key, task in tasks.items():
        row: tuple[str] | None = cache.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        # An older version may have let pass what this one does not.
        with suppress(ValueError):
            if row:
                found[key] = parse(row[0], task)
    return found
