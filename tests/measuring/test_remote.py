"""Measuring on a board: packed on the host, measured with numpy and an engine alone, taken back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_network
from onnx import TensorProto
from tests_root import ROOT

from perftransfer.errors import UserError
from perftransfer.measuring import journal, networks, remote
from perftransfer.measuring.bench import Environment
from perftransfer.measuring.feed.fill import parse
from perftransfer.measuring.protocol import Protocol

PROTOCOL = Protocol(1, 0.0, 3, 0.0, timeout_seconds=60.0, max_warmup_seconds=0.0, max_seconds=0.0)
CONFIGURATIONS = {"c1": {"intra_op_threads": 1}, "c2": {"graph_optimization_level": "disabled"}}


def needed(name: str) -> set[str]:
    """Names of an installed distribution and of what it requires."""
    names, left = set[str](), [name]
    while left:
        module = left.pop()
        try:
            requirements = metadata.requires(module) or []
        except metadata.PackageNotFoundError:
            continue
        if module not in names:
            names.add(module)
            left += [
                text.split(";")[0].split("[")[0].strip(" <>=!~0123456789.,()")
                for text in requirements
                if "extra" not in text
            ]
    return names


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with numpy and onnxruntime alone, and a copy of the package; returns its Python."""
    folder = tmp_path_factory.mktemp("board")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    for name in needed("onnxruntime") | {"numpy"}:
        for file in metadata.files(name) or []:
            top = file.parts[0]
            if top != ".." and not (site / top).exists():
                (site / top).symlink_to(Path(str(metadata.distribution(name).locate_file(top))))
    shutil.copytree(ROOT / "workflow/perftransfer", site / "perftransfer", ignore=shutil.ignore_patterns("__pycache__"))
    return folder / "venv/bin/python"


def run(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [str(python), *arguments], env=environment, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What travels to the board."""
    folder = tmp_path_factory.mktemp("packed")
    networks.write("squeezenet", "fp32", folder / "squeezenet.fp32.onnx", seed=1)
    environment = Environment(
        name="board", engine="onnxruntime", network="squeezenet", network_version=1, cores=1,
        workload={"batch": 1, "image_px": 64}, files={"fp32": str(folder / "squeezenet.fp32.onnx")}, seed=1,
    )  # fmt: skip
    remote.pack(folder / "out", environment, CONFIGURATIONS, protocol=PROTOCOL, repeats=2, retries=1)
    return folder / "out"


def files_of(packed: Path) -> list[str]:
    return ["--environment", str(packed / "environment.json"), "--configurations", str(packed / "configurations.json")]


def test_what_is_fed_travels_with_the_network(packed: Path) -> None:
    environment = json.loads((packed / "environment.json").read_text())["environment"]
    ((image,),) = environment["feeds"].values()
    assert (image["name"], image["shape"], image["type"]) == ("image", [1, 3, 64, 64], "float32")
    assert image["fill"]["kind"] == "normal"


def test_a_board_with_numpy_and_an_engine_measures_what_was_packed(board: Path, packed: Path, tmp_path: Path) -> None:
    assert "No module named 'pandas'" in run(board, "-c", "import pandas").stderr
    out = tmp_path / "board.jsonl"
    first = run(board, "-m", "perftransfer", "measure", *files_of(packed), "--out", str(out))
    assert first.returncode == 0, first.stderr
    # Four, and again what others disturbed.
    assert re.search(r": (\d+) of \1 measurements succeeded", first.stdout)
    again = run(board, "-m", "perftransfer", "measure", *files_of(packed), "--out", str(out))
    assert again.returncode == 0, again.stderr
    records = remote.load_external_journal(out, "board", CONFIGURATIONS, 4)
    written = [record for record in journal.read(out) if record["record"] == "measurement"]
    assert len(written) == len(records) >= 4
    assert {record["status"] for record in records} == {"ok"}
    with pytest.raises(UserError, match=r"no measurement of the environment other .*; found environments: board"):
        remote.load_external_journal(out, "other", CONFIGURATIONS, 4)


def test_files_that_inputs_are_filled_from_travel_as_well(tmp_path: Path) -> None:
    network = tiny_network.network(tmp_path, [2, 3, 8, 8], TensorProto.UINT8)
    np.save(tmp_path / "image.npy", np.arange(2 * 3 * 8 * 8, dtype=np.uint8).reshape(2, 3, 8, 8))
    environment = Environment(
        name="board", engine="onnxruntime", network="mine.onnx", network_version=1, cores=1, workload={"batch": 2},
        files={"fp32": network}, seed=1, inputs=parse({"image": {"file": str(tmp_path / "image.npy")}}),
    )  # fmt: skip
    folder = tmp_path / "out"
    remote.pack(folder, environment, {"c1": {}}, protocol=PROTOCOL, repeats=1, retries=0)
    for name in ("tiny.onnx", "image.npy"):
        (tmp_path / name).unlink()
    files = str(folder / "environment.json"), str(folder / "configurations.json")
    remote.measure(*files, str(tmp_path / "board.jsonl"))
    host, *_ = journal.read(tmp_path / "board.jsonl")
    assert "(SHA-256 " in host["fed"]["fp32"][0]["filled"]
    (copy,) = folder.glob("*.npy")
    copy.unlink()
    with pytest.raises(UserError, match=f"input image: there is no file .*{copy.name}"):
        remote.measure(*files, str(tmp_path / "other.jsonl"))


def test_a_board_that_is_not_told_what_to_feed_says_so(packed: Path, tmp_path: Path, board: Path) -> None:
    here = tmp_path / "packed"
    shutil.copytree(packed, here)
    content = json.loads((here / "environment.json").read_text())
    del content["environment"]["feeds"]
    (here / "environment.json").write_text(json.dumps(content))
    done = run(board, "-m", "perftransfer", "measure", *files_of(here), "--out", str(tmp_path / "out.jsonl"))
    assert done.returncode == 2
    assert "reading it needs the Python package 'onnx', which is not installed; on a board" in done.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("no file", "cannot be read: No such file"),
        ("no JSON", "is not valid JSON"),
        ("no network", "there is no file"),
        ("no protocol", "environment.json: missing key of BoardJob: protocol"),
        ("a wrong type", "environment.json: repeats: must be int, is 'two'"),
        ("another folder", "environment.files: ../squeezenet.fp32.onnx is not a file in the same folder"),
        ("a list", "environment.json: must be a mapping, is []"),
        ("no number", "is not valid JSON: NaN is not a finite number"),
        ("too large", "is not valid JSON: 1e999 is not a finite number"),
        ("no cores", "cores: found 0, allowed: all, or a number from 1"),
        ("half a core", "cores: found '0.5', allowed: all, or a number from 1"),
    ],
)
def test_what_is_wrong_is_one_clear_line(packed: Path, tmp_path: Path, change: str, words: str) -> None:
    here = tmp_path / "packed"
    shutil.copytree(packed, here)
    file = here / "environment.json"
    content: Any = json.loads(file.read_text())
    if change == "no protocol":
        del content["protocol"]
    elif change == "a wrong type":
        content["repeats"] = "two"
    elif change == "another folder":
        content["environment"]["files"]["fp32"] = "../squeezenet.fp32.onnx"
    elif "core" in change:
        content["environment"]["cores"] = 0 if change == "no cores" else "0.5"
    file.write_text(json.dumps([] if change == "a list" else content))
    if change in ("no number", "too large"):
        content["repeats"] = "HERE"
        file.write_text(json.dumps(content).replace('"HERE"', "NaN" if change == "no number" else "1e999"))
    if change == "no JSON":
        file.write_text("{")
    elif change == "no file":
        file.unlink()
    elif change == "no network":
        (here / "squeezenet.fp32.onnx").unlink()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "workflow")}
    done = subprocess.run(
        [sys.executable, "-m", "perftransfer", "measure", *files_of(here), "--out", str(tmp_path / "out.jsonl")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("perftransfer measure: ")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def brought(path: Path, *rows: dict[str, Any]) -> Path:
    """Write a journal of measurements of one configuration."""
    common = {
        "record": "measurement", "environment": "e", "environment_digest": "d", "configuration_id": "c1", "repeat": 0,
        "protocol": "v2", "status": "ok", "started_at": "2026-01-01", "options": {"a": 1}, "latency_ms": [1.0],
    }  # fmt: skip
    path.write_text("".join(json.dumps(common | row) + "\n" for row in rows))
    return path


def test_a_journal_of_inputs_of_another_size_is_refused(tmp_path: Path) -> None:
    network = tiny_network.network(tmp_path, ["batch", 3, "image_px", "image_px"])
    path = brought(tmp_path / "j.jsonl", {})
    records = remote.load_external_journal(path, "e", {"c1": {"a": 1}}, 1)
    other = {"batch": 1, "image_px": 16}
    # Journals of earlier versions do not say what was fed.
    remote.check_fed(path, records, "e", network, other)
    for shape in ([2, 3, 8, 8], [1, 3, 16, 16]):
        fed = {"fp32": [{"name": "image", "shape": shape, "type": "float32", "filled": "normal numbers"}]}
        host = json.dumps({"record": "host", "environment_digest": "d", "fed": fed})
        path.write_text(f"{host}\n{path.read_text().splitlines()[-1]}\n")
        for named in (network, "squeezenet"):
            if shape[0] == 1:
                remote.check_fed(path, records, "e", named, other)
                continue
            words = r"input image had the shape \[2, 3, 8, 8\]; by the environment sheet it has \[1, 3, 16, 16\]"
            with pytest.raises(UserError, match=words):
                remote.check_fed(path, records, "e", named, other)


def test_the_measurements_of_the_machine_that_measured_last_are_taken(tmp_path: Path) -> None:
    rows = [{"environment_digest": digest, "started_at": f"2026-01-0{day}"} for day, digest in ((1, "old"), (2, "new"))]
    path = brought(tmp_path / "j.jsonl", *rows)
    (record,) = remote.load_external_journal(path, "e", {"c1": {"a": 1}}, 1)
    assert record["environment_digest"] == "new"


def test_a_journal_that_was_cut_off_says_which_line_and_how_much_is_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = brought(tmp_path / "j.jsonl", {}, {"repeat": 1}, {"repeat": 2})
    path.write_bytes(path.read_bytes()[:-40])
    assert len(remote.load_external_journal(path, "e", {"c1": {"a": 1}}, 6)) == 2
    damage, missing = caplog.messages
    assert damage == f"{path}: 1 damaged line was skipped: line 3 is not valid JSON"
    assert missing.startswith(f"{path}: 4 of 6 measurements of the environment e are missing")


def test_a_journal_with_values_that_cannot_be_is_refused(tmp_path: Path) -> None:
    path = brought(tmp_path / "j.jsonl", {}, {"repeat": 1, "options": {"a": 2}})
    with pytest.raises(UserError, match=r"j\.jsonl: line 2: options contradict .* c1: a is 2, not 1"):
        remote.load_external_journal(path, "e", {"c1": {"a": 1}}, 2)
