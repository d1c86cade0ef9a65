import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec

import pytest

from lava_apps import compat
from lava_apps.compat.finder import MendingFinder, MendingLoader
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
    path = find_spec(mend.module).origin
    loader = MendingLoader(mend.module, path, [mend])
    assert mend.new not in loader.get_data(path).decode()
    assert loader.get_code(mend.module).co_filename == path


def test_a_lava_of_other_lines_is_not_mended_but_named(tmp_path):
    path = tmp_path / "models.py"
    path.write_text("alloc = 1\n")
    loader = MendingLoader(MENDS[0].module, str(path), [MENDS[0]])
    with pytest.raises(ImportError, match=r"models.py is not what Lava 0.10.0 has"):
        loader.get_code(MENDS[0].module)


def test_only_modules_with_a_mend_are_touched():
    finder = MendingFinder()
    assert finder.find_spec("lava.magma.compiler.node", None) is None
    assert finder.find_spec("lavation", None) is None


@pytest.mark.parametrize(
    ("found", "words"), [(None, "Lava is not installed"), ("0.9.0", "Lava is 0.9.0")]
)
def test_a_missing_or_other_lava_is_an_error_with_the_command(
    monkeypatch, found, words
):
    def version(_):
        if found is None:
            raise PackageNotFoundError
        return found

    monkeypatch.setattr(compat, "version", version)
    with pytest.raises(compat.LavaVersionError, match=words) as error:
        compat.install()
    assert compat.INSTALL_COMMAND in str(error.value)


def test_importing_the_package_does_not_import_lava():
    code = "import lava_apps, sys; print('lava' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
