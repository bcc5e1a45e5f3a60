from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from spaces import CONTENT

from perftransfer import learners
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.space.encoding import codes
from perftransfer.space.option_space import OptionSpace

LEARNERS = learners.names()
SPACE = OptionSpace(CONTENT, "space")


def planted(n: int = 90) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Configurations as a table and as codes, and the logarithm of a latency that they decide."""
    frame = tables.configurations_frame(SPACE.sample(n, 0), SPACE.options)
    rows = codes(frame, SPACE.options)
    threads = np.array([1, 2, 4])[rows[:, 0]]
    layout = np.array([0.0, 0.3, 1.0])[rows[:, 3]]
    inter = np.array([0.4, 0.1, -0.2, 0.0])[rows[:, 2]]
    y = 2 - 0.8 * np.log(threads) + layout + inter + 0.4 * rows[:, 4] * (rows[:, 0] > 0)
    order = np.random.default_rng(1).permutation(len(y))
    return frame.iloc[order].reset_index(drop=True), rows[order], y[order]


def test_learners_are_the_files_of_their_folder():
    folder = Path(learners.__file__).parent
    files = [path.stem.upper() for path in folder.glob("[a-z]*.py") if path.stem != "interface"]
    assert sorted(files) == LEARNERS
    assert {"BRT", "NN", "RF", "RT", "SVR"} <= set(LEARNERS)


def test_an_unknown_learner_is_refused_with_the_nearest_one():
    with pytest.raises(UserError, match="Did you mean 'SVR'"):
        learners.make("SVRR", SPACE.options, 0)
    with pytest.raises(UserError):
        learners.module_of("rf")


# The network is stopped after 100 steps on purpose, and says so.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_explains_held_out_configurations(name):
    _, rows, y = planted()
    model = learners.make(name, SPACE.options, 0).fit(rows[:45], y[:45])
    error = np.mean((model.predict(rows[45:]) - y[45:]) ** 2)
    assert error < 0.35 * np.mean((y[:45].mean() - y[45:]) ** 2)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_takes_tables_and_codes_alike(name):
    frame, rows, y = planted(40)
    by_codes = learners.make(name, SPACE.options, 0).fit(rows, y)
    by_table = learners.make(name, SPACE.options, 0).fit(frame, y)
    assert (by_codes.predict(frame) == by_codes.predict(rows)).all()
    assert (by_table.predict(frame) == by_codes.predict(frame)).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", LEARNERS)
def test_equal_measurements_of_one_configuration_are_predicted_everywhere(name):
    _, rows, _ = planted(40)
    same = learners.make(name, SPACE.options, 0).fit(rows[[0, 0]], np.array([3.0, 3.0])).predict(rows)
    assert same == pytest.approx(3.0, abs=1e-3)
