"""``import lava`` comes first, as in scripts that never heard of this package."""

import os
import py_compile
import statistics
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import _lava_apps_hook
import lava_apps

SCRIPT = """
from lava.proc.lif.process import LIF
from lava.magma.core.run_configs import Loihi1SimCfg
from lava.magma.core.run_conditions import RunSteps

neurons = LIF(shape=(2,), bias_mant=4, vth=10)
neurons.run(RunSteps(2), Loihi1SimCfg())
print(neurons.v.get().tolist())
neurons.stop()
"""


def run(code, *, hook="1", backend=None, options=()):
    environment = {k: v for k, v in os.environ.items() if k != "LAVA_APPS_BACKEND"}
    environment["LAVA_APPS_HOOK"] = hook
    if backend is not None:
        environment["LAVA_APPS_BACKEND"] = backend
    command = [sys.executable, *options, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("backend", [None, "inline"])
def test_an_unmodified_script_runs(backend):
    done = run(SCRIPT, backend=backend)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[8.0, 8.0]\n"


def test_pytest_may_meet_lava_first(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "from lava.proc.lif.process import LIF\n"
        "def test_it():\n    assert LIF(shape=(3,)).v.shape == (3,)\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "1 passed" in done.stdout, done.stdout


def test_a_notebook_may_begin_with_lava():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SCRIPT)])
    done = NotebookClient(notebook, kernel_name="python3").execute()
    assert done.cells[0].outputs[0].text == "[8.0, 8.0]\n"


def test_an_os_process_that_is_spawned_may_import_lava(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import multiprocessing as mp\n"
        "from lava.proc.lif.process import LIF\n"
        "def size(n):\n    return LIF(shape=(n,)).v.size\n"
        "if __name__ == '__main__':\n"
        "    with mp.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(size, [2, 3]))\n"
    )
    command = [sys.executable, "mine.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "[2, 3]\n", done.stderr


@pytest.mark.parametrize("backend", [None, "inline"])
def test_threads_may_import_what_they_like_at_once(backend):
    code = """
import threading
modules = ["importlib.metadata", "numpy", "lava.proc.lif.process", "lava_apps.runtime",
           "lava.magma.compiler.compiler", "matplotlib", "lava.proc.dense.models"]
threads = [threading.Thread(target=__import__, args=(m,)) for m in modules]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
from lava.proc.lif.process import LIF
print(LIF(shape=(2,)).v.size)
"""
    for _ in range(3):
        assert run(code, backend=backend).stdout == "2\n"


def test_lava_is_one_module_whoever_imports_it_first():
    code = (
        "import lava, sys; import lava.proc.lif.process as p; import lava_apps.runtime;"
        "import lava as again;"
        "print(again is lava, lava.proc is sys.modules['lava.proc'],"
        "type(lava.__spec__.loader).__name__.strip('_'))"  # "_…" before Python 3.11
    )
    for backend in (None, "inline"):
        assert run(code, backend=backend).stdout == "True True NamespaceLoader\n"


def test_nothing_is_imported_until_lava_is():
    code = "import sys, json; print([m for m in sys.modules if 'lava_apps' in m])"
    assert run(code).stdout == "['_lava_apps_hook']\n"
    assert run(code, hook="0").stdout == "[]\n"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 needs no mend")
def test_it_can_be_switched_off():
    done = run("import lava.magma.compiler.var_model", hook="0")
    assert "mutable default" in done.stderr


WITHOUT = """
import sys
from importlib.util import find_spec
sys.path[:] = []
sys.path_importer_cache.clear()
"""


def test_where_lava_is_missing_its_import_names_the_command():
    code = WITHOUT + (
        "try:\n    import lava\nexcept ModuleNotFoundError as error:\n"
        "    print(error.name, error)\n"
    )
    said = run(code).stdout
    assert said.startswith("lava No module named 'lava'. This command installs Lava: ")
    assert said.rstrip().endswith("setup")


def test_who_looks_for_lava_is_told_that_it_is_not_there():
    code = WITHOUT + "print(find_spec('lava'))"
    assert run(code).stdout == "None\n"


def test_a_finder_that_comes_last_is_asked_for_lava_too():
    code = WITHOUT + (
        "Spec = type(sys.__spec__)\n"
        "class Mine:\n"
        "    create_module = staticmethod(lambda spec: None)\n"
        "    exec_module = staticmethod(lambda module: None)\n"
        "    @classmethod\n"
        "    def find_spec(cls, name, path=None, target=None):\n"
        "        return Spec(name, cls) if name == 'lava' else None\n"
        "sys.meta_path.append(Mine)\n"
        "import lava; print(lava.__spec__.loader is Mine)\n"
    )
    assert run(code).stdout == "True\n"


@pytest.mark.parametrize("backend", [None, "inline"])
def test_a_folder_of_the_users_own_is_left_alone(tmp_path, backend):
    (tmp_path / "lava.py").write_text("mine = 1\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n" + (
        "import lava; print(lava.mine, 'lava_apps' in sys.modules)"
    )
    assert run(code, backend=backend).stdout == "1 False\n"


def test_another_version_is_left_to_scripts_and_refused_for_this_package(tmp_path):
    (tmp_path / "lava" / "magma").mkdir(parents=True)
    (tmp_path / "lava_nc-0.9.0.dist-info").mkdir()
    start = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    assert run(start + "import lava; print(1)").stdout == "1\n"
    for order in ("import lava_apps, lava", "import lava, lava_apps"):
        assert "LavaVersionError: Lava is 0.9.0" in run(start + order).stderr


def test_setup_can_be_run_with_a_backend_chosen():
    code = "import lava_apps, sys; print('lava' in sys.modules)"
    assert run(code, backend="inline").stdout == "False\n"


def test_the_hook_lies_beside_the_package():
    beside = Path(lava_apps.__file__).parents[1]
    assert Path(_lava_apps_hook.__file__).parent == beside


@pytest.mark.alone
def test_it_costs_less_than_a_millisecond_when_python_starts():
    def seconds(hook):
        begin = time.perf_counter()
        run("pass", hook=hook)
        return time.perf_counter() - begin

    py_compile.compile(_lava_apps_hook.__file__)  # as pip does when it installs a wheel
    pairs = [(seconds("1"), seconds("0")) for _ in range(50)]
    assert statistics.median(a - b for a, b in pairs) < 1e-3
