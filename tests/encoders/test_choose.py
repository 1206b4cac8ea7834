"""Which encoder a shop gets."""

import pytest

from shopkeeper.core.config import EncoderSettings, parse_config
from shopkeeper.core.errors import InvalidConfig, MissingFile
from shopkeeper.encoders.bert import Bert
from shopkeeper.encoders.choose import MOST_ENGLISH, is_english, text_encoder
from shopkeeper.encoders.endpoint import Endpoint
from shopkeeper.encoders.text import Multilingual
from tests.encoders.models import write_model
from tests.encoders.servers import Embeddings

ENGLISH = ["red cotton shirt", "tea pot", "café table"] + ["wool scarf"] * 200
GERMAN = ["Bluse in Größe 38", "Kissen", "Übertopf", "Teller"]
CHINESE = ["红色棉衬衫", "茶壶"]


@pytest.mark.parametrize(
    ("language", "titles", "kind"),
    [
        ("en", ENGLISH, Bert),
        ("en", GERMAN, Multilingual),
        ("en", CHINESE, Multilingual),
        ("en", ENGLISH + CHINESE * 5, Multilingual),
        ("zh", ENGLISH, Multilingual),
        ("en", [], Multilingual),
        ("en", ENGLISH * (MOST_ENGLISH // len(ENGLISH) + 1), Multilingual),
    ],
)
def test_by_itself(tmp_path, language, titles, kind):
    assert type(text_encoder(EncoderSettings(), language, titles, tmp_path)) is kind


def test_symbols_are_not_letters():
    assert is_english(["5″ screen", "tea – green", "shirt™"])


def test_by_configuration(tmp_path):
    write_model(tmp_path / "model")
    folder = text_encoder(
        EncoderSettings(text=str(tmp_path / "model"), prefix="red "), "zh", CHINESE, tmp_path
    )
    assert folder.id != Bert(tmp_path / "model", tmp_path).id
    assert type(text_encoder(EncoderSettings(text="multilingual"), "en", ENGLISH, tmp_path)) is Multilingual
    assert text_encoder(EncoderSettings(text="english"), "zh", CHINESE, tmp_path).dim == 384
    with pytest.raises(MissingFile, match="nowhere"):
        text_encoder(EncoderSettings(text="/nowhere"), "en", ENGLISH, tmp_path)


def test_a_service_by_configuration(tmp_path, monkeypatch):
    server = Embeddings()
    text = f'[encoders]\ntext = "{server.start()}"\nmodel = "letters"\napi_key_env = "TEA_KEY"\n'
    settings = parse_config(text).encoders
    with pytest.raises(InvalidConfig, match="TEA_KEY"):
        text_encoder(settings, "en", ENGLISH, tmp_path)
    monkeypatch.setenv("TEA_KEY", "oolong")
    encoder = text_encoder(settings, "en", ENGLISH, tmp_path)
    assert isinstance(encoder, Endpoint)
    assert encoder.encode(["tea"]).shape == (1, 26)
    server.stop()


def test_a_url_without_a_model_is_a_fault():
    with pytest.raises(InvalidConfig, match=r"encoders\.model"):
        parse_config('[encoders]\ntext = "https://example.com/v1"\n')
