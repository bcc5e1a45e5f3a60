"""Studies of more environments than pairs of them can be evaluated."""

from __future__ import annotations

import pandas as pd
import pytest
import simulated_study
from study_folder import StudyFolder

pytestmark = pytest.mark.workflow
ENVIRONMENTS = 5
EVALUATION = """\
evaluation: {budgets: [5], repeats: 2, strategies: [RS, LMS, NLMS, MKT], sources_per_target: 2, targets_per_job: 5}
search: {methods: [TRANSFER], measurements: 3}
# What looks at sources.
figures: [error_per_target, error_by_environment]
tables: [errors, wins, claims]
"""


def test_targets_have_the_same_few_sources_with_every_strategy_and_all_is_drawn_and_told(
    finished: StudyFolder,
) -> None:
    study = simulated_study.STUDY.partition("evaluation:")[0] + EVALUATION + "\n"
    simulated_study.write_into(finished, study)
    header, row, *_ = simulated_study.SHEET.splitlines()
    rows = [row.replace("small", f"{i}").replace("128", f"{128 + 32 * i}") for i in range(ENVIRONMENTS)]
    finished.write("config/simulated.tsv", "\n".join([header, *rows, ""]))
    finished.run()
    here = finished.path / "results/toy"
    cells = pd.read_parquet(here / "transfer.parquet")
    assert cells["target"].nunique() == ENVIRONMENTS
    pairs = {name: set(zip(rows["source"], rows["target"], strict=True)) for name, rows in cells.groupby("strategy")}
    assert len(pairs["LMS"]) == 2 * ENVIRONMENTS
    assert pairs["LMS"] == pairs["NLMS"]
    assert len(cells[cells["strategy"] == "MKT"]) == 2 * ENVIRONMENTS
    assert "Error per target" in (here / "report.html").read_text()
