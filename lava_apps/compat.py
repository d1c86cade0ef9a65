"""Lava 0.10.0 on Python 3.11 and 3.12.

One module of Lava, ``lava.magma.compiler.var_model``, gives dataclass fields an
instance of another dataclass as default, which Python refuses since 3.11. The
finder here loads that one module with the defaults turned into factories. It
touches nothing else, and does nothing at all on Python 3.10.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.metadata import PackageNotFoundError, version
from types import CodeType, ModuleType

LAVA_VERSION = "0.10.0"
INSTALL_COMMAND = (
    f"pip install --no-deps --ignore-requires-python lava-nc=={LAVA_VERSION}"
)
PATCHED_MODULE = "lava.magma.compiler.var_model"
_MUTABLE_DEFAULT = "ByteEncoder"


class LavaVersionError(ImportError):
    """Lava is missing, or is not the version this package is made for."""


class _DefaultsToFactories(ast.NodeTransformer):
    """Turn ``x: T = ByteEncoder()`` into ``x: T = field(default_factory=...)``."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        default = node.value
        if (
            isinstance(default, ast.Call)
            and isinstance(default.func, ast.Name)
            and default.func.id == _MUTABLE_DEFAULT
        ):
            factory = (
                f"__import__('dataclasses').field(default_factory={default.func.id})"
            )
            node.value = ast.parse(factory, mode="eval").body
        return node


class _PatchingLoader(SourceFileLoader):
    def get_code(self, fullname: str) -> CodeType:
        # Not super().get_code: it would take the unpatched byte code that pip
        # compiled when it installed Lava.
        path = self.get_filename(fullname)
        tree = _DefaultsToFactories().visit(ast.parse(self.get_data(path), path))
        return compile(ast.fix_missing_locations(tree), path, "exec", dont_inherit=True)


class _PatchingFinder(MetaPathFinder):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != PATCHED_MODULE:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = _PatchingLoader(fullname, spec.origin)
        return spec


def check_lava() -> None:
    """Make sure that the installed Lava is the one this package is made for.

    Raises
    ------
    LavaVersionError
        With the command that installs the right one.
    """
    try:
        found = version("lava-nc")
    except PackageNotFoundError:
        found = None
    if found != LAVA_VERSION:
        state = "Lava is not installed" if found is None else f"Lava is {found}"
        raise LavaVersionError(
            f"{state}; lava-apps needs lava-nc {LAVA_VERSION}. Install it with: "
            f"{INSTALL_COMMAND}"
        )


def install() -> None:
    """Check Lava's version and make it importable; a second call changes nothing."""
    check_lava()
    needed = sys.version_info >= (3, 11) and PATCHED_MODULE not in sys.modules
    if needed and not any(isinstance(f, _PatchingFinder) for f in sys.meta_path):
        sys.meta_path.insert(0, _PatchingFinder())
