"""Every lava-apps command and every program in README and docs is run.

The make targets run these tests, and `make wheel` the installation by pip.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from lava_apps.datasets import load_mnist
from tests.deep import needs_deep

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
    ROOT / "tutorials" / "README.md",
]


def blocks(text, language):
    """Find the fenced blocks of a language (and title, which is a part of it)."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(text, language="sh"):
    lines = "\n".join(blocks(text, language)).splitlines()
    return [line.split("#")[0].strip() for line in lines if line.strip()]


def run(*command, cwd):
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


DEEP = ROOT / "docs" / "deep.md"  # each of its commands needs what others wrote
OURS = [
    c
    for page in PAGES
    for c in commands(page.read_text())
    if c.startswith("lava-apps") and page != DEEP
]


@pytest.mark.parametrize("command", dict.fromkeys(OURS))
def test_commands_of_the_documentation_run(command, tmp_path):
    if "digit.jpg" in command:  # a file of the user's
        image = 255 - load_mnist("test")[0][0]
        Image.fromarray(image).resize((200, 200)).save(tmp_path / "digit.jpg")
    run(sys.executable, "-m", "lava_apps.cli", *command.split()[1:], cwd=tmp_path)


# What the options of a long command become when tests run it.
SHORTER = {
    "stdp": "--neurons 20 --train-images 300 --test-images 50 --epochs 1",
    "slayer train": "--hidden 16 --epochs 1 --test-images 20",
    "slayer convert": "--hidden 16 --epochs 1 --test-images 20",
    "bench scaling": "--largest 100000",
    "bench": "--network chain --rounds 1",
}
LONG = dict.fromkeys(
    re.sub(r"^LAVA_APPS_DATA=FOLDER ", "", command)
    for page in PAGES
    for command in commands(page.read_text(), 'sh title="long"')
)


def test_there_are_long_commands():
    assert len(LONG) > 10


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=[needs_deep] if "slayer" in c else []) for c in LONG],
)
def test_long_commands_are_understood_and_run_with_smaller_numbers(command, tmp_path):
    words = command.split()[1:]
    # With --help all options are parsed, and an unknown one is an error.
    run(sys.executable, "-m", "lava_apps.cli", *words, "--help", cwd=tmp_path)
    shorter = next(v for k, v in SHORTER.items() if f" {k} " in f"{command} ")
    if "--network digits" in command:
        shorter = shorter.replace("chain", "digits")
    words = [word for word in words if word != "--full"] + shorter.split()
    run(sys.executable, "-m", "lava_apps.cli", *words, cwd=tmp_path)


IN_TURN = {
    page: found
    for page in PAGES
    if (found := commands(page.read_text(), 'sh title="in turn"'))
}


@pytest.mark.parametrize("page", IN_TURN, ids=lambda page: page.name)
def test_commands_that_need_one_another_run_in_turn(page, tmp_path):
    for command in IN_TURN[page]:
        run(sys.executable, "-m", "lava_apps.cli", *command.split()[1:], cwd=tmp_path)


@needs_deep
@pytest.mark.timeout(300)
def test_commands_for_deep_networks_run_one_after_the_other(tmp_path):
    listed = commands(DEEP.read_text())
    assert len(listed) > 4
    for command in listed:
        run(sys.executable, "-m", "lava_apps.cli", *command.split()[1:], cwd=tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_of_the_documentation_exist(page):
    phony = (ROOT / "Makefile").read_text().split(".PHONY:")[1].splitlines()[0].split()
    named = re.findall(
        r"\bmake ([a-z-]+)\b", " ".join(re.findall(r"`[^`]+`", page.read_text()))
    )
    named += [c.split()[1] for c in commands(page.read_text()) if c.startswith("make ")]
    assert set(named) <= set(phony)


def test_the_first_two_commands_are_the_two_that_do_everything():
    assert commands(README)[:2] == ["make demo", "make test"]


def test_readme_installs_with_the_two_commands_of_the_makefile():
    assert "pip install ." in commands(README)
    assert "lava-apps setup" in commands(README)
    makefile = (ROOT / "Makefile").read_text()
    assert "$(PIP) install --editable .\n\t$(BIN)/lava-apps setup\n" in makefile


GUIDES = ("adding-a-process.md", "kernels.md")  # they show files, tested below
PROGRAMS = [
    program
    for page in PAGES
    if page.name not in GUIDES
    for program in blocks(page.read_text(), "python")
]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_of_the_documentation_run(program, tmp_path):
    (tmp_path / "program.py").write_text(program)
    run(sys.executable, "program.py", cwd=tmp_path)


def write_files(page, folder):
    """Write the files that a page shows, each below its name, and give them."""
    text = (ROOT / "docs" / page).read_text()
    files = dict(
        re.findall(r"^`([\w/]+\.py)`\n\n```python\n(.*?)^```$", text, re.M | re.S)
    )
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return files


def test_the_kernel_of_the_guide_runs_and_is_short(tmp_path):
    files = write_files("kernels.md", tmp_path)
    assert len(files["rate_kernel.py"].splitlines()) < 30
    run(sys.executable, "compare.py", cwd=tmp_path)


def test_the_process_of_the_guide_passes_its_own_tests(tmp_path):
    assert len(write_files("adding-a-process.md", tmp_path)) == 4
    for folder in ("mylab", "mylab/leaky_counter"):
        (tmp_path / folder / "__init__.py").touch()
    done = run(
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path
    )
    assert "9 passed, 1 xfailed" in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / link).exists(), link
