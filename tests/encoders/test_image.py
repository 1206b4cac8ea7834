"""Pictures: against the same network in torch, and files of every odd kind."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from shopkeeper.core.errors import UnreadableModel
from shopkeeper.encoders.image import EfficientNet, image_weights, look
from shopkeeper.encoders.torch_file import read_torch_file

torch = pytest.importorskip("torch")
F = torch.nn.functional
WEIGHTS = image_weights() or Path("the weights are not installed")
SCENE = Image.effect_mandelbrot((300, 200), (-2, -1, 1, 1), 60).convert("RGB")


def file_of(image: Image.Image, form: str, **settings) -> bytes:
    file = BytesIO()
    image.save(file, form, **settings)
    return file.getvalue()


def plainly(pixels):
    """The network in torch, layer by layer, without folding anything."""
    w = torch.load(WEIGHTS, weights_only=True)

    def step(x, conv, norm, stride=1, active=True):
        weight = w[f"{conv}.weight"]
        size = weight.shape[-1]
        # TensorFlow's "same": as much as the last window needs, the odd one at the end.
        need = max((-(-x.shape[-1] // stride) - 1) * stride + size - x.shape[-1], 0)
        x = F.pad(x, (need // 2, need - need // 2) * 2)
        groups = x.shape[1] if "depthwise" in conv else 1
        x = F.conv2d(x, weight, stride=stride, groups=groups)
        parts = [w[f"{norm}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")]
        x = F.batch_norm(x, *parts, eps=1e-3)
        return F.relu6(x) if active else x

    x = step(torch.tensor(pixels), "_conv_stem", "_bn0", 2)
    # Repeats, kernel, stride, widening, channels in and out: table 1 of the paper.
    number = 0
    for repeats, stride, wide in (
        (1, 1, 1),
        (2, 2, 6),
        (2, 2, 6),
        (3, 2, 6),
        (3, 1, 6),
        (4, 2, 6),
        (1, 1, 6),
    ):
        for repeat in range(repeats):
            at, before = f"_blocks.{number}.", x
            if wide > 1:
                x = step(x, f"{at}_expand_conv", f"{at}_bn0")
            x = step(x, f"{at}_depthwise_conv", f"{at}_bn1", stride if repeat == 0 else 1)
            x = step(x, f"{at}_project_conv", f"{at}_bn2", active=False)
            x = x + before if repeat else x
            number += 1
    found = step(x, "_conv_head", "_bn1").mean(dim=(2, 3))
    return F.normalize(found).numpy()


def test_vectors_are_those_of_the_network_in_torch():
    pictures = [file_of(SCENE.rotate(angle), "PNG") for angle in (0, 40, 90)]
    pixels = np.array([look(picture)[0] for picture in pictures], np.float32)
    np.testing.assert_allclose(EfficientNet().encode(pictures), plainly(pixels), atol=2e-5)


def test_arrays_are_those_that_torch_reads():
    found, expected = read_torch_file(WEIGHTS), torch.load(WEIGHTS, weights_only=True)
    assert list(found) == list(expected)
    for name, array in found.items():
        np.testing.assert_array_equal(array, expected[name].numpy())


def test_a_file_that_names_other_things_is_refused(tmp_path):
    import pickle

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(UnreadableModel, match=r"names builtins\.print"):
        read_torch_file(path)
    whole = WEIGHTS.read_bytes()
    for damaged in (b"", whole[:100], whole[:40_000], whole[: len(whole) // 2], b"\x80\x02K\x01." * 5):
        path.write_bytes(damaged)
        with pytest.raises(UnreadableModel, match=r"evil\.pth"):
            read_torch_file(path)


@pytest.mark.parametrize(
    "content",
    [
        file_of(SCENE, "JPEG", quality=95),
        file_of(SCENE.convert("CMYK"), "JPEG", quality=95),
        file_of(SCENE.quantize(200), "PNG"),
        file_of(SCENE.convert("RGBA"), "PNG"),
        file_of(SCENE, "WEBP", lossless=True),
        file_of(SCENE, "GIF", save_all=True, append_images=[SCENE.rotate(90)]),
        file_of(SCENE, "TIFF"),
        file_of(SCENE, "BMP"),
        file_of(SCENE.resize((3000, 2000), Image.Resampling.BICUBIC), "JPEG"),
    ],
    ids=["jpeg", "cmyk", "palette", "alpha", "webp", "animated", "tiff", "bmp", "large"],
)
def test_forms_of_the_same_picture_look_alike(content):
    encoder = EfficientNet()
    one, other = encoder.encode([file_of(SCENE, "PNG"), content])
    assert one @ other > 0.9
    assert not encoder.problems


def test_sixteen_bits_of_grey_are_scaled():
    grey = np.asarray(SCENE.convert("L"))
    wide = Image.fromarray(grey.astype(np.uint16) * 257)
    encoder = EfficientNet()
    one, other = encoder.encode([file_of(Image.fromarray(grey), "PNG"), file_of(wide, "PNG")])
    assert one @ other > 0.999


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    pixels, _ = look(file_of(clear, "PNG"))
    assert pixels is not None
    np.testing.assert_allclose(pixels, 1.0)


def test_a_turned_photograph_is_turned_back():
    turned = Image.Exif()
    turned[0x0112] = 6
    upright, lying = SCENE, SCENE.transpose(Image.Transpose.ROTATE_90)
    one, other = EfficientNet().encode([file_of(upright, "PNG"), file_of(lying, "PNG", exif=turned)])
    assert one @ other > 0.999


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (20_000, 2)])
def test_odd_sizes(size):
    found = EfficientNet().encode([file_of(Image.new("RGB", size, "red"), "PNG")])
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)


def test_what_cannot_be_read_is_counted_and_stops_nothing(tmp_path):
    png = file_of(SCENE, "PNG")
    (tmp_path / "empty.png").touch()
    (tmp_path / "words.jpg").write_text("not a picture")
    (tmp_path / "good.png").write_bytes(png)
    bomb = file_of(Image.new("1", (20_000, 20_000)), "PNG")
    large = file_of(Image.new("1", (10_000, 9_000)), "PNG")
    damaged = [png[: len(png) // 2], png[:30], b"GIF89a", png.replace(b"IDAT", b"IDXT")]
    names = ("missing.png", "empty.png", "words.jpg", "good.png")
    values = [*(tmp_path / name for name in names), tmp_path, b"", bomb, large, *damaged]
    encoder = EfficientNet()
    found = encoder.encode(values)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [0, 0, 0, 1, *[0] * 8], atol=1e-5)
    assert encoder.problems == {"missing": 2, "empty": 2, "too large": 2, "not a picture": 5}


@pytest.mark.parametrize("seed", range(12))
def test_random_damage_stops_nothing(seed):
    random = np.random.default_rng(seed)
    values = []
    for form in ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"):
        content = bytearray(file_of(SCENE, form))
        for at in random.integers(0, len(content), 20):
            content[at] = random.integers(256)
        values.append(bytes(content))
    for value in values:
        pixels, problem = look(value)
        assert (pixels is None) == bool(problem)
        assert pixels is None or np.isfinite(pixels).all()
