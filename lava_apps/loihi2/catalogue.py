"""Which Processes have their place on a chip, and which on its host.

Which Processes have a model for Loihi 2 was seen in public code that uses them; the
models themselves come with Intel's Loihi extension of Lava, which is not public.
"""

from __future__ import annotations

from lava_apps.kernel import Process

from lava.magma.core.process.process import AbstractProcess

NEURONS = frozenset(
    {
        "lava.proc.lif.process.LIF",
        "lava.proc.lif.process.LIFReset",
        "lava.proc.lif.process.LearningLIF",
        "lava.proc.sdn.process.Sigma",
        "lava.proc.sdn.process.Delta",
        "lava.proc.sdn.process.SigmaDelta",
        "lava.proc.graded.process.GradedVec",
        "lava.proc.graded.process.NormVecDelay",
        "lava.proc.graded.process.InvSqrt",
        "lava.proc.prodneuron.process.ProdNeuron",
        "lava.proc.cyclic_buffer.process.CyclicBuffer",
        "lava.proc.receiver.process.Receiver",
        "lava.lib.optimization.solvers.generic.nebm.process.NEBM",
        "lava.lib.optimization.solvers.generic.nebm.process.SimulatedAnnealing",
        "lava.lib.optimization.solvers.generic.nebm.process.SimulatedAnnealingLocal",
    }
)
"""Processes of neurons with a model for Loihi 2, as seen in public code."""

CONNECTIONS = frozenset(
    {
        "lava.proc.dense.process.Dense",
        "lava.proc.dense.process.DelayDense",
        "lava.proc.dense.process.LearningDense",
        "lava.proc.sparse.process.Sparse",
        "lava.proc.sparse.process.DelaySparse",
        "lava.proc.conv.process.Conv",
    }
)
"""Processes of synapses with a model for Loihi 2, as seen in public code."""

HOST = frozenset(
    {
        "lava.proc.io.source.RingBuffer",
        "lava.proc.io.sink.RingBuffer",
        "lava.proc.io.injector.Injector",
        "lava.proc.io.extractor.Extractor",
        "lava.proc.io.dataloader.SpikeDataloader",
    }
)
"""Processes of Lava that bring data to a chip or take them from it, in Python."""

ADAPTERS = "lava.proc.embedded_io.spike"
"""Module of the adapters between host and chip."""

TO_CHIP, FROM_CHIP = "PyToNxAdapter", "NxToPyAdapter"


def class_path(process: AbstractProcess) -> str:
    """Give the class of a Process as ``module.Class``.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    str
        Such as ``lava.proc.lif.process.LIF``.
    """
    return f"{type(process).__module__}.{type(process).__qualname__}"


def is_connection(process: AbstractProcess) -> bool:
    """Tell whether a Process is a connection that becomes one of a chip's.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    bool
        True for the classes of :data:`CONNECTIONS`, and for those of this package that
        are derived from them and decompose into them.
    """
    if class_path(process) in CONNECTIONS:
        return True
    bases = {f"{c.__module__}.{c.__qualname__}" for c in type(process).__mro__}
    return isinstance(process, Process) and bool(bases & CONNECTIONS)


def has_hardware_model(process: AbstractProcess) -> bool:
    """Tell whether public code runs a Process of this very class on Loihi 2.

    Parameters
    ----------
    process : AbstractProcess
        Any Process; a subclass has no ProcessModel of its base class in Lava.

    Returns
    -------
    bool
        True for the classes of :data:`NEURONS` and :data:`CONNECTIONS`.
    """
    return class_path(process) in NEURONS | CONNECTIONS


def is_on_host(process: AbstractProcess) -> bool:
    """Tell whether a Process is made for the host: it feeds a chip or reads from it.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    bool
        True for the classes of :data:`HOST`, and for Processes of this package whose
        class attribute `on_host` says so.
    """
    declared = isinstance(process, Process) and process.on_host
    return declared or class_path(process) in HOST


def is_adapter(process: AbstractProcess) -> bool:
    """Tell whether a Process is one of the adapters between host and chip.

    Parameters
    ----------
    process : AbstractProcess
        Any Process.

    Returns
    -------
    bool
        By its class' name and module; the class need not be importable.
    """
    kind = type(process)
    is_named = kind.__name__ in (TO_CHIP, FROM_CHIP)
    return is_named and kind.__module__.startswith(ADAPTERS)
