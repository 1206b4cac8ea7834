"""Small random models in the form Hugging Face gives them, and what such a network gives by plain NumPy."""

import json
import math
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

COLOURS = ["red", "blue", "green", "light", "dark"]
THINGS = ["tea", "cup", "pot", "shirt", "shoe", "lamp", "wool", "cotton", "warm", "cold", "set", "of", "2"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *COLOURS, *THINGS]
DIM, INNER, LAYERS, HEADS, PLACES = 24, 40, 2, 3, 40
BERT = (
    "encoder.layer.{}.",
    ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"],
    ["intermediate.dense", "output.dense"],
    ["attention.output.LayerNorm", "output.LayerNorm"],
)
DISTIL = (
    "transformer.layer.{}.",
    ["attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin"],
    ["ffn.lin1", "ffn.lin2"],
    ["sa_layer_norm", "output_layer_norm"],
)
Arrays = dict[str, Any]


@cache
def kept() -> Path:
    """One folder for what is converted from the real weights, which takes seconds."""
    return Path(mkdtemp())


def write_model(folder: Path, kind: str = "bert", pooling: str = "mean_tokens", before: str = "") -> Arrays:
    """Write a model of random weights; its tensors."""
    (folder / "1_Pooling").mkdir(parents=True)
    measures: dict[str, Any]
    if kind == "distilbert":
        measures = {
            "dim": DIM,
            "hidden_dim": INNER,
            "n_layers": LAYERS,
            "n_heads": HEADS,
            "activation": "gelu",
        }
    else:
        names = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
        measures = dict(zip(names, (DIM, INNER, LAYERS, HEADS), strict=True))
        measures["layer_norm_eps"] = 1e-5
    pad = 1 if kind == "xlm-roberta" else 0
    config = {"model_type": kind, "max_position_embeddings": PLACES, "pad_token_id": pad, **measures}
    write_json(folder / "config.json", config)
    write_json(
        folder / "1_Pooling" / "config.json", {f"pooling_mode_{pooling}": True, "word_embedding_dimension": 9}
    )
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    write_json(
        folder / "modules.json",
        [{"path": path, "type": f"sentence_transformers.models.{name}"} for path, name in modules],
    )
    tokenizer().save(str(folder / "tokenizer.json"))
    arrays = tensors(kind)
    save_file({before + name: array for name, array in arrays.items()}, folder / "model.safetensors")
    return arrays


def write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), "utf-8")


def tokenizer() -> Tokenizer:
    words = {word: number for number, word in enumerate(VOCABULARY)}
    made = Tokenizer(models.WordPiece(words, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def tensors(kind: str) -> Arrays:
    """Random weights, large enough that attention and norms are felt."""
    random = np.random.default_rng(3)
    at, mix, feed, norms = DISTIL if kind == "distilbert" else BERT
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(VOCABULARY), DIM),
        "embeddings.position_embeddings.weight": (PLACES, DIM),
        "embeddings.LayerNorm.weight": (DIM,),
        "embeddings.LayerNorm.bias": (DIM,),
    }
    if kind != "distilbert":
        shapes["embeddings.token_type_embeddings.weight"] = (2, DIM)
    for layer in range(LAYERS):
        here = at.format(layer)
        for name in mix:
            shapes |= {f"{here}{name}.weight": (DIM, DIM), f"{here}{name}.bias": (DIM,)}
        shapes |= {f"{here}{feed[0]}.weight": (INNER, DIM), f"{here}{feed[0]}.bias": (INNER,)}
        shapes |= {f"{here}{feed[1]}.weight": (DIM, INNER), f"{here}{feed[1]}.bias": (DIM,)}
        for name in norms:
            shapes |= {f"{here}{name}.weight": (DIM,), f"{here}{name}.bias": (DIM,)}
    return {name: random.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}


def plainly(arrays: Arrays, ids: list[int], kind: str, pooling: str) -> Any:
    """The vector of one text, unpadded, step by step in double precision."""
    at, mix, feed, norms = DISTIL if kind == "distilbert" else BERT
    w = {name: array.astype(np.float64) for name, array in arrays.items()}
    epsilon = 1e-12 if kind == "distilbert" else 1e-5

    def norm(x: Any, name: str) -> Any:
        spread = np.sqrt(x.var(axis=-1, keepdims=True) + epsilon)
        return (x - x.mean(axis=-1, keepdims=True)) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: Any, name: str) -> Any:
        return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]

    first = 2 if kind == "xlm-roberta" else 0
    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][first : first + len(ids)]
    if kind != "distilbert":
        x = x + w["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for layer in range(LAYERS):
        here = at.format(layer)
        query, key, value = (linear(x, here + name).reshape(len(ids), HEADS, -1) for name in mix[:3])
        told = np.zeros_like(query)
        for head in range(HEADS):
            likeness = query[:, head] @ key[:, head].T / math.sqrt(DIM // HEADS)
            share = np.exp(likeness - likeness.max(axis=1, keepdims=True))
            told[:, head] = share / share.sum(axis=1, keepdims=True) @ value[:, head]
        x = norm(x + linear(told.reshape(len(ids), DIM), here + mix[3]), here + norms[0])
        inner = linear(x, here + feed[0])
        active = 0.5 * inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        x = norm(x + linear(active, here + feed[1]), here + norms[1])
    vector = x[0] if pooling == "cls_token" else x.mean(axis=0)
    return vector / np.linalg.norm(vector)
