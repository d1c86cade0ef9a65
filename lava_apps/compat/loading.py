"""Execute a module of Lava, mended."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

from lava_apps.compat.mends import LAVA_VERSIONS, MENDS

PROCESS = "lava.magma.core.process.process"


def execute(module: ModuleType, loader: Any) -> None:
    """Execute a module that its finder found, with the lines mended that need it.

    Parameters
    ----------
    module : module
        Of Lava; not executed yet.
    loader : object
        Its own loader.
    """
    name, path = module.__name__, str(module.__file__)
    site = Path(path).parents[name.count(".")]
    mends = [mend for mend in MENDS if mend.module == name and mend.needed()]
    if mends and is_right(lava_version(site)):
        text = loader.get_source(name)
        for mend in mends:
            if text.count(mend.old) != mend.times:
                warnings.warn(
                    f"{path} is not what Lava 0.10.0 has there, so that lava-apps does "
                    f"not mend {mend.old.strip()!r}: {mend.why}",
                    RuntimeWarning,
                    stacklevel=2,
                )
                continue
            text = text.replace(mend.old, mend.new)
        exec(compile(text, path, "exec", dont_inherit=True), vars(module))  # noqa: S102
    else:
        loader.exec_module(module)
    if name == PROCESS:
        choose_runtime(module)


def choose_runtime(module: Any) -> None:
    """Let ``LAVA_APPS_BACKEND`` choose the runtime, when the first graph is run.

    Not before: the backend is made of modules of Lava, of which this is one.

    Parameters
    ----------
    module : module
        Lava's of Process.
    """
    backend = os.environ.get("LAVA_APPS_BACKEND")
    if not backend:
        return

    def first(*arguments: Any, **options: Any) -> Any:
        from lava_apps.runtime import enable

        enable(backend)
        return module.Runtime(*arguments, **options)

    module.Runtime = first


def lava_version(site: Path) -> str | None:
    """Find the version of Lava that is installed in a folder.

    Parameters
    ----------
    site : pathlib.Path
        In which a folder ``lava`` lies.

    Returns
    -------
    str or None
        None where it is not known, as for a clone.
    """
    try:
        names = os.listdir(site)  # noqa: PTH208 - may be called where nothing is imported
    except OSError:  # a zip file, say
        return None
    for name in names:
        if name.startswith("lava_nc-") and name.endswith(".dist-info"):
            return name.removesuffix(".dist-info").partition("-")[2]
    return None


def is_right(version: str | None) -> bool:
    """Tell whether a version of Lava is the one that is mended, or may be.

    Parameters
    ----------
    version : str or None
        As `lava_version` gives it.
    """
    return version is None or version.partition("+")[0] in LAVA_VERSIONS
