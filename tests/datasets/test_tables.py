import numpy as np
import pytest

from lava_apps.datasets import DataError, load_table, tables


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
    monkeypatch.setattr(tables, "_BLOCK", 2)
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
    with pytest.raises(DataError, match="cannot be read as CSV"):
        load_table(str(tmp_path))
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00a,b\n")
    with pytest.raises(DataError, match="cannot be read as CSV"):
        load_table(str(tmp_path / "b.csv"))
