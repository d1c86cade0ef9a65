"""The same numbers, bit for bit, with other versions of NumPy.

    python -m tests.same_numbers write FILE       # in one environment
    python -m tests.same_numbers compare FILE     # in the other

Random graphs (tests/runtime/random_graphs.py) are run in both
precisions; what their ports sent and their Vars held is kept as a checksum a graph.
``make oldest`` does both.
"""

from __future__ import annotations

import hashlib
import json
import sys
import warnings
from pathlib import Path

import numpy as np

from tests.runtime.random_graphs import PRECISIONS, STEPS, build, run

GRAPHS = 40


def checksum(seed: int, precision: str) -> str:
    """Run one graph, and sum up types and bytes of all that it gave."""
    graph = build(seed, precision, 1 + seed % 3, 1 + seed % 5)
    sent, held = run(graph, "inline", precision, [STEPS])
    total = hashlib.sha256()
    for value in (*sent, *held):
        array = np.asarray(value.toarray() if hasattr(value, "toarray") else value)
        total.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return total.hexdigest()


def main() -> int:
    """Write checksums, or compare with those of another environment."""
    what, name = sys.argv[1:]
    warnings.simplefilter("ignore")  # of scipy, about Lava's sparse matrices
    ours = {
        f"{precision}, seed {seed}": checksum(seed, precision)
        for seed in range(GRAPHS)
        for precision in PRECISIONS
    }
    if what == "write":
        Path(name).write_text(json.dumps({"numpy": np.__version__, "sums": ours}))
        return 0
    theirs = json.loads(Path(name).read_text())
    differ = [key for key, value in ours.items() if theirs["sums"][key] != value]
    versions = f"NumPy {theirs['numpy']} and {np.__version__}"
    print(f"{len(ours)} random graphs with {versions}: {len(differ)} differ")
    for key in differ:
        print(f"  {key}")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
