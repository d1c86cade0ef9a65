import gzip
import sys

import numpy as np
import pytest

from lava_apps.datasets import DataError, Numbers, Reading, csv_files, load_table
from lava_apps.parameters import ParameterError


@pytest.mark.parametrize(
    ("name", "shape", "classes", "image"),
    [
        ("iris", (150, 4), 3, None),
        ("wine", (178, 13), 3, None),
        ("breast_cancer", (569, 30), 2, None),
        ("digits", (1797, 64), 10, (8, 8)),
        ("mnist", (5000, 784), 10, (28, 28)),
    ],
)
def test_tables_by_name(name, shape, classes, image):
    table = load_table(name)
    assert table.data.shape == shape
    assert table.data.dtype == float
    assert len(table.features) == shape[1]
    assert len(np.unique(table.labels)) == classes
    assert table.image_shape == image
    with pytest.raises(DataError, match="labels of its own"):
        load_table(name, label="x")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_file_with_labels(delimiter, tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK", 2)
    rows = ["a, kind,b b", "1,x,2.5", "", '-3e2,"y, z",4', "5,x,6", "7,x,8"]
    text = "\r\n".join(rows[:3] + rows[4:]).replace(",", delimiter)
    table = load_table(write(tmp_path / "t.csv", "\ufeff" + text), label="kind")
    assert table.name == "t.csv"
    assert table.features == ["a", "b b"]
    assert table.data.tolist() == [[1, 2.5], [5, 6], [7, 8]]
    assert table.labels.tolist() == ["x", "x", "x"]
    if delimiter == ",":
        quoted = load_table(write(tmp_path / "q.csv", "\n".join(rows)), label="kind")
        assert quoted.labels.tolist() == ["x", "y, z", "x", "x"]
        assert quoted.data.tolist() == [[1, 2.5], [-300, 4], [5, 6], [7, 8]]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n3,\n", "line 3, b: is missing"),
        ("a,b\n1,2\n3,NaN\n", "line 3, b: is missing"),
        ("a,b\n1,2\n\nNA,3\n", "line 4, a: is missing"),
        ("a,b\n1,2\nred,3\n", "line 3, a: is no number: 'red' .--label"),
        ("a,b\n1,inf\n", "line 2, b: must be finite"),
        ("a,b\n1,2\n3\n", "line 3 has 1 values, the header 2"),
        ("1,2\n3,4\n", "line 1 must name the columns"),
        ("a,b\n", "has no rows below its header"),
        ("a,b,a\n1,2,3\n", "has more than one column 'a'"),
        ('"a\nb",c\n1,2\n"3\n",\n', "line 4, c: is missing"),
        ("", "has no header"),
    ],
)
def test_what_is_wrong_in_a_csv_file_is_named(text, complaint, tmp_path):
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(DataError, match=f"t.csv: {complaint}"):
        load_table(path)


def test_labels_and_files_that_are_not_there(tmp_path):
    path = write(tmp_path / "t.csv", "a,b\n1,2\n,3\n")
    with pytest.raises(DataError, match="has no column 'c'; it has a, b"):
        load_table(path, label="c")
    with pytest.raises(DataError, match="line 3, a: is missing"):
        load_table(path, label="a")
    only = write(tmp_path / "o.csv", "a\nx\n")
    with pytest.raises(DataError, match="no column besides the label"):
        load_table(only, label="a")
    with pytest.raises(DataError, match="no such file; known data: iris"):
        load_table("irises")
    with pytest.raises(DataError, match="cannot be read; it is no file, but a folder"):
        load_table(str(tmp_path))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00a,b\n")
    with pytest.raises(DataError, match="is no text in utf-16; --encoding NAME"):
        load_table(str(tmp_path / "b.csv"))


def read(tmp_path, text, label=None, **options):
    path = write(tmp_path / "t.csv", text)
    return load_table(path, label=label, reading=Reading(**options))


@pytest.mark.parametrize(
    "name", ["", "Unnamed: 0", '""', "Unnamed: 0.1", "Unnamed: 0_level_0"]
)
def test_an_index_is_no_feature(name, tmp_path):
    table = read(tmp_path, f"{name},a,b\n0,1,5\n1,7,3\n2,4,4\n")
    assert table.features == ["a", "b"]
    assert table.data.tolist() == [[1, 5], [7, 3], [4, 4]]
    assert "left out as an index: 'Unnamed: 0" in table.notes[0]
    assert table.unused == (name.strip('"') or "Unnamed: 0",)
    kept = read(tmp_path, f"{name},a\n0,1\n1,7\n", columns=[table.unused[0], "a"])
    assert kept.data.tolist() == [[0, 1], [1, 7]]


def test_an_index_in_front_of_numbered_columns(tmp_path):
    table = read(tmp_path, ",0,1\nx,1,5\ny,7,3\n")
    assert table.features == ["0", "1"]
    with pytest.raises(DataError, match="line 1 must name the columns"):
        read(tmp_path, ",7,1\nx,1,5\ny,7,3\n")
    odd = read(tmp_path, "5.1,b\n1,2\n3,4\n")
    assert "holds '5.1'" in odd.notes[0]


def test_columns_without_names_that_are_no_index(tmp_path):
    table = read(tmp_path, "a,b,\n1,2,\n3,5,\n")
    assert table.features == ["a", "b"]
    with pytest.raises(DataError, match=r'such as .9. in line 3; --drop "Unnamed: 1"'):
        read(tmp_path, "a,,b\n1,,2\n3,9,5\n")
    table = read(tmp_path, "a,,b\n1,8,2\n3,9,5\n", drop=["Unnamed: 1"])
    assert table.features == ["a", "b"]


def test_a_column_that_counts_the_rows_is_noted(tmp_path):
    table = read(tmp_path, "id,a\n1,5\n2,5.5\n3,1\n")
    assert table.features == ["id", "a"]
    assert table.notes == (
        'id counts the rows; --drop "id" leaves it out, if it is an index',
    )


def test_columns_that_are_all_the_same(tmp_path):
    text = "a,b,c,d\n1,5,0.3,2\n2,5,0.30000000000000004,1\n"
    table = read(tmp_path, text)
    assert table.features == ["a", "d"]
    assert table.data.tolist() == [[1, 2], [2, 1]]
    assert table.notes == ("left out, because it is all the same: 'b', 'c'",)
    assert read(tmp_path, text, keep_constant=True).features == ["a", "b", "c", "d"]
    with pytest.raises(DataError, match="every column is all the same: 'b'"):
        read(tmp_path, text, columns=["b"])


def test_columns_are_chosen_by_name(tmp_path):
    text = 'a,kind,"b, c",site\n1,x,2,u\n3,y,5,v\n'
    with pytest.raises(DataError, match="line 2, site: is no number: 'u', and 1 more"):
        read(tmp_path, text, label="kind")
    dropped = read(tmp_path, text, label="kind", drop=["site"])
    assert dropped.features == ["a", "b, c"]
    assert dropped.unused == ("site",)
    assert read(tmp_path, text, columns=["b, c", "a"]).data.tolist() == [[2, 1], [5, 3]]
    for options, complaint in (
        ({"drop": ["q"]}, "has no column 'q'; it has a, kind"),
        ({"columns": ["a", "q", "r"]}, "has no column 'q', 'r'"),
        ({"columns": ["a"], "drop": ["a"]}, "--columns and --drop both name 'a'"),
        ({"columns": ["a", "a"]}, "names 'a' more than once"),
        ({"label": "a", "drop": ["a"]}, "--label and --drop both name 'a'"),
    ):
        with pytest.raises(DataError, match=complaint):
            read(tmp_path, text, **options)
    twice = "a,b,b\n1,x,y\n2,x,y\n"
    assert read(tmp_path, twice, drop=["b"]).features == ["a"]


def test_all_missing_values_are_named_or_their_rows_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCK", 3)
    rows = ["1,2,x", "NA,3,y", "4,,", *["-,1,z"] * 7, "9,-999.0,x", "5,6,x"]
    text = "\n".join(["a,b,kind", *rows])
    options = {"label": "kind", "na_values": ["-", "-999"]}
    with pytest.raises(DataError) as error:
        read(tmp_path, text, **options)
    assert str(error.value).endswith(
        "t.csv: lines 3, 5, 6, 7, 8 and 3 more, a: 8 are missing; "
        "lines 4, 12, b: 2 are missing; line 4, kind: is missing "
        "(--missing drop-rows leaves 10 of 12 rows out)"
    )
    table = read(tmp_path, text, missing="drop-rows", **options)
    assert table.data.tolist() == [[1, 2], [5, 6]]
    assert table.labels.tolist() == ["x", "x"]
    assert table.rows.tolist() == [1, 12]
    assert table.notes[0].startswith("10 of 12 rows left out for missing values: lines")
    with pytest.raises(DataError, match="every row has a missing value"):
        read(tmp_path, "a,b\n1,\n,2\n", missing="drop-rows")
    classes = read(tmp_path, "a,kind\n1,None\n2,?\n", label="kind")
    assert classes.labels.tolist() == ["None", "?"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_encodings_that_show(encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("größe,b\n1,2\n3,5\n".encode(encoding))
    assert load_table(str(path)).features == ["größe", "b"]


def test_encodings_that_must_be_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("a,größe\n1,2\n3,5\n".encode("latin-1"))
    match = r"line 1 is no UTF-8 text .it holds the byte 0xf6.; --encoding NAME"
    with pytest.raises(DataError, match=match):
        load_table(str(path))
    for name in ("latin-1", "cp1252"):
        table = load_table(str(path), reading=Reading(encoding=name))
        assert table.features == ["a", "größe"]
    with pytest.raises(DataError, match="--encoding: 'klingon' is unknown"):
        load_table(str(path), reading=Reading(encoding="klingon"))
    path.write_bytes("a,b\n1,2\n".encode("utf-16"))
    with pytest.raises(DataError, match="begins with the mark of utf-16"):
        load_table(str(path), reading=Reading(encoding="latin-1"))


def test_packed_files_and_files_of_other_kinds(tmp_path):
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n3,5\n"))
    assert load_table(str(path)).data.tolist() == [[1, 2], [3, 5]]
    path.write_bytes(gzip.compress(b"a,b\n1,2\n3,5\n" * 99)[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        load_table(str(path))
    path.write_bytes(b"PK\x03\x04 and so on")
    with pytest.raises(DataError, match="Excel workbook"):
        load_table(str(path))


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("2,5", "--decimal , reads it"),
        ("1.234,5", "--decimal , --thousands . reads it"),
        ("1,234.5", "--thousands , reads it"),
        ("1,234", "--decimal , or --thousands , reads it"),
        ("1'234.5", '--thousands "\'" reads it'),
        ("1 234,5", '--decimal , --thousands " " reads it'),
        ("2024-01-31", "--label or --drop takes a column out"),
        ("TRUE", "--label or --drop takes a column out"),
        ("1_000", "--label or --drop takes a column out"),
    ],
)
def test_the_hint_reads_the_number(value, hint, tmp_path):
    text = f"a;b\n1;{value}\n2;{value}\n"
    with pytest.raises(DataError) as error:
        read(tmp_path, text)
    assert f"line 2, b: is no number: {value!r}, and 1 more ({hint})" in str(
        error.value
    )


@pytest.mark.parametrize(
    ("decimal", "thousands", "text", "number"),
    [
        (",", None, "-2,5e3", -2500),
        (",", ".", "1.234.567,5", 1234567.5),
        (".", ",", "1,234.5", 1234.5),
        (".", " ", "1\u202f234.5", 1234.5),
        (".", "'", "1\u2019234", 1234),
        (".", None, "123456789012345678901234567890", 123456789012345678901234567890.0),
    ],
)
def test_numbers_are_read_as_they_are_written(
    decimal, thousands, text, number, tmp_path
):
    numbers = Numbers(decimal, thousands)
    table = read(tmp_path, f"a;b\n1;{text}\n3;4\n", numbers=numbers)
    assert table.data.tolist() == [[1, number], [3, 4]]


@pytest.mark.parametrize(
    ("decimal", "thousands", "text"),
    [(",", None, "1.5"), (".", ",", "1,5"), (",", ".", "12.34"), (".", ",", ",123")],
)
def test_marks_in_the_wrong_place_make_no_number(decimal, thousands, text, tmp_path):
    with pytest.raises(DataError, match="line 2, b: is no number"):
        read(tmp_path, f"a;b\n1;{text}\n", numbers=Numbers(decimal, thousands))
    with pytest.raises(ParameterError, match="decimal: must be a point or a comma"):
        Numbers(";")
    with pytest.raises(ParameterError, match="thousands: must differ"):
        Numbers(".", ".")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a,b\n1,2\n3,4,5\n", "Expected 2 fields in line 3, saw 3"),
        ('a,b\n1,2\n3,"4\n', "unexpected end of data"),
        ("a,b\nred,2\n3,\n1,blue\n", "'red'.*'blue'.*line 3, b: is missing"),
        ("a,b\n1,1e999\n", "line 2, b: must be finite: '1e999'"),
        (" , \n1,2\n", "has no header"),
        ("\n\n\n", "has no header; it is empty"),
    ],
)
def test_more_that_is_wrong_in_a_csv_file(text, complaint, tmp_path):
    with pytest.raises(DataError, match=complaint):
        read(tmp_path, text)


def test_a_file_of_excel_says_what_parts_columns(tmp_path):
    table = read(tmp_path, "sep=;\na;b\n1;2\n3;5\n")
    assert table.data.tolist() == [[1, 2], [3, 5]]


def test_without_pandas_the_command_that_gets_it_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert len(load_table("iris").data) == 150
    with pytest.raises(DataError, match=r"needs pandas; pip install 'pandas>=2.2,<3'"):
        read(tmp_path, "a,b\n1,2\n")


def test_options_for_files_are_refused_for_what_is_no_file():
    with pytest.raises(DataError, match="iris is no file; --drop"):
        load_table("iris", reading=Reading(drop=["a"]))
