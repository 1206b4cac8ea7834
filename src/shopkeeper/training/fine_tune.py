"""Fine-tuning of a text encoder on what a shop's customers take together and click after searches.

All weights of a folder of the BERT family are learned by InfoNCE (van den Oord, Li and Vinyals 2018) with
AdamW (Loshchilov and Hutter 2019) over pairs of texts: each must find its own among the answers of its batch.
A tenth of the pairs is held out, and a new folder is written only where their mean reciprocal rank has risen.
New weights make another encoder id, so that vectors are never mixed and everything is read anew.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import polars as pl

from shopkeeper.core import columns as c
from shopkeeper.core.errors import InvalidRequest, MissingDependency, TooLittleData
from shopkeeper.data.dataset import Dataset
from shopkeeper.encoders.bert import Bert
from shopkeeper.encoders.pretrained import WEIGHTS, Weights, read_recipe
from shopkeeper.features.meaning import texts_of
from shopkeeper.learners.contrastive import FEWEST, taken_together

Pair = tuple[str, str]
Progress = Callable[[int, int], None]
_HELD_OUT: Final = 0.1
_JUDGED: Final = 20
"""Most batches that judge."""


@dataclass(frozen=True, slots=True)
class FineTuneConfig:
    """How an encoder is fine-tuned.

    Attributes
    ----------
    steps
        Most batches.
    passes
        Most times that a pair is looked at.
    batch
        Pairs a step.
    rate
        Step of AdamW at its height; it rises over the first tenth of the steps and falls to 0.
    temperature
        Of the softmax over answers.
    seed
        Of the order of pairs.
    """

    steps: int = 3_000
    passes: int = 3
    batch: int = 128
    rate: float = 2e-5
    temperature: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What came of it.

    Attributes
    ----------
    before, after
        Mean reciprocal rank of the right answer among those of a batch, over pairs held out.
    written
        Whether the new folder was written: only where that has risen.
    """

    before: float
    after: float
    written: bool


def device_or_fail() -> str:
    """The device to learn on.

    Raises
    ------
    MissingDependency
        torch, or a GPU that it can use, is not there.
    """
    try:
        import torch
    except ImportError:
        raise MissingDependency("Fine-tuning needs torch.", hint='pip install "shopkeeper[torch]"') from None
    if not torch.cuda.is_available():
        raise MissingDependency(
            "Fine-tuning needs a GPU, and torch finds none.",
            hint="Run it where there is one, with torch built for it. Training adapts vectors without any.",
        )
    return "cuda"


def pairs_of(dataset: Dataset, clicks: pl.DataFrame) -> list[Pair]:
    """Texts that belong together in a shop.

    Parameters
    ----------
    dataset
        What people did: items that one of them took soon after each other are pairs.
    clicks
        As `data.searches.clicked` gives them: words that were searched for, and what was looked at then.
    """
    texts = texts_of(dataset.items)
    taken = [(texts[one], texts[other]) for one, other in zip(*taken_together(dataset), strict=True)]
    found = zip(clicks[c.SEARCH_TERM], dataset.items.encode(clicks[c.ITEM_ID].to_list()), strict=True)
    return [*taken, *((term, texts[item]) for term, item in found if item >= 0)]


def fine_tune(
    folder: Path,
    pairs: Sequence[Pair],
    out: Path,
    device: str,
    config: FineTuneConfig | None = None,
    progress: Progress = lambda done, total: None,
) -> FineTuned:
    """Learn from pairs of texts that belong together; write the encoder that came of it.

    Parameters
    ----------
    folder
        Of the encoder; see `encoders.pretrained`.
    pairs
        What was asked, and what answered it.
    out
        Folder to write; it must not exist.
    device
        Where torch computes.
    config
        How.
    progress
        Told of batches.

    Raises
    ------
    InvalidRequest
        ``out`` exists.
    TooLittleData
        There are too few pairs of which both texts say something.
    MissingFile, UnreadableModel
        See `encoders.pretrained.read_recipe`.
    """
    from shopkeeper.encoders.bert_torch import TorchBert  # torch takes a second to load

    if out.exists():
        raise InvalidRequest(f"{out} exists.", hint="Name a folder that is to be made.")
    config = config or FineTuneConfig()
    arrays = Weights(folder)
    texts = sorted({text for pair in pairs for text in pair})
    with TemporaryDirectory() as cache:
        tokens = dict(zip(texts, Bert(folder, Path(cache)).tokens(texts), strict=True))
    rng = np.random.default_rng(config.seed)
    told = [pair for pair in pairs if tokens[pair[0]] and tokens[pair[1]]]
    if len(told) < FEWEST:
        raise TooLittleData(
            f"There are {len(told)} pairs of texts to learn from, and {FEWEST} are needed.",
            hint="Pairs are items that one person took together, and items clicked after a search.",
        )
    mixed = [told[place] for place in rng.permutation(len(told))]
    held = mixed[: int(_HELD_OUT * len(mixed))][: _JUDGED * config.batch]
    learned = mixed[int(_HELD_OUT * len(mixed)) :]
    model = TorchBert(read_recipe(folder), arrays, device)
    before = _judged(model, tokens, held, config.batch)
    _learn(model, tokens, learned, config, rng, progress)
    after = _judged(model, tokens, held, config.batch)
    if after > before:
        learned_arrays = {name: weight.detach().cpu().numpy() for name, weight in model.weights.items()}
        _write(folder, out, arrays.arrays | learned_arrays)
    return FineTuned(before, after, after > before)


def _learn(
    model: Any,
    tokens: dict[str, list[int]],
    pairs: list[Pair],
    config: FineTuneConfig,
    rng: np.random.Generator,
    progress: Progress,
) -> None:
    import torch

    steps = max(1, min(config.steps, config.passes * len(pairs) // config.batch))
    optimizer = torch.optim.AdamW(model.weights.values(), lr=config.rate)
    warm = max(1, steps // 10)
    pace = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    for step in range(steps):
        batch = [pairs[place] for place in rng.integers(len(pairs), size=config.batch)]
        scores = _scores(model, tokens, batch) / config.temperature
        loss = torch.nn.functional.cross_entropy(scores, torch.arange(len(batch), device=scores.device))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        pace.step()
        progress(step + 1, steps)


def _scores(model: Any, tokens: dict[str, list[int]], batch: list[Pair]) -> Any:
    """Cosines of what was asked to all answers; the same answer twice is not held against itself."""
    import torch

    asked, answers = (model.vectors([tokens[pair[side]] for pair in batch]) for side in (0, 1))
    names = np.array([pair[1] for pair in batch], dtype=object)
    same = torch.tensor(names[:, None] == names, device=asked.device).fill_diagonal_(fill_value=False)
    return (asked @ answers.T).masked_fill(same, -torch.inf)


def _judged(model: Any, tokens: dict[str, list[int]], pairs: list[Pair], batch: int) -> float:
    """Mean reciprocal rank of the right answers, batch by batch."""
    import torch

    found = []
    with torch.no_grad():
        for start in range(0, len(pairs), batch):
            scores = _scores(model, tokens, pairs[start : start + batch])
            ranks = (scores >= scores.diagonal()[:, None]).sum(dim=1)
            found += (1 / ranks.double()).tolist()
    return float(np.mean(found))


def _write(folder: Path, out: Path, arrays: dict[str, Any]) -> None:
    """The folder with other weights, under its name by one rename."""
    from safetensors.numpy import save_file

    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent) as name:
        draft = Path(name) / "model"
        shutil.copytree(folder, draft, ignore=shutil.ignore_patterns(WEIGHTS))
        save_file(arrays, draft / WEIGHTS)
        draft.rename(out)
