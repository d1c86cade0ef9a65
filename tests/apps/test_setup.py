"""Installing what is missing; pip and uv are stand-ins that note what they are told."""

import sys

import pytest
from typer.testing import CliRunner

from lava_apps.apps.setup import installing
from lava_apps.apps.setup.installing import InstallError, Step, command, steps
from lava_apps.cli import app

LAVA = "lava-nc==0.10.0"


@pytest.fixture
def told(monkeypatch):
    """What would have been run; `fails` is how it ends."""

    class Told:
        commands, fails, installed = [], 0, set()

    def run(words, check):
        Told.commands.append(words)
        if not Told.fails:
            Told.installed |= set(words)
        return type("Done", (), {"returncode": Told.fails})

    Told.commands, Told.installed = [], set()
    monkeypatch.setattr(installing.subprocess, "run", run)
    Told.installed.add("pip")
    monkeypatch.setattr(installing, "_is_there", lambda text: text in Told.installed)
    return Told


def invoke(*arguments):
    return CliRunner().invoke(app, ["setup", *arguments])


def test_lava_goes_in_alone_with_the_pip_of_this_python(told):
    done = invoke()
    assert done.exit_code == 0
    alone = ["--no-deps", "--ignore-requires-python"]
    assert told.commands == [[sys.executable, "-m", "pip", "install", *alone, LAVA]]
    assert "$ " in done.output
    assert LAVA in done.output
    again = invoke()
    assert again.output == "all is installed\n"
    assert len(told.commands) == 1


def test_a_dry_run_changes_nothing(told):
    done = invoke("--dry-run", "--extra", "dl")
    assert told.commands == []
    lines = done.output.splitlines()
    assert LAVA in lines[0]
    assert "lava-dl==0.6.0" in lines[1]
    assert "torch>=" in lines[2]
    assert "--no-deps" not in lines[2]


def test_without_pip_it_is_uv(monkeypatch):
    monkeypatch.setattr(installing.shutil, "which", lambda _, path: "/bin/uv")
    monkeypatch.setattr(installing, "_is_there", lambda _: False)
    words = command(Step((LAVA,), alone=True))
    start = ["/bin/uv", "pip", "install", "--python", sys.executable]
    assert words == [*start, "--no-deps", LAVA]
    monkeypatch.setattr(installing.shutil, "which", lambda _, path: None)
    with pytest.raises(InstallError, match="has no pip, and there is no uv"):
        command(Step((LAVA,)))


def test_a_failure_is_one_sentence(told):
    told.fails = 7
    done = invoke()
    assert done.exit_code == 1
    assert f"{LAVA} was not installed: it ended with status 7" in done.stderr


def test_an_installer_that_does_not_run_is_named(told, monkeypatch):
    def run(words, check):
        raise OSError(8, "Exec format error")

    monkeypatch.setattr(installing.subprocess, "run", run)
    done = invoke()
    assert done.exit_code == 1
    assert "does not run: Exec format error" in done.stderr


def test_what_stays_missing_is_told(told, monkeypatch):
    monkeypatch.setattr(installing, "_is_there", lambda text: text == "pip")
    done = invoke()
    assert done.exit_code == 1
    assert "still missing" in done.stderr


def test_an_unknown_extra_is_named():
    done = invoke("--extra", "gpu")
    assert done.exit_code == 1
    assert "--extra gpu: there is none; there are dl, tables, testing" in done.stderr


def test_only_what_is_missing_of_an_extra_is_installed():
    assert steps([])[0].missing == ()
    assert steps(["testing"])[1].missing == ()
    assert Step(("numpy>=1", "no-such-package>=2")).missing == ("no-such-package>=2",)


def test_an_extra_that_is_named_twice_is_installed_once():
    assert steps(["tables", "tables"]) == steps(["tables"])


def test_windows_is_told_what_helps(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(InstallError, match="use WSL 2"):
        steps([])
