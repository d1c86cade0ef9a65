import matplotlib as mpl
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.plotting import new_figure, save_figure


def test_the_style_holds_inside_the_block_only():
    before = mpl.rcParams["axes.titlesize"]
    with new_figure(2, 2):
        assert mpl.rcParams["axes.titlesize"] == 10
    assert mpl.rcParams["axes.titlesize"] == before


def test_a_figure_that_cannot_be_drawn_leaves_the_old_file(tmp_path):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")
    with new_figure(2, 2) as figure:
        figure.subplots().set_title("$unfinished \\frac{$")
        with pytest.raises(ValueError, match=r"ParseException|Expected"):
            save_figure(figure, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "begin"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.SVG", b"<?xml")]
)
def test_the_name_decides_about_the_format(tmp_path, name, begin):
    with new_figure(2, 2) as figure:
        figure.subplots()
        path = save_figure(figure, tmp_path / "new" / name)
        assert path.read_bytes().startswith(begin)
        with pytest.raises(ParameterError, match=r"must end in .png or .svg"):
            save_figure(figure, tmp_path / "other" / "a.pdf")
    assert not (tmp_path / "other").exists()
