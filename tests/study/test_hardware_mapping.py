"""Checks what a scheduler is asked for, and that hardware elsewhere is not measured by this machine's size."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from perftransfer.errors import UserError
from perftransfer.measuring import fingerprint
from perftransfer.measuring.same_hardware import Identity
from perftransfer.study import JobParameters, Study, export_usable_cpus, measuring_resources, read_study

HEADER = "environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px\n"
SPACE = "options:\n  intra_op_threads: {levels: [1, 2], ordered: true}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0, 1])
    (tmp_path / "config/spaces").mkdir(parents=True)
    (tmp_path / "config/spaces/small.yaml").write_text(SPACE)


def requested(study: Study, environment: str) -> dict[str, int | str | None]:
    resources = measuring_resources(study)
    assert resources.pop("device") == 1
    return {name: value(SimpleNamespace(environment=environment)) for name, value in resources.items()}


def study(hardware: dict[str, Any], rows: dict[str, tuple[str, str]]) -> Study:
    """Study of environments, each given by its hardware and cores."""
    lines = (
        f"{name}\t{where}\tno\t{cores}\tonnxruntime\tsqueezenet\tsmall\t1\t64\n"
        for name, (where, cores) in rows.items()
    )
    Path("config/sheet.tsv").write_text(HEADER + "".join(lines))
    return read_study({"study": "s", "environments": "config/sheet.tsv", "hardware": hardware}, [])


def test_a_mapping_becomes_what_the_executor_asks_for():
    full = {
        "partition": "gpu", "constraint": "a100&nvlink", "gpus": 2, "gpu_type": "a100", "cpus": 16, "minutes": 90,
        "memory_mib": 8000, "account": "lab", "flags": "--qos=long",
    }  # fmt: skip
    mapped = study(
        {"big": {"cluster": full}, "bare": {}}, {"a": ("big", "8"), "b": ("bare", "all"), "c": ("bare", "4")}
    )
    assert requested(mapped, "a") == {
        "slurm_partition": "gpu", "slurm_account": "lab", "constraint": "a100&nvlink", "gres": "gpu:a100:2",
        "cpus_per_task": 16, "runtime": 90, "mem_mb": 8000, "slurm_extra": "--exclusive --qos=long",
    }  # fmt: skip
    nothing = dict.fromkeys(("slurm_partition", "slurm_account", "constraint", "gres")) | {"runtime": 0, "mem_mb": 0}
    assert requested(mapped, "b") == {**nothing, "cpus_per_task": -1, "slurm_extra": "--exclusive"}
    assert requested(mapped, "c")["cpus_per_task"] == 4


def test_a_node_may_be_shared():
    shared = study({"x": {"cluster": {"exclusive": False}}}, {"a": ("x", "1"), "b": ("x", "2")})
    assert requested(shared, "a")["slurm_extra"] is None


def test_a_measuring_job_is_told_its_hardware_and_what_is_known_of_it():
    mapped = study({"x": {"identity": {"processor": "EPYC"}}}, {"a": ("x", "1"), "b": ("here", "all")})
    a, b = map(JobParameters(mapped).benchmark, ("a", "b"))
    assert a.hardware == "x"
    assert a.identity == Identity(processor="EPYC")
    assert b.identity == Identity()


def test_hardware_elsewhere_may_have_more_cores_than_this_machine_and_equal_rows_are_kept():
    elsewhere = study({"x": {}, "y": {}}, {"a": ("x", "64"), "b": ("x", "all"), "c": ("x", "2"), "d": ("y", "2")})
    assert elsewhere.measured == ["a", "b", "c", "d"]
    with pytest.raises(UserError, match="needs 64 cores; 2 can be used on this machine"):
        study({}, {"a": ("x", "64"), "b": ("x", "2")})


def test_jobs_on_other_machines_see_the_same_study(monkeypatch: pytest.MonkeyPatch):
    rows = {"a": ("here", "2"), "b": ("here", "all"), "c": ("other", "all")}
    monkeypatch.delenv("PERFTRANSFER_CPUS", raising=False)
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: list(range(4)))
    assert study({}, {**rows, "a": ("here", "4")}).measured == ["a", "c"]
    with monkeypatch.context() as driver:
        driver.setenv("PERFTRANSFER_CPUS", "")
        export_usable_cpus()
        monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0])
        assert study({}, {**rows, "a": ("here", "4")}).measured == ["a", "c"]


@pytest.mark.parametrize(
    ("hardware", "said"),
    [
        ({"tx": {}}, "hardware.tx: unknown hardware 'tx'. Allowed: x"),
        ({"x": {"cluster": {"partion": "p"}}}, "hardware.x.cluster: unknown key 'partion'"),
        ({"x": {"cluster": {"gpu_type": "a100"}}}, "gpu_type: found 'a100', but gpus: 0"),
        ({"x": {"cluster": {"gpu_type": "a 100", "gpus": 1}}}, "found 'a 100', allowed: letters, digits"),
        ({"x": {"cluster": {"exclusive": False}}}, "hardware.x.cluster.cpus: is missing: b measures on all cores"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(hardware: dict[str, Any], said: str):
    with pytest.raises(UserError) as raised:
        study(hardware, {"a": ("x", "1"), "b": ("x", "all")})
    assert said in str(raised.value)
