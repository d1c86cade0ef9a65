"""Command line of self-organising maps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Printed

from lava_apps.apps.options import (
    BackendOption,
    Json,
    Out,
    SeedOption,
    errors,
    progress_bar,
    refuse_options,
)
from lava_apps.apps.som.experiment import MapResult, Scaling, map_table
from lava_apps.apps.som.figures import (
    draw_hits,
    draw_labels,
    draw_planes,
    draw_u_matrix,
)
from lava_apps.apps.som.model import Model
from lava_apps.apps.som.network import MapSettings, Mode
from lava_apps.apps.som.options import (
    Columns,
    Decimal,
    Drop,
    Encoding,
    MissingOption,
    NaValues,
    Thousands,
    parted,
    reading,
    say,
)
from lava_apps.apps.som.placing import FIELDS, Placement, place_table
from lava_apps.datasets import TABLES, load_table
from lava_apps.loihi2.run_configs import Precision
from lava_apps.parameters import ParameterError
from lava_apps.plotting import check_folder

MODEL, CHECKPOINT = "som.npz", "som-checkpoint.npz"
_SHOWN = 20  # rows that are printed

app = typer.Typer(help="Self-organising maps: tables of numbers on a grid of neurons.")


def _grid(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", text)
    if found is None:
        raise typer.BadParameter(f"--grid: must be like 20x20, given {text!r}")
    return int(found[1]), int(found[2])


@contextmanager
def _named_as_options() -> Iterator[None]:
    """Name the option that a parameter comes from."""
    try:
        yield
    except ParameterError as error:
        if error.parameter in ("rows", "columns", "neurons"):
            problem = f"--grid: {error.parameter} {error.complaint}"
            raise typer.BadParameter(problem) from None
        raise


@app.callback(invoke_without_command=True)
def som(
    context: typer.Context,
    data: Annotated[
        str, typer.Option(help=f"{', '.join(TABLES)}, or a CSV file with a header.")
    ] = "digits",
    label: Annotated[
        str | None, typer.Option(help="Column of the CSV file that holds labels.")
    ] = None,
    drop: Drop = None,
    columns: Columns = None,
    decimal: Decimal = ".",
    thousands: Thousands = None,
    missing: MissingOption = "error",
    na_values: NaValues = None,
    encoding: Encoding = None,
    full: Annotated[
        bool, typer.Option("--full", help="All 60,000 training images of MNIST.")
    ] = False,
    scaling: Annotated[
        Scaling | None,
        typer.Option(help="Of each feature. Default: standard; none for images."),
    ] = None,
    grid: Annotated[str, typer.Option(help="Rows and columns.")] = "20x20",
    topology: Literal["rectangular", "hexagonal"] = "rectangular",
    toroid: Annotated[
        bool, typer.Option("--toroid", help="Opposite edges are neighbours.")
    ] = False,
    neighbourhood: Literal["gaussian", "bubble", "mexican_hat"] = "gaussian",
    radius: Annotated[
        float | None,
        typer.Option(help="At the begin. Default: half of the longer side."),
    ] = None,
    final_radius: Annotated[float, typer.Option(help="At the end.")] = 1.0,
    rate: Annotated[
        float | None,
        typer.Option(help="Learning rate at the begin, online. Default: 0.5."),
    ] = None,
    final_rate: Annotated[
        float | None, typer.Option(help="And at the end. Default: 0.05.")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Presentations of each sample.")] = 10,
    mode: Annotated[
        Mode, typer.Option(help="online, batch, or spiking, in 8-bit integers.")
    ] = "online",
    initial: Annotated[
        Literal["pca", "sample"], typer.Option(help="Weights to begin with.")
    ] = "pca",
    precision: Annotated[
        Precision | None, typer.Option(help="Default: as the mode wants it.")
    ] = None,
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Map a table of numbers onto a grid of neurons, and draw the map."""
    if context.invoked_subcommand is not None:
        refuse_options(context)
        return
    check_folder(out)
    rows, grid_columns = _grid(grid)
    with _named_as_options():
        settings = MapSettings(
            rows=rows,
            columns=grid_columns,
            topology=topology,
            toroid=toroid,
            neighbourhood=neighbourhood,
            radius=radius,
            final_radius=final_radius,
            rate=rate,
            final_rate=final_rate,
            epochs=epochs,
            mode=mode,
            initial=initial,
            precision=precision,
            seed=seed,
        )
    # Lava's own runtime can neither take nor restore a state.
    checkpoint = None if backend == "lava" else out / CHECKPOINT
    if resume and checkpoint is None:
        raise typer.BadParameter("--resume: not with --backend lava")
    how = reading(
        drop=drop,
        columns=None if columns is None else parted(columns),
        decimal=decimal,
        thousands=thousands,
        missing=missing,
        na_values=na_values,
        encoding=encoding,
    )
    table = load_table(data, label=label, full=full, reading=how)
    say(table.notes)
    try:
        with progress_bar() as progress, _named_as_options():
            task = progress.add_task("mapping", total=epochs * len(table.data))
            result = map_table(
                table,
                settings,
                scaling=scaling,
                backend=backend,
                checkpoint=checkpoint,
                resume=resume,
                on_samples=lambda done: progress.advance(task, done),
            )
    except KeyboardInterrupt:
        if checkpoint is not None and checkpoint.exists():
            errors.print(f"stopped; --resume goes on from {checkpoint}")
        raise
    result.model.save(out / MODEL)
    figures = [
        draw_u_matrix(result, out / "som-umatrix.png"),
        draw_planes(result, out / "som-planes.png"),
        draw_hits(result, out / "som-hits.png"),
    ]
    labelled = out / "som-labels.png"
    if table.labels is not None:
        figures.append(draw_labels(result, labelled))
    else:
        labelled.unlink(missing_ok=True)  # of other data, from an earlier run
    if as_json:
        print(json.dumps(result.summary()))
    else:
        _print(result, out, figures)


def _print(result: MapResult, out: Path, figures: list[Path]) -> None:
    summary, settings = result.summary(), result.model.settings
    printed = Printed(title="Self-organising map", show_header=False)
    kind = "toroid" if settings.toroid else "plane"
    rows = {
        "data": f"{summary['data']}: {summary['samples']:,} samples, "
        f"{summary['features']} features",
        "map": f"{summary['grid']}, {settings.topology}, {kind}",
        "training": f"{summary['epochs']} epochs, {summary['mode']}, "
        f"{summary['precision']}",
        "quantisation error": f"{summary['quantisation_error']:.4g} ({result.units})",
        "topographic error": f"{summary['topographic_error']:.4f}",
    }
    if summary["purity"] is not None:
        rows["purity"] = f"{summary['purity']:.1%}"
    rows |= {
        "time a sample": f"{summary['us_per_sample']:.1f} us",
        "time": f"{summary['seconds']:.1f} s, backend {summary['backend']}",
        "map file": str(out / MODEL),
        "figures": ", ".join(str(path) for path in figures),
    }
    for row in rows.items():
        printed.add_row(*row)
    Console().print(printed)


@app.command()
def place(
    model: Annotated[Path, typer.Argument(help="A map: som.npz of its folder.")],
    table: Annotated[
        str,
        typer.Argument(help="CSV file with the map's columns, or data by name."),
    ],
    decimal: Decimal = ".",
    thousands: Thousands = None,
    missing: MissingOption = "error",
    na_values: NaValues = None,
    encoding: Encoding = None,
    output: Annotated[
        Path | None, typer.Option(help="CSV file to write all rows to.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Find where new rows belong on a map: the nearest neuron, its label, how far."""
    trained = Model.load(model)
    for source in (model, Path(table)):
        if output is not None and output.resolve() == source.resolve():
            raise typer.BadParameter(f"--output: would replace {source}, which is read")
    if output is not None and output.is_dir():
        raise typer.BadParameter(f"--output: {output} is a folder")
    is_file = table not in TABLES
    how = reading(
        columns=trained.features if is_file else None,
        decimal=decimal,
        thousands=thousands,
        missing=missing,
        na_values=na_values,
        encoding=encoding,
        keep_constant=is_file,  # a single row is all the same
    )
    rows = load_table(table, reading=how)
    placed = place_table(trained, rows)
    notes = list(rows.notes)
    if placed.unused:
        which = ", ".join(map(repr, placed.unused))
        notes.append(f"not used, for the map does not have them: {which}")
    say(notes)
    if output is not None:
        placed.save(output)
    if as_json:
        found = {"map": str(model), "data": rows.name, "rows": list(placed.records())}
        print(json.dumps({**found, "notes": notes}))
    else:
        _print_places(placed, output)


def _print_places(placed: Placement, output: Path | None) -> None:
    fields = FIELDS if placed.label is not None else FIELDS[:-1]
    printed = Printed(title="Places on the map, counted from 0")
    for name in fields:
        printed.add_column(name.replace("_", " "), justify="right")
    for record, _ in zip(placed.records(), range(_SHOWN), strict=False):
        record["distance"] = f"{record['distance']:.4g}"
        record["label"] = escape(record["label"] or "")
        printed.add_row(*(str(record[name]) for name in fields))
    Console().print(printed)
    more = len(placed.row) - _SHOWN
    if more > 0 and output is None:
        Console().print(f"and {more:,} more rows; --output FILE.csv writes all of them")
    if output is not None:
        Console().print(f"all {len(placed.row):,} rows: {output}")
