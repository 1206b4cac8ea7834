"""Times and ids of any usual form become milliseconds and text; what cannot be read is null or told."""

import gzip
from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopkeeper.core.errors import EmptySource, MissingFile, UnreadableSource
from shopkeeper.evaluation.tables import epoch_milliseconds, read_table, text

MOMENT = datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
MS = int(MOMENT.timestamp() * 1000)


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("2020-01-02T03:04:05Z", MS),
        ("2020-01-02 03:04:05", MS),
        ("2020-01-02 03:04:05 UTC", MS),
        ("2020-01-02T05:04:05+02:00", MS),
        ("2020-01-02T05:04:05+0200", MS),
        (" 2020-01-02T03:04:05.250 ", MS + 250),
        ("2020-01-02 03:04", MS - 5000),
        ("2020-01-02", MS - 11_045_000),
        (str(MS // 1000), MS),
        (str(MS), MS),
        (f"{MS}000", MS),
        ("1577934245.25", MS + 250),
        ("soon", None),
        ("", None),
        (None, None),
        ("NaN", None),
        ("inf", None),
        ("-5", None),
        ("2020-13-45", None),
        ("99999999999", None),
    ],
)
def test_a_time_of_any_usual_form(written, wanted):
    assert epoch_milliseconds(pl.Series([written], dtype=pl.String)).to_list() == [wanted]


def test_forms_may_be_mixed_in_one_column():
    column = pl.Series(["2020-01-02", str(MS // 1000), None, "2020-01-02T03:04:05Z", "x"])
    assert epoch_milliseconds(column).to_list() == [MS - 11_045_000, MS, None, MS, None]


def test_typed_columns():
    assert epoch_milliseconds(pl.Series([MOMENT])).to_list() == [MS]
    assert epoch_milliseconds(pl.Series([MOMENT.replace(tzinfo=None)])).to_list() == [MS]
    assert epoch_milliseconds(pl.Series([MOMENT.date()])).to_list() == [MS - 11_045_000]
    assert epoch_milliseconds(pl.Series([MS // 1000])).to_list() == [MS]
    assert epoch_milliseconds(pl.Series([0.5, None, float("nan")])).to_list() == [500, None, None]


@given(
    st.lists(st.integers(1, 4_000_000_000), min_size=1, max_size=9), st.sampled_from([1, 1000, 10**6, 10**9])
)
def test_epoch_units_are_told_apart_for_usual_times(seconds, unit):
    seconds = [moment if unit == 1 else 10**9 + moment % 10**9 for moment in seconds]
    found = epoch_milliseconds(pl.Series([moment * unit for moment in seconds]))
    assert found.to_list() == [moment * 1000 for moment in seconds]


@given(st.lists(st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 31)), min_size=1, max_size=9))
def test_iso_text_goes_there_and_back(moments):
    written = pl.Series([moment.isoformat() for moment in moments])
    wanted = [int(moment.replace(tzinfo=UTC).timestamp() * 1000 // 1) for moment in moments]
    assert epoch_milliseconds(written).to_list() == pytest.approx(wanted, abs=1)


def test_ids_become_text():
    assert text(pl.Series(["0042", " a ", "", None])).to_list() == ["0042", "a", None, None]
    assert text(pl.Series([13085.0, None])).to_list() == ["13085", None]
    assert text(pl.Series([1.5, 2.0])).to_list() == [None, "2"]
    assert text(pl.Series([7, 8])).to_list() == ["7", "8"]


def test_csv_parquet_and_gzip_read_alike(tmp_path):
    frame = pl.DataFrame({"Item_ID ": ["1", "2"]})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.data")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress((tmp_path / "a.csv").read_bytes()))
    for name in ("a.csv", "a.data", "a.csv.gz"):
        assert read_table(tmp_path / name).to_dict(as_series=False) == {"item_id": ["1", "2"]}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptySource),
        (b"item_id,timestamp\n", EmptySource),
        (b"PAR1 and then nothing", UnreadableSource),
        (b"a,b\n\xff\xfe\xfa,2\n", UnreadableSource),
        (b"a,A\n1,2\n", UnreadableSource),
    ],
)
def test_bad_files_are_told(tmp_path, content, error):
    path = tmp_path / "events.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=r"events\.csv"):
        read_table(path)


def test_a_missing_file_or_a_folder_is_told(tmp_path):
    with pytest.raises(MissingFile, match=r"nothing\.csv"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(UnreadableSource):
        read_table(tmp_path)
