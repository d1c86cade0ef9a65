"""Simulators side by side: the same network, in one run, as ratios."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lava_apps.apps.bench import peer
from lava_apps.apps.bench.networks import NETWORKS
from lava_apps.parameters import ParameterError, PositiveInteger, Seed, validated

OURS = "compiled"
SPIKES_WITHIN = 0.05
"""Largest difference allowed in the number of spikes, relative to ours."""

SAME = ("balanced", "chain")
"""Networks that are the same on all; others are each simulator's own of one kind."""

STEPS = {
    "balanced": {
        "compiled": 100_000,
        "lava": 1_000,
        "brian2-standalone": 100_000,
        "brian2-runtime": 10_000,
        "nest": 10_000,
        "bindsnet": 500,
    },
    "chain": {"compiled": 100_000, "lava": 1_000},
    "digits": {"compiled": 50_000, "bindsnet": 2_500},
}
"""Time steps of a round: from a third of a second to a second or so."""

PACKAGES = {"nest": "nest-simulator", "bindsnet": "bindsnet"}


@dataclass(frozen=True)
class Measured:
    """What one simulator did.

    Parameters
    ----------
    seconds : list of float
        Time of a step, in each round.
    spikes : float
        Spikes a step, counted in the first `peer.COUNTED` steps.
    version : str
        Of the simulator.
    """

    seconds: list[float]
    spikes: float
    version: str

    @property
    def median(self) -> float:
        """Median time of a step in seconds."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Comparison:
    """Simulators with one network.

    Parameters
    ----------
    network : str
        Which.
    measured : dict of str to Measured
        By simulator.
    skipped : dict of str to str
        Simulators that were not run, and why.
    """

    network: str
    measured: dict[str, Measured]
    skipped: dict[str, str] = field(default_factory=dict)

    def ratio(self, simulator: str) -> float:
        """Say how many times longer a step takes than on the compiled backend."""
        return self.measured[simulator].median / self.measured[OURS].median

    def summary(self) -> dict[str, Any]:
        """Give what ``lava-apps bench --json`` prints of this network."""
        return {
            "ratios": {n: round(self.ratio(n), 3) for n in self.measured},
            "us_per_step": {n: m.median * 1e6 for n, m in self.measured.items()},
            "spikes_per_step": {n: m.spikes for n, m in self.measured.items()},
            "versions": {n: m.version for n, m in self.measured.items()},
            "skipped": self.skipped,
        }


class PeerError(RuntimeError):
    """A simulator could not run a network."""


class Peer:
    """A simulator in an OS process of its own, with a network.

    Parameters
    ----------
    name : str
        One of `peer.SIMULATORS`.
    network : str
        One of `NETWORKS`.
    file : pathlib.Path
        The network's arrays.
    steps : int
        Time steps of a round.
    python : str
        Interpreter to run it with.

    Raises
    ------
    PeerError
        With the last lines it printed, when it ends before it is ready.
    """

    def __init__(
        self, name: str, network: str, file: Path, steps: int, python: str
    ) -> None:
        self.name, self.steps = name, steps
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [python, peer.__file__, name, network, str(file), str(steps)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            # One thread each; the compiled backend's is numba's.
            env=os.environ | {"NUMBA_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        try:
            ready = self._read()
        except BaseException:
            self.close()
            raise
        self.spikes: float = ready["spikes"] / peer.COUNTED
        self.version: str = ready["version"]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._log.seek(0)
            last = self._log.read().strip().splitlines()[-3:]
            raise PeerError("\n".join(last))
        try:
            return json.loads(line)  # type: ignore[no-any-return]
        except ValueError:
            raise PeerError(f"printed {line.strip()!r}") from None

    def round(self) -> float:
        """Run the time steps; give the seconds that one took."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._read()["seconds"]) / self.steps

    def close(self) -> None:
        """End the OS process."""
        self._log.close()
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def missing(name: str, python: str) -> str | None:
    """Say why a peer cannot be run, if it cannot.

    Parameters
    ----------
    name : str
        One of `peer.SIMULATORS`.
    python : str
        Interpreter it would be run with.

    Returns
    -------
    str or None
        A sentence, or nothing.
    """
    if name in ("compiled", "inline", "lava"):
        return None
    module = name.split("-")[0]
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    try:
        found = subprocess.run([python, "-c", code], check=False).returncode == 0  # noqa: S603
    except OSError as error:
        return f"{python}: {error.strerror}"
    if found:
        return None
    return f"{PACKAGES.get(module, module)} is not installed; see benchmarks/README.md"


@contextmanager
def _saved(network: str, seed: int, changes: Mapping[str, Any]) -> Iterator[Path]:
    draw, _ = NETWORKS[network]
    with tempfile.TemporaryDirectory(prefix="lava_apps-") as folder:
        path = Path(folder) / "network.npz"
        arrays: dict[str, Any] = draw(seed=seed, **changes)
        np.savez(path, **arrays)
        yield path


@validated
def compare(
    network: str = "balanced",
    *,
    rounds: PositiveInteger = 5,
    seed: Seed = 0,
    simulators: list[str] | None = None,
    pythons: dict[str, str] | None = None,
    steps: dict[str, int] | None = None,
    changes: dict[str, Any] | None = None,
    on_round: Callable[[str], None] = lambda _: None,
) -> Comparison:
    """Run a network on several simulators, one round of each in turn.

    Each has built the network and run it once before the first round.

    Parameters
    ----------
    network : {"balanced", "chain", "digits"}
        Which.
    rounds : int
        Rounds, whose median counts. Default 5.
    seed : int
        Of the network. Default 0.
    simulators : list of str, optional
        Which besides the compiled backend. Default: all that have the network.
    pythons : dict of str to str, optional
        Interpreters for simulators that need one of their own.
    steps : dict of str to int, optional
        Time steps of a round. Default: `STEPS`.
    changes : dict, optional
        Arguments of the function that draws the network.
    on_round : callable
        Called with the name of a simulator after each of its rounds, and when it is
        ready.

    Returns
    -------
    Comparison
        What was measured.

    Raises
    ------
    ParameterError
        For a network or simulator that there is not.
    PeerError
        When the compiled backend fails. Another simulator that fails is skipped, and
        so is one that gives another number of spikes (`SPIKES_WITHIN`), since it does
        not run the same network.
    """
    if network not in NETWORKS:
        problem = f"must be one of {', '.join(NETWORKS)}"
        raise ParameterError("compare", "network", problem, network)
    wanted = STEPS[network] | (steps or {})
    names = list(STEPS[network]) if simulators is None else [OURS, *simulators]
    unknown = [name for name in names if name not in wanted]
    if unknown:
        problem = f"must be of {', '.join(STEPS[network])} for network {network}"
        raise ParameterError("compare", "simulators", problem, unknown[0])
    skipped: dict[str, str] = {}
    peers: list[Peer] = []
    with _saved(network, seed, changes or {}) as file:
        try:
            for name in dict.fromkeys(names):
                python = (pythons or {}).get(name, sys.executable)
                reason = missing(name, python)
                if reason is None:
                    try:
                        peers.append(Peer(name, network, file, wanted[name], python))
                    except PeerError as error:
                        reason = f"failed: {error}"
                if reason is not None:
                    skipped[name] = reason
                on_round(name)
            if OURS not in [one.name for one in peers]:
                raise PeerError(f"{OURS} {skipped[OURS]}")
            if network in SAME:
                _refuse_others(peers, skipped)
            seconds: dict[str, list[float]] = {one.name: [] for one in peers}
            for _ in range(rounds):
                for one in list(peers):
                    try:
                        seconds[one.name].append(one.round())
                    except PeerError as error:
                        skipped[one.name] = f"failed: {error}"
                        one.close()
                        peers.remove(one)
                    on_round(one.name)
            if OURS in skipped:
                raise PeerError(f"{OURS} {skipped[OURS]}")
        finally:
            for one in peers:
                one.close()
    measured = {
        one.name: Measured(seconds[one.name], one.spikes, one.version) for one in peers
    }
    return Comparison(network, measured, skipped)


def _refuse_others(peers: list[Peer], skipped: dict[str, str]) -> None:
    """Skip who has another number of spikes: it does not run the same network."""
    (ours,) = [one.spikes for one in peers if one.name == OURS]
    for one in list(peers):
        if abs(one.spikes - ours) > SPIKES_WITHIN * ours:
            skipped[one.name] = (
                f"gives {one.spikes:.3g} spikes a step where {OURS} gives {ours:.3g}"
            )
            one.close()
            peers.remove(one)
