"""Any OpenAI-compatible chat endpoint (vLLM, llama.cpp, Ollama, a vendor), talked to within bounds.

``POST {base_url}/chat/completions``; what passes is tried again, with growing pauses or those the server asks
for. Threads may share one endpoint and its budget.
"""

import json
import os
import time
from collections.abc import Sequence
from threading import Event, Lock
from typing import Annotated, Any, Final

import httpx
from pydantic import BaseModel, Field, ValidationError

from shopkeeper.core.config import Chat
from shopkeeper.core.errors import InvalidConfig
from shopkeeper.encoders.language import Message
from shopkeeper.encoders.retry import retry_after

_ATTEMPTS: Final = 4
_PAUSE: Final = 0.5
"""Seconds before the second attempt; twice as long before each further one."""
_LONGEST_PAUSE: Final = 60.0
_SILENCES: Final = 3
"""Questions without any answer, one after the other, that end a run."""
_MOST_BYTES: Final = 1_000_000
_MOST_WRITTEN: Final = 2_048
"""Tokens a reply may take."""
_PASSING: Final = frozenset({408, 409, 425, 429})
_REFUSED: Final = frozenset({401, 403, 404})


class NoAnswer(Exception):
    """Nothing came of one question; the message says why."""


class _Passing(Exception):
    """A fault that may be gone at the next attempt."""

    def __init__(self, reason: str, pause: float | None = None) -> None:
        super().__init__(reason)
        self.pause = pause


class _Said(BaseModel):
    content: str


class _Choice(BaseModel):
    message: _Said


class _Usage(BaseModel):
    total_tokens: int


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], Field(min_length=1)]
    usage: _Usage | None = None


class ChatConnection:
    """A chat model to talk to.

    Parameters
    ----------
    config
        Where it is, and what it may cost.

    Attributes
    ----------
    calls, tokens
        What was used so far.
    ended
        Why no further call is made; empty while there may be.

    Raises
    ------
    InvalidConfig
        The variable that should hold the key is not set, or the address is none.
    """

    def __init__(self, config: Chat) -> None:
        self.config, self.calls, self.tokens, self.ended = config, 0, 0, ""
        self._lock, self._over = Lock(), Event()
        self._silences, self._simple = 0, False
        try:
            self._client = httpx.Client(timeout=config.timeout_seconds, headers=_headers(config.api_key_env))
            self._url = httpx.URL(config.base_url.rstrip("/") + "/chat/completions")
        except httpx.InvalidURL as error:
            raise InvalidConfig(f"chat.base_url = {config.base_url!r}: {error}.") from None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def end(self, reason: str) -> None:
        """Make no further call, and wait for nothing."""
        with self._lock:
            self.ended = self.ended or reason
        self._over.set()

    def reply(self, messages: Sequence[Message], schema: dict[str, Any]) -> str:
        """What the model says.

        Parameters
        ----------
        messages
            The talk so far.
        schema
            JSON Schema of the answer, which endpoints that can hold a model to it are told of.

        Raises
        ------
        NoAnswer
            It failed, was refused, or the budget is used up.
        """
        reason, pause = "", 0.0
        for attempt in range(_ATTEMPTS):
            self._over.wait(pause)
            self._take_call()
            try:
                said = self._once(messages, schema)
            except _Passing as fault:
                reason = str(fault)
                pause = _PAUSE * 2**attempt if fault.pause is None else fault.pause
            else:
                self._silences = 0
                return said
        self._silences += 1
        if self._silences >= _SILENCES:
            self.end(f"{self.config.base_url} does not answer: {reason}")
        raise NoAnswer(reason)

    def _take_call(self) -> None:
        limits = (("max_calls", self.calls), ("max_tokens", self.tokens))
        with self._lock:
            used = [name for name, spent in limits if spent >= getattr(self.config, name)]
            if not used and not self.ended:
                self.calls += 1
                return
        if used:
            self.end(f"chat.{used[0]} = {getattr(self.config, used[0])} is used up")
        raise NoAnswer(self.ended)

    def _once(self, messages: Sequence[Message], schema: dict[str, Any]) -> str:
        simple = self._simple
        body: dict[str, Any] = {"model": self.config.model, "messages": list(messages)}
        if not simple:
            form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
            body |= {"temperature": 0, "max_tokens": _MOST_WRITTEN, "response_format": form}
        try:
            response, said = self._post(body)
        except httpx.TimeoutException:
            raise _Passing("time-out") from None
        except httpx.RequestError as error:
            raise _Passing(f"no connection ({type(error).__name__})") from None
        code = response.status_code
        if code in (400, 422) and not simple:
            # Not every endpoint knows every setting; all know a model and its messages.
            self._simple = True
            raise _Passing(f"HTTP {code}", 0.0)
        if code in _PASSING or code >= 500:
            asked = retry_after(response.headers.get("Retry-After", ""))
            raise _Passing(f"HTTP {code}", None if asked is None else min(asked, _LONGEST_PAUSE))
        if code in _REFUSED:
            self.end(f"{self.config.base_url} refused: HTTP {code}")
        if code != httpx.codes.OK:
            raise NoAnswer(f"HTTP {code}")
        return self._content(body, said)

    def _post(self, body: dict[str, Any]) -> tuple[httpx.Response, bytes]:
        """The whole answer, within the time and the size that it may take."""
        deadline, said = time.monotonic() + self.config.timeout_seconds, bytearray()
        with self._client.stream("POST", self._url, json=body) as response:
            for part in response.iter_bytes():
                said += part
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer drips")
                if len(said) > _MOST_BYTES:
                    raise NoAnswer("more than 1 MB")
        return response, bytes(said)

    def _content(self, body: dict[str, Any], said: bytes) -> str:
        try:
            completion = _Completion.model_validate_json(said)
        except ValidationError:
            raise _Passing("not a chat completion") from None
        # Where it is not told: three bytes a token is about right for English and for Chinese.
        used = completion.usage.total_tokens if completion.usage else (len(json.dumps(body)) + len(said)) // 3
        with self._lock:
            self.tokens += used
        return completion.choices[0].message.content


def _headers(api_key_env: str) -> dict[str, str]:
    if not api_key_env:
        return {}
    key = os.environ.get(api_key_env)
    if not key:
        raise InvalidConfig(
            f"chat.api_key_env = {api_key_env!r}: the environment variable is not set.",
            hint="Set it to the endpoint's key, or leave the field out where none is needed.",
        )
    return {"Authorization": f"Bearer {key}"}
