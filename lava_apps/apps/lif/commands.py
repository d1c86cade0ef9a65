"""Command line of the neuron under constant current."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lava_apps.apps.lif.experiment import LIFResult, run_neuron
from lava_apps.apps.lif.figures import draw_neuron
from lava_apps.apps.options import BackendOption, Json, Out, PrecisionOption, errors
from lava_apps.membrane import Membrane, Method
from lava_apps.parameters import ParameterError
from lava_apps.plotting import check_folder

OPTIONS = {
    "tau_m": "tau",
    "v_rest": "rest",
    "v_reset": "reset",
    "v_th": "threshold",
    "t_ref": "refractory",
}
"""Options whose parameters have other names."""


def lif(
    current: Annotated[
        float, typer.Option(help="Drive in mV: current times membrane resistance.")
    ] = 12.0,
    duration: Annotated[float, typer.Option(help="Length of the run in ms.")] = 100.0,
    tau: Annotated[float, typer.Option(help="Membrane time constant in ms.")] = 10.0,
    rest: Annotated[float, typer.Option(help="Resting potential in mV.")] = -60.0,
    reset: Annotated[
        float, typer.Option(help="Potential after a spike in mV.")
    ] = -60.0,
    threshold: Annotated[float, typer.Option(help="Threshold in mV.")] = -50.0,
    refractory: Annotated[
        float, typer.Option(help="Refractory time in ms, rounded to steps.")
    ] = 5.0,
    dt: Annotated[float, typer.Option(help="Time step in ms.")] = 0.1,
    method: Annotated[
        Method, typer.Option(help="How the equation is solved.")
    ] = "euler",
    precision: PrecisionOption = "floating_pt",
    backend: BackendOption = "auto",
    out: Out = Path("results"),
    as_json: Json = False,
) -> None:
    """Run one LIF neuron under constant current, and measure its f-I curve.

    The curve takes at most 200,000 time steps: drives that spike less than twice in
    them are left out.
    """
    check_folder(out)
    try:
        membrane = Membrane(
            tau_m=tau,
            v_rest=rest,
            v_reset=reset,
            v_th=threshold,
            t_ref=refractory,
            dt=dt,
            method=method,
        )
    except ParameterError as error:
        raise typer.BadParameter(_with_options(error)) from None
    result = run_neuron(
        membrane,
        current=current,
        duration=duration,
        precision=precision,
        backend=backend,
        progress=errors.is_terminal,
    )
    path = draw_neuron(result, out / "lif.png")
    if as_json:
        print(json.dumps(result.summary()))
    else:
        print_table(result, path)


def _with_options(error: ParameterError) -> str:
    """Say what is wrong by the names of the options."""
    complaint = error.complaint
    for parameter, option in OPTIONS.items():
        complaint = re.sub(rf"\b{parameter}\b", f"--{option}", complaint)
    return f"--{OPTIONS.get(error.parameter, error.parameter)}: {complaint}"


def print_table(result: LIFResult, path: Path) -> None:
    """Print what came of the experiment.

    Parameters
    ----------
    result : LIFResult
        What to print.
    path : pathlib.Path
        File that holds the figure.
    """
    table = Table(title="LIF neuron under constant current", show_header=False)
    spikes = result.spike_times_ms
    shown = ", ".join(f"{t:g}" for t in spikes[:10]) + (
        " ..." if spikes[10:].any() else ""
    )
    rows = {
        "drive": f"{result.current:g} mV (spikes above {result.threshold_current:g} mV)"
    }
    if len(spikes):
        rows["spikes"] = f"{len(spikes)}, at {shown} ms"
    else:
        rows["spikes"] = f"none: {result.resting}"
    if result.interval_ms is not None:
        rows["interval"] = f"{result.interval_ms:.2f} ms measured"
    period = float(result.membrane.period(result.current))
    rows["closed form"] = (
        f"{period:.2f} ms" if period < float("inf") else "never spikes"
    )
    rows["model"] = (
        f"{result.precision}, {result.membrane.method}, dt {result.membrane.dt:g} ms"
    )
    rows["time"] = f"{result.seconds:.1f} s, backend {result.backend}"
    rows["figure"] = str(path)
    for row in rows.items():
        table.add_row(*row)
    Console().print(table)
