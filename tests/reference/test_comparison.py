from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from perftransfer.__main__ import main
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.reference.comparison import compare


def result(folder: Path, values: dict[str, float], *, noise: float = 0.01, processes: int = 3) -> Path:
    """A study in which an environment was measured, configurations of these latencies."""
    rng = np.random.default_rng(5)
    rows = [
        (name, "ok", False, value * (1 + noise * rng.standard_normal()))
        for name, value in values.items()
        for _ in range(processes)
    ]
    frame = pd.DataFrame(rows, columns=["configuration_id", "status", "disturbed", "latency_ms"])
    folder.mkdir()
    (folder / "study.yaml").write_text("{}")
    tables.write(folder / "measurements/e.parquet", frame.astype({"disturbed": "boolean"}))
    return folder


def test_what_differs_beyond_noise_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = result(tmp_path / "a", {"x": 1.0, "y": 2.0, "z": 3.0, "only": 1.0})
    b = result(tmp_path / "b", {"x": 1.0, "y": 2.4, "z": 3.0})
    (one,) = compare(a, b)
    assert one.rows["configuration_id"].tolist()[0] == "y"
    assert one.rows["differs"].tolist() == [True, False, False]
    assert one.rows["change"].iloc[0] == pytest.approx(20, abs=3)
    assert main(["compare", str(a), str(b)]) == 0
    assert "1 of 3" in capsys.readouterr().out


def test_one_process_each_shows_no_noise(tmp_path: Path) -> None:
    a = result(tmp_path / "a", {"x": 1.0, "y": 2.0}, processes=1)
    b = result(tmp_path / "b", {"x": 1.2, "y": 2.0}, processes=1)
    (one,) = compare(a, b)
    assert not one.rows["differs"].any()
    assert "noise unknown" in str(one)


def test_results_that_cannot_be_compared_are_errors(tmp_path: Path) -> None:
    a = result(tmp_path / "a", {"x": 1.0})
    for other in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match=r"study\.yaml"):
            list(compare(a, other))
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "study.yaml").write_text("{}")
    with pytest.raises(UserError, match="no environment is in both"):
        list(compare(a, empty))
    with pytest.raises(UserError, match="has no energy_mj"):
        list(compare(a, a, "energy_mj"))
