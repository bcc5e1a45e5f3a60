"""Files in which measurements are passed on: what they hold, what they do not, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from perftransfer import shipped
from perftransfer.__main__ import main
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.reference import known, sharing
from perftransfer.space.options import Option, configuration_id

OPTIONS = (Option("threads", (1, 2, 4, 8, 16), True, 1), Option("arena", (True, False), False, True))
HOST = {
    "node": "secret-host", "versions": {"onnxruntime": "1.31.1"}, "processor": "CPU", "instruction_sets": ["avx2"],
    "cpus": 4, "usable_cpus": 4, "memory_gib": 8.0, "virtual_machine": False, "system": "Linux 6", "architecture": "x",
}  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A study with a measured environment, one of them simulated, one imported."""
    folder = tmp_path / "results/mine"
    described = {"kind": "measured", "batch": 1, "image_px": 128, "sizes": "", "cores": "all"}
    environments = [
        {**described, "environment": "one", "engine": "onnxruntime", "network": "/home/me/nets/squeeze.onnx"},
        {**described, "environment": "simulated-x", "engine": "simulated", "network": "none"},
        {"environment": "published", "kind": "imported", "engine": None, "network": "x"},
    ]
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(yaml.safe_dump({"environments": environments, "targets": []}))
    rows = []
    for threads in (1, 2, 4, 8, 16):
        for arena in (True, False):
            identity = configuration_id({"threads": threads, "arena": arena})
            for repeat, value in enumerate((10 / threads, 10.1 / threads)):
                rows.append((identity, repeat, "ok", None, False, "2026-01-02T03:04:05", value, threads, arena))
    columns = [
        "configuration_id", "repeat", "status", "error", "disturbed", "started_at", "latency_ms", "threads", "arena"
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=columns).astype({"error": "str"})
    frame.loc[0, ["status", "error", "latency_ms"]] = ["crashed", "/home/me/core", None]
    for name in ("one", "simulated-x"):
        metadata = {"environment": name, "protocol": "v2", "host": HOST}
        tables.write(folder / f"measurements/{name}.parquet", frame, options=OPTIONS, metadata=metadata)
    return folder


def test_a_shared_file_has_the_measurements_and_nobody(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared.parquet"
    (one,) = sharing.share(results, out)
    assert one.name == "one"
    assert (one.facts["network"], one.facts["cores"], one.facts["measured_on"]) == ("squeeze", 4, "2026-01-02")
    assert len(tables.read(out)) == 20
    assert sharing.problems(out) == []
    content = out.read_bytes()
    for word in (b"secret-host", b"/home/me", b"started_at"):
        assert word not in content


def test_what_is_shared_is_a_source(results: Path, tmp_path: Path) -> None:
    sharing.share(results, tmp_path / "files/shared.parquet")
    there = known.read_all([tmp_path / "files", shipped.reference()])
    assert known.closest(there, there[0].facts, 1)[0].name == "one"


CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"latency_ms": -1.0}, "latency_ms: 1 of"),
    ({"latency_ms": float("inf")}, "latency_ms: 1 of"),
    ({"latency_ms": None}, "1 successful measurements have no value"),
    ({"threads": "3"}, "level '3'"),
    ({"threads": "4"}, "configuration_id"),
    ({"environment": "other"}, "environment other: nothing is said of it"),
    ({"status": "/tmp/x"}, "path"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES)
def test_what_somebody_changed_is_found(change: dict[str, Any], said: str, results: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared.parquet"
    sharing.share(results, out)
    frame, facts = tables.read(out), json.loads(tables.metadata(out)[known.ENVIRONMENTS])
    for column, value in change.items():
        frame.loc[5, column] = value
    tables.write(out, frame, options=OPTIONS, metadata={known.ENVIRONMENTS: facts})
    assert any(said in problem for problem in sharing.problems(out)), sharing.problems(out)


def test_values_that_mislead_are_found(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "shared.parquet"
    (one,) = sharing.share(results, out)
    facts = {"one": dict(one.facts)}
    frame = tables.read(out)
    first = frame["repeat"] == 0

    def problems(changed: pd.DataFrame) -> str:
        tables.write(out, changed, options=OPTIONS, metadata={known.ENVIRONMENTS: facts})
        return "\n".join(sharing.problems(out, [one]))

    assert "the same as one" in problems(frame)
    assert "disturbed" in problems(frame.assign(disturbed=True))
    assert "differ by" in problems(frame.assign(latency_ms=frame["latency_ms"].where(first, 9 * frame["latency_ms"])))
    assert "5 configurations" in problems(frame[frame["arena"] == "true"])
    assert "columns are missing: arena" in problems(frame.drop(columns="arena"))


def test_the_commands_share_and_check(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "shared.parquet"
    assert main(["share", str(results), "--out", str(out)]) == 0
    assert main(["check", str(out)]) == 0
    assert main(["check", str(shipped.reference() / "onnxruntime-cpu.parquet")]) == 0
    table = tables.read(out).assign(latency_ms=-1.0)
    facts = json.loads(tables.metadata(out)[known.ENVIRONMENTS])
    tables.write(out, table, options=OPTIONS, metadata={known.ENVIRONMENTS: facts})
    assert main(["check", str(out)]) == 1
    assert "not above 0" in capsys.readouterr().out
    for wrong in (["share", str(tmp_path), "--out", str(out)], ["share", str(results), "--out", "x.csv"]):
        assert main(wrong) == 2
    assert main(["check", str(results / "study.yaml")]) == 2


def test_a_file_that_says_nothing_of_its_environments_is_no_source(tmp_path: Path) -> None:
    tables.write(tmp_path / "x.parquet", pd.DataFrame({"a": [1]}), options=OPTIONS)
    with pytest.raises(UserError, match="share"):
        known.read(tmp_path / "x.parquet")
