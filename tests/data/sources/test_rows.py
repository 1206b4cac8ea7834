import polars as pl
import pytest

from shopkeeper.core.config import Limits
from shopkeeper.core.errors import EmptySource, MissingColumn
from shopkeeper.data.sources.rows import find, read_rows


def test_rows_keep_their_numbers(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b\n1,2\n\nbroken\n"3\n3",4\n5,6,7\n8,9\n')
    rows = read_rows(path, Limits())
    assert rows.frame.rows() == [("1", "2"), ("3\n3", "4"), ("8", "9")]
    assert rows.numbers.tolist() == [0, 2, 4]
    assert rows.notes == (f"{path}: 2 rows cannot be read, such as line 4.",)


def test_a_file_without_rows(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n")
    with pytest.raises(EmptySource):
        read_rows(tmp_path / "x.csv", Limits())


def test_columns_are_found_also_if_spelled_otherwise():
    frame = pl.DataFrame({"SKU": ["1"], "Product Title": ["Lamp"], "Kind": ["lamp"]})
    assert find(frame, "kind", "f.csv") == "Kind"
    assert find(frame, "product_title", "f.csv") == "Product Title"
    with pytest.raises(MissingColumn, match=r"f\.csv has no column 'colour'; it has 'SKU'"):
        find(frame, "colour", "f.csv")
