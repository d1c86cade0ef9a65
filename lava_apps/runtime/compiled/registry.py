"""Which kernel stands for which ProcessModel in the compiled loop.

A kernel is one or more compiled functions (``numba.njit``) that change arrays in
place. When in a time step each is called is the schedule of the whole graph:

1. connections have their OutPorts filled already, with what they buffered
   (*publishes*);
2. *step*, in topological order: receives and sends in the same time step;
3. *absorb*: receives, and buffers for the next time step;
4. *learn*: Lava's learning phase, when all messages have arrived;
5. *finish*: after all of that, such as a monitor that reads Vars of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from numba.core.dispatcher import Dispatcher

from lava_apps.kernel import KernelModel, declared_ports, step_arguments
from lava_apps.parameters import ParameterError

from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import PyLoihiProcessModel

PHASES = ("step", "absorb", "learn", "finish")
HOW_TO = "lava_apps.runtime.register_kernel gives it one, as docs/kernels.md shows"
_PHASE_METHODS = ("run_spk", "lrn_guard", "pre_guard", "post_guard", "on_var_update")

Prepare = Callable[[Any], Mapping[str, Any]]
Draw = Callable[[Any, int], Mapping[str, Any]]
Support = Callable[[Any], str | None]


def _nothing(_: Any) -> dict[str, Any]:
    return {}


def _is_small(_: Any) -> bool:
    return False


def _no_objection(_: Any) -> None:
    return None


@dataclass(frozen=True)
class Kernel:
    """What a ProcessModel does in the compiled loop.

    Parameters
    ----------
    phases : mapping of str to Dispatcher
        The compiled function of each phase, of "step", "absorb", "learn", "finish".
    publishes : mapping of str to str
        For an OutPort that is filled when a time step begins, the name of the
        array that holds the message.
    prepare : callable
        Called with the ProcessModel before a run in which something may have been
        set; gives values for arguments that are neither ports nor Vars, or stand
        for a Var in another form.
    draw : callable, optional
        Called with the ProcessModel and a number of time steps before they are run;
        gives arrays for arguments, such as random numbers of a generator that
        numba does not know.
    specialise : callable, optional
        Called with the ProcessModel before a run; gives the phases for this one.
    release : callable, optional
        Called with the ProcessModel when a Var of `holds` is to be read or set:
        undoes what `prepare` changed in it.
    holds : tuple of str
        Vars that `prepare` keeps in another form.
    reads : callable
        Called with the Process; gives for arguments Vars of other Processes.
    refuses : callable
        Called with the ProcessModel when the graph is built; says what this kernel
        cannot do, or nothing.
    flat : bool
        Whether arrays are handed over flattened. Default False.
    whole : bool
        Whether only integers may arrive at InPorts. Default False.
    ignores : tuple of str
        InPorts that the ProcessModel itself makes no use of.
    parallel : mapping of str to Dispatcher
        Functions of phases that can use several threads, as many as their argument
        ``threads`` says, an array of one number.
    is_large : callable
        Called with the ProcessModel when `prepare` has been; says whether it is so
        large that several threads may pay.
    """

    phases: Mapping[str, Dispatcher]
    publishes: Mapping[str, str] = field(default_factory=dict)
    prepare: Prepare = _nothing
    draw: Draw | None = None
    specialise: Callable[[Any], Mapping[str, Dispatcher]] | None = None
    release: Callable[[Any], None] | None = None
    holds: tuple[str, ...] = ()
    reads: Prepare = _nothing
    refuses: Support = _no_objection
    flat: bool = False
    whole: bool = False
    ignores: tuple[str, ...] = ()
    parallel: Mapping[str, Dispatcher] = field(default_factory=dict)
    is_large: Callable[[Any], bool] = _is_small


_KERNELS: dict[type[AbstractProcessModel], Kernel] = {}


def register_kernel(
    model: type[AbstractProcessModel],
    *,
    step: Dispatcher | None = None,
    absorb: Dispatcher | None = None,
    learn: Dispatcher | None = None,
    finish: Dispatcher | None = None,
    like: type[AbstractProcessModel] | None = None,
    **options: Any,
) -> None:
    """Give a ProcessModel a kernel, by which the compiled backend runs it.

    A :class:`~lava_apps.kernel.KernelModel` needs none: its step function is its
    kernel. A kernel is for one class, not for those derived from it.

    Parameters
    ----------
    model : type
        A ProcessModel for the CPU in Python.
    step : Dispatcher, optional
        Function decorated with ``numba.njit`` that receives and sends in the same
        time step. Each argument is, by its name, an InPort (what was received), an
        OutPort (to be filled), a Var or another attribute of the ProcessModel,
        ``time_step``, an entry of what `prepare` or `draw` give, or of the Process'
        ``proc_params``. ``s_in_indices`` and ``s_in_count`` list which entries of
        an InPort ``s_in`` are not 0; for an OutPort they are to be filled.
    absorb : Dispatcher, optional
        The same, but called when all have sent: for a connection that sends in the
        next time step what it receives in this one.
    learn, finish : Dispatcher, optional
        Called after that, in Lava's learning phase and at the end of a time step.
    like : type, optional
        A ProcessModel with a kernel, from which this one is derived: its kernel is the
        same but for what is given here.
    **options
        Whatever else :class:`Kernel` takes: `publishes` for a connection, `prepare`
        for parameters in another form.

    Raises
    ------
    ParameterError
        For a model that is none, functions that numba did not compile, or none; one
        to be like that has no kernel.
    """
    if not (isinstance(model, type) and issubclass(model, PyLoihiProcessModel)):
        problem = "must be a ProcessModel derived from PyLoihiProcessModel"
        raise ParameterError("register_kernel", "model", problem, model)
    given = {"step": step, "absorb": absorb, "learn": learn, "finish": finish}
    phases = {name: f for name, f in given.items() if f is not None}
    if not phases:
        problem = "or absorb, learn or finish must be given"
        raise ParameterError("register_kernel", "step", problem, None)
    for name, function in phases.items():
        if not isinstance(function, Dispatcher):
            problem = "must be compiled by numba: decorate it with @numba.njit"
            raise ParameterError("register_kernel", name, problem, function)
    known = [f.name for f in fields(Kernel) if f.name != "phases"]
    for name, value in options.items():
        if name not in known:
            problem = f"unknown, allowed are {', '.join([*given, *known])}"
            raise ParameterError("register_kernel", name, problem, value)
    if like is None:
        _KERNELS[model] = Kernel(phases, **options)
        return
    if like not in _KERNELS:
        problem = "must be a ProcessModel with a kernel"
        raise ParameterError("register_kernel", "like", problem, like)
    known_phases = {**_KERNELS[like].phases, **phases}
    _KERNELS[model] = replace(_KERNELS[like], phases=known_phases, **options)


def kernel_of(model: Any) -> Kernel | str:
    """Find the kernel of a ProcessModel.

    Parameters
    ----------
    model : PyLoihiProcessModel
        The instance.

    Returns
    -------
    Kernel or str
        Its kernel, or why there is none.
    """
    cls = type(model)
    kernel = _KERNELS.get(cls)
    if kernel is None and isinstance(model, KernelModel):
        return _kernel_of_step(cls)
    if kernel is None:
        return f"{cls.__name__} has no kernel; {HOW_TO}"
    objection = kernel.refuses(model)
    if objection is not None:
        return f"the kernel of {cls.__name__} cannot do this: {objection}"
    return kernel


def _kernel_of_step(cls: type[KernelModel]) -> Kernel | str:
    """Make a kernel of the step function of a KernelModel."""
    changed = [n for n in _PHASE_METHODS if getattr(cls, n) is not _inherited(n)]
    if changed:
        return f"{cls.__name__} has a {changed[0]} of its own; {HOW_TO}"
    if not isinstance(cls.step, Dispatcher):
        return f"the step function of {cls.__name__} is not compiled by numba (@njit)"
    expected = declared_ports(cls).keys() - cls.publishes.keys()
    assert expected <= set(step_arguments(cls))
    phase = "absorb" if cls.publishes else "step"
    return Kernel({phase: cls.step}, publishes=cls.publishes, prepare=_arrange)


def _arrange(model: KernelModel) -> dict[str, Any]:
    model.arrange()
    return {}


def _inherited(name: str) -> Any:
    return getattr(KernelModel, name)
