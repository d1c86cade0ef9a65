"""A stand-in for the public surface of Lava's Loihi extension, and for a board.

The extension is not public. What public code shows of it is here, and no more: where
the base classes of ProcessModels for the chip are, and the two adapters with their
parameters and ports. Nothing of this runs; it shows which models are chosen and where
adapters are put.
"""

import sys
import types
from importlib.machinery import ModuleSpec

from lava.magma.core.model.model import AbstractProcessModel
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess


class AbstractNcProcessModel(AbstractProcessModel):
    """Base class of models for neuro-cores."""


class CLoihiProcessModel(AbstractProcessModel):
    """Base class of models for the embedded processors."""


class _Adapter(AbstractProcess):
    def __init__(self, *, shape, num_message_bits=0, **others):
        super().__init__(shape=shape, num_message_bits=num_message_bits, **others)
        self.inp = InPort(shape=shape)
        self.out = OutPort(shape=shape)


PyToNxAdapter = type("PyToNxAdapter", (_Adapter,), {})
NxToPyAdapter = type("NxToPyAdapter", (_Adapter,), {})

_SURFACE = {
    "lava.utils.loihi2_profiler": {},
    "lava.magma.core.model.nc": {},
    "lava.magma.core.model.nc.model": {
        "AbstractNcProcessModel": AbstractNcProcessModel
    },
    "lava.magma.core.model.c": {},
    "lava.magma.core.model.c.model": {"CLoihiProcessModel": CLoihiProcessModel},
    "lava.proc.embedded_io": {},
    "lava.proc.embedded_io.spike": {
        "PyToNxAdapter": PyToNxAdapter,
        "NxToPyAdapter": NxToPyAdapter,
    },
}


def install(monkeypatch):
    """Put the stand-in where the extension would be, for one test."""
    for name, members in _SURFACE.items():
        module = types.ModuleType(name)
        module.__spec__ = ModuleSpec(name, loader=None, is_package=not members)
        module.__path__ = []
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)
    for adapter in (PyToNxAdapter, NxToPyAdapter):
        monkeypatch.setattr(adapter, "__module__", "lava.proc.embedded_io.spike")
