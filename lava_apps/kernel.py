"""Ports, Vars and a step function make a ProcessModel.

The equations of a Process are a *step function* on arrays (its ``dynamics.py``).
:class:`KernelModel` turns it into a ProcessModel for Lava's runtime: it
receives every InPort, calls the step function in place on the Vars, and sends
every OutPort. The names of the step function's arguments say which is which.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.sparse import issparse

from lava_apps.parameters import ParameterError

from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.process.process import AbstractProcess

StepFunction = Callable[..., None]


class _BareModel(PyLoihiProcessModel):
    """A model without ports and Vars: what it has is Lava's."""


_LAVAS_NAMES = frozenset(dir(_BareModel({})))


class Process(AbstractProcess):
    """A Lava Process whose constructor may refuse its arguments.

    Base class of the Processes of this package. Lava's own destructor fails,
    with a traceback on stderr, for a Process whose ``__init__`` raised before it
    called Lava's; this class attribute is what it looks for.

    The class attribute `on_host` says that a Process feeds a chip or reads from it,
    and so has its place on the host, in Python. Default False. `chip_lacks` says, in a
    sentence or two, what its decomposition for a chip cannot do as the Process does.
    Default: nothing.
    """

    _runtime = None
    on_host: ClassVar[bool] = False
    chip_lacks: ClassVar[str] = ""


class KernelModel(PyLoihiProcessModel):
    """A ProcessModel whose whole behaviour is one step function.

    A subclass declares ports and Vars as Lava wants them (``LavaPyType``) and
    the class attribute `step`. Each argument of `step` is, by its name,

    - an InPort: what was received in this time step, as an array of the
      declared type;
    - an OutPort: an array to fill, which is sent afterwards;
    - a Var: the array itself, to be changed in place;
    - ``time_step``;
    - ``s_in_indices`` or ``s_in_count``, for an InPort ``s_in``: which of its entries
      are not 0 (in ascending order, in flattened form), and how many, as an array of
      one number; so that a step costs what its spikes cost;
    - ``s_out_indices`` and ``s_out_count``, for an OutPort ``s_out``: the same, to be
      filled along with it; who receives it then need not look for the spikes;
    - otherwise an entry of the Process' ``proc_params``, handed over unchanged.

    A connection sends in each time step what it gathered in the last one, before it
    receives anything; this is what breaks circles. The class attribute `publishes`
    names, for such an OutPort, the Var that holds the message. The step function then
    fills that Var for the next time step.

    The class attribute `limits` may give the range ``(lowest, highest)`` of the
    values of Vars in this model's precision: `check` keeps initial values to it,
    and `check_value` those that a Simulator sets.

    A step function changes its arguments in place, returns nothing and keeps
    nothing between calls, so that the compiled backend can call the very same
    function.

    Raises
    ------
    TypeError
        When the class is defined: `step` is missing or leaves out a declared
        port, or a port or Var has a name that Lava's models use themselves, such
        as `phase`, and would be overwritten. When it runs: a message whose type
        does not fit the InPort, such as floats for an integer port.
    """

    step: ClassVar[StepFunction]
    publishes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    limits: ClassVar[Mapping[str, tuple[float, float]]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        step = getattr(cls, "step", None)
        if step is None:
            raise TypeError(f"{cls.__name__}: a KernelModel needs a step function")
        arguments = step_arguments(cls)
        expected = declared_ports(cls).keys() - cls.publishes.keys()
        missing = [n for n in declared_ports(cls) if n in expected - {*arguments}]
        if missing:
            names = ", ".join(missing)
            raise TypeError(
                f"{cls.__name__}: {names} declared, but no argument of step"
            )
        taken = [n for n in _declared(cls) if n in _LAVAS_NAMES]
        if taken:
            names = ", ".join(taken)
            raise TypeError(
                f"{cls.__name__}: {names}: Lava's models use this name themselves"
            )

    @classmethod
    def check(cls, process: AbstractProcess) -> None:
        """Refuse a Process whose parameters this model cannot honour.

        :class:`lava_apps.loihi2.run_configs.RunConfig` calls it when it selects
        this model, so that the error reaches the caller and not a log.

        Parameters
        ----------
        process : AbstractProcess
            The Process to be run with this model.

        Raises
        ------
        ParameterError
            Naming the parameter that does not fit this model's precision.
        """
        refuse_fractions(process, cls)
        for name in cls.limits:
            value = getattr(process, name).init
            check_range(cls, type(process).__name__, name, value)

    def check_value(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Refuse a value for a Var that this model cannot honour.

        A Simulator calls it before it sets the Var. Here it keeps values to
        `limits`; a subclass may compare them with those of other Vars, too.

        Parameters
        ----------
        owner, name : str
            Process and Var, for the error.
        value : array_like
            What is to be set, in the shape of the Var.

        Raises
        ------
        ParameterError
            Naming the Var.
        """
        self.check_state(owner, name, value)

    def check_state(self, owner: str, name: str, value: npt.ArrayLike) -> None:
        """Refuse a value of a Var that no state of this model has.

        A state that is restored is held to this, besides all values that are set. Here
        it keeps values to `limits`; a subclass adds the ranges of Vars that index
        something, so that nothing is read or written beyond an array.

        Parameters
        ----------
        owner, name : str
            Process and Var, for the error.
        value : array_like
            What it would be.

        Raises
        ------
        ParameterError
            Naming the Var.
        """
        check_range(type(self), owner, name, value)

    def run_spk(self) -> None:
        """Receive, step, send."""
        if not hasattr(self, "_buffers"):
            self.arrange()
            self._buffers = _Buffers(self)
        for name, held in self.publishes.items():
            getattr(self, name).send(getattr(self, held))
        for name in self._buffers.received:
            self._receive(name)
        type(self).step(*[self._argument(name) for name in self._buffers.arguments])
        for name in self._buffers.sent:
            getattr(self, name).send(self._buffers.arrays[name])

    def arrange(self) -> None:
        """Lay arrays out as the step function likes them; called before it is.

        Only the layout in memory may change, not a shape, a type or a value.
        """

    def _receive(self, name: str) -> None:
        message, buffer = getattr(self, name).recv(), self._buffers.arrays[name]
        try:
            np.copyto(buffer, message, casting="same_kind")
        except TypeError as error:
            raise TypeError(f"{type(self).__name__}.{name}: {error}") from None
        if f"{name}_indices" in self._buffers.arrays:
            indices, count = (
                self._buffers.arrays[f"{name}_{ending}"]
                for ending in ("indices", "count")
            )
            find_active(buffer, indices, count)

    def _argument(self, name: str) -> Any:
        if name in self._buffers.arrays:
            return self._buffers.arrays[name]
        return getattr(self, name) if hasattr(self, name) else self.proc_params[name]


class _Buffers:
    """What a model needs besides its state to receive, step and send.

    Parameters
    ----------
    model : KernelModel
        The model.
    """

    def __init__(self, model: KernelModel) -> None:
        ports = declared_ports(type(model))
        self.arguments = step_arguments(type(model))
        self.received = [n for n, p in ports.items() if issubclass(p.cls, PyInPort)]
        sent = [n for n, port in ports.items() if issubclass(port.cls, PyOutPort)]
        self.sent = [name for name in sent if name not in model.publishes]
        self.arrays: dict[str, Any] = {
            name: np.zeros(getattr(model, name)._shape, port.d_type)
            for name, port in ports.items()
        }
        for name in (*self.received, *self.sent):
            if f"{name}_indices" in self.arguments:
                size = self.arrays[name].size
                self.arrays[f"{name}_indices"] = np.zeros(size, np.uint32)
                self.arrays[f"{name}_count"] = np.zeros(1, np.int64)


@njit(cache=True)
def find_active(message, indices, count):  # type: ignore[no-untyped-def]
    """List the entries of a message that are not 0.

    Parameters
    ----------
    message : numpy.ndarray
        Any message.
    indices : (size,) numpy.ndarray of uint32
        Filled with their places, ascending, in C order.
    count : (1,) numpy.ndarray of int64
        Filled with their number.
    """
    found = 0
    for i in range(message.size):
        if message.flat[i] != 0:
            indices[found] = i
            found += 1
    count[0] = found


def check_range(
    model: type[KernelModel], owner: str, name: str, value: npt.ArrayLike
) -> None:
    """Refuse values of a Var that are not within the model's limits.

    Parameters
    ----------
    model : type
        A subclass of :class:`KernelModel`.
    owner, name : str
        Process and Var, for the error.
    value : array_like
        The values.

    Raises
    ------
    ParameterError
        Naming the Var and its range.
    """
    values = np.asarray(value)
    if not values.size or values.dtype.kind not in "biuf":
        return
    lowest, highest = model.limits.get(name, (-np.inf, np.inf))
    # Written so that NaN, which compares with nothing, is refused.
    if not (values.min() >= lowest and values.max() <= highest):
        precision = ", ".join(model.tags)
        problem = f"must be from {lowest} to {highest} for {precision}"
        given = values.item() if values.size == 1 else values
        raise ParameterError(owner, name, problem, given)


def step_arguments(model: type[KernelModel]) -> list[str]:
    """List the argument names of a model's step function.

    Parameters
    ----------
    model : type
        A subclass of :class:`KernelModel`.

    Returns
    -------
    list of str
        In the order in which the step function takes them.
    """
    return list(inspect.signature(model.step).parameters)


def declared_ports(model: type[KernelModel]) -> dict[str, LavaPyType]:
    """Find the ports that a model declares, inherited ones included.

    Parameters
    ----------
    model : type
        A subclass of :class:`KernelModel`.

    Returns
    -------
    dict of str to LavaPyType
        Name and declaration of each InPort and OutPort.
    """
    return {
        name: value
        for name, value in _declared(model).items()
        if issubclass(value.cls, (PyInPort, PyOutPort))
    }


def _declared(model: type[KernelModel]) -> dict[str, LavaPyType]:
    """Find the ports and Vars that a model declares, inherited ones included."""
    members = {
        name: value
        for base in reversed(model.__mro__)
        for name, value in vars(base).items()
    }
    return {n: value for n, value in members.items() if isinstance(value, LavaPyType)}


_FRACTIONS = {
    "PyATRLIFModelFixed": ("delta_i", "delta_v", "delta_theta", "delta_r", "theta_step")
}


def refuse_fractions(
    process: AbstractProcess, model: type[AbstractProcessModel]
) -> None:
    """Refuse initial values that an integer Var of the model would cut off.

    Parameters
    ----------
    process : AbstractProcess
        The Process to be run.
    model : type
        The ProcessModel it is to be run with.

    Raises
    ------
    ParameterError
        Naming the first Var whose initial value has a fraction.
    """
    parameters = dict(process.proc_params._parameters)
    for var in process.vars.members:
        declared = getattr(model, var.name, None)
        if not isinstance(declared, LavaPyType):
            continue
        # Of these Lava's models use what the learning rule holds, not the Var.
        if var.name.endswith(("_impulse", "_tau")) and "learning_rule" in parameters:
            continue
        # Lava's ATRLIF counts these as fractions in integers, too.
        if var.name in _FRACTIONS.get(model.__name__, ()):
            continue
        if not np.issubdtype(np.dtype(declared.d_type), np.integer):
            continue
        value = var.init.data if issparse(var.init) else np.asarray(var.init)
        if value.dtype.kind == "f" and (value != np.rint(value)).any():
            problem = "must be integers for fixed_pt"
            raise ParameterError(type(process).__name__, var.name, problem, var.init)
