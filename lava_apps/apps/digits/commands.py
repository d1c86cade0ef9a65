"""Command line of learning with STDP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from lava_apps.apps.digits.experiment import DigitsResult, Listener, learn_digits
from lava_apps.apps.digits.figures import (
    draw_answer,
    draw_digits,
    draw_receptive_fields,
    draw_reward,
)
from lava_apps.apps.digits.model import Model
from lava_apps.apps.digits.pictures.sight import look_at
from lava_apps.apps.digits.recognition import PRETRAINED, Answer, recognise
from lava_apps.apps.digits.reward import learn_pairings
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
from lava_apps.datasets import load_mnist
from lava_apps.plotting import check_figure, check_folder

app = typer.Typer(help="Learn handwritten digits, without labels, by STDP.")
MODEL, CHECKPOINT = "stdp-model.npz", "stdp-checkpoint.npz"
_RASTER = 6


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    rate = TextColumn("{task.fields[rate]}")
    return Progress(
        *columns,
        rate,
        TimeRemainingColumn(),
        console=errors,
        disable=not errors.is_terminal,
    )


def _listener(progress: Progress) -> Listener:
    """Show each stage as a bar, with images a second and the running accuracy."""
    tasks: list[Any] = []

    def on_stage(stage: str, images: int) -> None:
        tasks.append(progress.add_task(stage, total=images, rate=""))

    def on_images(images: int, accuracy: float | None) -> None:
        progress.advance(tasks[-1], images)
        speed = progress.tasks[-1].speed
        rate = "" if speed is None else f"{speed:,.0f} images/s"
        if accuracy is not None:
            rate += f", {accuracy:.0%} right"
        progress.update(tasks[-1], rate=rate)

    return Listener(on_stage, on_images)


@app.callback(invoke_without_command=True)
def stdp(
    context: typer.Context,
    neurons: Annotated[int, typer.Option(help="How many, from 2 to 10,000.")] = 100,
    epochs: Annotated[int, typer.Option(help="Presentations of each image.")] = 1,
    full: Annotated[
        bool, typer.Option("--full", help="All of MNIST: 60,000 and 10,000 images.")
    ] = False,
    train_images: Annotated[
        int | None, typer.Option(help="Only the first so many training images.")
    ] = None,
    test_images: Annotated[
        int | None, typer.Option(help="Only the first so many test images.")
    ] = None,
    precision: PrecisionOption = "floating_pt",
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in the folder.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="Folder for figures, checkpoint and model.")
    ] = Path("results"),
    as_json: Json = False,
) -> None:
    """Learn digits without labels, then name the neurons and test them."""
    if context.invoked_subcommand is not None:
        refuse_options(context)
        return
    check_folder(out)
    # Lava's own runtime can neither take nor restore a state.
    checkpoint = None if backend == "lava" else out / CHECKPOINT
    if resume and checkpoint is None:
        raise typer.BadParameter("--resume: not with --backend lava")
    try:
        with _bar() as progress:
            result = learn_digits(
                neurons=neurons,
                epochs=epochs,
                full=full,
                train_images=train_images,
                test_images=test_images,
                precision=precision,
                seed=seed,
                backend=backend,
                checkpoint=checkpoint,
                resume=resume,
                listener=_listener(progress),
            )
    except KeyboardInterrupt:
        if checkpoint is not None and checkpoint.exists():
            errors.print(f"stopped; --resume goes on from {checkpoint}")
        raise
    result.model.save(out / MODEL)
    test, _ = load_mnist("test", full=full)
    shown = test[:_RASTER].reshape(_RASTER, -1)
    figures = [
        draw_receptive_fields(result.model, out / "stdp-receptive-fields.png"),
        draw_digits(result, shown, out / "stdp.png"),
    ]
    if as_json:
        print(json.dumps(result.summary()))
    else:
        _print(result, out, figures)


def _print(result: DigitsResult, out: Path, figures: list[Path]) -> None:
    summary = result.summary()
    table = Table(title="Digits learned by STDP", show_header=False)
    silent = int((result.model.labels < 0).sum())
    rows = {
        "network": f"{summary['neurons']} neurons, {summary['precision']}",
        "training": f"{summary['train_images']:,} images, {summary['epochs']} epoch(s)",
        "accuracy": f"{summary['accuracy']:.2%} of {summary['test_images']:,} test "
        "images, each spike voting in proportion",
        "by label": f"{result.accuracy_by_label:.2%}, each neuron voting for its digit",
        "spikes an image": f"{summary['spikes_per_sample']:.1f}"
        + (f", {silent} neurons silent" if silent else ""),
        "training time": f"{summary['ms_per_sample']:.2f} ms an image of "
        f"{summary['steps_per_sample']} time steps",
        "time": f"{summary['seconds']:.1f} s, backend {summary['backend']}",
        "model": str(out / MODEL),
        "figures": ", ".join(str(path) for path in figures),
    }
    for row in rows.items():
        table.add_row(*row)
    Console().print(table)


@app.command()
def predict(
    file: Annotated[
        Path, typer.Argument(help="Image of one digit: drawn, scanned, photographed.")
    ],
    model: Annotated[
        Path | None,
        typer.Option(
            help="A network of your own, such as results/stdp-model.npz.",
            show_default="the one that ships with lava-apps",
        ),
    ] = None,
    show: Annotated[
        Path | None,
        typer.Option(help="Draw the image, what the network saw, and what it says."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Recognise the digit in an image file of your own."""
    if show is not None:
        check_figure(show, "show")
    sight = look_at(file)
    trained = Model.load(PRETRAINED if model is None else model)
    answer = recognise(trained, sight)
    if show is not None:
        draw_answer(sight, answer, show)
    if as_json:
        print(json.dumps(answer.summary()))
    else:
        _print_answer(answer, show)


def _print_answer(answer: Answer, figure: Path | None) -> None:
    console = Console(highlight=False)
    if answer.likeliest:
        shares = [f"{digit} ({answer.shares[digit]:.0%})" for digit in answer.likeliest]
        console.print(", ".join(shares))
    else:
        console.print("no digit")
    for note in answer.warnings:
        console.print(f"note: {note}", soft_wrap=True)
    if figure is not None:
        console.print(f"figure: {figure}", soft_wrap=True)


@app.command()
def reward(
    trials: Annotated[
        int, typer.Option(help="In all; pairings are exchanged after half of them.")
    ] = 600,
    precision: PrecisionOption = "floating_pt",
    seed: SeedOption = 0,
    backend: BackendOption = "auto",
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Learn from reward alone which of two actions goes with which of two cues."""
    check_folder(out)
    if backend == "lava":
        raise typer.BadParameter("--backend: this task needs compiled or inline")
    with progress_bar() as progress:
        task = progress.add_task("trials", total=trials)
        result = learn_pairings(
            trials=trials,
            precision=precision,
            seed=seed,
            backend=backend,
            on_trial=lambda _: progress.advance(task),
        )
    path = draw_reward(result, out / "stdp-reward.png")
    last = max(1, min(100, result.reversal))
    before = result.share(result.reversal - last, result.reversal)
    after = result.share(trials - last, trials)
    if as_json:
        summary: dict[str, Any] = {
            "trials": trials,
            "reversal": result.reversal,
            "last": last,
        }
        shares = {"right_before": before, "right_after": after}
        print(
            json.dumps({**summary, **shares, "seed": seed, "backend": result.backend})
        )
        return
    Console().print(
        f"right in the last {last} trials: {before:.0%} before the pairings were "
        f"exchanged, {after:.0%} after; figure: {path}"
    )
