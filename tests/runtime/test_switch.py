import os
import subprocess
import sys

import pytest

from lava_apps.parameters import ParameterError
from lava_apps.runtime import disable, enable
from lava_apps.runtime.inline.runtime import InlineRuntime

from lava.magma.core.process import process as lava_process
from lava.magma.runtime.runtime import Runtime

SCRIPT = """
import lava_apps
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.lif.process import LIF

neurons = LIF(shape=(2,), bias_mant=3)
neurons.run(RunSteps(2), Loihi2SimCfg())
print(type(neurons.runtime).__name__, neurons.v.get().tolist())
neurons.stop()
"""


def test_enable_and_disable_change_what_process_run_uses():
    enable("inline")
    assert lava_process.Runtime is InlineRuntime
    enable("lava")
    assert lava_process.Runtime is Runtime
    enable("inline")
    disable()
    assert lava_process.Runtime is Runtime


@pytest.mark.parametrize(
    ("value", "runtime"),
    [("inline", "InlineRuntime"), ("lava", "Runtime"), ("", "Runtime")],
)
def test_the_environment_variable_does_the_same_for_a_script(value, runtime):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        text=True,
        env=os.environ | {"LAVA_APPS_BACKEND": value},
        timeout=60,
    )
    assert done.stdout.strip() == f"{runtime} [6.0, 6.0]", done.stderr


def test_an_unknown_backend_is_refused():
    with pytest.raises(
        ParameterError, match=r"enable.backend: must be one of 'inline'"
    ):
        enable("fast")
