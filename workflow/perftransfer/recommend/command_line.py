"""``perftransfer predict``, ``explain``, ``plan``, ``export``: what a model of a target says, for people and boards."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from perftransfer import export, influence, model_file, objectives
from perftransfer.dataset import number_format, tables, text_table
from perftransfer.errors import UserError
from perftransfer.fitting.conformal import INTERVAL
from perftransfer.goal import Goal
from perftransfer.recommend import deployment, gather, source_prediction, stored_model
from perftransfer.recommend.planning import Planner, Seen
from perftransfer.recommend.transferred_model import Measured, TransferredModel
from perftransfer.space import terms
from perftransfer.space.encoding import ConfigurationIndex
from perftransfer.space.options import INACTIVE, configuration_id, written

# Configurations that stand for a larger space.
_MAX_PLANNED = 20_000
_MAX_EXPLAINED = 2_000
_N_PRINTED = 10


def predict(
    model: Path, given: Sequence[str], configurations: Path | None, measured: Path | None, out: Path | None
) -> None:
    """Predict one configuration, said in a sentence, or those of a table.

    given: ``option=level``, the others have their defaults. configurations: CSV or Parquet with a column per option.
    measured: see ``_with_measured``. out: CSV or Parquet; without, CSV is printed.
    """
    if given and configurations is not None:
        raise UserError("--set and --configurations: give one of them")
    if model.suffix == source_prediction.SUFFIX:
        _predict_source(model, given, configurations, measured, out)
        return
    fitted = _with_measured(stored_model.load(model), measured)
    if configurations is None:
        print(_said(fitted, _pairs(given)))
        return
    frame = _configurations(fitted, configurations)
    prediction = fitted.predict(fitted.codes_of(frame))
    name = fitted.recipe.objective
    frame[name] = prediction.value
    for end, values in (("low", prediction.low), ("high", prediction.high)):
        frame[f"{name}_{end}"] = np.nan if values is None else values
    _write(frame, out)


def _predict_source(
    model: Path, assignments: Sequence[str], configurations: Path | None, measured: Path | None, out: Path | None
) -> None:
    if measured is not None:
        raise UserError(f"--measured: {model} is a model of a source, to which no measurements can be added")
    if configurations is None:
        print(source_prediction.sentence(model, _pairs(assignments)))
        return
    frame = _table(configurations)
    options = {option.name: option for option in model_file.load(model).options}
    texts = frame.assign(
        **{name: [options[name].text_of(cell) for cell in frame[name]] for name in frame if name in options}
    )
    _write(source_prediction.table(model, texts, str(configurations)), out)


def explain(model: Path, measured: Path | None, out: Path | None) -> None:
    """Tell which options and interactions matter in the target, by the model, beside the sources, as measured."""
    fitted = _with_measured(stored_model.load(model), measured)
    every = fitted.space.candidates(_MAX_EXPLAINED, fitted.recipe.seed)
    X = fitted.codes_of(tables.configurations_frame(every, fitted.space.options))
    shares = {fitted.recipe.environment: _shares(fitted, X, fitted.predict(X).position)}
    forward = fitted.scale.forward
    shares |= {name: _shares(fitted, source.codes, forward(source.y)) for name, source in fitted.sources.items()}
    table = pd.DataFrame(shares).fillna(0.0)
    table = table.loc[table.iloc[:, 0].sort_values(ascending=False, kind="stable").index]
    table.index.name = "term"
    if out is not None:
        _write(table.reset_index(), out)
        return
    scale = " of the logarithm" if fitted.scale.is_log else ""
    quantity = objectives.split(fitted.recipe.objective)[0]
    print(
        f"Share of the variance{scale} of {quantity} that each option or interaction explains (stepwise regression, "
        "%): in the target by the model, in the sources as measured."
    )
    print((100 * table.head(_N_PRINTED)).round(1).to_string())


def plan(model: Path, n: int, measured: Path | None, out: Path | None) -> None:
    """Say which configurations to measure next in the target: CSV, Parquet, or JSON for ``perftransfer measure``."""
    if n < 1:
        raise UserError(f"--n: found {n}, expected a number from 1")
    fitted = _with_measured(stored_model.load(model), measured)
    every = fitted.space.candidates(_MAX_PLANNED, fitted.recipe.seed)
    frame = tables.configurations_frame(every, fitted.space.options)
    X, target = fitted.codes_of(frame), fitted.target
    rows = ConfigurationIndex(X).find(target.codes)
    # Of a large space, only some were listed.
    elsewhere = rows < 0
    rows = np.where(elsewhere, len(frame) + np.cumsum(elsewhere) - 1, rows)
    X = np.vstack([X, target.codes[elsewhere]])
    # Whatever else is measured, the default configuration is what all are compared with.
    chosen = [] if len(target) else [list(every).index(configuration_id(fitted.space.default))]
    values = dict(zip(map(int, rows), target.y, strict=True))
    failed_rows = [] if target.failed is None else ConfigurationIndex(X).find(target.failed).tolist()
    failed = [int(row) for row in failed_rows if row >= 0 and row not in values]
    variance = target.variance(fitted.scale)
    objective = fitted.recipe.objective
    for limit in fitted.recipe.limits:
        print(f"Not taken into account, as the model is of {objective} alone: {limit}", file=sys.stderr)
    noise = {} if variance is None else {objective: dict(zip(map(int, rows), variance, strict=True))}
    seen, planner = (
        Seen({objective: values}, noise, failed),
        Planner({objective: fitted}, Goal([objective], [objective]), X),
    )
    chosen += planner.choose_next(n - len(chosen), [*values, *failed, *chosen], seen)
    ids = [str(frame["configuration_id"].iloc[row]) for row in chosen]
    if out is not None and out.suffix == ".json":
        tables.write_text(out, json.dumps({one: every[one] for one in ids}, indent=1) + "\n")
    else:
        _write(frame.iloc[chosen], out)


def export_recommended(path: Path, name: str, target: str | None, objective: str | None) -> None:
    """Print the recommended configuration of a file in a format; what that cannot express goes to standard error."""
    snippet = export.load(name).export(deployment.load(path, target, objective))
    for remark in snippet.remarks:
        print(remark, file=sys.stderr)
    print(snippet.text, end="")


def _said(model: TransferredModel, given: Mapping[str, str]) -> str:
    configuration, default = model.space.configuration(given), model.space.default
    both = tables.configurations_frame({"this": configuration, "default": default}, model.space.options)
    prediction = model.predict(model.codes_of(both))
    unit = objectives.split(model.recipe.objective)[1]

    def number(value: float) -> str:
        return f"{value:.4g} {unit}".strip()

    text = (
        f"{model.recipe.environment}, {written(configuration)}: {model.recipe.objective} {number(prediction.value[0])}"
    )
    if prediction.low is not None and prediction.high is not None:
        text += f" ({100 * INTERVAL:.0f} % interval {number(prediction.low[0])} to {number(prediction.high[0])})"
    better = prediction.better_than(1)
    if configuration == default:
        return f"{text}. That is the default configuration."
    text += f". The default configuration: {number(prediction.value[1])}"
    return f"{text}; lower than that with a probability of {better[0]:.2f}." if better is not None else f"{text}."


def _shares(model: TransferredModel, codes: np.ndarray, y: np.ndarray) -> pd.Series:
    analysed = influence.analyse(codes, model.options, y, "bic", 2)
    return pd.Series({terms.name(item.term): item.share_of_variance for item in analysed if item.selected}, dtype=float)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    out = {}
    for entry in given:
        name, sign, level = entry.partition("=")
        if not sign or not name or not level:
            raise UserError(f"--set: found {entry!r}, expected option=level")
        out[name] = level
    return out


def _table(path: Path) -> pd.DataFrame:
    """Read a CSV or Parquet file as text."""
    table = text_table.read(path)
    for remark in table.remarks:
        print(remark, file=sys.stderr)
    return table.as_text().map(tables.from_csv_text)


def _configurations(model: TransferredModel, path: Path, also: Sequence[str] = ()) -> pd.DataFrame:
    """Read configurations, completed by the defaults of options that have no column or no value; all are checked."""
    frame = _table(path)
    names = [option.name for option in model.space.options]
    unknown = [str(name) for name in frame if name not in {*names, "configuration_id", *also}]
    if unknown or not set(names) & set(frame):
        found = ", ".join(map(str, frame.columns))
        raise UserError(f"{path}: columns found: {found}; expected options: {', '.join([*names, *also])}")
    configurations = {}
    options = [option for option in model.space.options if option.name in frame]
    for row, values in enumerate(frame[[option.name for option in options]].to_dict("records"), start=1):
        texts = {option.name: option.text_of(values[option.name]) for option in options}
        texts = {name: text for name, text in texts.items() if text not in ("", INACTIVE)}
        try:
            configurations[str(row)] = model.space.configuration(texts)
        except UserError as error:
            raise UserError(f"{path}, row {row}: {error}") from error
    out = tables.configurations_frame(configurations, model.space.options)
    return out.assign(configuration_id=[configuration_id(configuration) for configuration in configurations.values()])


def _with_measured(model: TransferredModel, path: Path | None) -> TransferredModel:
    """Add measurements of the target from a CSV or Parquet file.

    The file has a column per option and one of the objective, and one row per process.
    """
    if path is None:
        return model
    name = model.recipe.objective
    raw = _table(path)
    if name not in raw:
        raise UserError(f"{path}: the column {name} is missing; columns found: {', '.join(map(str, raw.columns))}")
    numbers = number_format.guess(raw[name].unique(), str(path), None, None)
    values = np.array([numbers.parse(text) for text in raw[name]], dtype=float)
    sound = np.isfinite(values) & (values > 0)
    if not sound.all():
        row = int(np.flatnonzero(~sound)[0])
        raise UserError(f"{path}, row {row + 1}: {name}: found {raw[name].iloc[row]!r}, expected a number above 0")
    rows = _configurations(model, path, [name]).assign(**{name: values}, status="ok", disturbed=False)
    added, before = gather.target_measurements(model, rows), model.target
    # What is measured again replaces what was measured before.
    old = before.without(np.flatnonzero(ConfigurationIndex(added.codes).find(before.codes) >= 0))
    # Nobody knows here who chose what was measured: it is no random sample.
    return model.with_target(
        Measured(
            np.vstack([old.codes, added.codes]),
            np.concatenate([old.y, added.y]),
            np.concatenate([old.cv, added.cv]),
            np.concatenate([old.n, added.n]),
            failed=before.failed,
        )
    )


def _write(frame: pd.DataFrame, out: Path | None) -> None:
    if out is None:
        print(tables.csv_text(frame), end="")
    elif out.suffix == ".parquet":
        tables.write(out, frame.reset_index(drop=True))
    else:
        tables.write_text(out, tables.csv_text(frame))
