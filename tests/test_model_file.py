from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from spaces import CONTENT

from perftransfer import learners, model_file
from perftransfer.dataset import tables
from perftransfer.errors import UserError
from perftransfer.model_file import Model
from perftransfer.space.encoding import Encoder, codes
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import Option, to_json

SPACE = OptionSpace(CONTENT, "space")
SCHEMA = to_json(SPACE.options)
FRAME = tables.configurations_frame(SPACE.sample(60, 0), SPACE.options)
Y_MS = np.exp(1 + codes(FRAME, SPACE.options) @ np.array([-0.4, 0.2, 0.05, 0.3, 0.1]))

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted(name: str, scale: str = "log") -> Model:
    y = np.log(Y_MS) if scale == "log" else Y_MS
    pipeline = learners.make(name, SPACE.options, 0).fit(codes(FRAME, SPACE.options), y)
    return Model("here", "latency_ms", name, scale, pipeline)


@pytest.mark.parametrize("name", learners.names())
def test_a_model_predicts_the_same_after_saving_and_loading(tmp_path, name):
    model = fitted(name)
    path = tmp_path / "new" / f"{name}.skops"
    model_file.save(path, model)
    loaded = model_file.load(path)
    assert (loaded.predict(FRAME) == model.predict(FRAME)).all()
    assert [getattr(loaded, fact) for fact in ("environment", "objective", "learner", "scale", "version")] == [
        "here", "latency_ms", name, "log", model.version,
    ]  # fmt: skip
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_predictions_are_in_the_objectives_own_unit(tmp_path):
    for scale in ("log", "linear"):
        model_file.save(tmp_path / "rt.skops", fitted("RT", scale))
        assert model_file.load(tmp_path / "rt.skops").predict(FRAME) == pytest.approx(Y_MS)


@pytest.mark.parametrize("name", learners.names())
def test_a_model_of_768_configurations_stays_below_a_megabyte(tmp_path, name):
    options = [
        Option("cores_on", (0, 1, 2, 3), True, 0),
        Option("core_freq", tuple(range(12)), True, 0),
        Option("gpu_freq", (1, 2, 4, 8), True, 1),
        Option("emc_freq", (1, 2, 4, 8), True, 1),
    ]
    rows = np.stack(np.meshgrid(*(np.arange(len(option.levels)) for option in options)), axis=-1).reshape(-1, 4)
    assert len(rows) == 768
    y = rows @ np.array([-0.1, -0.05, -0.4, -0.1]) + np.random.default_rng(0).normal(0, 0.05, len(rows))
    path = tmp_path / "model.skops"
    model_file.save(path, Model("tx2", "time_s", name, "log", learners.make(name, options, 0).fit(rows, y)))
    assert path.stat().st_size < 1_000_000


def test_a_configuration_outside_the_space_of_the_model_is_refused(tmp_path):
    model_file.save(tmp_path / "rt.skops", fitted("RT"))
    model = model_file.load(tmp_path / "rt.skops")
    with pytest.raises(UserError, match=r"row 3: threads.*unknown level '3'.*Allowed: 1, 2, 4"):
        model.predict(FRAME.assign(threads=[1, 2, 3, *[1] * (len(FRAME) - 3)]))
    with pytest.raises(UserError, match="spinning"):
        model.predict(FRAME.drop(columns="spinning"))


class Marks:
    """Pickled, it writes a file where it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def facts(**other: str) -> str:
    return json.dumps({"environment": "e", "objective": "o", "learner": "RT", "scale": "log", "version": "0"} | other)


def test_what_is_no_model_file_is_refused_with_its_path(tmp_path):
    path = tmp_path / "model.skops"
    with pytest.raises(UserError, match="no such file") as caught:
        model_file.load(path)
    assert str(path) in str(caught.value)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("schema.json", "{}")
    for content in (
        b"",
        b"garbage",
        archive.getvalue(),
        skops.io.dumps({"something": 1}),
        skops.io.dumps([1, 2]),
        skops.io.dumps({"pipeline": [1, 2], "facts": facts()}),
        skops.io.dumps({"pipeline": LinearRegression(), "facts": facts(scale="cubic")}),
        skops.io.dumps({"pipeline": LinearRegression(), "facts": facts(colour="red")}),
        skops.io.dumps({"pipeline": LinearRegression(), "facts": facts()}),
        skops.io.dumps({"pipeline": make_pipeline(Encoder("[1]"), LinearRegression()), "facts": facts()}),
        skops.io.dumps({"pipeline": make_pipeline(Encoder(SCHEMA), LinearRegression()), "facts": facts()}),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match="not a model file of perftransfer") as caught:
            model_file.load(path)
        assert str(path) in str(caught.value)


def test_a_pickle_is_refused_and_nothing_of_it_is_run(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "model.skops"
    path.write_bytes(pickle.dumps(Marks(marker)))
    with pytest.raises(UserError, match="not a model file"):
        model_file.load(path)
    assert not marker.exists()


def test_a_file_that_asks_for_a_foreign_type_is_refused_by_its_name_and_nothing_of_it_is_run(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "model.skops"
    # A function that skops would look up and call when it predicts, or when an object with __reduce__ is rebuilt.
    for foreign in (FunctionTransformer(Path.touch), FunctionTransformer(exec), Marks(marker)):
        try:
            content = skops.io.dumps({"facts": facts(), "pipeline": foreign})
        except Exception as error:  # what skops cannot even write, it cannot read either
            pytest.fail(f"skops has changed: {error}")
        path.write_bytes(content)
        with pytest.raises(UserError, match="refused"):
            model_file.load(path)
    assert not marker.exists()


def test_a_file_that_names_a_function_in_place_of_a_type_is_refused(tmp_path):
    marker, path = tmp_path / "marker", tmp_path / "model.skops"
    model_file.save(path, fitted("RT"))
    with zipfile.ZipFile(path) as file:
        schema, rest = json.loads(file.read("schema.json")), {n: file.read(n) for n in file.namelist()}

    def poison(node: Any) -> None:
        """Let each pipeline in the file be a call of os.system."""
        if isinstance(node, dict):
            if node.get("__class__") == "Pipeline":
                node.update({"__class__": "system", "__module__": "os"})
            for child in node.values():
                poison(child)
        elif isinstance(node, list):
            for child in node:
                poison(child)

    poison(schema)
    assert '"__class__": "system"' in json.dumps(schema)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in rest.items():
            file.writestr(
                name, json.dumps(schema).replace("here", f"touch {marker}") if name == "schema.json" else content
            )
    with pytest.raises(UserError, match=r"refused.*os\.system"):
        model_file.load(path)
    assert not marker.exists()


def test_types_beyond_those_of_the_learners_are_not_allowed(tmp_path):
    # The list is as long as the learners need it, and no longer.
    needed: set[str] = set()
    for name in learners.names():
        model_file.save(tmp_path / "model.skops", fitted(name))
        needed |= set(skops.io.get_untrusted_types(file=tmp_path / "model.skops"))
    assert needed <= set(model_file.ALLOWED_TYPES)
    assert all(name.split(".")[0] in ("perftransfer", "sklearn", "xgboost") for name in model_file.ALLOWED_TYPES)


def test_a_table_of_other_types_is_predicted_alike(tmp_path):
    model_file.save(tmp_path / "rf.skops", fitted("RF"))
    model = model_file.load(tmp_path / "rf.skops")
    other = pd.DataFrame({"note": ["x"] * len(FRAME)}).join(FRAME.astype({"threads": float}))
    assert (model.predict(other) == model.predict(FRAME)).all()
