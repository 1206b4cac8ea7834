"""A model's folder in the form Hugging Face gives the BERT family: what it says of itself, and its weights.

Read are ``config.json``, ``tokenizer.json`` and ``model.safetensors``, and where they are there what Sentence
Transformers adds: ``modules.json``, the pooling it points to, ``sentence_bert_config.json`` and
``config_sentence_transformers.json``.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, Field, ValidationError

from shopkeeper.core.errors import MissingDependency, MissingFile, UnreadableModel

ARCHITECTURES: Final = ("bert", "distilbert", "roberta", "xlm-roberta")
"""Values of ``model_type`` that are understood."""
WEIGHTS: Final = "model.safetensors"
TOKENIZER: Final = "tokenizer.json"
_MODULES: Final = ("Transformer", "Pooling", "Normalize")
_POOLING: Final = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
_Read = TypeVar("_Read", bound=BaseModel)


class _Network(BaseModel):
    model_type: str
    dim: int = Field(gt=0, validation_alias=AliasChoices("hidden_size", "dim"))
    inner: int = Field(gt=0, validation_alias=AliasChoices("intermediate_size", "hidden_dim"))
    layers: int = Field(gt=0, validation_alias=AliasChoices("num_hidden_layers", "n_layers"))
    heads: int = Field(gt=0, validation_alias=AliasChoices("num_attention_heads", "n_heads"))
    activation: str = Field("gelu", validation_alias=AliasChoices("hidden_act", "activation"))
    epsilon: float = Field(1e-12, gt=0, validation_alias="layer_norm_eps")
    places: int = Field(512, gt=2, validation_alias="max_position_embeddings")
    pad: int = Field(0, ge=0, validation_alias="pad_token_id")
    position_embedding_type: str = "absolute"


class _Sentences(BaseModel):
    max_seq_length: int | None = Field(None, gt=0)
    do_lower_case: bool = False


class _Prompts(BaseModel):
    prompts: dict[str, str] = {}
    default_prompt_name: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is built and fed.

    Attributes
    ----------
    architecture
        One of `ARCHITECTURES`.
    dim, inner, layers, heads, activation, epsilon
        Measures of the network.
    first_place, places
        Position of the first token, and rows of the table of positions.
    pad
        Token that fills up a batch.
    pooling
        ``mean`` of all tokens, or ``cls``: the first one.
    prefix
        What is put before each text.
    lowercase
        Whether texts are put into lower case before they are split.
    most_tokens
        Of a text that are read, the marks at its ends included.
    """

    architecture: str
    dim: int
    inner: int
    layers: int
    heads: int
    activation: str
    epsilon: float
    first_place: int
    places: int
    pad: int
    pooling: str
    prefix: str
    lowercase: bool
    most_tokens: int

    def key(self, folder: Path) -> str:
        """A digest of all that decides what comes out, the weights included."""
        digest = hashlib.blake2b(json.dumps(asdict(self)).encode(), digest_size=8)
        for name in (TOKENIZER, WEIGHTS):
            with (folder / name).open("rb") as file:
                digest.update(hashlib.file_digest(file, "blake2b").digest())
        return digest.hexdigest()


def read_recipe(folder: Path, prefix: str | None = None) -> Recipe:
    """Read what a folder says of its model.

    Parameters
    ----------
    folder
        Of the model.
    prefix
        What to put before each text instead of the folder's default prompt.

    Raises
    ------
    MissingFile
        A file that is needed is not there.
    UnreadableModel
        A file is damaged, or the model is of a kind that is not understood.
    """
    for name in ("config.json", TOKENIZER, WEIGHTS):
        if not (folder / name).is_file():
            raise MissingFile(
                f"{folder / name} does not exist.",
                hint="A model's folder holds config.json, tokenizer.json and model.safetensors.",
            )
    network = _parsed(_Network, folder / "config.json")
    _check(folder, network)
    sentences = _optional(_Sentences, folder / "sentence_bert_config.json")
    # RoBERTa counts positions from the one after that of padding.
    first = network.pad + 1 if "roberta" in network.model_type else 0
    return Recipe(
        architecture=network.model_type,
        dim=network.dim,
        inner=network.inner,
        layers=network.layers,
        heads=network.heads,
        activation=network.activation,
        epsilon=network.epsilon,
        first_place=first,
        places=network.places,
        pad=network.pad,
        pooling=_pooling(folder),
        prefix=_prefix(folder) if prefix is None else prefix,
        lowercase=sentences.do_lower_case,
        most_tokens=min(sentences.max_seq_length or network.places, network.places - first),
    )


class Weights:
    """The arrays of a folder by name, whatever a model with a head in front of it was called.

    Raises
    ------
    MissingDependency
        safetensors is not installed.
    UnreadableModel
        The file is damaged, or holds no table of words.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from safetensors import SafetensorError, numpy
        except ImportError:
            raise MissingDependency(
                "Reading a model's weights needs safetensors.", hint='pip install "shopkeeper[encoders]"'
            ) from None
        self._path = folder / WEIGHTS
        try:
            self._arrays: dict[str, NDArray[Any]] = numpy.load_file(self._path)
        except (SafetensorError, TypeError, KeyError) as error:
            raise UnreadableModel(f"{self._path} is not a safetensors file: {error}.") from None
        words = "embeddings.word_embeddings.weight"
        found = next((name for name in self._arrays if name.endswith(words)), None)
        if found is None:
            raise UnreadableModel(f"{self._path} has no tensor {words}.", hint="Is it an encoder of text?")
        self._before = found.removesuffix(words)

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of them, by the names they have in the file."""
        return self._arrays

    def called(self, name: str) -> str:
        """The name in the file of one of the network's arrays."""
        return self._before + name

    def get(self, name: str, *shape: int) -> NDArray[np.float32]:
        """One array; -1 stands for any length.

        Raises
        ------
        UnreadableModel
            It is not there, or not of that shape.
        """
        array = self._arrays.get(self._before + name)
        if array is None:
            raise UnreadableModel(f"{self._path} has no tensor {self._before + name}.")
        if len(shape) != array.ndim or any(
            want not in (-1, has) for want, has in zip(shape, array.shape, strict=True)
        ):
            raise UnreadableModel(
                f"{self._path}: {self._before + name} has shape {array.shape}, config.json says {shape}."
            )
        return np.asarray(array, np.float32)


def _check(folder: Path, network: _Network) -> None:
    where = folder / "config.json"
    known = (
        ("model_type", network.model_type, ARCHITECTURES),
        ("activation", network.activation, ("gelu", "gelu_new", "gelu_pytorch_tanh", "relu")),
        ("position_embedding_type", network.position_embedding_type, ("absolute",)),
    )
    for name, value, values in known:
        if value not in values:
            raise UnreadableModel(
                f'{where}: {name} = "{value}" is not understood.', hint=f"Understood: {', '.join(values)}."
            )
    if network.dim % network.heads:
        raise UnreadableModel(f"{where}: {network.dim} numbers cannot be shared by {network.heads} heads.")


def _pooling(folder: Path) -> str:
    """How the states of tokens become one vector; the mean where nothing is said."""
    if not (folder / "modules.json").is_file():
        return "mean"
    where = "1_Pooling"
    for module in _json(folder / "modules.json", list):
        kind, path = (str(module.get(key)) if isinstance(module, dict) else "" for key in ("type", "path"))
        kind = kind.rsplit(".", 1)[-1]
        if kind not in _MODULES:
            raise UnreadableModel(
                f'{folder / "modules.json"}: a module "{kind}" is not understood.',
                hint=f"Understood: {', '.join(_MODULES)}.",
            )
        where = path if kind == "Pooling" else where
    pooling = folder / where / "config.json"
    if not pooling.is_file():
        raise MissingFile(f"{pooling} does not exist, but modules.json names it.")
    chosen = [
        name for name, on in _json(pooling, dict).items() if name.startswith("pooling_mode_") and on is True
    ]
    if len(chosen) != 1 or chosen[0] not in _POOLING:
        raise UnreadableModel(
            f"{pooling}: pooling {' and '.join(chosen) or 'by nothing'} is not understood.",
            hint="Understood: the mean of the tokens, or the first token (cls).",
        )
    return _POOLING[chosen[0]]


def _prefix(folder: Path) -> str:
    told = _optional(_Prompts, folder / "config_sentence_transformers.json")
    return told.prompts.get(told.default_prompt_name or "", "")


def _optional(kind: type[_Read], path: Path) -> _Read:
    return _parsed(kind, path) if path.is_file() else kind()


def _parsed(kind: type[_Read], path: Path) -> _Read:
    try:
        return kind.model_validate(_json(path, dict))
    except ValidationError as error:
        fault = error.errors()[0]
        raise UnreadableModel(f"{path}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}.") from None


def _json(path: Path, kind: type) -> Any:
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UnreadableModel(f"{path} is not JSON: {error}.") from None
    if not isinstance(found, kind):
        raise UnreadableModel(f"{path} does not hold a JSON {'object' if kind is dict else 'list'}.")
    return found
