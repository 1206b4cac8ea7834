"""``shopkeeper uplift`` on files, through the command line."""

import json

import numpy as np
import polars as pl
import pytest

from shopkeeper.cli import main


def people(n, seed, chance=lambda x: np.full(len(x), 0.5)):
    """A coupon moves those with a high ``visits``; ``city`` tells who buys anyway."""
    rng = np.random.default_rng(seed)
    visits, city = rng.normal(size=n), rng.integers(0, 3, n)
    treated = rng.random(n) < chance(visits)
    bought = rng.random(n) < 0.15 + 0.2 * (city == 1) + 0.4 * treated * (visits > 0)
    return pl.DataFrame(
        {
            "customer_id": [f"{seed}-{row}" for row in range(n)],
            "visits": visits,
            "city": pl.Series([("Ulm", "巴黎", "Bonn")[code] for code in city]),
            "nothing": 1,
            "coupon": treated.astype(int),
            "bought": bought.astype(int),
        }
    )


TRAIN, TEST = people(1200, 0), people(800, 1)


@pytest.fixture
def run(tmp_path, capsys):
    def uplift(*more, train=TRAIN, test=TEST, code=0):
        for name, frame in (("train", train), ("test", test)):
            frame.write_csv(tmp_path / f"{name}.csv")
        out = tmp_path / "new" / "out.json"
        columns = {"--treatment": "coupon", "--outcome": "bought"}
        columns |= dict(zip(more[::2], more[1::2], strict=True))
        options = [part for pair in columns.items() for part in pair]
        files = ["--train", str(tmp_path / "train.csv"), "--test", str(tmp_path / "test.csv")]
        assert main(["uplift", *files, *options, "--json", str(out)]) == code
        said = capsys.readouterr()
        return (json.loads(out.read_text("utf-8")), said.out) if code == 0 else said.err

    return uplift


def test_the_contract(run):
    found, said = run("--worth", "20", "--cost", "1", "--discount", "4", "--budget", "300")
    assert list(found)[:4] == ["qini", "qini_interval", "auuc", "auuc_interval"]
    assert found["qini_interval"][0] < found["qini"] < found["qini_interval"][1]
    assert found["qini_interval"][0] > 0
    moved = TEST["visits"].to_numpy() > 0
    scores = np.array(found["scores"])
    assert scores[moved].mean() - scores[~moved].mean() > 0.25
    assert found["overlap"]["random"]
    assert found["warnings"] == []
    assert found["notes"] == ["Column 'customer_id' is not read: another value in every row: an id."]
    plan = found["plan"]
    assert moved[plan["rows"]].mean() > 0.95
    assert plan["expected_spending"] <= 300
    assert (
        plan["measured_profit_interval"][0] <= plan["expected_profit"] <= plan["measured_profit_interval"][1]
    )
    policies = found["policies"]
    assert policies["nobody"]["value"] < policies["plan"]["value"] < policies["everybody"]["value"]
    assert set(found["learners"]) == {"S", "T", "DR"}
    assert "Plan: treat" in said


def test_what_observation_cannot_tell_is_said(run):
    chosen = lambda x: 1 / (1 + np.exp(-4 * x))  # noqa: E731
    found, said = run(train=people(1200, 2, chosen), test=people(800, 3, chosen))
    assert not found["overlap"]["random"]
    assert found["overlap"]["outside"] > 0.2
    assert "this was no random test" in " ".join(said.split())
    assert "hardly anybody like them" in " ".join(said.split())
    assert len(found["warnings"]) == 2


def test_odd_columns_and_rows(run):
    """A column that is known only afterwards, one the test lacks, a word among numbers, yes and no."""
    rng = np.random.default_rng(0)
    odd = TRAIN.with_columns(
        paid=pl.col("bought") * 9.5, seen=rng.integers(0, 2, len(TRAIN)), **{'a,"b"': pl.lit("x")}
    )
    test = TEST.with_columns(
        paid=pl.col("bought") * 9.5, visits=pl.Series(["?", *map(str, TEST["visits"][1:])])
    )
    found, _ = run(train=odd, test=test.with_columns(bought=pl.Series(np.where(TEST["bought"], "yes", "no"))))
    assert any("known only afterwards" in one for one in found["warnings"])
    assert any("'seen'" in one for one in found["notes"])
    again, _ = run("--ignore", "paid", train=odd, test=test)
    assert again["warnings"] == []
    assert len(again["scores"]) == len(TEST)


EMPTY = TRAIN.head(0)


@pytest.mark.parametrize(
    ("more", "changed", "said"),
    [
        ((), {"train": TRAIN.with_columns(coupon=1)}, "column 'coupon' is 1 in every row"),
        ((), {"test": TEST.with_columns(bought=0)}, "column 'bought' is 0 in every row"),
        ((), {"train": TRAIN.with_columns(coupon=pl.col("coupon") * 2)}, "column 'coupon' has '2' in row"),
        ((), {"test": TEST.with_columns(bought=pl.col("bought") / 2)}, "every row must have 0 or 1"),
        ((), {"train": TRAIN.with_columns(bought=None)}, "column 'bought' has nothing in row 1"),
        ((), {"train": TRAIN.drop("coupon")}, "has no column 'coupon'"),
        ((), {"test": TEST.drop("bought")}, "has no column 'bought'"),
        ((), {"train": EMPTY}, "no readable row"),
        ((), {"test": EMPTY}, "no readable row"),
        ((), {"train": TRAIN.select("coupon", "bought", "nothing")}, "No column tells people apart"),
        (
            (),
            {"train": pl.concat([TRAIN.filter(coupon=1), TRAIN.filter(coupon=0).head(3)])},
            "one group has 3",
        ),
        (("--outcome", "coupon"), {}, "both 'coupon'"),
        (("--ignore", "mood"), {}, "has no column 'mood'"),
        (("--budget", "0"), {}, "budget = 0.0"),
        (("--budget", "nan"), {}, "budget = nan"),
        (("--worth", "-1"), {}, "worth = -1.0"),
        (("--test", "/nowhere.csv"), {}, "/nowhere.csv does not exist"),
    ],
)
def test_what_cannot_be_done_is_told(run, more, changed, said):
    assert said in run(*more, code=2, **changed)
