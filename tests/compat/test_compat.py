import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec, module_from_spec, spec_from_file_location

import pytest

import _lava_apps_hook as hook
from lava_apps import compat
from lava_apps.compat import loading
from lava_apps.compat.mends import MENDS


def test_lava_imports_and_its_encoders_do_not_share_their_defaults():
    from lava.magma.compiler.var_model import CoreEncoder

    first, second = CoreEncoder(), CoreEncoder()
    first.x.base = 7
    shared_upstream = sys.version_info < (3, 11)
    assert second.x.base == (7 if shared_upstream else 0)


def test_a_second_install_changes_nothing():
    before = list(sys.meta_path)
    compat.install()
    assert sys.meta_path == before


@pytest.mark.parametrize("mend", MENDS, ids=lambda mend: mend.module)
def test_each_mend_is_of_lines_that_stand_in_lava_and_gives_python(mend):
    spec = find_spec(mend.module)
    text = spec.loader.get_source(mend.module)
    assert text.count(mend.old) == mend.times
    assert mend.new not in text
    compile(text.replace(mend.old, mend.new), spec.origin, "exec")


def test_the_hook_looks_for_the_modules_that_are_mended_and_no_others():
    assert {m.module for m in MENDS} | {loading.PROCESS} == hook.MENDED
    assert hook.Finder.find_spec("lava.magma.compiler.node") is None
    assert hook.Finder.find_spec("lavation") is None
    assert hook.Finder.find_spec("lava") is None


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Make a folder with one module of a Lava, which is to be mended."""
    folder = tmp_path / "lava" / "magma"
    folder.mkdir(parents=True)
    (folder / "alone.py").write_text("value = 'old'\n")
    mend = replace(
        MENDS[0],
        module="lava.magma.alone",
        old="'old'",
        new="'new'",
        times=1,
        needed=lambda: True,
        why="of this test",
    )
    monkeypatch.setattr(loading, "MENDS", (mend,))
    return tmp_path


def value_of(site):
    path = site / "lava" / "magma" / "alone.py"
    spec = spec_from_file_location("lava.magma.alone", path)
    module = module_from_spec(spec)
    hook.Loader(spec.loader).exec_module(module)
    return module.value


@pytest.mark.parametrize(
    ("version", "value"),
    [
        (None, "new"),
        ("0.10.0", "new"),
        ("0.10", "new"),
        ("0.10.0+mine", "new"),
        ("0.9.0", "old"),
    ],
)
def test_only_the_lava_that_mends_are_for_is_mended(site, version, value):
    if version is not None:
        (site / f"lava_nc-{version}.dist-info").mkdir()
    assert value_of(site) == value


def test_lines_that_somebody_else_has_changed_are_left_and_named(site):
    (site / "lava" / "magma" / "alone.py").write_text("value = 'mine'\n")
    with pytest.warns(RuntimeWarning, match=r"does not mend \"'old'\": of this test"):
        assert value_of(site) == "mine"


def test_another_version_is_refused_with_the_command(site):
    (site / "lava_nc-0.9.0.dist-info").mkdir()
    with pytest.raises(compat.LavaVersionError, match=r"Lava is 0\.9\.0") as error:
        compat.check_lava([str(site / "lava")])
    assert hook.setup_command() in str(error.value)
    compat.check_lava([str(site / "no-lava")])
    compat.check_lava(None)


def test_the_command_is_one_that_the_shell_finds(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/opt/it/bin/python")
    monkeypatch.setenv("PATH", "/usr/bin:/opt/it/bin")
    assert hook.setup_command() == "lava-apps setup"
    monkeypatch.setenv("PATH", "/usr/bin")
    assert hook.setup_command() == "/opt/it/bin/python -m lava_apps setup"


def test_windows_is_told_what_helps(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert "use WSL 2" in hook.how_to_install()


def test_importing_the_package_does_not_import_lava():
    code = "import lava_apps, sys; print('lava' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
