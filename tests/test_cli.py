import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from lava_apps import __version__
from lava_apps.datasets import load_mnist

COMMAND = [sys.executable, "-m", "lava_apps.cli"]


def run(*arguments, cwd):
    wide = os.environ | {"COLUMNS": "160"}  # so that no table cell is wrapped
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=100,
        env=wide,
    )


RECALL_KEYS = {
    "neurons": int,
    "patterns": int,
    "trials": int,
    "rule": str,
    "update": str,
    "precision": str,
    "decomposed": bool,
    "flip": float,
    "exact": float,
    "overlap_mean": float,
    "steps_mean": float,
    "energy_monotone": bool,
    "backend": str,
    "seconds": float,
}


def test_json_is_all_there_is_on_stdout(tmp_path):
    done = run(
        *("hopfield", "--images", "digits", "--patterns", "3", "--flip", "0.1"),
        *("--trials", "6", "--rule", "storkey", "--update", "asynchronous"),
        *("--precision", "fixed_pt", "--seed", "3", "--out", "there", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {key: type(value) for key, value in printed.items()} == RECALL_KEYS
    assert (printed["neurons"], printed["trials"], printed["rule"]) == (
        64,
        6,
        "storkey",
    )
    assert printed["energy_monotone"]
    assert (tmp_path / "there" / "hopfield-recall.png").stat().st_size > 10_000


def test_recall_of_mnist_meets_its_figure(tmp_path):
    done = run(
        *("hopfield", "--images", "mnist", "--patterns", "10", "--flip", "0.2"),
        *("--rule", "projection", "--trials", "50", "--json"),
        cwd=tmp_path,
    )
    assert json.loads(done.stdout)["exact"] >= 0.98


def test_decomposed_is_said_and_run(tmp_path):
    done = run(
        *("hopfield", "--images", "digits", "--precision", "fixed_pt", "--decomposed"),
        *("--patterns", "3", "--trials", "3", "--damage", "noise"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "LIF neurons and Dense synapses" in done.stdout
    assert "8-bit weights" in done.stdout


def test_capacity_marks_the_theory(tmp_path):
    done = run(
        *(
            "hopfield",
            "capacity",
            "--neurons",
            "100",
            "--load",
            "0.05",
            "--load",
            "0.3",
        ),
        *("--trials", "4", "--steps", "5", "--json"),
        cwd=tmp_path,
    )
    printed = json.loads(done.stdout)
    assert printed["critical_load"] == 0.138
    assert printed["overlap_mean"][0] > printed["overlap_mean"][1]
    assert (tmp_path / "results" / "hopfield-capacity.png").exists()


def test_demo_prints_the_table_and_writes_the_figure(tmp_path):
    done = run("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"restored exactly\s*│ 50 of 50", done.stdout)
    assert (tmp_path / "results" / "hopfield-recall.png").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["hopfield", "--damage", "noise", "--noise", "-1"],
            "--noise: must be greater than or equal to 0",
        ),
        (["hopfield", "--noise", "1"], "--noise goes with --damage noise"),
        (
            ["hopfield", "--flip", "0.4", "capacity"],
            "--flip must stand after 'capacity'",
        ),
        (["hopfield", "--json", "capacity"], "--json must stand after 'capacity'"),
        (
            ["demo", "--out", "/dev/null"],
            "--out: must be a folder that can be written to",
        ),
        (
            ["hopfield", "--flip", "2"],
            "flip: must be less than or equal to 1, given 2.0",
        ),
        (
            ["hopfield", "--patterns", "0"],
            "patterns: must be greater than or equal to 1",
        ),
        (["hopfield", "--decomposed"], "precision: must be fixed_pt"),
        (["hopfield", "--rule", "hebb"], "'hebb' is not one of"),
        (["hopfield", "--colour", "red"], "No such option: --colour"),
    ],
)
def test_what_a_user_gets_wrong_ends_with_status_2_and_no_traceback(
    tmp_path, arguments, words
):
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_version(tmp_path):
    assert run("--version", cwd=tmp_path).stdout.strip() == __version__


def test_ctrl_c_ends_it_soon_and_leaves_nothing_running(tmp_path):
    arguments = ["hopfield", "--images", "digits", "--trials", "20000"]
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background jobs, and so perhaps this, are started deaf.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(5)
    os.killpg(process.pid, signal.SIGINT)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "Traceback" not in stderr
    for _ in range(50):  # the operating system takes a moment to bury them
        if not (left := running_in_session(process.pid)):
            break
        time.sleep(0.1)
    assert left == []


def running_in_session(leader):
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended while we looked
            session = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[3])
            if session == leader:
                found.append((folder / "cmdline").read_text())
    return found


def test_bench_prints_ratios_and_draws_them(tmp_path):
    done = run(
        *("bench", "--network", "chain", "--simulator", "lava", "--rounds", "1"),
        "--json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert set(printed["chain"]["ratios"]) == {"compiled", "lava"}
    assert printed["chain"]["ratios"]["lava"] > 50
    assert printed["rounds"] == 1
    assert (tmp_path / "results" / "bench.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--network", "ring"], "--network: must be of balanced, chain, digits, given"),
        (["--simulator", "neuron"], "--simulator: must be of compiled, lava"),
        (["--python", "nest"], "--python: must be SIMULATOR=INTERPRETER"),
        (["--rounds", "0"], "--rounds"),
        (["scaling", "--largest", "5"], "--largest: must be at least 100,000"),
    ],
)
def test_bench_refuses_what_it_cannot_run(arguments, complaint, tmp_path):
    done = run("bench", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert complaint in " ".join(done.stderr.replace("│", "").split())


DIGITS_KEYS = {
    "neurons": int,
    "epochs": int,
    "train_images": int,
    "test_images": int,
    "accuracy": float,
    "ms_per_sample": float,
    "steps_per_sample": int,
    "spikes_per_sample": float,
    "precision": str,
    "backend": str,
    "seed": int,
    "seconds": float,
}


def test_stdp_learns_saves_and_predicts(tmp_path):
    done = run(
        *("stdp", "--neurons", "30", "--train-images", "1500"),
        *("--test-images", "50", "--json"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {key: type(value) for key, value in printed.items()} == DIGITS_KEYS
    for name in ("stdp.png", "stdp-receptive-fields.png"):
        assert (tmp_path / "results" / name).stat().st_size > 20_000
    images, labels = load_mnist("test")
    for n in range(3):
        path = tmp_path / f"{n}.png"
        Image.fromarray(255 - images[n]).resize((200, 200)).save(path)
    mine = ("--model", "results/stdp-model.npz")
    done = run("stdp", "predict", "2.png", *mine, "--json", cwd=tmp_path)
    printed = json.loads(done.stdout)
    assert printed["digit"] == labels[2] == 1
    assert sum(printed["shares"].values()) == pytest.approx(1)
    done = run("stdp", "predict", "2.png", *mine, cwd=tmp_path)
    assert done.stdout.startswith("1 (")


PREDICTED_KEYS = {
    "digit": int,
    "likeliest": list,
    "shares": dict,
    "spikes": int,
    "likeness": float,
    "doubtful": bool,
    "notes": list,
}


def test_stdp_predicts_at_once_with_what_ships(tmp_path):
    images, labels = load_mnist("test")
    Image.fromarray(255 - images[0]).resize((200, 200)).save(tmp_path / "mine.png")
    done = run("stdp", "predict", "mine.png", "--json", cwd=tmp_path)
    printed = json.loads(done.stdout)
    assert {key: type(value) for key, value in printed.items()} == PREDICTED_KEYS
    assert printed["digit"] == printed["likeliest"][0]["digit"] == labels[0]
    done = run("stdp", "predict", "mine.png", "--show", "new/seen.png", cwd=tmp_path)
    assert done.stdout.startswith(f"{labels[0]} (")
    assert "figure: new/seen.png" in done.stdout
    with Image.open(tmp_path / "new" / "seen.png") as shown:
        assert shown.width > shown.height > 300


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--neurons", "1"], "--neurons: "),
        (["--resume"], "stdp-checkpoint.npz: there is no such file"),
        (["--resume", "--backend", "lava"], "--resume: not with --backend lava"),
        (["--seed", "3", "reward"], "--seed must stand after 'reward'"),
        (["predict", "none.png"], "none.png: there is no such file"),
        (["predict", "none.png", "--show", "x.gif"], "--show: must end in .png or"),
        (["reward", "--trials", "1"], "--trials: "),
        (["reward", "--backend", "lava"], "--backend: this task needs"),
    ],
)
def test_stdp_refuses_what_it_cannot_do(arguments, complaint, tmp_path):
    done = run("stdp", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert complaint in " ".join(done.stderr.replace("│", "").split())


def test_stdp_learns_from_reward(tmp_path):
    done = run("stdp", "reward", "--trials", "200", "--json", cwd=tmp_path)
    printed = json.loads(done.stdout)
    assert printed["right_before"] > 0.7
    assert (tmp_path / "results" / "stdp-reward.png").stat().st_size > 20_000


def test_ctrl_c_in_a_training_says_how_to_go_on(tmp_path):
    arguments = [*COMMAND, "stdp", "--train-images", "5000", "--epochs", "20"]
    process = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    time.sleep(9)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "--resume goes on from results/stdp-checkpoint.npz" in said
    assert (tmp_path / "results" / "stdp-checkpoint.npz").exists()


SOM_KEYS = {
    "data": str,
    "samples": int,
    "features": int,
    "grid": str,
    "topology": str,
    "epochs": int,
    "mode": str,
    "quantisation_error": float,
    "topographic_error": float,
    "purity": float,
    "us_per_sample": float,
    "precision": str,
    "backend": str,
    "seed": int,
    "seconds": float,
    "notes": list,
}


def test_som_maps_draws_and_saves(tmp_path):
    arguments = ["--data", "iris", "--grid", "6x8", "--epochs", "3"]
    done = run("som", *arguments, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert {key: type(value) for key, value in printed.items()} == SOM_KEYS
    assert printed["grid"] == "6x8"
    for name in ("umatrix", "planes", "hits", "labels"):
        path = tmp_path / "results" / f"som-{name}.png"
        assert path.stat().st_size > 10_000
    assert (tmp_path / "results" / "som.npz").exists()
    done = run("som", *arguments, "--resume", cwd=tmp_path)
    assert "quantisation error" in done.stdout


def test_som_maps_a_csv_file_without_labels(tmp_path):
    (tmp_path / "mine.csv").write_text("a;b\n1;2\n3;5\n4;4\n")
    done = run("som", "--data", "mine.csv", "--grid", "2x2", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["purity"] is None
    assert printed["samples"] == 3
    assert not (tmp_path / "results" / "som-labels.png").exists()


def test_som_places_new_rows_on_a_map(tmp_path):
    rows = ",a,b,kind,site\n0,1,2,x,u\n1,3,5,y,v\n2,4,4,x,u\n3,9,,y,v\n"
    (tmp_path / "mine.csv").write_text(rows)
    arguments = ["--data", "mine.csv", "--label", "kind", "--drop", "site"]
    done = run("som", *arguments, "--grid", "2x2", cwd=tmp_path)
    assert "mine.csv: line 5, b: is missing (--missing drop-rows" in done.stderr
    arguments += ["--missing", "drop-rows", "--grid", "2x2"]
    done = run("som", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "note: left out as an index: 'Unnamed: 0'" in done.stderr
    assert "note: 1 of 4 rows left out for missing values" in done.stderr
    (tmp_path / "new.csv").write_text("b;id;a\n2,0;p;1\n5,0;q;3\n")
    place = ["som", "place", "results/som.npz", "new.csv", "--decimal", ","]
    done = run(*place, "--output", "places.csv", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert [row["row"] for row in printed["rows"]] == [1, 2]
    assert "not used, for the map does not have them: 'id'" in printed["notes"]
    lines = (tmp_path / "places.csv").read_text().splitlines()
    assert lines[0] == "row,map_row,map_column,distance,label"
    assert len(lines) == 3
    done = run(*place, "--output", "new.csv", cwd=tmp_path)
    assert done.returncode == 2
    assert "would replace new.csv" in " ".join(done.stderr.replace("│", "").split())
    done = run("som", "place", "results/som.npz", "iris", cwd=tmp_path)
    assert "iris: lacks columns of the map: 'a', 'b'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--data", "iris", "--drop", "a"], "iris is no file; --drop, --columns"),
        (["--decimal", ";"], "--decimal: must be a point or a comma"),
        (["--grid", "20"], "--grid: must be like 20x20, given '20'"),
        (["--grid", "0x5"], "--grid: rows must be greater"),
        (["--mode", "batch", "--rate", "0.1"], "--rate: goes with mode online"),
        (["--data", "none.csv"], "none.csv: there is no such file; known data: iris"),
        (["--data", "iris", "--label", "x"], "iris has labels of its own"),
        (["--mode", "spiking", "--neighbourhood", "mexican_hat"], "--neighbourhood: "),
        (["--resume"], "som-checkpoint.npz: there is no such file"),
        (["--resume", "--backend", "lava"], "--resume: not with --backend lava"),
        (["--epochs", "0"], "--epochs: must be greater"),
    ],
)
def test_som_refuses_what_it_cannot_do(arguments, complaint, tmp_path):
    done = run("som", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert complaint in " ".join(done.stderr.replace("│", "").split())
    assert not (tmp_path / "results").exists()
