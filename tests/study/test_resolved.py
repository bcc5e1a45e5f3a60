from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from tests_root import ROOT

from perftransfer import yaml_file
from perftransfer.measuring import fingerprint
from perftransfer.study import Study, command_line, reference


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def study_of(file: str, **change: object) -> Study:
    return Study.of(yaml_file.read(Path(file)) | change, [file])


@pytest.mark.parametrize("file", sorted(path.name for path in (ROOT / "config").glob("*.yaml")))
def test_every_study_that_is_shipped_is_valid_and_names_its_schema(file):
    study = study_of(f"config/{file}")
    assert len(study.environments) >= 2
    first = Path("config", file).read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema.json"


def test_the_schema_and_the_page_of_keys_are_up_to_date():
    assert reference.SCHEMA.read_text() == reference.schema(), "run `make docs`"
    assert reference.PAGE.read_text() == reference.page(), "run `make docs`"
    assert json.loads(reference.schema())["additionalProperties"] is False


def test_the_resolved_study_holds_every_default_and_every_environment():
    resolved = yaml.safe_load(study_of("config/config.yaml").as_yaml())
    assert resolved["measuring"]["runs"] == 7
    assert [item["environment"] for item in resolved["environments"]] == study_of("config/config.yaml").environments
    assert {item["kind"] for item in resolved["environments"]} == {"measured"}


def test_parameters_are_plain_values():
    """Snakemake writes them into its records, and compares them with those of the last run."""
    study = study_of("config/config.yaml")
    parameters = [
        study.sample("onnxruntime"),
        study.network("xception"),
        *map(study.benchmark, study.measured),
        study.merge(),
        study.train(),
        study.influence(),
        *map(study.evaluate, study.strategies),
        *map(study.figure, study.figures),
        study.report(),
    ]
    for value in parameters:
        assert json.loads(json.dumps(value)) == value


def test_measuring_depends_on_no_code():
    """An edit must never measure again what was measured."""
    study = study_of("config/config.yaml")
    assert all("code" not in study.benchmark(name) for name in study.measured)
    assert "code" not in study.network("xception")


def test_a_study_over_the_same_environments_with_another_name_measures_the_same():
    a, b = study_of("config/config.yaml"), study_of("config/config.yaml", study="other", learning={"learners": ["RT"]})
    assert [a.benchmark(name) for name in a.measured] == [b.benchmark(name) for name in b.measured]


def test_on_one_core_the_environment_that_would_be_measured_twice_is_left_out_with_a_message(monkeypatch, capsys):
    monkeypatch.setattr(fingerprint, "usable_cpus", lambda: [0])
    study = study_of("config/config.yaml")
    assert study.measured == ["mobilenetv2-128px-allcores", "mobilenetv2-256px-1core", "inceptionv3-128px-1core"]
    said = capsys.readouterr().err
    assert "This machine lets us use 1 core: the environment mobilenetv2-128px-1core would be" in said
    assert "is left out" in said


def test_the_pool_is_asked_for_the_precisions_that_the_space_names():
    study = study_of("config/config.yaml")
    assert study.network_files("inceptionv3-128px-1core") == ["inceptionv3.fp32", "inceptionv3.int8"]


@pytest.mark.parametrize(
    ("file", "change", "commands"),
    [
        ("config/config.yaml", {}, ["make", "snakemake --cores all"]),
        (
            "config/smoke.yaml",
            {},
            ["make STUDY=config/smoke.yaml", "snakemake --cores all --configfile config/smoke.yaml"],
        ),
        ("config/config.yaml", {"seed": 7}, ["snakemake --cores all --config seed=7"]),
        (
            "config/config.yaml",
            {"measuring": {"repeats": 3}},
            ["snakemake --cores all --config 'measuring={\"repeats\": 3}'"],
        ),
    ],
)
def test_the_report_names_the_commands_that_make_this_study_again(file, change, commands):
    assert study_of(file, **change).report()["commands"] == commands


def test_numbers_on_the_command_line_are_numbers_and_texts_stay_texts():
    """Snakemake hands over the inside of a mapping as text."""
    written = {"study": "007", "measuring": {"repeats": 2, "runs": 7}, "imports": {"a": {"sha256": "12"}}}
    config = written | {"measuring": {"repeats": "3", "runs": 7}, "evaluation": {"budgets": ["3", "5"]}}
    assert command_line.typed(config, [written]) == written | {
        "measuring": {"repeats": 3, "runs": 7},
        "evaluation": {"budgets": [3, 5]},
    }
