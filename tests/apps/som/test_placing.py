import json

import numpy as np
import pytest

from lava_apps.apps.som import MapSettings, map_table
from lava_apps.apps.som.model import Model
from lava_apps.apps.som.options import parted
from lava_apps.apps.som.placing import place_table
from lava_apps.datasets import DataError, Table, load_table
from lava_apps.runtime import StateError
from lava_apps.runtime import state as files

IRIS = load_table("iris")
RESULT = map_table(IRIS, MapSettings(rows=4, columns=5, epochs=2))


def test_rows_are_placed_as_they_were_in_training(tmp_path):
    RESULT.model.save(tmp_path / "map.npz")
    model = Model.load(tmp_path / "map.npz")
    placed = place_table(model, IRIS)
    assert np.array_equal(placed.map_row * 5 + placed.map_column, RESULT.first)
    assert np.array_equal(placed.distance, RESULT.distance)
    agree = np.mean(np.array(placed.label) == IRIS.labels)
    assert agree == pytest.approx(RESULT.purity)
    order = [2, 0, 3, 1]
    features = [*(IRIS.features[n] for n in order), "more"]
    data = np.column_stack([IRIS.data[:, order], np.ones(150)])
    other = place_table(model, Table("t", data, features))
    assert np.array_equal(other.distance, placed.distance)
    assert other.unused == ["more"]


def test_tables_that_do_not_fit_the_map_are_refused():
    features = [*IRIS.features[:3], "petal"]
    with pytest.raises(DataError) as error:
        place_table(RESULT.model, Table("t", IRIS.data, features))
    assert str(error.value) == (
        "t: lacks columns of the map: 'petal width (cm)'; the map does not have 'petal'"
    )
    huge = Table("t", np.full((1, 4), 1e300), IRIS.features)
    with pytest.raises(DataError, match="row 1 holds values too large"):
        place_table(RESULT.model, huge)


def test_a_map_without_labels_gives_none(tmp_path):
    table = Table("t", IRIS.data, IRIS.features)
    model = map_table(table, MapSettings(rows=2, columns=2, epochs=1)).model
    placed = place_table(model, table)
    assert placed.label is None
    assert {record["label"] for record in placed.records()} == {None}
    placed.save(tmp_path / "new" / "places.csv")
    lines = (tmp_path / "new" / "places.csv").read_text().splitlines()
    assert lines[0] == "row,map_row,map_column,distance,label"
    first = next(placed.records())
    assert (
        lines[1] == f"1,{first['map_row']},{first['map_column']},{first['distance']},"
    )
    assert len(lines) == 151
    assert json.dumps(first)
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["places.csv"]


@pytest.mark.parametrize("part", ["features", "settings", "width"])
def test_a_file_that_lacks_a_part_is_refused(part, tmp_path):
    path = tmp_path / "map.npz"
    RESULT.model.save(path)
    content = files.read(path)
    tree = content.pop("tree")
    del (tree if part == "width" else content)[part]
    content.pop("schema")
    files.write(path, content, tree)
    with pytest.raises(StateError, match=rf"version \('{part}' is missing"):
        Model.load(path)


def test_a_file_whose_parts_do_not_fit_is_refused(tmp_path):
    path = tmp_path / "map.npz"
    RESULT.model.save(path)
    content = files.read(path)
    tree = content.pop("tree")
    content.pop("schema")
    files.write(path, content, {**tree, "width": tree["width"] * 0})
    with pytest.raises(StateError, match="a width is 0"):
        Model.load(path)


def test_lists_of_columns():
    assert parted('a, "b, c",d ') == ["a", "b, c", "d"]
    assert parted("") == []
