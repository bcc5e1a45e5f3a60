"""A researcher's path: a strategy in a file outside the project, compared with everything, without a fork."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import described
import pandas as pd
import pytest
import simulated_study
from snakemake.exceptions import WorkflowError
from study_folder import StudyFolder
from tests_root import ROOT

pytestmark = pytest.mark.workflow


def test_a_strategy_outside_the_project_is_compared_with_everything(
    finished: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "research").mkdir()
    # The one in the documentation, word by word.
    page = (ROOT / "docs/how-to/strategy.md").read_text()
    (block,) = re.findall(r"my_strategies.py <<'EOF'\n(.*?)^EOF$", page, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "research/my_strategies.py").write_text(block)
    study = simulated_study.STUDY.replace("[RS, LMS]", "[RS, LMS, KT+random, MKT, AUTO, GP, my_strategies.Ratio]")
    names = "error_against_budget, error_per_target, influence_stability, intervals, learner_comparison, noise, ranking"
    figures = f"[{names}]"
    study = study.replace("evaluation: {", "evaluation: {targets_per_job: 2, ")
    # All that speak of strategies.
    tables = ["errors", "needed", "wins", "significance", "ranking", "claims", "fit_seconds"]
    simulated_study.write_into(
        finished, study.replace("[influence]", figures).replace("[options, errors]", str(tables))
    )
    with monkeypatch.context() as patched:
        patched.syspath_prepend(tmp_path / "research")
        finished.run()
    sys.modules.pop("my_strategies")
    cells = pd.read_parquet(finished.path / "results/toy/transfer.parquet")
    assert set(cells["strategy"]) == {"RS", "LMS", "KT", "MKT", "AUTO", "GP", "Ratio"}
    own = cells[cells["strategy"] == "Ratio"]
    assert own["mape"].notna().all()
    assert set(own["learner"]) == {"RT"}
    alone = cells[cells["strategy"].isin(["KT", "MKT", "AUTO", "GP"])]
    assert alone["learner"].isna().all()
    assert alone["coverage"].between(0, 1).all()
    assert cells.loc[cells["strategy"] == "MKT", "source"].isna().all()
    assert set(cells.loc[cells["strategy"] == "KT", "design"]) == {"random"}
    page = (finished.path / "results/toy/report.html").read_text()
    assert "Ratio" in page
    assert "kernel transfer" in page
    used = described.check(finished.path / "results/toy")
    assert {f"`tables/{name}.csv`" for name in tables} <= used

    with pytest.raises(WorkflowError, match=r"no Python module my_strategies; is its folder on PYTHONPATH\?"):
        finished.would_run()
