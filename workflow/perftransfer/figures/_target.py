"""A target and its model, for its interactive figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perftransfer import objectives
from perftransfer.figures import _vega
from perftransfer.lazy import np, pd
from perftransfer.space.options import level_text

#: Configurations of a target that the page holds at most; those that are marked are always among them.
CONFIGURATIONS = 1_500
#: What marks a configuration, the plain first: later ones are drawn above, and win where several hold.
PLAIN, MEASURED, FRONT, FAILED, RECOMMENDED, DEFAULT = KINDS = (
    "predicted", "measured", "on the Pareto front", "failed when measured", "recommended", "the default",
)  # fmt: skip
# Told apart by lightness and shape as well; each stands out from white by 3 to 1 at least (WCAG 2.2, 1.4.11).
COLOURS = ("#8394a5", "#004c97", "#2a8a68", "#7b3294", "#c8500a", "#000000")
SHAPES = ("circle", "circle", "diamond", "cross", "triangle-up", "square")
SIZES = (30, 70, 80, 90, 190, 150)


@dataclass(frozen=True, eq=False)
class Target:
    """A target, and what its model predicts.

    Parameters
    ----------
    label
        What it is called, that it is emulated included.
    predictions, left_out, option_costs
        See ``recommendation.predictions_table``, ``recommendation.left_out_table`` and ``option_costs.of_chosen``.
    recommended
        The target's rows of recommendation.parquet.
    """

    name: str
    label: str
    predictions: pd.DataFrame
    left_out: pd.DataFrame
    option_costs: pd.DataFrame
    recommended: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Points:
    """Configurations of a target, as figures draw them.

    Parameters
    ----------
    objectives
        What is predicted.
    rows
        Configurations with what marks them (``kind``), those that are marked last.
    """

    target: Target
    objectives: Sequence[str]
    rows: pd.DataFrame

    @classmethod
    def of(cls, target: Target) -> Points:
        """Take some of many configurations, and all that are marked."""
        names = list(dict.fromkeys(target.recommended["objective"]))
        return cls(target, names, _excerpt(target, names))

    @property
    def options(self) -> list[str]:
        """Options that vary."""
        values = {f"{name}{end}" for name in self.objectives for end in ("", "_low", "_high")}
        table = self.target.predictions
        names = [str(name) for name in table if name not in {"configuration_id", "status", "pareto", *values}]
        return [name for name in names if len(table[name].unique()) > 1]

    @property
    def on_front(self) -> list[bool]:
        """Whether each row is on the Pareto front."""
        return list(map(bool, self.rows["pareto"]))

    @property
    def axis_title(self) -> str:
        """What an axis says whose objective the reader chooses."""
        return objectives.label(self.objectives[0]) if len(self.objectives) == 1 else "the chosen objective"

    @property
    def excerpt(self) -> str:
        """The sentence that says that not all are shown."""
        return _vega.some_of(len(self.rows), len(self.target.predictions), "configurations")

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Objectives to choose from: column and label of each."""
        return [(f"v{i}", objectives.label(name)) for i, name in enumerate(self.objectives)]

    @property
    def columns(self) -> Mapping[str, Sequence[Any]]:
        """Kind, options (o0, o1 and so on), and per objective what is predicted (v0), from (l0) and to (h0)."""
        options = {f"o{i}": list(map(level_text, self.rows[name])) for i, name in enumerate(self.options)}
        values = {
            f"{key}{i}": _vega.column(self.rows[f"{name}{end}"])
            for i, name in enumerate(self.objectives)
            for end, key in (("", "v"), ("_low", "l"), ("_high", "h"))
        }
        return {"kind": list(self.rows["kind"]), **options, **values}

    def scale(self) -> _vega.Spec:
        """Return the scale that all objectives share."""
        return _vega.padded(value for name in self.objectives for value in _vega.column(self.rows[name]))

    @property
    def by_kind(self) -> _vega.Spec:
        """Colour, shape and size by what marks a configuration, and its tooltip."""
        present = [kind for kind in KINDS if (self.rows["kind"] == kind).any()]
        legend = {"title": None, "orient": "top", "symbolOpacity": 1, "columns": 2}

        def by(looks: Sequence[Any], legend: _vega.Spec | None = legend) -> _vega.Spec:
            return _vega.by_value("kind", present, [looks[KINDS.index(kind)] for kind in present], legend)

        titles = {"kind": "configuration"}
        for i, name in enumerate(self.objectives):
            titles[f"v{i}"] = f"{objectives.label(name)}, predicted"
            if self.rows[f"{name}_low"].notna().any():
                titles |= {f"l{i}": "from", f"h{i}": "to"}
        titles |= {f"o{i}": name for i, name in enumerate(self.options)}
        return {"color": by(COLOURS), "shape": by(SHAPES), "size": by(SIZES, None), "tooltip": _vega.tooltip(titles)}


def _excerpt(target: Target, names: Sequence[str]) -> pd.DataFrame:
    """Configurations with what marks them (``kind``), some of many, those that are marked last."""
    table = target.predictions.reset_index(drop=True)
    ids, recommended = table["configuration_id"], target.recommended
    kinds = np.full(len(table), KINDS.index(PLAIN))
    kinds[(table["status"] == "ok").to_numpy()] = KINDS.index(MEASURED)
    if len(names) > 1:
        kinds[table["pareto"].to_numpy()] = KINDS.index(FRONT)
    kinds[(table["status"] == "failed").to_numpy()] = KINDS.index(FAILED)
    kinds[ids.isin(recommended.loc[~recommended["default"], "configuration_id"])] = KINDS.index(RECOMMENDED)
    kinds[ids.isin(recommended.loc[recommended["default"], "configuration_id"])] = KINDS.index(DEFAULT)
    plain = np.flatnonzero(kinds == 0)
    room = max(1, CONFIGURATIONS - int((kinds > 0).sum()))
    if len(plain) > room:
        plain = plain[np.linspace(0, len(plain) - 1, room).round().astype(int)]
    order = np.concatenate([plain, *(np.flatnonzero(kinds == kind) for kind in range(1, len(KINDS)))])
    return table.assign(kind=np.array(KINDS, dtype=object)[kinds]).iloc[order]
