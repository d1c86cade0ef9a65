import itertools

import numpy as np
import pytest

from lava_apps.parameters import ParameterError
from lava_apps.plotting import (
    Arrow,
    Box,
    draw_graph,
    draw_process_graph,
    save_figure,
)
from lava_apps.processes.lif import LIF

from lava.proc.dense.process import Dense
from lava.proc.io.source import RingBuffer

COLOURS = {"one": "C0", "other": "C1"}


def places(figure):
    """Give the centre of each box by its text."""
    texts = [t for t in figure.axes[0].texts if not t.get_bbox_patch()]
    return {t.get_text(): t.get_position() for t in texts}


def draw(keys, arrows):
    boxes = [Box(key, key, "one") for key in keys]
    return draw_process_graph(boxes, [Arrow(*ends, "x") for ends in arrows], COLOURS)


def test_columns_follow_the_longest_way():
    where = places(draw("abcd", ["ab", "bc", "ac", "cd"]))
    columns = [where[key][0] for key in "abcd"]
    assert all(a < b for a, b in itertools.pairwise(columns))


def test_a_circle_is_closed_by_one_arrow_back():
    where = places(draw("abc", ["ab", "bc", "ca", "cc"]))
    assert where["a"][0] < where["b"][0] < where["c"][0]
    where = places(draw("ab", ["ab", "ba"]))
    assert where["a"][0] < where["b"][0]


def test_boxes_do_not_lie_upon_each_other_and_are_within_the_axes():
    keys = [f"{n}" for n in range(12)]
    arrows = [("0", key) for key in keys[1:9]] + [(key, "9") for key in keys[1:5]]
    arrows += [("9", "10"), ("10", "0"), ("11", "11")]
    figure = draw_process_graph(
        [Box(key, key, "other") for key in keys],
        [Arrow(*ends, "x") for ends in arrows],
        COLOURS,
    )
    where = places(figure)
    assert len({(round(x, 3), round(y, 3)) for x, y in where.values()}) == 12
    (left, right), (bottom, top) = (
        figure.axes[0].get_xlim(),
        figure.axes[0].get_ylim(),
    )
    everything = [t.get_position() for t in figure.axes[0].texts]
    assert all(left < x < right and bottom < y < top for x, y in everything)
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["other"]


def test_neighbours_lie_near_each_other():
    """Two chains from one box do not cross."""
    where = places(draw(["r", "a", "b", "A", "B"], ["ra", "rb", "bB", "aA"]))
    assert (where["a"][1] < where["b"][1]) == (where["A"][1] < where["B"][1])


@pytest.mark.parametrize("text", ["x", "a long text\nof two lines"])
def test_arrows_with_the_same_ends_share_their_text(text):
    boxes = [Box("a", "a", "one"), Box("b", "b", "one")]
    arrows = [Arrow("a", "b", text), Arrow("a", "b", "second")]
    figure = draw_process_graph(boxes, arrows, COLOURS, title="T")
    assert f"{text}\nsecond" in {t.get_text() for t in figure.axes[0].texts}
    assert figure.axes[0].get_title() == "T"


def test_a_graph_shows_processes_ports_and_shapes():
    source = RingBuffer(data=np.zeros((3, 4)))
    dense = Dense(weights=np.ones((2, 3)), name="feed")
    neurons = LIF(shape=(2,))
    back = Dense(weights=np.ones((2, 2)))
    source.s_out.connect(dense.s_in)
    dense.a_out.connect(neurons.a_in)
    neurons.s_out.connect(back.s_in)
    back.a_out.connect(neurons.a_in)
    for process in (source, back):  # from wherever one starts
        figure = draw_graph(process, title="T")
        texts = [t.get_text() for t in figure.axes[0].texts]
        arrows = [t for t in texts if "→" in t]
        assert sorted(arrows) == [
            *["a_out → a_in\n2"] * 2,
            *["s_out → s_in\n2", "s_out → s_in\n3"],
        ]
        assert "Dense\nfeed" in texts
        assert len(texts) - len(arrows) == 4
        groups = [t.get_text() for t in figure.legends[0].get_texts()]
        assert groups == ["sources", "synapses", "neurons and others"]


def test_long_names_are_cut_and_a_lone_process_is_drawn():
    figure = draw_graph(LIF(shape=(1,), name="n" * 40))
    (text,) = (t.get_text() for t in figure.axes[0].texts)
    assert text == "LIF\n" + "n" * 25 + "…"


def test_a_dollar_in_a_name_is_a_dollar(tmp_path):
    name = "$x_{$ costs $5"
    figure = draw_graph(LIF(shape=1, name=name), title=name)
    (text,) = (t.get_text() for t in figure.axes[0].texts)
    assert text == f"LIF\n{name}"
    save_figure(figure, tmp_path / "graph.png")


def test_a_long_way_back_hangs_down_no_deeper():
    keys = [f"{n}" for n in range(30)]
    arrows = list(itertools.pairwise(keys))
    heights = []
    for count in (5, 30):
        figure = draw(keys[:count], [*arrows[: count - 1], (keys[count - 1], "0")])
        heights.append(figure.get_size_inches()[1])
    assert heights[1] == pytest.approx(heights[0])


@pytest.mark.parametrize("wrong", [None, 5, "x"])
def test_what_is_no_process_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"draw_graph.process"):
        draw_graph(wrong)
