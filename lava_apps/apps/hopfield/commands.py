"""Command line of the associative memory."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lava_apps.apps.hopfield.capacity import DEFAULT_LOADS, measure_capacity
from lava_apps.apps.hopfield.experiment import Rule, restore_images
from lava_apps.apps.hopfield.figures import draw_capacity, draw_recall
from lava_apps.apps.hopfield.network import Update
from lava_apps.apps.hopfield.patterns import Damage, Images
from lava_apps.apps.options import (
    BackendOption,
    Json,
    Out,
    PrecisionOption,
    SeedOption,
    errors,
    progress_bar,
    refuse_options,
)
from lava_apps.plotting import check_folder

app = typer.Typer(
    help="Associative memory: restore damaged images of handwritten digits."
)
Trials = Annotated[int, typer.Option(help="Damaged images to restore.")]
Steps = Annotated[int, typer.Option(help="Time steps for each.")]
RuleOption = Annotated[Rule, typer.Option(help="How patterns are stored.")]
UpdateOption = Annotated[
    Update, typer.Option(help="All neurons at once, or one by one.")
]


DEFAULTS: dict[str, Any] = {
    name: parameter.default
    for name, parameter in inspect.signature(restore_images).parameters.items()
}


def run_recall(out: Path, as_json: bool, **changes: Any) -> None:
    """Run the experiment, draw its figure, and print what came of it.

    Parameters
    ----------
    out : pathlib.Path
        Folder for the figure.
    as_json : bool
        Print JSON instead of a table.
    **changes
        Arguments of :func:`~lava_apps.apps.hopfield.experiment.restore_images`
        that differ from its defaults.
    """
    check_folder(out)
    settings = DEFAULTS | changes
    settings["progress"] = errors.is_terminal
    result = restore_images(**settings)
    path = draw_recall(result, out / "hopfield-recall.png")
    summary = result.summary()
    if as_json:
        print(json.dumps(summary))
        return
    table = Table(title="Hopfield network: restored images", show_header=False)
    rows = {
        "images": f"{settings['images']}, {summary['patterns']} stored in "
        f"{summary['neurons']} neurons ({summary['rule']} rule)",
        "damage": f"{settings['damage']}: {result.damage:.1%} of the pixels",
        "model": f"{summary['precision']}, {summary['update']}"
        + (", as LIF neurons and Dense synapses" if summary["decomposed"] else ""),
        "restored exactly": f"{result.exact.sum()} of {summary['trials']}",
        "mean overlap": f"{summary['overlap_mean']:.4f}",
        "mean steps to rest": f"{summary['steps_mean']:.2f}"
        + (
            ""
            if result.settled.all()
            else f" ({(~result.settled).sum()} never came to rest)"
        ),
        "energy never rose": "yes" if summary["energy_monotone"] else "no",
        "time": f"{result.seconds:.1f} s, backend {result.backend}",
        "figure": str(path),
    }
    if settings["precision"] == "fixed_pt":
        rows["8-bit weights"] = f"relative error {result.quantisation_error:.3f}"
    for row in rows.items():
        table.add_row(*row)
    Console().print(table)


@app.callback(invoke_without_command=True)
def hopfield(
    context: typer.Context,
    images: Annotated[Images, typer.Option(help="Which images to store.")] = DEFAULTS[
        "images"
    ],
    full: Annotated[
        bool, typer.Option("--full", help="Choose from all of MNIST.")
    ] = False,
    patterns: Annotated[int, typer.Option(help="How many images to store.")] = DEFAULTS[
        "patterns"
    ],
    damage: Annotated[Damage, typer.Option(help="What to do to them.")] = DEFAULTS[
        "damage"
    ],
    flip: Annotated[
        float, typer.Option(help="Fraction of pixels to invert.")
    ] = DEFAULTS["flip"],
    noise: Annotated[
        float, typer.Option(help="Standard deviation of noise.")
    ] = DEFAULTS["noise"],
    rule: RuleOption = DEFAULTS["rule"],
    update: UpdateOption = DEFAULTS["update"],
    precision: PrecisionOption = DEFAULTS["precision"],
    decomposed: Annotated[
        bool,
        typer.Option("--decomposed", help="Build it from LIF and Dense, for Loihi 2."),
    ] = False,
    trials: Trials = DEFAULTS["trials"],
    steps: Steps = DEFAULTS["steps"],
    seed: SeedOption = DEFAULTS["seed"],
    backend: BackendOption = DEFAULTS["backend"],
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Restore damaged images of handwritten digits from a Hopfield network."""
    if context.invoked_subcommand is not None:
        refuse_options(context)
        return
    for option, needed in (("flip", "flip"), ("noise", "noise")):
        source = context.get_parameter_source(option)
        given = source is not None and source.name == "COMMANDLINE"
        if given and damage != needed:
            problem = f"--{option} goes with --damage {needed}, not {damage}"
            raise typer.BadParameter(problem)
    run_recall(
        out,
        as_json,
        images=images,
        full=full,
        patterns=patterns,
        damage=damage,
        flip=flip,
        noise=noise,
        rule=rule,
        update=update,
        precision=precision,
        decomposed=decomposed,
        trials=trials,
        steps=steps,
        seed=seed,
        backend=backend,
    )


@app.command()
def capacity(
    neurons: Annotated[int, typer.Option(help="Neurons N.")] = 512,
    load: Annotated[
        list[float] | None, typer.Option(help="Load P/N; may be given several times.")
    ] = None,
    flip: Annotated[float, typer.Option(help="Fraction of the cue to invert.")] = 0.1,
    rule: RuleOption = "hebbian",
    update: UpdateOption = "synchronous",
    precision: PrecisionOption = "floating_pt",
    trials: Trials = 20,
    steps: Steps = 50,
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Measure how many random patterns the network holds."""
    check_folder(out)
    loads = list(load or DEFAULT_LOADS)
    with progress_bar() as progress:
        task = progress.add_task("loads", total=len(loads))
        result = measure_capacity(
            neurons=neurons,
            loads=loads,
            flip=flip,
            rule=rule,
            update=update,
            precision=precision,
            trials=trials,
            steps=steps,
            seed=seed,
            backend=backend,
            on_load=lambda _: progress.advance(task),
        )
    path = draw_capacity(result, out / "hopfield-capacity.png")
    if as_json:
        print(json.dumps(result.summary()))
        return
    table = Table(title=f"Hopfield network of {neurons} neurons: capacity")
    table.add_column("load P/N", justify="right")
    table.add_column("mean overlap", justify="right")
    for real_load, overlaps in zip(result.loads, result.overlaps, strict=True):
        table.add_row(f"{real_load:.3f}", f"{overlaps.mean():.3f}")
    console = Console()
    console.print(table)
    console.print(f"{result.seconds:.1f} s, backend {result.backend}, figure: {path}")
