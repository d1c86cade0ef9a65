"""The set-up that README describes, its commands taken from there and run literally.

Run by ``make setup``: each block of "Set-up without make" in a fresh copy of what is
committed, with uv from the package index.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def blocks() -> list[str]:
    """Find the blocks of commands, but for the extra, which ``make deep`` installs."""
    text = (ROOT / "README.md").read_text()
    section = text.split("## Set-up without make")[1].split("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [block for block in found if "lava-dl" not in block]


def main() -> int:
    """Run each block as it stands, and then the package that it has set up."""
    with_pip, with_uv = blocks()
    assert "pip install" in with_pip
    assert with_uv.startswith("uv venv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-m", "venv", folder / "tools"], check=True)
        tools = folder / "tools" / "bin"
        subprocess.run([tools / "pip", "install", "--quiet", "uv"], check=True)
        # Without the environment that runs this.
        path = f"{tools}{os.pathsep}{os.environ['PATH']}"
        environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV"}
        for number, block in enumerate((with_pip, with_uv)):
            clone = folder / f"clone{number}"
            subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
            program = f"set -e\n{block}\n.venv/bin/lava-apps lif --json\n"
            print(program, flush=True)
            subprocess.run(
                ["sh", "-c", program],
                cwd=clone,
                env=environment | {"PATH": path},
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
