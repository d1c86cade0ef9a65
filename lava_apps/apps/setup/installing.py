"""What is missing, and the commands of pip or uv that install it.

Nothing of Lava is imported here: this is what runs where Lava is missing.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement

import _lava_apps_hook as hook
from lava_apps.compat import LAVA_VERSION

LAVA_DL_VERSION = "0.6.0"
_PACKAGE = "lava-apps"
_OURS = ("dev", "docs", "lava-suite")  # of no use without a clone


class InstallError(RuntimeError):
    """Something cannot be installed here."""


@dataclass(frozen=True)
class Step:
    """One call of the installer.

    Parameters
    ----------
    requirements : tuple of str
        What is installed.
    alone : bool
        Without what its wheel says that it needs, and on whatever Python: the wheels
        of Lava ask for Python 3.10 and old packages.
    """

    requirements: tuple[str, ...]
    alone: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """What of it is not there yet, or in another version."""
        return tuple(text for text in self.requirements if not _is_there(text))


def extras() -> list[str]:
    """Name the extras that can be asked for.

    Returns
    -------
    list of str
        In alphabetical order.
    """
    named = metadata(_PACKAGE).get_all("Provides-Extra") or []
    return sorted(name for name in named if name not in _OURS)


def steps(extra: list[str]) -> list[Step]:
    """Say what has to be there for Lava and for extras.

    Parameters
    ----------
    extra : list of str
        Names of extras.

    Returns
    -------
    list of Step
        In this order.

    Raises
    ------
    InstallError
        For an extra that there is not; on Windows, which Lava does not run on.
    """
    if sys.platform == "win32":
        raise InstallError(hook.how_to_install())
    for name in extra:
        if name not in extras():
            known = ", ".join(extras())
            raise InstallError(f"--extra {name}: there is none; there are {known}")
    found = [Step((f"lava-nc=={LAVA_VERSION}",), alone=True)]
    if "dl" in extra:
        found.append(Step((f"lava-dl=={LAVA_DL_VERSION}",), alone=True))
    for name in dict.fromkeys(extra):
        wanted = [Requirement(text) for text in requires(_PACKAGE) or []]
        mine = [one for one in wanted if one.marker and _is_for(one, name)]
        found.append(Step(tuple(_plain(one) for one in mine)))
    return found


def command(step: Step) -> list[str]:
    """Give the command that installs what is missing of a step.

    Parameters
    ----------
    step : Step
        Of which something is missing.

    Returns
    -------
    list of str
        For pip of the running Python; for uv, where that Python has no pip.

    Raises
    ------
    InstallError
        Where there is neither.
    """
    if _is_there("pip"):
        # pip looks at what a wheel says of Python, uv does not.
        alone = ["--no-deps", "--ignore-requires-python"]
        start = [sys.executable, "-m", "pip", "install"]
    elif (uv := _find_uv()) is not None:
        alone = ["--no-deps"]
        start = [uv, "pip", "install", "--python", sys.executable]
    else:
        raise InstallError(
            f"{sys.executable} has no pip, and there is no uv: "
            f"{sys.executable} -m ensurepip gets pip"
        )
    return [*start, *(alone if step.alone else []), *step.missing]


def install(step: Step, show: Callable[[list[str]], None]) -> None:
    """Install what is missing of a step.

    Parameters
    ----------
    step : Step
        Of which something is missing.
    show : callable
        Called with the command before it runs.

    Raises
    ------
    InstallError
        When the command fails, or leaves something missing.
    """
    words = command(step)
    show(words)
    what = " ".join(step.missing)
    try:
        done = subprocess.run(words, check=False)  # noqa: S603 - our own words
    except OSError as error:
        raise InstallError(f"{words[0]} does not run: {error.strerror}") from error
    if done.returncode:
        problem = f"it ended with status {done.returncode}, for the reason above"
        raise InstallError(f"{what} was not installed: {problem}")
    importlib.invalidate_caches()
    if step.missing:
        raise InstallError(
            f"{' '.join(step.missing)} is still missing from {sys.executable}; the "
            "settings of pip or uv may name another place (PIP_TARGET, PIP_PREFIX)"
        )


def _find_uv() -> str | None:
    beside = str(Path(sys.executable).parent)
    return shutil.which(
        "uv", path=os.pathsep.join([beside, os.environ.get("PATH", "")])
    )


def _is_there(text: str) -> bool:
    wanted = Requirement(text)
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return False
    return wanted.specifier.contains(found, prereleases=True)


def _is_for(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    assert marker is not None
    without = marker.evaluate({"extra": ""})
    return not without and marker.evaluate({"extra": extra})


def _plain(requirement: Requirement) -> str:
    """Give a requirement without its marker."""
    named = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{named}{requirement.specifier}"
