"""How large the error is for each target, strategy and source, at the largest budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from perftransfer import objectives, strategies
from perftransfer.figures import _palette, _vega
from perftransfer.figures._environments import Environments
from perftransfer.figures._evaluated import Evaluated, at_largest_budget, budgets_in_words
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results import aggregate, formatting
from perftransfer.results.aggregate import ALL, BASELINE
from perftransfer.results.table import Cell, PageTable

ALONE = "no single source"  # heading of the panel of strategies that use no source, or all of them


@dataclass(frozen=True, eq=False)
class Errors:
    """What is drawn.

    Parameters
    ----------
    panels
        Per strategy that uses one source, errors (percent), sources x targets.
    alone
        Errors of the other strategies, strategies x targets.
    budgets
        Budget of each strategy.
    """

    evaluated: Evaluated
    panels: Mapping[str, pd.DataFrame]
    alone: pd.DataFrame
    sources: Environments
    budgets: Mapping[str, int]
    budgets_in_words: str

    def baseline(self) -> pd.Series:
        """Errors of the baseline by target, NaN where it has none."""
        return self.alone.reindex([BASELINE]).iloc[0]


class ErrorPerTarget(Figure[Errors]):
    """Heat maps of errors, sources by targets, per strategy."""

    title = "Error per target, strategy and source"
    caption = (
        "Error on the held-out test third of the target (MAPE, in percent): the median over learners of medians over "
        "repeats, at the largest budget of each strategy. The first panel has the strategies that use no source, or "
        "all at once, a row each; every other panel is a strategy that uses one source, with a row per source. Columns "
        "are targets, and framed cells are lower than the error of RS, which uses no source, on that target: there "
        "transfer helps. Hatched cells were not evaluated: an environment is no source for itself, and a study "
        "may draw some of the sources for each target."
    )
    inputs = ("environments", "transfer")
    section = "transfer"

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the errors of each strategy at its largest budget."""
        evaluated = Evaluated.of(inputs, objective)
        rows = at_largest_budget(evaluated.results.rows)
        targets = evaluated.targets
        sources = Environments(inputs["environments"], rows.loc[rows["source"] != "", "source"])
        sources.crowded = targets.crowded = sources.crowded or targets.crowded
        errors = aggregate.by_pair(rows, "mape", "median")
        errors = errors[errors["learner"] == ALL]
        order = list(_palette.styles(errors["strategy"]))
        alone = errors[errors["source"] == ""].pivot_table("value", "strategy", "target")
        panels = {
            str(name): part.pivot_table("value", "source", "target").reindex(sources.names, columns=targets.names)
            for name, part in errors[errors["source"] != ""].groupby("strategy")
        }
        if not panels and alone.empty:
            raise NothingToShow("no strategy has an error for each of the learners")
        return Errors(
            evaluated,
            {name: panels[name] for name in order if name in panels},
            alone.reindex([name for name in order if name in alone.index], columns=targets.names),
            sources,
            {str(name): int(most) for name, most in rows.groupby("strategy")["budget"].max().items()},
            budgets_in_words(rows),
        )

    def draw(self, data: Errors) -> mpl.Figure:
        """Draw a panel per strategy."""
        targets = data.evaluated.targets
        use = ("no source", "all sources")
        alone = [f"{use[strategies.uses_sources(aggregate.base_name(name))]}: {name}" for name in data.alone.index]
        panels = {ALONE: (data.alone, alone)} if len(alone) else {}
        panels |= {name: (table, data.sources.labels()) for name, table in data.panels.items()}

        annotated = len(targets) <= mpl.ANNOTATED
        wide, high = (0.46, 0.27) if annotated else (0.2, 0.16)
        columns = targets.labels(lines=2 if annotated else 1)
        left = max(mpl.width_of(label) for _, labels in panels.values() for label in labels) + 0.4
        below = max(map(mpl.width_of, columns)) + 0.2
        size = (wide * len(targets) + left + 0.1, high * max(len(rows) for _, rows in panels.values()) + 0.3)
        across = columns_of_panels(len(panels), size, below)
        down = math.ceil(len(panels) / across)
        rows_of = [len(rows) for _, rows in panels.values()]
        heights = [max(rows_of[i : i + across]) for i in range(0, len(panels), across)]
        title = f"{self.heading(data.evaluated.objective)}, {data.budgets_in_words}"
        figure = mpl.new(
            max(across * size[0] + 1.0, mpl.width_of(title, 9) + 1.8),
            max(sum(high * rows + 0.3 for rows in heights), 1.8) + below + 0.8,
            title,
        )
        grid = figure.subplots(down, across, squeeze=False, sharex=True, height_ratios=heights)
        norm = mpl.scale(np.concatenate([table.to_numpy(dtype=float).ravel() for table, _ in panels.values()]))
        baseline = data.baseline().to_numpy(dtype=float)
        for axes, (name, (table, rows)) in zip(grid.flat, panels.items(), strict=False):
            values = table.to_numpy(dtype=float)
            mesh = mpl.heatmap(axes, values, norm, rows, columns, number if annotated else None)
            axes.set_title(name, fontweight="bold")
            mpl.frame(axes, values < baseline)
        mpl.label_outer(grid, len(panels), "target")
        for axes in grid.flat[1 if len(alone) else 0 : len(panels)]:
            axes.set_ylabel("source")
        shrink = 0.6 if sum(heights) * high > 3 else 1.0
        mpl.plain_bar(figure.colorbar(mesh, ax=grid, shrink=shrink, aspect=25, label="median MAPE on the test set (%)"))
        mpl.note(figure, targets.note, data.evaluated.notes[1])
        return figure

    def interactive(self, data: Errors) -> _vega.Interactive | None:
        """Return a heat map, sources by targets, of the strategy that the reader chooses."""
        # Most readers look for what shifts the source's model: it comes first.
        names = sorted(data.panels, key=lambda name: name != "LMS")
        if not names:
            return None
        targets, sources = data.evaluated.targets, data.sources
        present = [*dict.fromkeys([*targets.names, *sources.names])]
        drawn = _vega.some_of_environments(present)
        panels = {name: data.panels[name].stack(future_stack=True) for name in names}
        errors = pd.DataFrame(panels).query("source in @drawn and target in @drawn")
        errors = errors.dropna(how="all").sort_index(kind="stable").dropna(axis="columns", how="all")
        if errors.empty:
            return None
        names = list(errors.columns)
        labels = {**sources.labels_by_name(), **targets.labels_by_name()}
        whole = {**sources.labels_by_name(crowded=False), **targets.labels_by_name(crowded=False)}
        source, target = (list(errors.index.get_level_values(name)) for name in ("source", "target"))
        columns: dict[str, Sequence[Any]] = {
            "source": [labels[name] for name in source],
            "target": [labels[name] for name in target],
            **{name: _vega.column(errors[name]) for name in names},
        }
        if BASELINE in data.alone.index:
            columns["without"] = _vega.column(data.baseline()[target])
        scale = _vega.scale(value for name in names for value in columns[name])
        label = objectives.label(data.evaluated.objective)
        titles = [(name, f"{name}: {formatting.strategy_title(name)}, budget {data.budgets[name]}") for name in names]
        return _vega.Interactive(
            title=f"Source against target: error of {label}",
            caption=(
                "Error of a strategy (MAPE, in percent, at its largest budget, median over learners of medians over "
                "repeats) by source and target: a light cell is a good source for that target. A light column is a "
                "source that serves many targets, a dark row a target that is hard to learn from any source. "
                f"Strategies that use all sources at once are not shown. {targets.note}".rstrip()
                + _vega.some_of(len(drawn), len(present), "environments")
            ),
            description=f"Heat map: error in percent by source and target, {label}.",
            content=_chart([labels[name] for name in drawn], scale, "without" in columns),
            columns=columns,
            controls=[_vega.Choice("strategy", "Strategy", titles)],
            table=_best_and_worst(data.panels[names[0]], names[0], data.budgets[names[0]], whole, drawn),
        )


def columns_of_panels(panels: int, size: tuple[float, float], below: float) -> int:
    """Return how many panels stand side by side, with few gaps and a figure somewhat wider than high."""

    def strangeness(across: int) -> float:
        width, height = across * size[0], below + math.ceil(panels / across) * size[1]
        too_large = max(width, height) > mpl.WIDEST - 1
        return abs(math.log(width / height / 1.33)) + 0.3 * (-panels % across) + (100 if too_large else 0)

    return min(range(1, panels + 1), key=strangeness)


def number(error: float) -> str:
    """Return an error as two or three digits."""
    return f"{error:.1f}" if error < 9.95 else mpl.plain(round(error))


def _chart(names: list[str], scale: str, with_baseline: bool) -> _vega.Spec:
    tooltip = _vega.tooltip({"source": "source", "target": "target", "chosen": "strategy"})
    tooltip.append({"field": "error", "title": "error (%)", "type": "quantitative", "format": ",.3~r"})
    if with_baseline:
        tooltip.append({"field": "without", "title": "error without source, RS (%)", "type": "quantitative"})
    target, source = (
        {"field": end, "title": end, "sort": names, "scale": {"domain": names}} for end in ("target", "source")
    )
    return {
        "transform": [
            {"calculate": "datum[strategy]", "as": "error"},
            {"calculate": "strategy", "as": "chosen"},
            {"filter": "isValid(datum.error)"},
        ],
        **_vega.heat_map(
            rows=target,
            columns=source,
            colour={"field": "error", "title": "error (%)", "scale": {"type": scale, "zero": False}},
            tooltip=tooltip,
        ),
    }


def _best_and_worst(
    errors: pd.DataFrame, strategy: str, budget: int, labels: Mapping[str, str], names: Sequence[str]
) -> PageTable | None:
    """Best and worst source of each target that has several, for one strategy."""
    rows = []
    for target in [name for name in names if name in errors]:
        part = errors[target].dropna()
        part = part[part.index.isin(list(names))]
        if len(part) > 1:
            best, worst = str(part.idxmin()), str(part.idxmax())
            low, middle, high = (formatting.percent(float(value)) for value in (part.min(), part.median(), part.max()))
            rows.append([*map(Cell, (labels[target], labels[best], low, middle, labels[worst], high))])
    caption = (
        f"Best and worst source of each target: errors (MAPE) of {formatting.full_strategy(strategy)} at budget "
        f"{budget}, median over learners of medians over repeats."
    )
    head = ["target", "best source", "error", "median source", "worst source", "error"]
    return PageTable(caption, head, rows, wordy=frozenset({1, 4})) if rows else None
