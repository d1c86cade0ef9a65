"""Command line of deep spiking networks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lava_apps.apps.options import (
    BackendOption,
    Json,
    Out,
    SeedOption,
    progress_bar,
)
from lava_apps.apps.slayer import conversion
from lava_apps.apps.slayer.experiment import (
    Method,
    Result,
    convert_and_deploy,
    run_file,
    train_and_deploy,
)
from lava_apps.apps.slayer.figures import draw_output, draw_steps, draw_training
from lava_apps.apps.slayer.networks import Kind, Settings
from lava_apps.apps.slayer.tasks import Name
from lava_apps.parameters import ParameterError
from lava_apps.plotting import check_folder

app = typer.Typer(no_args_is_help=True)

_DEFAULTS: dict[str, dict[str, Any]] = {
    "mnist": {"hidden": 512, "epochs": 10, "batch": 128, "rate": 0.003, "dropout": 0.0},
    "digits": {"hidden": 128, "epochs": 20, "batch": 32, "rate": 0.003, "dropout": 0.0},
    "vowels": {"hidden": 256, "epochs": 40, "batch": 16, "rate": 0.01, "dropout": 0.3},
}

TaskOption = Annotated[
    Name, typer.Option(help="Images of digits, or speakers by their vowels.")
]
Full = Annotated[bool, typer.Option("--full", help="All of MNIST.")]
Images = Annotated[
    int | None,
    typer.Option("--test-images", help="Test samples of the graph. Default: all."),
]
Hidden = Annotated[int | None, typer.Option(help="Neurons of a hidden layer.")]
Epochs = Annotated[int | None, typer.Option(help="Presentations of each sample.")]
Batch = Annotated[int | None, typer.Option(help="Samples of a step of training.")]
Rate = Annotated[float | None, typer.Option(help="Learning rate at the begin.")]
Dropout = Annotated[float | None, typer.Option(help="Of hidden neurons, 0 to 1.")]


@app.callback()
def slayer() -> None:
    """Train deep spiking networks with lava-dl, and run them as Lava graphs."""


@app.command()
def train(
    task: TaskOption = "digits",
    network: Annotated[
        Kind,
        typer.Option(help="CUBA neurons in dense layers or convolutions; or SDNN."),
    ] = "dense",
    hidden: Hidden = None,
    epochs: Epochs = None,
    batch: Batch = None,
    rate: Rate = None,
    dropout: Dropout = None,
    shift: Annotated[
        int, typer.Option(help="Pixels by which training images are shifted.")
    ] = 0,
    full: Full = False,
    test_images: Images = None,
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Train with surrogate gradients, export the network, and run it as a graph."""
    check_folder(out)
    settings = _settings(
        task, network, hidden, epochs, batch, rate, dropout, shift=shift, seed=seed
    )
    name = f"{task}-{network}"
    with _watching(settings, full) as (on_batch, on_samples):
        result = train_and_deploy(
            settings,
            out / f"{name}.net",
            full=full,
            test_images=test_images,
            backend=backend,
            checkpoint=out / f"{name}-checkpoint.npz",
            resume=resume,
            on_batch=on_batch,
            on_samples=on_samples,
        )
    assert result.history is not None
    figure = draw_training(result.history, result, out / f"{name}.png")
    _show(result, [out / f"{name}.net", figure], as_json)


@app.command()
def convert(
    task: TaskOption = "digits",
    hidden: Hidden = None,
    epochs: Epochs = None,
    batch: Batch = None,
    rate: Annotated[float, typer.Option(help="Learning rate at the begin.")] = 0.001,
    dropout: Annotated[float, typer.Option(help="Of hidden units, 0 to 1.")] = 0.2,
    method: Annotated[
        Method, typer.Option(help="By rates, or lava-dl's bootstrap.")
    ] = "rates",
    steps: Annotated[
        int | None,
        typer.Option(
            help=f"Time steps of a sample. Default: {conversion.STEPS}; bootstrap 16.",
            min=4,
            max=4096,
        ),
    ] = None,
    full: Full = False,
    test_images: Images = None,
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Train an artificial network in torch, make it a spiking one, and run it."""
    check_folder(out)
    settings = _settings(task, "dense", hidden, epochs, batch, rate, dropout, seed=seed)
    name = f"{task}-{method}"
    with _watching(settings, full) as (on_batch, on_samples):
        result = convert_and_deploy(
            settings,
            out / f"{name}.net",
            method=method,
            steps=steps,
            full=full,
            test_images=test_images,
            backend=backend,
            on_batch=on_batch,
            on_samples=on_samples,
        )
    figure = draw_steps(result, out / f"{name}.png")
    _show(result, [out / f"{name}.net", figure], as_json)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="Network that train or convert wrote.")],
    full: Full = False,
    test_images: Images = None,
    backend: BackendOption = "auto",
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Run a network from its file on test samples; torch is not needed."""
    check_folder(out)
    with progress_bar() as bar:
        waiting = bar.add_task("test samples", total=test_images)
        result, deployed, labels = run_file(
            file,
            full=full,
            test_images=test_images,
            backend=backend,
            on_samples=lambda done: bar.update(waiting, completed=done),
        )
    path = out / f"{file.stem}-output.png"
    figure = draw_output(deployed.output, labels, deployed.classes, path)
    _show(result, [figure], as_json)


def _settings(task: Name, kind: Kind, *given: Any, **more: Any) -> Settings:
    """Fill in what was not given by what the task wants."""
    names = ("hidden", "epochs", "batch", "rate", "dropout")
    asked = {n: v for n, v in zip(names, given, strict=True) if v is not None}
    try:
        return Settings(task, kind, **(_DEFAULTS[task] | asked), **more)
    except ParameterError as error:
        if error.parameter != "kind":
            raise
        raise typer.BadParameter(f"--network: {error.complaint}") from None


@contextmanager
def _watching(
    settings: Settings, full: bool
) -> Iterator[tuple[Callable[[int, int], None], Callable[[int], None]]]:
    """Show progress of training and testing."""
    sizes = {"mnist": 60_000 if full else 5_000, "digits": 1_437, "vowels": 270}
    size = sizes[settings.task]
    with progress_bar() as bar:
        training = bar.add_task("training", total=settings.epochs * size)
        testing = bar.add_task("test samples", total=None, visible=False)
        yield (
            lambda epoch, done: bar.update(training, completed=epoch * size + done),
            lambda done: bar.update(testing, completed=done, visible=True),
        )


def _show(result: Result, files: list[Path], as_json: bool) -> None:
    if as_json:
        print(json.dumps(result.summary()))
        return
    table = Table("", "", box=None, show_header=False)
    for name, value in result.summary().items():
        if name.startswith("accuracy") and isinstance(value, float):
            shown = f"{value:.2%}"
        elif isinstance(value, dict):
            shown = ", ".join(f"{n}: {x:.2%}" for n, x in value.items())
        elif isinstance(value, float):
            shown = f"{value:,.4g}"
        else:
            shown = (
                "-"
                if value is None
                else f"{value:,}"
                if isinstance(value, int)
                else value
            )
        table.add_row(name.replace("_", " "), shown)
    console = Console()
    console.print(table)
    for path in files:
        console.print(f"written: {path}")
