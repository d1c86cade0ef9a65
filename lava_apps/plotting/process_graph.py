"""Drawing of a process graph: a box for each Process, an arrow for each connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lava_apps.graphs import find_processes
from lava_apps.parameters import validated
from lava_apps.plotting.style import COLOURS, new_figure

from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.process import AbstractProcess

_COLUMN, _ROW = 3.2, 1.15  # inches from one box to the next
_BOX = (1.9, 0.62)
_SWEEPS = 8
_ALPHA = 0.4
_MOST_LETTERS = 26  # of a line in a box
_Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A Process in a drawing.

    Parameters
    ----------
    key : str
        What arrows call it.
    text : str
        What is written in it; lines are separated by newlines.
    group : str
        Decides about its colour; the legend names it.
    """

    key: str
    text: str
    group: str


@dataclass(frozen=True)
class Arrow:
    """A connection in a drawing.

    Parameters
    ----------
    source, target : str
        Keys of boxes.
    text : str
        What is written on it.
    """

    source: str
    target: str
    text: str


def draw_process_graph(
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    colours: Mapping[str, str],
    *,
    title: str = "",
) -> Figure:
    """Draw a process graph from left to right, circles closed below the boxes.

    Parameters
    ----------
    boxes : sequence of Box
        At least one.
    arrows : sequence of Arrow
        Between them.
    colours : mapping of str to str
        Colour of each group, in the order of the legend.
    title : str
        Above the drawing. Default: none.

    Returns
    -------
    matplotlib.figure.Figure
        The drawing.
    """
    places = _places([b.key for b in boxes], [(a.source, a.target) for a in arrows])
    centres = {key: (x * _COLUMN, -y * _ROW) for key, (x, y) in places.items()}
    curves = [
        (*_curve(centres[arrow.source], centres[arrow.target]), arrow.text)
        for arrow in _joined(arrows)
    ]
    heights = [y for _, y in centres.values()]
    lowest = min([*heights, *(_middle(*curve[:3])[1] for curve in curves)])
    highest = max([*heights, *(_middle(*curve[:3])[1] for curve in curves)])
    left, right = -0.4 * _COLUMN, max(x for x, _ in centres.values()) + 0.4 * _COLUMN
    bottom, top = lowest - 0.5 * _ROW, highest + 0.5 * _ROW
    with new_figure(max(right - left, 4.5), top - bottom + 0.6) as figure:
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set(xlim=(left, right), ylim=(bottom, top))
        if title:
            axes.set_title(title, parse_math=False)
        for start, stop, bend, text in curves:
            _draw_arrow(axes, start, stop, bend, text)
        for box in boxes:
            _draw_box(axes, centres[box.key], box.text, colours[box.group])
        used = {box.group for box in boxes}
        handles = [
            Line2D([], [], marker="s", ls="", color=colour, alpha=_ALPHA, label=group)
            for group, colour in colours.items()
            if group in used
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


_KINDS = dict(
    zip(
        ("sources", "synapses", "neurons and others", "sinks"),
        (COLOURS[4], COLOURS[2], COLOURS[0], COLOURS[3]),
        strict=True,
    )
)


@validated
def draw_graph(process: AbstractProcess, *, title: str = "") -> Figure:
    """Draw the graph of Processes that a Process is connected with, as it was built.

    Arrows carry the names of both ports, and the shape of the messages. A Process that
    consists of others is drawn as these, if it builds them itself; what its
    SubProcessModel would build is not.

    Parameters
    ----------
    process : AbstractProcess
        Any Process of the graph.
    title : str
        Above the drawing. Default: none.

    Returns
    -------
    matplotlib.figure.Figure
        The drawing.
    """
    found: list[AbstractProcess] = sorted(find_processes(process), key=lambda p: p.id)
    arrows = [arrow for p in found for arrow in _arrows(p)]
    ends = {key for arrow in arrows for key in (arrow.source, arrow.target)}
    # What consists of others has ports, but its parts send and receive.
    boxes = [
        Box(_key(p), _text(p), _kind(p))
        for p in found
        if _key(p) in ends or not p.procs.members
    ]
    return draw_process_graph(boxes, arrows, _KINDS, title=title)


def _key(process: AbstractProcess) -> str:
    return str(process.id)


def _text(process: AbstractProcess) -> str:
    """Name a Process: its class, and below it the name that it was given."""
    return f"{_short(type(process).__name__)}\n{_short(process.name)}"


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"


def _kind(process: AbstractProcess) -> str:
    """Sort Processes by their ports; Lava's synapses have s_in and a_out."""
    if not process.in_ports.members:
        has_outputs = process.out_ports.members or process.ref_ports.members
        return "sources" if has_outputs else "neurons and others"
    if not process.out_ports.members:
        return "sinks"
    names = {*process.in_ports.member_names, *process.out_ports.member_names}
    is_synapse = {"s_in", "a_out"} <= names and "s_out" not in names
    return "synapses" if is_synapse else "neurons and others"


def _arrows(process: AbstractProcess) -> list[Arrow]:
    """Find what leaves a Process: messages, and references to Vars."""
    found = []
    for port in process.out_ports.members:
        for end in port.get_dst_ports():
            if isinstance(end, InPort):
                found.append((port, end))
    for port in process.ref_ports.members:
        found += [(port, var) for var in port.get_dst_vars()]
    return [
        Arrow(
            _key(process),
            _key(end.process),
            arrow_text(port.name, end.name, port.shape),
        )
        for port, end in found
    ]


def arrow_text(source: str, target: str, shape: Sequence[int]) -> str:
    """Write on an arrow between which ports it is, and what shape messages have.

    Parameters
    ----------
    source, target : str
        Names of the ports.
    shape : sequence of int
        Of the messages.

    Returns
    -------
    str
        Two lines.
    """
    return f"{source} → {target}\n{' x '.join(map(str, shape))}"


def _joined(arrows: Sequence[Arrow]) -> list[Arrow]:
    """Join arrows with the same ends, whose texts would lie upon each other."""
    texts: dict[tuple[str, str], list[str]] = {}
    for arrow in arrows:
        texts.setdefault((arrow.source, arrow.target), []).append(arrow.text)
    return [Arrow(*ends, "\n".join(lines)) for ends, lines in texts.items()]


def _places(
    keys: Sequence[str], ends: Sequence[tuple[str, str]]
) -> dict[str, tuple[int, float]]:
    """Give each box a column, by the longest way to it, and a row."""
    graph = nx.DiGraph()
    graph.add_nodes_from(keys)
    graph.add_edges_from(pair for pair in ends if pair[0] != pair[1])
    forward = graph.copy()
    # What closes a circle does not count, wherever a walk from the first box finds it.
    starts = [k for k in keys if not graph.in_degree(k)] + list(keys)
    done: set[str] = set()
    for start in starts:
        if start in done:
            continue
        forward.remove_edges_from(_closing(graph, start, done))
    columns = list(nx.topological_generations(forward))
    column_of = {key: n for n, column in enumerate(columns) for key in column}
    return _rows(forward, column_of, keys)


def _closing(graph: nx.DiGraph, start: str, done: set[str]) -> list[tuple[str, str]]:
    """Walk in depth from a box, and find the arrows that lead back on the way."""
    found: list[tuple[str, str]] = []
    way: list[str] = [start]
    pending = [iter(graph.successors(start))]
    done.add(start)
    while pending:
        following = next(pending[-1], None)
        if following is None:
            pending.pop()
            way.pop()
        elif following in way:
            found.append((way[-1], following))
        elif following not in done:
            done.add(following)
            way.append(following)
            pending.append(iter(graph.successors(following)))
    return found


def _rows(
    forward: nx.DiGraph, column_of: Mapping[str, int], keys: Sequence[str]
) -> dict[str, tuple[int, float]]:
    """Order each column by where its neighbours are, so that few arrows cross."""
    columns: dict[int, list[str]] = {}
    for key in keys:
        columns.setdefault(column_of[key], []).append(key)
    row = {key: float(n) for column in columns.values() for n, key in enumerate(column)}
    for _ in range(_SWEEPS):
        for column in columns.values():
            means = {}
            for key in column:
                near = [row[k] for k in nx.all_neighbors(forward, key)]
                means[key] = sum(near) / len(near) if near else row[key]
            column.sort(key=lambda key: means[key])
            row |= {key: float(n) for n, key in enumerate(column)}
    tallest = max(len(column) for column in columns.values())
    return {
        key: (n, row[key] + (tallest - len(column)) / 2)
        for n, column in columns.items()
        for key in column
    }


def _draw_box(axes: Axes, centre: _Point, text: str, colour: str) -> None:
    (x, y), (width, height) = centre, _BOX
    axes.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0.02,rounding_size=0.08",
            facecolor=colour,
            edgecolor="0.2",
            alpha=_ALPHA,
            linewidth=1,
            zorder=2,
        )
    )
    # Names are the user's: a $ in them begins no formula.
    options: dict[str, Any] = {"ha": "center", "va": "center", "parse_math": False}
    axes.text(x, y, text, fontsize=8, zorder=3, **options)


def _curve(begin: _Point, end: _Point) -> tuple[_Point, _Point, float]:
    """Say where an arrow begins and ends, and how it bends."""
    width, height = _BOX
    if end[0] > begin[0]:
        start, stop = (begin[0] + width / 2, begin[1]), (end[0] - width / 2, end[1])
        is_long = end[0] - begin[0] > 1.5 * _COLUMN and begin[1] == end[1]
        return start, stop, -0.25 if is_long else 0.0
    # Back, below the boxes; to itself as a loop.
    below = begin[1] - height / 2, end[1] - height / 2
    if begin == end:
        return (begin[0] + 0.3, below[0]), (end[0] - 0.3, below[1]), -1.2
    # However long the way back is, it hangs down no deeper than over some columns.
    across = abs(begin[0] - end[0]) / _COLUMN
    return (begin[0], below[0]), (end[0], below[1]), -0.3 * min(1.0, 4 / max(across, 1))


def _draw_arrow(
    axes: Axes, start: _Point, stop: _Point, bend: float, text: str
) -> None:
    patch = FancyArrowPatch(
        start,
        stop,
        connectionstyle=f"arc3,rad={bend}",
        arrowstyle="-|>",
        mutation_scale=10,
        color="0.35",
        shrinkA=2,
        shrinkB=2,
        zorder=1,
    )
    axes.add_patch(patch)
    middle = _middle(start, stop, bend)
    axes.text(
        *middle,
        text,
        fontsize=7,
        ha="center",
        va="center",
        color="0.25",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        zorder=1.5,
    )


def _middle(start: _Point, stop: _Point, bend: float) -> _Point:
    """Give the middle of matplotlib's arc3, a parabola through one more point."""
    across, along = stop[0] - start[0], stop[1] - start[1]
    middle = (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2
    return middle[0] + bend * along / 2, middle[1] - bend * across / 2
