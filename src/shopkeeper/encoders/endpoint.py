"""Texts as vectors by a service that speaks the embeddings interface of OpenAI."""

import os
import threading
import time
from collections.abc import Sequence
from random import SystemRandom
from typing import Final

import httpx
import numpy as np

from shopkeeper.core.errors import EndpointFailed, InvalidConfig
from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit
from shopkeeper.encoders.plain import MOST_CHARACTERS, plain
from shopkeeper.encoders.retry import retry_after

_LONGEST_WAIT: Final = 60.0
"""Seconds; a service that asks for more is told of at once."""
_AGAIN: Final = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_RANDOM: Final = SystemRandom()


class Endpoint:
    """An OpenAI-compatible service: ``POST {url}/embeddings``.

    Parameters
    ----------
    url
        Of the interface, such as ``https://api.example.com/v1``.
    model
        Name of the model there.
    api_key_env
        Environment variable that holds the key; empty where none is needed.
    dim
        Length of its vectors; 0 asks the service.
    requests_per_minute
        Most requests; 0 sets no limit.
    timeout
        Seconds to wait for an answer.
    batch
        Most texts in one request.
    attempts
        How often a request is made before it has failed.
    first_wait
        Seconds before the second attempt; each later wait is twice as long, give or take a half. What the
        service asks for by ``Retry-After`` is heeded.

    Raises
    ------
    InvalidConfig
        The environment variable is not set.
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        api_key_env: str = "",
        dim: int = 0,
        requests_per_minute: float = 0,
        timeout: float = 30.0,
        batch: int = 64,
        attempts: int = 5,
        first_wait: float = 0.5,
    ) -> None:
        key = os.environ.get(api_key_env, "") if api_key_env else ""
        if api_key_env and not key:
            raise InvalidConfig(
                f"encoders.api_key_env: the environment variable {api_key_env} is not set.",
                hint=f"Set it to the key of {url}.",
            )
        self._url, self._model, self._dim = f"{url.rstrip('/')}/embeddings", model, dim
        self._batch, self._attempts, self._first_wait = batch, attempts, first_wait
        self._client = httpx.Client(
            timeout=timeout, headers={"Authorization": f"Bearer {key}"} if key else {}
        )
        self._pace = _Pace(60.0 / requests_per_minute if requests_per_minute else 0.0)

    @property
    def id(self) -> str:
        """See `Encoder.id`."""
        return f"endpoint/{self._url}/{self._model}/plain-{MOST_CHARACTERS}"

    @property
    def dim(self) -> int:
        """See `Encoder.dim`; asks the service once where it was not told."""
        if not self._dim:
            self._ask(["dimension"])
        return self._dim

    def encode(self, values: Sequence[str]) -> Floats:
        """Vectors of texts; see `Encoder.encode`.

        Raises
        ------
        EndpointFailed
            The service did not answer in time or not as agreed, after all attempts.
        """
        texts = [plain(value) for value in values]
        said = [i for i, text in enumerate(texts) if text]
        parts = [said[start : start + self._batch] for start in range(0, len(said), self._batch)]
        found = [self._ask([texts[i] for i in part]) for part in parts]
        out = np.zeros((len(texts), self.dim), np.float32)
        if found:
            out[said] = unit(np.concatenate(found))
        return out

    def _ask(self, texts: list[str]) -> Floats:
        """Vectors of one request, as the service gave them."""
        body = {"model": self._model, "input": texts, "encoding_format": "float"}
        for attempt in range(1, self._attempts + 1):
            self._pace.wait()
            wait = self._first_wait * 2 ** (attempt - 1) * _RANDOM.uniform(0.5, 1.5)
            try:
                answer = self._client.post(self._url, json=body)
            except httpx.TransportError as error:
                fault = f"gave no answer ({type(error).__name__}: {error})"
            else:
                if answer.is_success:
                    return self._vectors(answer, len(texts))
                fault = f"answered {answer.status_code}: {answer.text[:200]!r}"
                wait = retry_after(answer.headers.get("Retry-After", "")) or wait
                if answer.status_code not in _AGAIN or wait > _LONGEST_WAIT:
                    break
            if attempt < self._attempts:
                time.sleep(wait)
        raise EndpointFailed(
            f"{self._url} {fault}, at attempt {attempt} of {self._attempts}.",
            hint="See to encoders.text, encoders.model and encoders.api_key_env in shopkeeper.toml.",
        )

    def _vectors(self, answer: httpx.Response, count: int) -> Floats:
        try:
            rows = sorted((int(row["index"]), row["embedding"]) for row in answer.json()["data"])
            vectors = np.array([row for _, row in rows], np.float32)
        except (ValueError, KeyError, TypeError):
            raise self._disagrees(f"what is not a list of embeddings: {answer.text[:200]!r}") from None
        if [index for index, _ in rows] != list(range(count)):
            raise self._disagrees(f"{len(rows)} vectors for {count} texts")
        if vectors.ndim != 2 or not vectors.shape[1]:
            raise self._disagrees("vectors of no length")
        if self._dim and vectors.shape[1] != self._dim:
            raise self._disagrees(f"vectors of {vectors.shape[1]} numbers where {self._dim} were agreed")
        self._dim = vectors.shape[1]
        return vectors

    def _disagrees(self, gave: str) -> EndpointFailed:
        return EndpointFailed(
            f"{self._url} gave {gave}.",
            hint="Is it an OpenAI-compatible interface, and the same model as before?",
        )


class _Pace:
    """Lets callers through at most once an interval, in seconds."""

    def __init__(self, interval: float) -> None:
        self._interval, self._next = interval, 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            at, self._next = max(now, self._next), max(now, self._next) + self._interval
        time.sleep(at - now)
