"""Sphinx's roles in docstrings, as links of mkdocstrings."""

import re
from typing import Any

from griffe import Extension, Object


class Roles(Extension):
    """Turn ``:class:`~package.module.Name``` into a cross-reference."""

    def on_instance(self, *, obj: Object, **_: Any) -> None:
        """Rewrite the docstring of any object when Griffe has read it."""
        if obj.docstring:
            obj.docstring.value = re.sub(
                r":(?:attr|class|data|func|meth|mod):`(~?)([\w.]+)`",
                lambda role: _link(role[2], short=bool(role[1])),
                obj.docstring.value,
            )


def _link(name: str, *, short: bool) -> str:
    title = name.rsplit(".", 1)[-1] if short else name
    return f"[`{title}`][{name}]"
