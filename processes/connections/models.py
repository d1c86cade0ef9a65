"""ProcessModels of Lava's connections for samples that follow each other."""

from typing import Any, ClassVar

import numpy as np

from lava_apps.loihi2.hardware import HardwareWarning
from lava_apps.messages import label, warn_caller
from lava_apps.parameters import Array
from lava_apps.processes.connections.dynamics import (
    delay_image,
    forget_delayed,
    forget_image,
    forget_messages,
)
from lava_apps.processes.connections.process import (
    ConvReset,
    DelayConv,
    DelayDenseReset,
    DelaySparseReset,
    DenseReset,
    SparseReset,
)
from lava_apps.runtime import kernels
from lava_apps.runtime.compiled.registry import register_kernel
from lava_apps.samples import forget

from lava.magma.core.decorator import implements, tag
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.conv import models as conv
from lava.proc.conv.process import Conv
from lava.proc.dense import models as dense
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.sparse import models as sparse
from lava.proc.sparse.process import DelaySparse, Sparse

assert kernels  # those of Lava's models, from which these are derived


def _sample(model: Any) -> tuple[int, int, int]:
    parameters = model.proc_params
    return parameters["reset_interval"], parameters["reset_offset"], model.time_step


class _Derived:
    """Lets a model derived from Lava's be that of another Process."""

    implements_process = None


class _Forgets(_Derived):
    """A model of Lava's that forgets at the end of a sample."""

    def run_spk(self) -> None:
        """Do what Lava's does, and forget."""
        super().run_spk()  # type: ignore[misc]
        forget(self.a_buff, *_sample(self))  # type: ignore[attr-defined]


class _ForgetsDelayed(_Derived):
    """The same with delays."""

    def run_spk(self) -> None:
        """Do what Lava's does, and forget."""
        super().run_spk()  # type: ignore[misc]
        kept = self.proc_params["kept"]  # type: ignore[attr-defined]
        forget_delayed(self.a_buff, kept, *_sample(self))  # type: ignore[attr-defined]


class _ForgetsImage(_Derived):
    """The same for Conv, which has another name for what it sends."""

    def run_spk(self) -> None:
        """Do what Lava's does, and forget."""
        super().run_spk()  # type: ignore[misc]
        forget(self.a_buf, *_sample(self))  # type: ignore[attr-defined]


@implements(proc=DenseReset, protocol=LoihiProtocol)
class PyDenseResetModelFloat(_Forgets, dense.PyDenseModelFloat):
    """Lava's Dense in double precision, for samples."""


@implements(proc=DenseReset, protocol=LoihiProtocol)
class PyDenseResetModelFixed(_Forgets, dense.PyDenseModelBitAcc):
    """Lava's Dense in integers, for samples."""


@implements(proc=SparseReset, protocol=LoihiProtocol)
class PySparseResetModelFloat(_Forgets, sparse.PySparseModelFloat):
    """Lava's Sparse in double precision, for samples."""


@implements(proc=SparseReset, protocol=LoihiProtocol)
class PySparseResetModelFixed(_Forgets, sparse.PySparseModelBitAcc):
    """Lava's Sparse in integers, for samples."""


@implements(proc=DelayDenseReset, protocol=LoihiProtocol)
class PyDelayDenseResetModelFloat(_ForgetsDelayed, dense.PyDelayDenseModelFloat):
    """Lava's DelayDense in double precision, for samples."""


@implements(proc=DelayDenseReset, protocol=LoihiProtocol)
class PyDelayDenseResetModelFixed(_ForgetsDelayed, dense.PyDelayDenseModelBitAcc):
    """Lava's DelayDense in integers, for samples."""


@implements(proc=DelaySparseReset, protocol=LoihiProtocol)
class PyDelaySparseResetModelFloat(_ForgetsDelayed, sparse.PyDelaySparseModelFloat):
    """Lava's DelaySparse in double precision, for samples."""


@implements(proc=DelaySparseReset, protocol=LoihiProtocol)
class PyDelaySparseResetModelFixed(_ForgetsDelayed, sparse.PyDelaySparseModelBitAcc):
    """Lava's DelaySparse in integers, for samples."""


@implements(proc=ConvReset, protocol=LoihiProtocol)
class PyConvResetModelFloat(_ForgetsImage, conv.PyConvModelFloat):
    """Lava's Conv in double precision, for samples."""


@implements(proc=ConvReset, protocol=LoihiProtocol)
class PyConvResetModelFixed(_ForgetsImage, conv.PyConvModelFixed):
    """Lava's Conv in integers, for samples."""


class _Delays(_Derived):
    """A convolution of Lava's that sends after a delay."""

    def run_spk(self) -> None:
        """Do what Lava's does, and wait."""
        super().run_spk()  # type: ignore[misc]
        model: Any = self
        kind = model.a_line.dtype
        model.a_buf = np.ascontiguousarray(model.a_buf, dtype=kind)
        delay_image(model.a_buf, model.a_line, model.delays, *_sample(model))


@implements(proc=DelayConv, protocol=LoihiProtocol)
class PyDelayConvModelFloat(_Delays, conv.PyConvModelFloat):
    """Lava's Conv in double precision, with delays."""

    delays: Array = LavaPyType(np.ndarray, np.int64)
    a_line: Array = LavaPyType(np.ndarray, float)


@implements(proc=DelayConv, protocol=LoihiProtocol)
class PyDelayConvModelFixed(_Delays, conv.PyConvModelFixed):
    """Lava's Conv in integers, with delays."""

    delays: Array = LavaPyType(np.ndarray, np.int64)
    a_line: Array = LavaPyType(np.ndarray, np.int32, precision=24)


for _model, _finish in (
    (PyDenseResetModelFloat, forget),
    (PyDenseResetModelFixed, forget),
    (PySparseResetModelFloat, forget),
    (PySparseResetModelFixed, forget),
    (PyDelayDenseResetModelFloat, forget_messages),
    (PyDelayDenseResetModelFixed, forget_messages),
    (PyDelaySparseResetModelFloat, forget_messages),
    (PyDelaySparseResetModelFixed, forget_messages),
    (PyConvResetModelFloat, forget_image),
    (PyConvResetModelFixed, forget_image),
    (PyDelayConvModelFloat, delay_image),
    (PyDelayConvModelFixed, delay_image),
):
    register_kernel(_model, like=_model.__bases__[1], finish=_finish)


def _options(process: AbstractProcess) -> dict[str, Any]:
    """Give the parameters of the connection as they are now."""
    given = process.proc_params["options"]
    held = {
        n: getattr(process, n).init for n in given if n in process.vars.member_names
    }
    told = {n: process.proc_params.get(n, value) for n, value in given.items()}
    return {**given, **told, **held}


class _OnChip(AbstractSubProcessModel):
    """The connection as Lava's own, which cannot forget."""

    kind: ClassVar[Any]

    def __init__(self, process: AbstractProcess) -> None:
        problem = f"is made {self.kind.__name__} of Lava: {process.chip_lacks}"
        warn_caller(f"{label(process)} {problem}", HardwareWarning)
        self.synapses = self.kind(**_options(process))
        process.s_in.connect(self.synapses.s_in)
        self.synapses.a_out.connect(process.a_out)
        for name in process.vars.member_names:
            getattr(process, name).alias(getattr(self.synapses, name))


@implements(proc=DenseReset, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubDenseResetModel(_OnChip):
    """Lava's Dense."""

    kind = Dense


@implements(proc=SparseReset, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubSparseResetModel(_OnChip):
    """Lava's Sparse."""

    kind = Sparse


@implements(proc=DelayDenseReset, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubDelayDenseResetModel(_OnChip):
    """Lava's DelayDense."""

    kind = DelayDense


@implements(proc=DelaySparseReset, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubDelaySparseResetModel(_OnChip):
    """Lava's DelaySparse."""

    kind = DelaySparse


@implements(proc=ConvReset, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubConvResetModel(_OnChip):
    """Lava's Conv."""

    kind = Conv
