"""Checks which files the jobs of a rule read."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests_root import ROOT

from perftransfer import yaml_file
from perftransfer.study import Inputs, Study, read_study

TARGET = "squeezenet-128px-allcores"


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def study_of(name: str) -> Study:
    file = f"config/{name}.yaml"
    return read_study(yaml_file.read(Path(file)), [file])


def wildcards(**values: str) -> Any:
    return SimpleNamespace(**values)


def test_a_target_is_modelled_from_all_sources_in_their_order() -> None:
    study = study_of("engineer")
    files = Inputs(study).target_model(wildcards(environment=TARGET))
    assert files["measured"] == [f"results/{study.name}/measurements/{name}.parquet" for name in study.measured]
    assert files["imported"] == []
    assert files["candidates"] == f"results/{study.name}/spaces/{study.space_of(TARGET)}.parquet"
    assert files["space"] == f"config/spaces/{study.space_of(TARGET)}.yaml"


def test_only_strategies_that_ask_what_matters_read_it() -> None:
    study = study_of("config")
    inputs = Inputs(study)
    readers = [name for name in study.strategies if inputs.influence(wildcards(strategy=name))]
    assert readers == ["GS"]


def test_what_is_recommended_is_measured_into_a_journal_of_its_own() -> None:
    inputs, target = Inputs(study_of("engineer")), wildcards(environment=TARGET)
    assert inputs.journal(target) != inputs.confirmation_journal(target)


def test_without_targets_there_is_nothing_recommended() -> None:
    assert Inputs(study_of("config")).recommendation == []
    assert Inputs(study_of("engineer")).recommendation == ["results/engineer/recommendation.parquet"]
