from __future__ import annotations

import io
import json
from pathlib import Path

import known
import pandas as pd
import pytest

from perftransfer.__main__ import main
from perftransfer.dataset import tables
from perftransfer.recommend import deployment, stored_model
from perftransfer.recommend.recommendation import predict_space, recommend
from perftransfer.space.options import configuration_id


@pytest.fixture
def file(tmp_path: Path) -> str:
    stored_model.save(known.model(), tmp_path / "model.parquet")
    return str(tmp_path / "model.parquet")


@pytest.fixture
def untouched(tmp_path: Path) -> str:
    stored_model.save(known.model(measured=0), tmp_path / "untouched.parquet")
    return str(tmp_path / "untouched.parquet")


def test_one_configuration_is_predicted_in_a_sentence(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", file, "--set", "threads=4", "precision=int8"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("target, threads=4 mode=sequential precision=int8 arena=true: latency_ms ")
    assert "90 % interval" in said
    assert "lower than that with a probability of 1.00." in said
    assert main(["predict", file]) == 0
    assert capsys.readouterr().out.endswith("That is the default configuration.\n")


def test_a_table_is_predicted(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "some.csv").write_text("threads,mode,workers\n1,parallel,2\n4,sequential,\n")
    assert main(["predict", file, "--configurations", str(tmp_path / "some.csv")]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert table["latency_ms"].iloc[1] < table["latency_ms"].iloc[0]
    assert table["precision"].tolist() == ["fp32", "fp32"]
    out = tmp_path / "all.parquet"
    assert main(["predict", file, "--configurations", str(tmp_path / "some.csv"), "--out", str(out)]) == 0
    assert pd.read_parquet(out)["latency_ms"].tolist() == pytest.approx(table["latency_ms"].tolist())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--set", "threads=3"], "threads: unknown level '3'. Allowed: 1, 2, 4"),
        (["--set", "threds=4"], "Did you mean 'threads'"),
        (["--set", "threads"], "expected option=level"),
        (["--set", "workers=2"], "workers is inactive in this configuration"),
        (["--configurations", "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_what_is_outside_the_space_is_refused(
    file: str, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", file, *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("threads\n1\n", "the column latency_ms is missing"),
        ("threads,latency_ms\n1,fast\n", "row 1: latency_ms: found 'fast', expected a number above 0"),
        ("threads,latency_ms\n1,2\n3,2\n", "row 2: "),
        ("threads,latency_ms\n1,inf\n", "row 1: latency_ms: found 'inf'"),
        ("cores,latency_ms\n1,2\n", "expected options: threads, mode"),
    ],
)
def test_measurements_that_make_no_sense_are_refused(
    file: str, text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "values.csv").write_text(text)
    assert main(["predict", file, "--measured", str(tmp_path / "values.csv")]) == 2
    assert said in capsys.readouterr().err


def test_a_board_is_planned_measured_by_hand_and_predicted(
    untouched: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", untouched]) == 2
    assert "nothing was measured there yet" in capsys.readouterr().err
    ids = list(known.CONFIGURATIONS)
    assert main(["plan", untouched, "--n", "4", "--out", str(tmp_path / "next.json")]) == 0
    planned = json.loads((tmp_path / "next.json").read_text())
    assert len(planned) == 4
    assert next(iter(planned)) == configuration_id(known.SPACE.default)
    assert all(known.CONFIGURATIONS[one] == planned[one] for one in planned)
    frame = known.FRAME.set_index("configuration_id").loc[list(planned)]
    frame["latency_ms"] = [known.TARGET[ids.index(one)] for one in planned]
    frame.to_csv(tmp_path / "values.csv", index=False)
    measured = ["--measured", str(tmp_path / "values.csv")]
    assert main(["plan", untouched, "--n", "3", *measured]) == 0
    more = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert len(more) == 3
    assert not set(more["configuration_id"]) & set(planned)
    assert main(["predict", untouched, "--set", "threads=4", *measured]) == 0
    assert "latency_ms" in capsys.readouterr().out


def test_a_plan_for_nothing_is_refused(untouched: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", untouched, "--n", "0"]) == 2
    assert "--n: found 0" in capsys.readouterr().err


def test_what_matters_is_told_beside_the_sources(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Share of the variance of the logarithm of latency")
    assert lines[1].split() == ["target", "a", "b"]
    assert lines[3].split()[0] == "threads"


def test_a_file_that_is_no_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(tmp_path / "nothing.parquet")]) == 2
    assert "there is no such file" in capsys.readouterr().err


def recommendations(path: Path, engine: str, *targets: str) -> dict[str, object]:
    """Write what a study recommends in these targets, each with a model of its own; return the facts of the last."""
    frames, facts = [], {}
    for target in targets:
        model = known.model(measured=12)
        models = {"latency_ms": model, "energy_mj": model}
        rows = recommend(models, known.FRAME, predict_space(models, known.FRAME), 1)
        frames.append(rows.assign(environment=target))
        chosen = {name: known.CONFIGURATIONS[name] for name in rows["configuration_id"]}
        facts[target] = deployment.facts_of({"environment": target, "engine": engine}, chosen)
    tables.write(path, pd.concat(frames), metadata={"targets": facts})
    return facts[target]


def exported(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["export", *arguments]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("search", [None, "TRANSFER"])
def test_a_model_exports_what_the_workflow_would_recommend(
    search: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = known.model(measured=8, search=search)
    path = tmp_path / "model.parquet"
    stored_model.save(model, path)
    measured = deployment.configurations_from_codes(model, model.target.codes)
    assert all(known.CONFIGURATIONS[name] == levels for name, levels in measured.items())
    models = {"latency_ms": model}
    rows = recommend(models, known.FRAME, predict_space(models, known.FRAME), 1, (), set(measured))
    best = known.CONFIGURATIONS[rows.sort_values("rank")["configuration_id"].iloc[0]]
    assert best != known.SPACE.default
    assert deployment.load(path).configuration == best
    assert f"threads    {best['threads']}" in exported(capsys, str(path), "--format", "table")


def test_recommendations_are_exported_by_target_and_objective(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recommendation.parquet"
    recommendations(path, "onnxruntime", "new", "other")
    arguments = [str(path), "--format", "onnxruntime-python", "--target", "other"]
    assert "# Recommended for latency_ms in other" in exported(capsys, *arguments)
    text = exported(capsys, *arguments, "--objective", "energy_mj")
    assert "# Recommended for energy_mj in other" in text
    # ONNX Runtime has no such option: it is not dropped.
    assert "# Not set here: threads=4." in text
    assert main(["export", str(path), "--format", "onnxruntime-json", "--target", "new"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["providers"] == [["CPUExecutionProvider", {}]]
    assert "Not set here: threads=4." in printed.err


def test_recommendations_of_one_target_are_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "recommendation.parquet"
    facts = recommendations(path, "mine.Engine", "new")
    tables.write(path, tables.read(path), metadata=facts)
    assert "int8" in exported(capsys, str(path), "--format", "table")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "table"], "has several targets; give one by --target: new, other"),
        (["--format", "table", "--target", "neww"], "unknown target 'neww'. Allowed: new, other. Did you mean 'new'?"),
        (["--format", "table", "--target", "new", "--objective", "latency"], "unknown objective 'latency'"),
        (["--format", "pytorch", "--target", "new"], "new has engine onnxruntime, and this format is for pytorch"),
        (["--format", "yaml", "--target", "new"], "unknown format 'yaml'"),
    ],
)
def test_what_cannot_be_exported_is_told(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recommendations(tmp_path / "r.parquet", "onnxruntime", "new", "other")
    assert main(["export", str(tmp_path / "r.parquet"), *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_recommends_nothing_is_told(untouched: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables.write(tmp_path / "table.parquet", known.FRAME)
    tables.write(tmp_path / "old.parquet", pd.DataFrame(
        {"environment": ["new"], "objective": "latency_ms", "rank": 1, "default": True}
    ))  # fmt: skip
    for file, said in (
        (untouched, "nothing was measured there yet"),
        ("source.skops", "a model of a source recommends nothing"),
        (str(tmp_path / "table.parquet"), "neither a model of a target nor recommendations"),
        (str(tmp_path / "old.parquet"), "written by an older version"),
        (str(tmp_path / "nothing.parquet"), "there is no such file"),
    ):
        assert main(["export", file, "--format", "table"]) == 2
        assert said in capsys.readouterr().err
