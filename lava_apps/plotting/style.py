"""Colours, fonts and saving, the same for every figure of the package."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from lava_apps.files import replacing
from lava_apps.parameters import ParameterError

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Distinguishable with any colour vision (Okabe and Ito 2008)."""

CLASS_COLOURS = (
    *COLOURS,
    "#F0E442",
    "#999999",
    "#882255",
    "#332288",
)
"""The same and four more, for up to ten classes."""

_KINDS = ("png", "svg")
_STYLE: dict[Any, Any] = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
}


def use_style() -> None:
    """Give figures made by ``matplotlib.pyplot`` from now on the package's look."""
    mpl.rcParams.update(_STYLE | {"figure.constrained_layout.use": True})


class _Shown(Figure):
    """A figure that a notebook shows, though pyplot does not know it."""

    def _repr_png_(self) -> bytes:
        drawing = io.BytesIO()
        self.savefig(drawing, format="png", dpi=100)
        return drawing.getvalue()


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """Make a figure in the package's style, without any global state.

    Parameters
    ----------
    width, height : float
        Size in inches.

    Yields
    ------
    matplotlib.figure.Figure
        Empty, with constrained layout. Draw on it inside the ``with`` block,
        where the style holds. A notebook shows it as the last value of a cell.
    """
    with mpl.rc_context(_STYLE):
        yield _Shown(figsize=(width, height), layout="constrained")


def check_folder(folder: Path, parameter: str = "out") -> None:
    """Make sure that figures can be written to a folder, without making it.

    Parameters
    ----------
    folder : pathlib.Path
        The folder, which need not exist yet.
    parameter : str
        What the error calls it. Default "out".

    Raises
    ------
    ParameterError
        When it is a file, or its nearest existing parent cannot be written to.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        problem = "must be a folder that can be written to"
        raise ParameterError("check_folder", parameter, problem, str(folder))


def check_figure(path: Path, parameter: str = "out") -> None:
    """Make sure that a figure can be written to a file, before work is done for it.

    Parameters
    ----------
    path : pathlib.Path
        A name that ends in ``.png`` or ``.svg``.
    parameter : str
        What the error calls it. Default "out".

    Raises
    ------
    ParameterError
        For a name that ends otherwise, or a folder that cannot be written to.
    """
    if _kind(path) not in _KINDS:
        problem = "must end in .png or .svg"
        raise ParameterError("check_figure", parameter, problem, path.name)
    check_folder(path.parent, parameter)


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure to a file, whole or not at all.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to draw.
    path : pathlib.Path
        Where to, a name that ends in ``.png`` or ``.svg``; its folder is made if it is
        missing.

    Returns
    -------
    pathlib.Path
        The same path.

    Raises
    ------
    ParameterError
        For a name that ends otherwise, or a folder that cannot be written to.
    """
    check_figure(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        figure.savefig(part, dpi=150, format=_kind(path))
    return path
