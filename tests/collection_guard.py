"""Every test file is collected, and the same tests each time.

Run by ``make check``. A misnamed file would pass by never running: Lava's own tutorial
tests sit in a file whose name pytest does not find. A test whose name changes, with the
time or the order of a set, stops a run in parallel before it begins.
"""

from __future__ import annotations

import os
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
    *("plain_backend.py", "random_graphs.py", "random_rules.py"),
    *("same_numbers.py", "wheel_guard.py"),
}


def collected_tests(root: Path, hash_seed: int) -> set[str]:
    """Ask pytest for the names of all tests."""
    command = [sys.executable, "-m", "pytest", "--nbmake", "--collect-only", "-q"]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    return {line for line in done.stdout.splitlines() if "::" in line}


def main() -> int:
    """Compare the files that exist with those that pytest collects."""
    root = Path(__file__).resolve().parent.parent
    files = {p for p in (root / "tests").rglob("*.py") if p.name not in HELPERS}
    files |= set((root / "tutorials").glob("*.ipynb"))
    first, second = collected_tests(root, 0), collected_tests(root, 1)
    missed = files - {root / name.split("::")[0] for name in first}
    for path in sorted(missed):
        print(f"{path.relative_to(root)}: pytest collects no test from this file")
    for name in sorted(first ^ second):
        print(f"{name}: has another name each time")
    print(f"{len(files)} test files, {len(missed)} not collected; {len(first)} tests")
    return 1 if missed or first != second else 0


if __name__ == "__main__":
    sys.exit(main())
