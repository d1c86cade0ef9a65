import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from lava_apps import compat


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


def test_only_the_one_module_is_touched():
    finder = compat._PatchingFinder()
    assert finder.find_spec("lava.magma.compiler.node", None) is None


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
