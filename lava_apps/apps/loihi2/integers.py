"""A file with the integers of a converted graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from lava_apps.files import replacing
from lava_apps.loihi2.fixed import FixedGraph

from lava.magma.core.process.process import AbstractProcess


def save_integers(fixed: FixedGraph, path: Path) -> None:
    """Write the integers of a converted graph, whole or not at all.

    Parameters
    ----------
    fixed : FixedGraph
        What `to_fixed` gave.
    path : pathlib.Path
        A file that `numpy.load` reads; its folder is made if it is missing. An
        entry is named by Process and Var, such as ``Process_3.vth``; a sparse matrix
        has ``.data``, ``.indices``, ``.indptr`` and ``.shape``. ``weight_exp`` is
        there where a connection has one.
    """
    arrays: dict[str, Any] = {}
    names: set[str] = set()
    for process in fixed.counterparts.values():
        name, copies = process.name, 1
        while name in names:  # names need not be unique
            copies += 1
            name = f"{process.name}#{copies}"
        names.add(name)
        for kind, value in _values(process).items():
            arrays[f"{name}.{kind}"] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _values(process: AbstractProcess) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for var in process.vars.members:
        if isinstance(var.init, csr_matrix):
            for part in ("data", "indices", "indptr", "shape"):
                values[f"{var.name}.{part}"] = np.asarray(getattr(var.init, part))
        elif np.asarray(var.init).dtype.kind in "biuf":
            values[var.name] = np.asarray(var.init)
    exponent = process.proc_params.get("weight_exp")
    if exponent is not None:
        values["weight_exp"] = np.asarray(exponent)
    return values
