"""A readiness report as one HTML page that needs nothing else."""

from __future__ import annotations

import io
from pathlib import Path

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
from matplotlib.figure import Figure

from lava_apps import __version__
from lava_apps.files import replacing
from lava_apps.loihi2.readiness import RULES, Report
from lava_apps.plotting import COLOURS, Arrow, Box, arrow_text, draw_process_graph

_LABELS = {
    "pass": "passes every rule",
    "unknown": "open questions",
    "fail": "fails a rule",
    "host": "on the host",
}
_VERDICT_COLOURS = dict(
    zip(_LABELS.values(), (COLOURS[2], COLOURS[4], COLOURS[1], "0.7"), strict=True)
)


def draw_report(report: Report) -> Figure:
    """Draw the graph of a report, each Process in the colour of its verdict.

    Parameters
    ----------
    report : Report
        What to draw.

    Returns
    -------
    matplotlib.figure.Figure
        The drawing.
    """
    leaves = [m for m in report.processes if m.kind != "decomposable"]
    boxes = []
    for member in leaves:
        verdicts = {f.verdict for f in report.findings if f.process == member.name}
        if member.kind == "host" and verdicts <= {"pass"}:
            group = "host"
        else:
            group = next((v for v in ("fail", "unknown") if v in verdicts), "pass")
        neurons = f"\n{member.neurons:,} neurons" if member.neurons else ""
        kind = member.path.rpartition(".")[2]
        name = member.name.rpartition(" / ")[2].split(" (")[0].removeprefix(f"{kind} ")
        boxes.append(Box(member.name, f"{kind} {name}{neurons}", _LABELS[group]))
    arrows = [
        Arrow(c.source, c.target, arrow_text(c.source_port, c.target_port, c.shape))
        for c in report.connections
    ]
    return draw_process_graph(boxes, arrows, _VERDICT_COLOURS)


def write_page(report: Report, path: Path) -> Path:
    """Write a report as an HTML page, whole or not at all.

    Parameters
    ----------
    report : Report
        What to write.
    path : pathlib.Path
        Where to; its folder is made if it is missing.

    Returns
    -------
    pathlib.Path
        The same path.
    """
    drawing = io.StringIO()
    draw_report(report).savefig(drawing, format="svg")
    svg = drawing.getvalue()
    environment = Environment(
        loader=PackageLoader("lava_apps.apps.loihi2", "templates"), autoescape=True
    )
    page = environment.get_template("report.html").render(
        report=report,
        rules=RULES,
        energy=report.activity.energy() if report.activity else None,
        drawing=Markup(svg[svg.index("<svg") :]),  # noqa: S704 - matplotlib escapes texts
        version=__version__,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return path
