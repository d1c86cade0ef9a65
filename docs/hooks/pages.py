"""What Markdown alone does not give the site: tutorials, formulae, diagrams, links."""

import html
import logging
import re
from pathlib import Path
from typing import Any

import mmdr
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.pages import Page

# It names each of its pages.
logging.getLogger("mkdocs.plugins.api-autonav").setLevel(logging.WARNING)

_FORMULA = re.compile(
    r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL
)


def on_config(config: MkDocsConfig) -> None:
    """Put every notebook into the navigation, and draw diagrams beforehand."""
    folder = Path(config.config_file_path).with_name("tutorials")
    notebooks = sorted(folder.glob("[0-9]*.ipynb"))
    pages = [f"tutorials/{notebook.stem}.md" for notebook in notebooks]
    (entry,) = (entry for entry in config.nav or [] if "Tutorials" in entry)
    entry["Tutorials"] = pages
    fence = {"name": "mermaid", "class": "diagram", "format": _draw}
    config.mdx_configs["pymdownx.superfences"] = {"custom_fences": [fence]}


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Lead links from file to file of the repository to pages of the site.

    And let a search give modules by their whole names, what users import first.
    """
    if page.file.src_uri.startswith("api/"):
        module = page.file.src_uri.removeprefix("api/").removesuffix(".md")
        page.meta["title"] = module.removesuffix("/index").replace("/", ".")
        page.meta["search"] = {"boost": 1 if module.endswith("/index") else 0.2}
    markdown = markdown.replace("](../docs/", "](../")
    notebook = r"\]\((?:\.\./)?((?:tutorials/)?\w+)\.ipynb"
    return re.sub(notebook, r"](\1.md", markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Turn formulae into MathML, which browsers show without a script."""
    return _FORMULA.sub(_mathml, content)


def _mathml(found: re.Match[str]) -> str:
    latex = html.unescape(found[2])
    mathml = convert(latex, display="block" if found[1] == "div" else "inline")
    if "\\" in mathml:  # a command that the converter does not know
        raise PluginError(f"cannot convert the formula {latex}")
    return mathml


def _draw(source: str, *_: Any, **__: Any) -> str:
    return f'<div class="diagram">{mmdr.render(source).svg()}</div>'
