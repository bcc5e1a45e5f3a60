"""Checks ``perftransfer predict`` with a source model."""

from __future__ import annotations

import io
from pathlib import Path

import known
import numpy as np
import pandas as pd
import pytest

from perftransfer import learners, model_file
from perftransfer.__main__ import main
from perftransfer.space.encoding import codes


@pytest.fixture
def file(tmp_path: Path) -> str:
    options = known.SPACE.options
    pipeline = learners.make("RT", options, 0).fit(codes(known.FRAME, options), np.log(known.TARGET))
    model_file.save(tmp_path / "rt.skops", model_file.Model("here", "latency_ms", "RT", "log", pipeline))
    return str(tmp_path / "rt.skops")


def truth(**levels: object) -> float:
    rows = np.all([known.FRAME[name] == level for name, level in levels.items()], axis=0)
    (index,) = np.flatnonzero(rows)
    return float(known.TARGET[index])


def test_one_configuration_is_predicted_in_a_sentence(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["predict", file, "--set", "threads=4", "precision=int8"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("here, threads=4 mode=sequential precision=int8 arena=true: latency_ms ")
    expected = truth(threads=4, mode="sequential", precision="int8", arena=True)
    assert float(text.split()[-2]) == pytest.approx(expected, rel=1e-3)
    assert main(["predict", file, "--set", "mode=parallel", "workers=2"]) == 0
    assert "workers=2" in capsys.readouterr().out


def test_a_table_is_predicted(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "some.csv").write_text("configuration_id,threads,arena,precision\nx,1,True,int8\ny,4.0,,fp32\n")
    arguments = ["predict", file, "--configurations", str(tmp_path / "some.csv")]
    assert main(arguments) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert table["workers"].tolist() == ["inactive", "inactive"]
    assert table["latency_ms"].tolist() == pytest.approx(
        [
            truth(threads=1, mode="sequential", precision="int8", arena=True),
            truth(threads=4, mode="sequential", precision="fp32", arena=True),
        ]
    )
    assert main([*arguments, "--out", str(tmp_path / "out.parquet")]) == 0
    out = pd.read_parquet(tmp_path / "out.parquet")
    assert out["latency_ms"].tolist() == pytest.approx(table["latency_ms"].tolist())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "threads=3"], "threads: unknown level '3'. Allowed: 1, 2, 4"),
        (["--set", "threds=4"], "Did you mean 'threads'"),
        (["--measured", "some.csv"], "no measurements can be added"),
        (["--set", "threads=1", "--configurations", "some.csv"], "give one of them"),
        (["--configurations", "nowhere.csv"], "nowhere.csv: cannot be read"),
    ],
)
def test_what_a_model_cannot_predict_is_one_message(
    file: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", file, *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_file_that_is_no_model_is_refused(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(file).write_bytes(b"garbage")
    assert main(["predict", file]) == 2
    assert "not a model file of perftransfer" in capsys.readouterr().err
    assert main(["predict", "nowhere.skops"]) == 2
    assert "nowhere.skops: there is no such file" in capsys.readouterr().err
