from __future__ import annotations

import io
import json
from pathlib import Path

import known
import pandas as pd
import pytest

from perftransfer.__main__ import main
from perftransfer.recommend import stored_model
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
