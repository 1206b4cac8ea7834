"""Encoders of the BERT family: against the plain network, and folders that are not as they should be."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from shopkeeper.core.errors import MissingFile, UnreadableModel
from shopkeeper.encoders.bert import Bert, english_folder
from tests.encoders.models import DIM, kept, plainly, tokenizer, write_json, write_model

TEXTS = ["red tea cup", "blue", "warm wool shirt of light cotton", "set of 2 dark lamp", "green shoe"]


@pytest.mark.parametrize("pooling", ["mean_tokens", "cls_token"])
@pytest.mark.parametrize("kind", ["bert", "distilbert", "xlm-roberta"])
def test_vectors_are_those_of_the_plain_network(tmp_path, kind, pooling):
    arrays = write_model(tmp_path / "model", kind, pooling)
    encoder = Bert(tmp_path / "model", tmp_path / "cache", precision="float32")
    expected = [plainly(arrays, tokenizer().encode(text).ids, kind, pooling) for text in TEXTS]
    assert encoder.dim == DIM
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=2e-6)


def test_a_model_with_a_head_before_it_is_the_same(tmp_path):
    write_model(tmp_path / "bare")
    write_model(tmp_path / "headed", before="bert.")
    bare, headed = (
        Bert(tmp_path / name, tmp_path, precision="float32").encode(TEXTS) for name in ("bare", "headed")
    )
    np.testing.assert_array_equal(bare, headed)


def test_prefix_comes_from_the_folder_or_the_caller(tmp_path):
    write_model(tmp_path / "model")
    plain = Bert(tmp_path / "model", tmp_path, precision="float32")
    write_json(
        tmp_path / "model" / "config_sentence_transformers.json",
        {"prompts": {"query": "warm ", "passage": "cold "}, "default_prompt_name": "query"},
    )
    told = Bert(tmp_path / "model", tmp_path, precision="float32")
    given = Bert(tmp_path / "model", tmp_path, precision="float32", prefix="cold ")
    assert len({plain.id, told.id, given.id}) == 3
    np.testing.assert_allclose(told.encode(["tea"]), plain.encode(["warm tea"]), atol=1e-6)
    np.testing.assert_allclose(given.encode(["tea"]), plain.encode(["cold tea"]), atol=1e-6)


def test_long_texts_are_cut_where_the_folder_says(tmp_path):
    write_model(tmp_path / "model")
    whole = Bert(tmp_path / "model", tmp_path, precision="float32")
    write_json(tmp_path / "model" / "sentence_bert_config.json", {"max_seq_length": 4})
    short = Bert(tmp_path / "model", tmp_path, precision="float32")
    np.testing.assert_allclose(short.encode(["red tea cup pot"]), whole.encode(["red tea"]), atol=1e-6)
    assert np.isfinite(whole.encode(["tea " * 90])).all()


def test_a_text_of_unknown_tokens_says_nothing(tmp_path):
    write_model(tmp_path / "model")
    encoder = Bert(tmp_path / "model", tmp_path, precision="float32", prefix="warm ")
    lengths = np.linalg.norm(encoder.encode(["\u0f56\u0f7c\u0f51", "tea \u0f56", "xyzzy"]), axis=1)
    np.testing.assert_allclose(lengths, [0, 1, 0], atol=1e-6)


def test_the_converted_model_is_kept_and_a_damaged_one_is_made_anew(tmp_path):
    write_model(tmp_path / "model")
    first = Bert(tmp_path / "model", tmp_path / "cache").encode(TEXTS)
    (kept,) = (tmp_path / "cache").iterdir()
    whole = kept.read_bytes()
    stamp = kept.stat().st_mtime_ns
    np.testing.assert_array_equal(Bert(tmp_path / "model", tmp_path / "cache").encode(TEXTS), first)
    assert kept.stat().st_mtime_ns == stamp
    for damaged in (b"", whole[: len(whole) // 2], whole[:-50] + b"\0" * 50):
        kept.write_bytes(damaged)
        np.testing.assert_array_equal(Bert(tmp_path / "model", tmp_path / "cache").encode(TEXTS), first)
        assert kept.read_bytes() == whole


def test_other_weights_are_another_encoder(tmp_path):
    write_model(tmp_path / "model")
    before = Bert(tmp_path / "model", tmp_path).id
    path = tmp_path / "model" / "model.safetensors"
    save_file({name: array * 1.01 for name, array in load_file(path).items()}, path)
    assert Bert(tmp_path / "model", tmp_path).id != before


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"]
)
def test_a_missing_file_is_named(tmp_path, name):
    write_model(tmp_path / "model")
    (tmp_path / "model" / name).unlink()
    with pytest.raises(MissingFile, match=name):
        Bert(tmp_path / "model", tmp_path)


@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json", "modules.json"]
)
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_damaged_file_is_named(tmp_path, name, content):
    write_model(tmp_path / "model")
    (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(UnreadableModel, match=name):
        Bert(tmp_path / "model", tmp_path).encode(["tea"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model_type": "mpnet"}, "mpnet"),
        ({"hidden_act": "silu"}, "silu"),
        ({"position_embedding_type": "relative_key"}, "relative_key"),
        ({"num_attention_heads": 7}, "7 heads"),
        ({"hidden_size": "many"}, "hidden_size"),
    ],
)
def test_an_architecture_that_is_not_understood_is_told(tmp_path, change, told):
    write_model(tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    write_json(path, json.loads(path.read_text()) | change)
    with pytest.raises(UnreadableModel, match=told):
        Bert(tmp_path / "model", tmp_path)


def test_modules_and_poolings_that_are_not_understood_are_told(tmp_path):
    write_model(tmp_path / "a", pooling="max_tokens")
    with pytest.raises(UnreadableModel, match="pooling_mode_max_tokens"):
        Bert(tmp_path / "a", tmp_path)
    write_model(tmp_path / "b")
    write_json(
        tmp_path / "b" / "modules.json", [{"path": "3_Dense", "type": "sentence_transformers.models.Dense"}]
    )
    with pytest.raises(UnreadableModel, match="Dense"):
        Bert(tmp_path / "b", tmp_path)


@pytest.mark.parametrize(
    "layer", ["encoder.layer.1.output.dense.weight", "embeddings.word_embeddings.weight"]
)
def test_a_missing_tensor_or_a_wrong_shape_is_named(tmp_path, layer):
    write_model(tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    arrays = load_file(path)
    save_file({name: array for name, array in arrays.items() if name != layer}, path)
    with pytest.raises(UnreadableModel, match=layer):
        Bert(tmp_path / "model", tmp_path).encode(["tea"])
    save_file(arrays | {layer: arrays[layer][:, :-1].copy()}, path)
    with pytest.raises(UnreadableModel, match=layer):
        Bert(tmp_path / "model", tmp_path).encode(["tea"])


def test_whole_numbers_are_near_and_english_is_read():
    """The real weights: int8 against float32, and titles that mean the same."""
    folder = english_folder()
    assert folder is not None
    titles = ["noise cancelling wireless headphones", "bluetooth earphones", "cotton bath towel", "yoga mat"]
    whole = Bert(folder, kept(), precision="float32").encode(titles)
    small = Bert(folder, kept()).encode(titles)
    assert (whole * small).sum(axis=1).min() > 0.98
    likeness = small @ small.T
    assert likeness[0, 1] > likeness[0, 2:].max() + 0.2
