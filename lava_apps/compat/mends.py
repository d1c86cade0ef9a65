"""What Lava 0.10.0 needs on newer Pythons and NumPys: which line, and why.

Each mend is for one module of Lava, replaces text that stands there, and is made only
where it is needed. Nothing but these modules is touched.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

LAVA_VERSIONS = ("0.10.0", "0.10")  # names of one version


@dataclass(frozen=True)
class Mend:
    """One correction.

    Parameters
    ----------
    module : str
        Name of Lava's module.
    old, new : str
        What is replaced wherever it stands in the module, and by what.
    times : int
        How often it stands there.
    needed : callable
        Whether this Python, with what it has installed, needs the mend.
    why : str
        What happens without it.
    """

    module: str
    old: str
    new: str
    times: int
    needed: Callable[[], bool]
    why: str


def _python_3_11() -> bool:
    return sys.version_info >= (3, 11)


def _numpy(major: int, minor: int) -> Callable[[], bool]:
    def is_that_new() -> bool:
        import numpy as np

        found = tuple(int(part) for part in np.__version__.split(".")[:2])
        return found >= (major, minor)

    return is_that_new


MENDS = (
    Mend(
        "lava.magma.compiler.var_model",
        ": ByteEncoder = ByteEncoder()",
        ": ByteEncoder = __import__('dataclasses').field(default_factory=ByteEncoder)",
        8,
        _python_3_11,
        "Python 3.11 refuses an instance of a dataclass as a default of another",
    ),
    Mend(
        "lava.magma.core.process.ports.ports",
        "ft.partial(np.reshape, newshape=",
        "ft.partial(np.reshape, shape=",
        2,
        _numpy(2, 1),
        "NumPy 2.1 calls this argument `shape`, and later ones know no other name",
    ),
    Mend(
        "lava.magma.runtime.message_infrastructure.multiprocessing",
        "    mp.set_start_method('fork')",
        "    mp.get_start_method(allow_none=True) or mp.set_start_method('fork')",
        1,
        lambda: True,
        "an OS process that multiprocessing or joblib spawned cannot choose again",
    ),
    Mend(
        "lava.proc.clp.nsm.models",
        "alloc_signal[0] = self.next_alloc_id",
        "alloc_signal[0] = np.asarray(self.next_alloc_id).item()",
        1,
        _numpy(2, 5),
        "NumPy 2.5 makes no number of an array of one element",
    ),
    Mend(
        "lava.proc.conv.utils",
        "    x_out = np.floor(",
        "    padding, dilation, kernel_size, stride = (\n"
        "        tuple(map(int, given))\n"
        "        for given in (padding, dilation, kernel_size, stride)\n"
        "    )\n"
        "    x_out = np.floor(",
        1,
        _numpy(2, 0),
        "they are integers of 8 bits, and NumPy 2 adds to them in 8 bits",
    ),
    Mend(
        "lava.proc.graded.models",
        "np.array([inv_sqrt(a_in_data, 5)])",
        "np.array([inv_sqrt(a_in_data.item(), 5)])",
        1,
        _numpy(2, 5),
        "NumPy 2.5 makes no number of an array of one element",
    ),
)
"""All of them, in the order of their modules' names."""
