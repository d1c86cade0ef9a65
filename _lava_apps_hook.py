"""See to it that Lava is mended, whoever imports it first.

``lava_apps.pth``, which is installed beside the packages, imports this module whenever
Python starts. So it is no part of ``lava_apps``, and imports nothing that Python has
not imported by then. ``LAVA_APPS_HOOK=0`` switches it off.
"""

# mypy: ignore-errors
import os
import sys

# Python's own finders. A finder is asked under a lock that all threads share: if it
# imported anything, two threads could wait for each other.
from _frozen_importlib_external import PathFinder

MENDED = frozenset(
    {
        "lava.magma.compiler.var_model",
        "lava.magma.core.process.ports.ports",
        "lava.magma.core.process.process",
        "lava.magma.runtime.message_infrastructure.multiprocessing",
        "lava.proc.clp.nsm.models",
        "lava.proc.conv.utils",
        "lava.proc.graded.models",
    }
)


class Loader:
    """Load a module of Lava as its own loader does, but mended."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        """Be like the module's own loader in all else."""
        return getattr(self.inner, name)

    def create_module(self, spec):
        """Let the module's own loader do it."""
        return self.inner.create_module(spec)

    def exec_module(self, module):
        """Mend the module and execute it."""
        try:
            from lava_apps.compat.loading import execute
        except ModuleNotFoundError as error:
            if not str(error.name).startswith("lava_apps"):
                raise
            execute = None  # lava_apps was removed, and this file was not
        if execute is None:
            self.inner.exec_module(module)
        else:
            execute(module, self.inner)


class Finder:
    """Find the modules of Lava that are mended, and no others."""

    of_lava_apps = "finder"

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Give the module's own spec, with a loader that mends."""
        if name not in MENDED:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and hasattr(spec.loader, "get_source"):
            spec.loader = Loader(spec.loader)
        return spec


class Missing:
    """Say how Lava is installed, where it is imported and nobody finds it."""

    of_lava_apps = "missing"

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        """Ask those that come after; it is for the last of all to say it."""
        if name != "lava":
            return None
        after = False
        for finder in list(sys.meta_path):
            if after and hasattr(finder, "find_spec"):
                spec = finder.find_spec(name, path, target)
                if spec is not None:
                    return spec
            after = after or finder is cls
        if is_import(sys._getframe(2)):
            raise ModuleNotFoundError(
                f"No module named 'lava'. {how_to_install()}", name="lava"
            )
        return None


def is_import(frame: object) -> bool:
    """Tell whether a frame that had a module looked for means to import it.

    Others only look whether it is there, as ``importlib.util.find_spec`` does.
    """
    return frame.f_code.co_name == "_find_and_load_unlocked"


def how_to_install() -> str:
    """Say in a sentence how Lava is installed."""
    if sys.platform == "win32":
        return "Lava starts OS processes by fork, which Windows has not: use WSL 2"
    return f"This command installs Lava: {setup_command()}"


def setup_command() -> str:
    """Give the command that installs Lava into this Python."""
    folder = os.path.dirname(sys.executable)  # noqa: PTH120 - pathlib is not imported yet
    if folder in os.environ.get("PATH", "").split(os.pathsep):
        return "lava-apps setup"
    return f"{sys.executable} -m lava_apps setup"


def install() -> None:
    """Look at imports from now on; a second call changes nothing."""
    there = {getattr(finder, "of_lava_apps", None) for finder in sys.meta_path}
    if Finder.of_lava_apps not in there:
        sys.meta_path.insert(0, Finder)
    if Missing.of_lava_apps not in there:
        sys.meta_path.append(Missing)
