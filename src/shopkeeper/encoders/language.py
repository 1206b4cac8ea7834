"""A chat model as a port: tasks go in, answers that keep a schema come out.

Never on the path of a live request: an import contract keeps surfaces, service and pages away from here.

Prompts are files, ``prompts/NAME.LANGUAGE.txt``, without examples, which small models hand back as answers.
What a shop or a stranger wrote is data: it travels as one JSON object in the user's message, between two
lines that carry a mark drawn anew for each call. JSON keeps every text on one line, so that no text can end
the block, and nobody can guess the mark beforehand.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from secrets import token_hex
from string import Template
from typing import Any, Final, Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

Answer = TypeVar("Answer", bound=BaseModel)
Progress = Callable[[int, int], None]
Message = dict[str, str]

_MOST_CHARACTERS: Final = 20_000
"""Of a reply that are read."""
_THOUGHT: Final = "</think>"
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Task(Generic[Answer]):
    """One thing to ask.

    Attributes
    ----------
    prompt
        Name of a file in ``prompts``.
    language
        Of the prompt and of the answer: ``en`` or ``zh``.
    data
        What the answer is about; plain JSON values, never instructions.
    schema
        What the answer must satisfy.
    """

    prompt: str
    language: str
    data: Mapping[str, Any]
    schema: type[Answer]


@dataclass(frozen=True, slots=True)
class Answers(Generic[Answer]):
    """What came back.

    Attributes
    ----------
    values
        One a task, in their order; None where there is none.
    cached
        How many were known from an earlier run.
    given_up
        Reason to number of tasks without an answer.
    """

    values: tuple[Answer | None, ...]
    cached: int = 0
    given_up: Mapping[str, int] = field(default_factory=dict)


class Language(Protocol):
    """Whoever answers tasks."""

    @property
    def id(self) -> str:
        """Names the model."""
        ...

    def answer(self, tasks: Sequence[Task[Answer]], progress: Progress) -> Answers[Answer]:
        """Answer what can be answered; ``progress`` is told how many of how many are done."""
        ...


def fresh_mark() -> str:
    """What nobody who wrote a title can have known."""
    return token_hex(8)


def messages(task: Task[Any], mark: str) -> list[Message]:
    """What a model reads: rules in the system's voice, data in the user's, between lines with the mark."""
    system = Template(instructions(task)).substitute(mark=mark)
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": f"BEGIN {mark}\n{_json(task.data)}\nEND {mark}"},
    ]


def instructions(task: Task[Any]) -> str:
    """The prompt, the rules about data, and the schema; ``$mark`` is still open."""
    schema = _json(task.schema.model_json_schema()).replace("$", "$$")
    rules = Template(_file("rules", task.language)).safe_substitute(schema=schema)
    return f"{_file(task.prompt, task.language)}\n\n{rules}"


def correction(task: Task[Any], fault: str) -> str:
    """What is said of an answer that breaks its schema."""
    return Template(_file("correction", task.language)).substitute(fault=fault)


def content_key(model: str, task: Task[Any]) -> str:
    """Equal for tasks that the same model would be asked in the same words: SHA-256, hexadecimal."""
    return sha256(_json([model, instructions(task), task.data]).encode()).hexdigest()


def parse(reply: str, task: Task[Answer], mark: str = "") -> Answer:
    """The last JSON object of a reply, whatever stands around it, held to the schema.

    Raises
    ------
    ValueError
        There is none, it breaks the schema, or it repeats the mark; the message names the fault.
    """
    text = reply.rpartition(_THOUGHT)[2][:_MOST_CHARACTERS]
    found, place = None, text.find("{")
    while place >= 0:
        try:
            found, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
        place = text.find("{", place)
    if found is None:
        raise ValueError("no JSON object")
    try:
        answer = task.schema.model_validate(found, context={"data": _json(task.data)})
    except ValidationError as error:
        raise ValueError("; ".join(_fault(dict(fault)) for fault in error.errors())) from None
    if mark and mark in answer.model_dump_json():
        raise ValueError("the lines around the data are no part of them")
    return answer


def _fault(fault: dict[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}"


@cache
def _file(name: str, language: str) -> str:
    return (files(__package__) / "prompts" / f"{name}.{language}.txt").read_text(encoding="utf-8").strip()


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
