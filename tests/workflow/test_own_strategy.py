"""A researcher's path: a strategy in a file outside the project, compared with everything, without a fork."""

from __future__ import annotations

import re
from pathlib import Path

import described
import pandas as pd
import pytest
import simulated_study
from conftest import Clone
from tests_root import ROOT

pytestmark = pytest.mark.workflow


def test_a_strategy_outside_the_project_is_compared_with_everything(clone: Clone, tmp_path: Path) -> None:
    (tmp_path / "research").mkdir()
    # The one in the documentation, word by word.
    page = (ROOT / "docs/how-to/strategy.md").read_text()
    (block,) = re.findall(r"my_strategies.py <<'EOF'\n(.*?)^EOF$", page, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "research/my_strategies.py").write_text(block)
    study = simulated_study.STUDY.replace("[RS, LMS]", "[RS, LMS, KT+random, MKT, AUTO, GP, my_strategies.Ratio]")
    figures = "[error_against_budget, error_per_target, learner_comparison, noise]"
    study = study.replace("evaluation: {", "evaluation: {targets_per_job: 2, ")
    # All that speak of strategies.
    tables = "[errors, needed, wins, significance, ranking, claims, fit_seconds]"
    simulated_study.write_into(clone, study.replace("[influence]", figures).replace("[options, errors]", tables))
    arguments = ("--configfile", "config/toy.yaml")
    done = clone.snakemake(*arguments, PYTHONPATH=str(tmp_path / "research"))
    assert done.returncode == 0, done.stderr[-3000:]
    cells = pd.read_parquet(clone.path / "results/toy/transfer.parquet")
    assert set(cells["strategy"]) == {"RS", "LMS", "KT", "MKT", "AUTO", "GP", "Ratio"}
    own = cells[cells["strategy"] == "Ratio"]
    assert own["mape"].notna().all()
    assert set(own["learner"]) == {"RT"}
    alone = cells[cells["strategy"].isin(["KT", "MKT", "AUTO", "GP"])]
    assert alone["learner"].isna().all()
    assert alone["coverage"].between(0, 1).all()
    assert cells.loc[cells["strategy"] == "MKT", "source"].isna().all()
    assert set(cells.loc[cells["strategy"] == "KT", "design"]) == {"random"}
    page = (clone.path / "results/toy/report.html").read_text()
    assert "Ratio" in page
    assert "kernel transfer" in page
    used = described.check(clone.path / "results/toy")
    assert sum(heading.startswith("`tables/") for heading in used) == 7

    without = clone.snakemake(*arguments, "--dry-run")
    assert without.returncode != 0
    assert "no Python module my_strategies; is its folder on PYTHONPATH?" in without.stdout + without.stderr
