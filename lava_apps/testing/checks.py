"""The contract suite: what users may expect of every Process.

A :class:`Case` says how to make a Process and what to feed it;
:func:`contract` makes pytest parameters of the cases and the checks:

    @pytest.mark.parametrize(("check", "case"), contract(Case(...)))
    def test_contract(check, case):
        check(case)

A check that a Process cannot pass is listed in ``Case.gaps`` with the reason.
It is then expected to fail, and passing it is an error: a gap that was closed
must be taken off the list.
"""

from __future__ import annotations

import inspect
import multiprocessing
import random
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pytest
from numpydoc.docscrape import NumpyDocString

from lava_apps.loihi2.run_configs import Precision, RunConfig
from lava_apps.parameters import ParameterError
from lava_apps.runtime import Simulator
from lava_apps.runtime.simulator import BackendName

from lava.magma.compiler.compiler_graphs import ProcGroupDiGraphs
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.proc.io.source import RingBuffer

Outputs = dict[str, npt.NDArray[np.float64]]


class ContractError(AssertionError):
    """A Process does not keep the contract."""


@dataclass(frozen=True)
class Case:
    """A Process under the contract.

    Parameters
    ----------
    make : callable
        Called without arguments, makes the Process anew, the same each time.
    inputs : mapping of str to (steps, *shape) array_like
        What to send to each InPort in each time step; all of one length.
    steps : int
        Time steps to run a Process that has no inputs. Default 10.
    precisions : tuple of {"floating_pt", "fixed_pt"}
        Precisions that the Process promises. Default both.
    name : str, optional
        Name of the case in the test report. Default: the name of `make`.
    gaps : mapping of str to str
        Checks that the Process cannot pass, by their name without ``check_``,
        each with the reason.
    """

    make: Callable[[], AbstractProcess]
    inputs: Mapping[str, npt.ArrayLike]
    steps: int = 10
    precisions: tuple[Precision, ...] = ("floating_pt", "fixed_pt")
    name: str = ""
    gaps: Mapping[str, str] = field(default_factory=dict)

    def build(self) -> tuple[AbstractProcess, int]:
        """Make a new Process and connect sources with the inputs to it.

        Returns
        -------
        process : AbstractProcess
            The Process.
        steps : int
            Time steps that the inputs last.
        """
        process = self.make()
        arrays = {port: np.asarray(data) for port, data in self.inputs.items()}
        unknown = set(arrays) - set(process.in_ports.member_names)
        if unknown:
            raise ContractError(f"{sorted(unknown)} are no InPorts of {process.name}")
        for port, data in arrays.items():
            source = RingBuffer(data=np.moveaxis(data, 0, -1))
            source.s_out.connect(getattr(process, port))
        (steps,) = {len(data) for data in arrays.values()} or {self.steps}
        return process, steps

    def run(
        self,
        precision: Precision,
        *,
        decompose: bool = False,
        backend: BackendName = "auto",
    ) -> Outputs:
        """Run a new Process with the inputs of the case.

        Parameters
        ----------
        precision : {"floating_pt", "fixed_pt"}
            Precision of all ProcessModels.
        decompose : bool
            Prefer its SubProcessModel.
        backend : {"auto", "compiled", "inline", "lava"}
            See :class:`~lava_apps.runtime.Simulator`.

        Returns
        -------
        dict of str to (steps, *shape) numpy.ndarray
            What each OutPort sent.
        """
        process, steps = self.build()
        names = process.out_ports.member_names
        if not names:
            raise ContractError("there is no OutPort to look at")
        ports = [getattr(process, name) for name in names]
        config = RunConfig(precision, decompose=decompose)
        with Simulator(process, backend=backend, run_cfg=config) as sim:
            probes = [sim.probe(port) for port in ports]
            sim.run(steps)
        recorded = [sim.data[probe] for probe in probes]
        return dict(zip(names, recorded, strict=True))


def check_documented(case: Case) -> None:
    """Check that the docstring names exactly the parameters, ports and Vars."""
    process = case.make()
    cls = type(process)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            doc = NumpyDocString(inspect.cleandoc(cls.__doc__ or ""))
    except (UserWarning, ValueError) as error:
        raise ContractError(f"the docstring is not numpydoc's: {error}") from error
    # Not of the class: Lava's metaclass hides its signature.
    parameters = set(inspect.signature(cls.__init__).parameters) - {"self"}
    _same(_names(doc["Parameters"]), parameters, "Parameters")
    kinds = (process.in_ports, process.out_ports, process.vars)
    members = {name for kind in kinds for name in kind.member_names}
    _same(_names(doc["Attributes"]), members, "Attributes")


def check_refuses_unknown_keyword(case: Case) -> None:
    """Check that a misspelt parameter is an error that names it."""
    cls = type(case.make())
    # Lava's destructor looks for this attribute in the Process that never was.
    with mock.patch.object(AbstractProcess, "_runtime", None, create=True):
        try:
            cls(no_such_parameter=0)
        except (ParameterError, TypeError) as error:
            message = str(error)
        else:
            raise ContractError(f"{cls.__name__}(no_such_parameter=0) was accepted")
    if "no_such_parameter" not in message:
        raise ContractError(f"the error does not name the parameter: {message}")


def check_discoverable(case: Case) -> None:
    """Check that Lava finds a model for each precision, without a warning."""
    process = case.make()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # What was found before may be remembered, and with it no warning.
        models = inspect.unwrap(ProcGroupDiGraphs._find_proc_models)(process)
    for precision in case.precisions:
        RunConfig(precision).select(process, models)


def check_runs_and_stops(case: Case) -> None:
    """Check that Lava's runtime gets numbers, and that nothing is left behind."""
    before = set(multiprocessing.active_children())
    for precision in case.precisions:
        for port, values in case.run(precision, backend="lava").items():
            if not np.isfinite(values).all():
                raise ContractError(f"{port} sent values that are not finite")
    left = set(multiprocessing.active_children()) - before
    if left:
        raise ContractError(f"OS processes left behind: {left}")


def check_deterministic(case: Case) -> None:
    """Check that two runs send the same, bit for bit."""
    for precision in case.precisions:
        first = case.run(precision)
        # A model that draws from these would otherwise start where it did before.
        random.random()  # noqa: S311
        np.random.random()  # noqa: NPY002
        _equal(first, case.run(precision), f"two runs in {precision}")


def check_same_on_every_backend(case: Case) -> None:
    """Check that inline sends what Lava's own runtime sends, bit for bit."""
    for precision in case.precisions:
        reference = case.run(precision, backend="lava")
        inline = case.run(precision, backend="inline")
        _equal(reference, inline, f"lava and inline in {precision}")


def check_compiled(case: Case) -> None:
    """Check that the compiled backend sends what inline sends, bit for bit."""
    for precision in case.precisions:
        reference = case.run(precision, backend="inline")
        compiled = case.run(precision, backend="compiled")
        _equal(reference, compiled, f"inline and compiled in {precision}")


def check_restores(case: Case) -> None:
    """Check that a run goes on from a saved state as if never interrupted."""
    for precision in case.precisions:
        whole = case.run(precision)
        process, steps = case.build()
        half = steps // 2
        with Simulator(process, precision=precision) as sim:
            sim.run(half)
            middle = sim.snapshot()
            sim.run(steps - half)
            sim.restore(middle)
            ports = {
                name: getattr(process, name) for name in process.out_ports.member_names
            }
            probes = {name: sim.probe(port) for name, port in ports.items()}
            sim.run(steps - half)
        rest = {name: sim.data[probe] for name, probe in probes.items()}
        expected = {name: values[half:] for name, values in whole.items()}
        _equal(expected, rest, f"uninterrupted and restored runs in {precision}")


def check_decomposition(case: Case) -> None:
    """Check that the SubProcessModel sends what the fixed_pt leaf model sends."""
    process = case.make()
    models = ProcGroupDiGraphs._find_proc_models(process)
    selected = RunConfig("fixed_pt", decompose=True).select(process, models)
    if not issubclass(selected, AbstractSubProcessModel):
        raise ContractError("there is no SubProcessModel for fixed_pt")
    leaf, parts = case.run("fixed_pt"), case.run("fixed_pt", decompose=True)
    _equal(leaf, parts, "leaf and decomposition")


CHECKS: tuple[Callable[[Case], None], ...] = (
    check_documented,
    check_refuses_unknown_keyword,
    check_discoverable,
    check_runs_and_stops,
    check_deterministic,
    check_same_on_every_backend,
    check_compiled,
    check_restores,
    check_decomposition,
)
"""All checks, in the order in which they are run."""


def contract(*cases: Case) -> list[Any]:
    """Make pytest parameters ``(check, case)`` of cases and all checks.

    Parameters
    ----------
    *cases : Case
        The Processes to be tested.

    Returns
    -------
    list of pytest.param
        One for each case and check; a gap is marked as a strict xfail.

    Raises
    ------
    ValueError
        For a gap that is no check.
    """
    names = [check.__name__.removeprefix("check_") for check in CHECKS]
    parameters = []
    for case in cases:
        unknown = set(case.gaps) - set(names)
        if unknown:
            raise ValueError(
                f"gaps {sorted(unknown)} are no checks; checks are {names}"
            )
        for name, check in zip(names, CHECKS, strict=True):
            marks = []
            if name in case.gaps:
                reason = case.gaps[name]
                marks = [pytest.mark.xfail(reason=reason, strict=True)]
            label = f"{case.name or case.make.__name__}-{name}"
            parameters.append(pytest.param(check, case, id=label, marks=marks))
    return parameters


def _names(entries: list[Any]) -> set[str]:
    """Split numpydoc's entries, of which one may document several names."""
    return {name.strip() for entry in entries for name in entry.name.split(",")}


def _same(documented: set[str], real: set[str], section: str) -> None:
    if documented != real:
        raise ContractError(
            f"{section}: not documented {sorted(real - documented)}, "
            f"documented but not there {sorted(documented - real)}"
        )


def _equal(first: Outputs, second: Outputs, what: str) -> None:
    for port, values in first.items():
        if not np.array_equal(values, second[port]):
            step = int(
                np.argwhere((values != second[port]).reshape(len(values), -1))[0, 0]
            )
            raise ContractError(
                f"{what} differ at {port}, first in time step {step + 1}"
            )
