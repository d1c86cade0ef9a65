"""Signatures and docstrings say the same, and examples in docstrings run."""

import ast
import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import re
import warnings

import pytest
from numpydoc.docscrape import NumpyDocString

import lava_apps


def modules():
    for info in pkgutil.walk_packages(lava_apps.__path__, "lava_apps."):
        yield importlib.import_module(info.name)


def public_callables():
    for module in modules():
        for name, value in vars(module).items():
            value = getattr(value, "py_func", value)  # of numba's dispatchers
            ours = getattr(value, "__module__", None) == module.__name__
            if ours and not name.startswith("_") and callable(value):
                yield pytest.param(value, id=f"{module.__name__}.{name}")
                if inspect.isclass(value):
                    for method in vars(value).values():
                        if inspect.isfunction(method) and documents_parameters(method):
                            label = f"{module.__name__}.{method.__qualname__}"
                            yield pytest.param(method, id=label)


def documents_parameters(function):
    public = not function.__name__.startswith("_")
    return public and "Parameters\n" in (function.__doc__ or "")


def documented(value):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        entries = NumpyDocString(inspect.cleandoc(value.__doc__))["Parameters"]
    return [n.strip().lstrip("*") for entry in entries for n in entry.name.split(",")]


def parameters(value):
    if inspect.isclass(value):
        own = dataclasses.is_dataclass(value) or "__init__" in vars(value)
        if not own and not issubclass(value, tuple):
            return None
        value = value.__new__ if issubclass(value, tuple) else value.__init__
    names = inspect.signature(value).parameters
    return [n for n in names if n not in ("self", "cls", "_cls")]


@pytest.mark.parametrize("value", list(public_callables()))
def test_parameters_are_documented_by_their_names(value):
    assert value.__doc__, "no docstring"
    expected = parameters(value)
    summary_only = "Parameters\n" not in value.__doc__
    base_says_it = inspect.isclass(value) and issubclass(value, Exception)
    if summary_only and (not expected or is_internal(value) or base_says_it):
        return  # ruff has seen to the summary
    assert documented(value) == (expected or [])


def is_internal(value):
    """Tell whether somebody else calls it: the runtime, typer, the suite, Lava."""
    callers = ("lava_apps.runtime.", "lava_apps.compat", "lava_apps.cli")
    return (
        value.__module__.startswith(callers)
        or value.__module__.endswith((".commands", ".models"))
        or value.__name__.startswith("check_")
    )


def names_in(source):
    """Give what a module defines, attributes too, and what it imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):`~?([\w.]+)`")


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_links_in_docstrings_lead_somewhere(module):
    """Say at once what would fail ``make docs``."""
    source = inspect.getsource(module)
    known = set(names_in(source))
    for name in set(ROLE.findall(source)):
        if name.startswith("lava_apps."):
            pkgutil.resolve_name(name)
        else:
            assert name.split(".")[0] in known, (
                f"`{name}` is neither defined nor imported here: give its module"
            )


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__)
def test_examples_in_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


def test_there_are_examples():
    assert sum(doctest.testmod(module).attempted for module in modules()) >= 6
