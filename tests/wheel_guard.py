"""The wheel works in an empty folder that holds a user's own ``processes``.

Run by ``make wheel``: builds the wheel, installs it into a fresh environment,
checks that every process folder is in it, and runs the demo.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("process.py", "dynamics.py", "models.py")


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command and show it."""
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def missing_files(wheel: Path) -> list[str]:
    """List what each folder of processes/ has and the wheel has not."""
    held = set(zipfile.ZipFile(wheel).namelist())
    folders = [p.parent.name for p in (ROOT / "processes").glob("*/process.py")]
    names = [f"lava_apps/processes/{f}/{n}" for f in folders for n in NEEDED]
    names += ["lava_apps/py.typed", "lava_apps/datasets/mnist_subset/README.md"]
    names += ["lava_apps/apps/digits/pretrained.npz"]
    names += ["lava_apps.pth", "_lava_apps_hook.py"]
    return [name for name in names if name not in held]


def draw_seven(path: Path) -> None:
    """Draw a digit for the network that ships."""
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line([(60, 50), (140, 50), (90, 160)], fill=0, width=12)
    image.save(path)


def main() -> int:
    """Build, install, run."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, "-m", "build", "--outdir", folder / "dist", ROOT]
        run(*build, cwd=folder)
        (wheel,) = (folder / "dist").glob("*.whl")
        missing = missing_files(wheel)
        if missing:
            print("not in the wheel:", *missing, sep="\n  ")
            return 1
        users = folder / "users"
        (users / "processes").mkdir(parents=True)
        (users / "processes" / "__init__.py").write_text(
            "raise ImportError('not this')\n"
        )
        run(sys.executable, "-m", "venv", folder / "venv", cwd=users)
        python = folder / "venv" / "bin" / "python"
        run(python, "-m", "pip", "install", "--quiet", wheel, cwd=users)
        run(folder / "venv" / "bin" / "lava-apps", "setup", cwd=users)
        run(folder / "venv" / "bin" / "lava-apps", "demo", cwd=users)
        run(python, "-m", "lava_apps.cli", "demo", cwd=users)
        draw_seven(users / "seven.png")
        run(
            folder / "venv" / "bin" / "lava-apps",
            "stdp",
            "predict",
            "seven.png",
            cwd=users,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
