from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml
from tests_root import ROOT

from perftransfer import strategies, yaml_file
from perftransfer.errors import UserError
from perftransfer.measuring import fingerprint
from perftransfer.study import (
    Study,
    command_line,
    machine,
    pending_measurements,
    read_study,
    reference,
    reference_strategies,
    with_available_imports,
)


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def study_of(file: str, **change: object) -> Study:
    return read_study(yaml_file.read(Path(file)) | change, [file])


# One takes an engine of its own (tests/measuring/test_llamacpp.py), one a table that is not here (test_serving.py).
ELSEWHERE = {"llm.yaml", "serving.yaml"}
SHIPPED = sorted(path.name for path in (ROOT / "config").glob("*.yaml") if path.name not in ELSEWHERE)


@pytest.mark.parametrize("file", SHIPPED)
def test_every_study_that_is_shipped_is_valid_and_names_its_schema(file):
    study = study_of(f"config/{file}")
    assert len(study.environments) >= 2
    first = Path("config", file).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"


def test_the_schema_and_the_page_of_keys_are_up_to_date():
    assert reference.SCHEMA.read_text() == reference.schema(), "run `make docs`"
    assert reference.PAGE.read_text() == reference.page(), "run `make docs`"
    assert json.loads(reference.schema())["additionalProperties"] is False


def test_the_page_of_strategies_is_up_to_date_and_tells_whom_each_is_after():
    page = reference_strategies.page()
    assert reference_strategies.PAGE.read_text() == page, "run `make docs`"
    sections = page[page.index("## Strategies") : page.index("## Designs")].split("\n### ")[1:]
    assert [section.partition("\n")[0] for section in sections] == strategies.names()
    for section in sections:
        assert re.search(r"\b(19|20)\d\d\b|Ours\.", section), section


def test_the_resolved_study_holds_every_default_and_every_environment():
    resolved = yaml.safe_load(study_of("config/config.yaml").as_yaml())
    assert resolved["measuring"]["runs"] == 7
    assert [item["environment"] for item in resolved["environments"]] == study_of("config/config.yaml").environments
    assert {item["kind"] for item in resolved["environments"]} == {"measured"}


def test_on_one_core_the_environment_that_would_be_measured_twice_is_left_out_with_a_message(monkeypatch, capsys):
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0])
    monkeypatch.setattr(machine.Limits, "read", lambda: machine.Limits(1.5))
    study = study_of("config/config.yaml")
    assert study.measured == ["mobilenetv2-128px-allcores", "mobilenetv2-256px-1core", "inceptionv3-128px-1core"]
    said = capsys.readouterr().err
    assert "1 core can be used on this machine (this container may use the time of 1.5 CPUs): the environment" in said
    assert "mobilenetv2-128px-1core would be" in said
    assert "is left out" in said


def test_the_pool_is_asked_for_the_precisions_that_the_space_names():
    study = study_of("config/config.yaml")
    assert study.network_files("inceptionv3-128px-1core") == [
        f"results/default/networks/inceptionv3.{precision}.onnx" for precision in ("fp32", "int8")
    ]


def test_numbers_on_the_command_line_are_numbers_and_texts_stay_texts():
    """Snakemake hands over the inside of a mapping as text."""
    written = {"study": "007", "measuring": {"repeats": 2, "runs": 7}, "imports": {"a": {"sha256": "12"}}}
    config = written | {"measuring": {"repeats": "3", "runs": 7}, "evaluation": {"budgets": ["3", "5"]}}
    assert command_line.typed(config, [written]) == written | {
        "measuring": {"repeats": 3, "runs": 7},
        "evaluation": {"budgets": [3, 5]},
    }


def test_what_snakemake_reads_as_yaml_1_1_is_what_the_file_says(tmp_path):
    text = "levels: [off, on, 010, 1e3, 1:30]\nrows: {on: 010, plain: 1}\n"
    file = tmp_path / "s.yaml"
    file.write_text(text)
    written, read = yaml_file.read(file), yaml_file.read_version_1_1(file)
    assert read["levels"] == [False, True, 8, "1e3", 90]
    assert command_line.typed(read, [written], [read]) == written
    changed = {**read, "rows": {True: 8, "plain": "2"}}
    assert command_line.typed(changed, [written], [read]) == {**written, "rows": {"on": "010", "plain": 2}}


def test_only_strategies_that_ask_what_matters_wait_for_it():
    study = study_of("config/config.yaml")
    assert [name for name in study.strategies if study.needs_influence(name)] == ["GS"]


@pytest.fixture
def half_a_study(tmp_path, monkeypatch):
    """Two environments whose files are at hand, one whose file is nowhere; a function that resolves the study."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    environments = {}
    for name in ("a", "b", "c"):
        content = f"threads,t\n1,{ord(name)}\n2,3\n".encode()
        if name != "c":
            Path("files", f"{name}.csv").write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        environments[name] = {"file": f"{name}.csv", "sha256": sha256, "hardware": "board"}
    monkeypatch.setenv("DATASETS", "files")
    mapping = {"options": {"threads": {}}, "objectives": {"t_s": {"column": "t"}}, "environments": environments}

    def resolve(**change: object) -> Study:
        content = {"study": "half", "objectives": ["t_s"], "imports": {"x": mapping}} | change
        Path("half.yaml").write_text(yaml.safe_dump(content))
        return with_available_imports(read_study(content, ["half.yaml"]), Path("downloads"))

    return resolve


def test_a_published_table_that_cannot_be_had_stops_the_study(half_a_study):
    with pytest.raises(UserError, match=r"half\.yaml: c\.csv: not below the folder DATASETS") as error:
        half_a_study()
    assert "1 of 3 published environments are not available" in str(error.value)
    assert "missing=leave_out" in str(error.value)


def test_or_its_environments_are_left_out_when_the_study_says_so(half_a_study, capsys):
    study = half_a_study(missing="leave_out")
    assert study.environments == ["a", "b"]
    assert yaml.safe_load(study.as_yaml())["left_out"] == ["c"]
    assert "The environment c is left out: c.csv: not below" in capsys.readouterr().err


def test_a_wrong_checksum_stops_it_whatever_it_says(half_a_study):
    Path("files/a.csv").write_bytes(b"other")
    with pytest.raises(UserError, match=r"a\.csv: SHA-256 is [0-9a-f]{64}, the study says [0-9a-f]{64}"):
        half_a_study(missing="leave_out")


def test_what_was_imported_already_is_not_asked_for_again(half_a_study):
    Path("results/half/imported").mkdir(parents=True)
    Path("results/half/imported/c.parquet").touch()
    assert half_a_study().environments == ["a", "b", "c"]


def test_too_few_environments_left_are_no_study(half_a_study):
    Path("files/a.csv").unlink()
    with pytest.raises(UserError, match="two environments to compare; without those left out there is only b"):
        half_a_study(missing="leave_out")


def test_an_objective_that_only_some_environments_have_is_told_before_anything_runs():
    def mapping(name: str, objective: str) -> dict[str, object]:
        environments = {name: {"file": "a.csv", "sha256": "a" * 64, "hardware": "board"}}
        return {"options": {"threads": {}}, "objectives": {objective: {"column": "t"}}, "environments": environments}

    imports = {"x": mapping("a", "t_s"), "y": mapping("b", "power_w")}
    with pytest.raises(UserError, match=r"objectives\[0\]: t_s is not available in imports\.y"):
        read_study({"study": "half", "objectives": ["t_s"], "imports": imports}, [])


def test_what_is_still_to_be_measured_is_told_with_the_pace_so_far(tmp_path, monkeypatch):
    study = study_of("config/config.yaml")
    monkeypatch.chdir(tmp_path)
    assert pending_measurements(study)[3] == "inceptionv3-128px-1core: up to 80 measurements to make; 24 s or more"
    journal = Path("results/default/journal/inceptionv3-128px-1core.jsonl")
    journal.parent.mkdir(parents=True)
    records = [
        {
            "record": "measurement", "environment_digest": "e", "configuration_id": f"c{i}", "repeat": 0,
            "protocol": study.protocol.key, "started_at": f"2026-01-01T00:00:{2 * i:02}", "status": "ok",
                "options": {}, "latency_ms": [1.0],
        }
        for i in range(20)
    ]  # fmt: skip
    journal.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert pending_measurements(study)[3] == (
        "inceptionv3-128px-1core: up to 60 measurements to make, 20 are in the journal; about 2 min 0 s"
    )
