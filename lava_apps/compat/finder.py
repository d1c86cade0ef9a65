"""Load Lava's modules, some of them with lines mended."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from lava_apps.compat.mends import MENDS, Mend


class MendingLoader(SourceFileLoader):
    """Load one module from source, mended.

    Parameters
    ----------
    name, path : str
        The module and its file.
    mends : sequence of Mend
        What is mended.
    """

    def __init__(self, name: str, path: str, mends: Sequence[Mend]) -> None:
        super().__init__(name, path)
        self._mends = mends

    def get_code(self, fullname: str) -> CodeType:
        """Compile the mended source; byte code on the disk is of what is not mended."""
        path = self.get_filename(fullname)
        text = self.get_data(path).decode()
        for mend in self._mends:
            if text.count(mend.old) != mend.times:
                raise ImportError(
                    f"{path} is not what Lava 0.10.0 has there: {mend.old!r} should "
                    f"stand in it {mend.times} times. lava-apps mends it, because "
                    f"{mend.why}"
                )
            text = text.replace(mend.old, mend.new)
        return compile(text, path, "exec", dont_inherit=True)


class MendingFinder(MetaPathFinder):
    """Find Lava's modules that need a mend, and leave all others to Python."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Find a module that is mended, with a loader that does it."""
        if not fullname.startswith("lava."):
            return None
        mends = [m for m in MENDS if m.module == fullname and m.needed()]
        spec = PathFinder.find_spec(fullname, path, target) if mends else None
        if spec is not None and spec.origin is not None:
            spec.loader = MendingLoader(fullname, spec.origin, mends)
        return spec
