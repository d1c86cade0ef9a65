"""Every test file is collected: a misnamed one would pass by never running.

Run by ``make check``. Lava's own tutorial tests sit in a file whose name pytest
does not find; this is why the question is asked here.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HELPERS = {
    *(
        "__init__.py",
        "conftest.py",
        "deep.py",
        "extension.py",
        "graphs.py",
        "helpers.py",
    ),
    *("collection_guard.py", "docs_guard.py", "lava_suite.py", "setup_guard.py"),
    "wheel_guard.py",
}


def collected_files(root: Path) -> set[Path]:
    """Ask pytest which files hold at least one test."""
    command = [sys.executable, "-m", "pytest", "--nbmake", "--collect-only", "-qq"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if ": " in line or "::" in line]
    return {root / line.split(":")[0] for line in lines}


def main() -> int:
    """Compare the files that exist with those that pytest collects."""
    root = Path(__file__).resolve().parent.parent
    tests = {p for p in (root / "tests").rglob("*.py") if p.name not in HELPERS}
    notebooks = set((root / "tutorials").glob("*.ipynb"))
    missed = (tests | notebooks) - collected_files(root)
    for path in sorted(missed):
        print(f"{path.relative_to(root)}: pytest collects no test from this file")
    print(f"{len(tests | notebooks)} test files, {len(missed)} not collected")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
