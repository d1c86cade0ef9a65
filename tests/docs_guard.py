"""Every public name of the package is on the site.

Run by ``make docs``. mkdocstrings writes what it documented into ``objects.inv``;
this compares it with what a user can import.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import pkgutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from mkdocstrings import Inventory

import lava_apps

SITE = Path(__file__).resolve().parent.parent / "site"


def modules() -> Iterator[ModuleType]:
    """Import the package and every public module in it."""
    yield lava_apps
    for info in pkgutil.walk_packages(lava_apps.__path__, "lava_apps."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            yield importlib.import_module(info.name)


def constants(module: ModuleType) -> Iterator[str]:
    """Find the names that are assigned in a module and followed by a docstring."""
    body = ast.parse(inspect.getsource(module)).body
    for statement, follower in itertools.pairwise(body):
        documented = isinstance(follower, ast.Expr) and isinstance(
            follower.value, ast.Constant
        )
        if documented and isinstance(statement, ast.Assign | ast.AnnAssign):
            target = getattr(statement, "target", None) or statement.targets[0]
            yield target.id


def members(owner: type) -> Iterator[str]:
    """Find the methods and properties of a class that have docstrings."""
    for name, value in vars(owner).items():
        kinds = (classmethod, staticmethod, property)
        # A method taken from another class is documented there.
        own = getattr(value, "__qualname__", "") == f"{owner.__qualname__}.{name}"
        if (isinstance(value, kinds) or own) and value.__doc__:
            yield name


def public_names() -> Iterator[str]:
    """List what the modules define themselves, with what the classes do."""
    for module in modules():
        yield module.__name__
        names = dict.fromkeys(constants(module))
        for name, value in vars(module).items():
            value = getattr(value, "py_func", value)  # of numba's dispatchers
            own = getattr(value, "__module__", None) == module.__name__
            if own and (inspect.isclass(value) or inspect.isfunction(value)):
                names[name] = value
        for name, value in names.items():
            if not name.startswith("_"):
                yield f"{module.__name__}.{name}"
                if inspect.isclass(value):
                    for member in members(value):
                        if not member.startswith("_"):
                            yield f"{module.__name__}.{name}.{member}"


def main() -> int:
    """Compare."""
    with (SITE / "objects.inv").open("rb") as file:
        documented = Inventory.parse_sphinx(file)
    names = list(public_names())
    missing = [name for name in names if name not in documented]
    for name in missing:
        print(f"{name}: not on the site")
    print(f"{len(names)} public names, {len(missing)} not on the site")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
