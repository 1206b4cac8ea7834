"""``shopkeeper tag`` on files, through the command line."""

import json
import shutil

import polars as pl
import pytest

from shopkeeper.cli import main
from tests.catalog.goods import COLOURS, KINDS, draw, goods

TRAIN, TEST = goods(120, silent=0.4), goods(40, seed=1, silent=0.4)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shelf")
    draw(TRAIN, folder / "train")
    draw(TEST, folder / "test")
    return folder


@pytest.fixture
def run(shelf, tmp_path, capsys):
    def tag(*more, train=TRAIN, test=TEST, code=0):
        train.write_csv(shelf / "train.csv")
        test.write_csv(shelf / "test.csv")
        out = tmp_path / "new" / "out.json"
        files = ["--train", str(shelf / "train.csv"), "--test", str(shelf / "test.csv"), "--json", str(out)]
        assert main(["tag", *files, *map(str, more)]) == code
        said = capsys.readouterr()
        return (json.loads(out.read_text("utf-8")), said.out) if code == 0 else said.err

    return tag


def test_the_contract(run):
    found, said = run("--target", "kind")
    assert list(found) == ["accuracy", "macro_f1", "ece", "predictions", "notes"]
    assert found["accuracy"] == found["macro_f1"] == 1.0
    assert 0 <= found["ece"] < 0.15
    assert [one["row"] for one in found["predictions"]] == list(range(40))
    assert [one["label"] for one in found["predictions"]] == TEST["kind"].to_list()
    assert all(0 < one["confidence"] <= 1 for one in found["predictions"])
    assert "Guessed the columns with words: title" in said


def test_without_the_truth_figures_are_null(run):
    found, _ = run("--target", "kind", "--text", "title", test=TEST.drop("kind"))
    assert found["accuracy"] is found["macro_f1"] is found["ece"] is None
    assert len(found["predictions"]) == 40


def test_pictures_add_what_titles_do_not_say(run, shelf):
    for name in TRAIN["picture"]:
        shutil.copy(shelf / "train" / name, shelf / f"a{name}")
    for name in TEST["picture"]:
        shutil.copy(shelf / "test" / name, shelf / f"b{name}")
    train = TRAIN.with_columns(picture="a" + pl.col("picture"))
    test = TEST.with_columns(picture="b" + pl.col("picture"))
    (shelf / "b3.png").write_bytes(b"broken")
    (shelf / "b4.png").unlink()
    text, _ = run("--target", "colour", train=train, test=test)
    both, said = run("--target", "colour", "--image", "picture", "--image-dir", shelf, train=train, test=test)
    assert text["accuracy"] < 0.9 < 0.95 < both["accuracy"]
    assert "2 of 160 pictures are not there or cannot be read." in said
    alone, _ = run(
        "--target", "colour", "--image", "picture", train=train.drop("title"), test=test.drop("title")
    )
    assert alone["accuracy"] > 0.9


def test_several_tags(run):
    found, _ = run("--target", "tags", train=goods(160), test=goods(40, seed=1))
    assert found["accuracy"] > 0.9
    assert found["macro_f1"] > 0.9
    first = found["predictions"][0]
    assert first["label"] == "|".join(tag["tag"] for tag in first["tags"])


def test_rows_are_those_of_the_file(run, shelf):
    frame = TEST.select("title", "kind")
    frame.write_csv(shelf / "odd.csv")
    lines = (shelf / "odd.csv").read_text().splitlines()
    lines[3:3] = ["a,b,c,d"]
    (shelf / "odd.csv").write_text("\n".join(lines))
    found, said = run("--target", "kind", "--test", shelf / "odd.csv")
    assert [one["row"] for one in found["predictions"]] == [0, 1, *range(3, 41)]
    assert "1 rows cannot be read, such as line 4" in said


@pytest.mark.parametrize("suffix", ["tsv", "jsonl", "parquet"])
def test_other_formats(run, shelf, suffix):
    path = shelf / f"test.{suffix}"
    write = {"tsv": lambda: TEST.write_csv(path, separator="\t"), "jsonl": lambda: TEST.write_ndjson(path)}
    write.get(suffix, lambda: TEST.write_parquet(path))()
    assert run("--target", "kind", "--test", path)[0]["accuracy"] == 1.0


def test_names_alone_in_two_languages(run):
    english, _ = run("--target", "kind", "--zero-shot")
    assert english["accuracy"] > 0.75
    names = pl.DataFrame({"kind": list(KINDS.values())})
    test = TEST.with_columns(pl.col("kind").replace_strict(KINDS))
    assert run("--target", "kind", "--zero-shot", train=names, test=test)[0]["accuracy"] > 0.75
    colours = pl.DataFrame({"colour": list(COLOURS)})
    _, said = run("--target", "colour", "--zero-shot", "--image", "picture", train=colours)
    assert "Pictures are not looked at" in said


ODD = [
    "",
    "x" * 100_000,
    "😀🎁🎉",
    "Красный чайник 茶壶 teapot",
    "<b>red</b> <script>lamp</script>",
    "<<<>>>",
    "\u200b",
]


@pytest.mark.parametrize("zero_shot", [[], ["--zero-shot"]])
def test_odd_titles(run, zero_shot):
    test = TEST.head(len(ODD)).with_columns(title=pl.Series(ODD))
    found, said = run("--target", "kind", "--text", "title", *zero_shot, test=test)
    assert len(found["predictions"]) == len(ODD)
    assert zero_shot or "neither words nor a picture" in said


def test_odd_targets(run):
    found, said = run("--target", "kind", train=TRAIN.with_columns(kind=pl.lit("lamp")))
    assert {one["label"] for one in found["predictions"]} == {"lamp"}
    assert "one label only" in said
    assert "labels that no row to learn from has" in said
    single = TRAIN.with_columns(kind=pl.Series(["once", "twice", *TRAIN["kind"][2:]]))
    assert run("--target", "kind", train=single)[0]["accuracy"] > 0.95
    every, _ = run("--target", "item_id", train=TRAIN.head(30))
    assert len(every["predictions"]) == 40
    assert len(run("--target", "kind", train=TRAIN.head(1))[0]["predictions"]) == 40


@pytest.mark.parametrize(
    ("more", "changed", "said"),
    [
        (["--target", "shape"], {}, "has no column 'shape'"),
        (["--target", "kind", "--text", "words"], {}, "has no column 'words'"),
        (["--target", "kind", "--image", "photo"], {}, "has no column 'photo'"),
        (["--target", "kind", "--image", "picture", "--image-dir", "/nowhere"], {}, "/nowhere is no folder"),
        (["--target", "kind"], {"train": TRAIN.with_columns(kind=pl.lit(None, pl.String))}, "No row of"),
        (["--target", "kind"], {"train": TRAIN.head(0)}, "no readable row"),
        (["--target", "kind"], {"test": TEST.select("item_id", "kind")}, "reads like a title"),
        (
            ["--target", "kind", "--text", "title"],
            {"train": TRAIN.with_columns(title=pl.lit("")), "test": TEST.with_columns(title=pl.lit(""))},
            "No product has words or a picture",
        ),
        (
            ["--target", "kind", "--zero-shot", "--text", "title"],
            {"test": TEST.with_columns(title=pl.lit(""))},
            "No product has words to compare",
        ),
        (["--target", "kind", "--test", "/nowhere.csv"], {}, "/nowhere.csv does not exist"),
        ([], {}, "--target is missing"),
    ],
)
def test_what_cannot_be_done_is_told(run, more, changed, said):
    assert said in run(*more, code=2, **changed)
