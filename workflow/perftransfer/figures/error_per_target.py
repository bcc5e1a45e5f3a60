"""How large the error is for each target, strategy and source, at the largest budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from perftransfer import objectives, strategies
from perftransfer.figures import _palette, _vega
from perftransfer.figures._lazy import cells, mpl, np, pd
from perftransfer.figures.interface import Figure, Inputs, NothingToShow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Still

    from perftransfer.figures._environments import Environments
    from perftransfer.results.table import PageTable

BASELINE = "RS"
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
    missing, total
        Number of results without an error, and of those with one.
    """

    objective: str
    panels: Mapping[str, pd.DataFrame]
    alone: pd.DataFrame
    sources: Environments
    targets: Environments
    budgets: Mapping[str, int]
    budgets_in_words: str
    missing: int
    total: int

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
        "are targets, and what is framed is lower than the error of RS, which uses no source, on that target: a "
        "transfer that helps. Hatched cells were not evaluated: an environment is no source for itself, and a study "
        "may draw some of the sources for each target."
    )
    inputs = ("environments", "transfer")
    section = "transfer"

    def select(self, inputs: Inputs, objective: str) -> Errors:
        """Return the errors of each strategy at its largest budget."""
        from perftransfer.figures._environments import Environments

        rows, missing = cells.finite(inputs["transfer"], objective)
        if rows.empty:
            raise NothingToShow(f"no strategy was evaluated on {objective}")
        rows = cells.at_largest_budget(rows)
        targets = Environments(inputs["environments"], rows["target"])
        sources = Environments(inputs["environments"], rows["source"].dropna())
        sources.crowded = targets.crowded = sources.crowded or targets.crowded
        errors = cells.by_pair(rows)
        errors = errors[errors["learner"] == cells.ALL]
        looks = _palette.styles(errors["strategy"])
        panels = {}
        for name in looks:
            own = errors[(errors["strategy"] == name) & (errors["source"] != "")]
            if len(own):
                table = own.pivot_table(index="source", columns="target", values="value", aggfunc="median")
                panels[name] = table.reindex(index=sources.names, columns=targets.names)
        alone = errors[errors["source"] == ""].pivot_table(
            index="strategy", columns="target", values="value", aggfunc="median"
        )
        alone = alone.reindex([name for name in looks if name in alone.index], columns=targets.names)
        budgets = {str(name): int(most) for name, most in rows.groupby("strategy")["budget"].max().items()}
        if not panels and alone.empty:
            raise NothingToShow("no strategy has an error for each of the learners")
        return Errors(
            objective, panels, alone, sources, targets, budgets, cells.budgets_in_words(rows), missing, len(rows)
        )

    def draw(self, data: Errors) -> Still:
        """Draw a panel per strategy."""
        targets = data.targets
        use = ("no source", "all sources")
        alone = [f"{use[strategies.uses_sources(cells.base_name(name))]}: {name}" for name in data.alone.index]
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
        lines = [list(panels.items())[i : i + across] for i in range(0, len(panels), across)]
        heights = [max(len(rows) for _, (_, rows) in line) for line in lines]
        title = f"{self.heading(data.objective)}, {data.budgets_in_words}"
        figure = mpl.new(
            max(across * size[0] + 1.0, mpl.width_of(title, 9) + 1.8),
            max(sum(high * rows + 0.3 for rows in heights), 1.8) + below + 0.8,
            title,
        )
        grid = figure.subplots(down, across, squeeze=False, sharex=True, height_ratios=heights)
        everything = np.concatenate([table.to_numpy(dtype=float).ravel() for table, _ in panels.values()])
        norm = mpl.scale(everything)
        baseline = data.baseline()
        axes: Axes
        for axes, (name, (table, rows)) in zip(grid.flat, panels.items(), strict=False):
            values = table.to_numpy(dtype=float)
            mesh = mpl.heatmap(axes, values, norm, rows, columns, number if annotated else None)
            axes.set_title(name, fontweight="bold")
            mpl.frame(axes, values < baseline.to_numpy(dtype=float))
        mpl.label_outer(grid, len(panels), "target", "")
        for axes in grid.flat[1 if len(alone) else 0 : len(panels)]:
            axes.set_ylabel("source")
        bar = figure.colorbar(
            mesh, ax=grid, shrink=0.6 if sum(heights) * high > 3 else 1.0, aspect=25,
            label="median MAPE on the test set (%)",
        )  # fmt: skip
        mpl.plain_bar(bar)
        mpl.note(figure, targets.note, cells.left_out(data.missing, data.total))
        return figure

    def interactive(self, data: Errors) -> _vega.Interactive | None:
        """Return a heat map, sources by targets, of the strategy that the reader chooses."""
        from perftransfer.results import formatting

        # What shifts the source's model is what most would look at, and stands first.
        names = sorted(data.panels, key=lambda name: name != "LMS")
        if not names:
            return None
        present = [*dict.fromkeys([*data.targets.names, *data.sources.names])]
        shown = _vega.some_of_environments(present)
        errors = pd.DataFrame({name: data.panels[name].stack(future_stack=True) for name in names})
        index = errors.index
        kept = index.get_level_values("source").isin(shown) & index.get_level_values("target").isin(shown)
        errors = errors[kept].dropna(how="all").sort_index(kind="stable")
        errors = errors.dropna(axis="columns", how="all")
        if errors.empty:
            return None
        names = list(errors.columns)
        both = (data.sources, data.targets)
        labels, whole = (
            {name: label for part in both for name, label in zip(part.names, part.labels(crowded=mark), strict=True)}
            for mark in (None, False)
        )
        source, target = (list(errors.index.get_level_values(name)) for name in ("source", "target"))
        columns: dict[str, Sequence[Any]] = {
            "source": [labels[name] for name in source],
            "target": [labels[name] for name in target],
            **{name: [_vega.rounded(value) for value in errors[name]] for name in names},
        }
        if BASELINE in data.alone.index:
            columns["without"] = [_vega.rounded(float(data.baseline()[name])) for name in target]
        kind = _vega.scale([value for name in names for value in columns[name]])
        return _vega.Interactive(
            title=f"Source against target: error of {objectives.label(data.objective)}",
            caption=(
                "Error of a strategy (MAPE, in percent, at its largest budget, median over learners of medians over "
                "repeats) by source and target: light is a good source for that target. A light column is a source "
                "that serves many, a dark row a target that is hard to learn from any. Strategies that use all "
                f"sources at once have no place here. {data.targets.note}".rstrip()
                + _vega.some_of(len(shown), len(present), "environments")
            ),
            chart=_vega.chart(
                f"Heat map: error in percent by source and target, {objectives.label(data.objective)}.",
                _chart([labels[name] for name in shown], names, kind, "without" in columns),
            ),
            columns=columns,
            controls=[
                _vega.Choice(
                    "strategy",
                    "Strategy",
                    [
                        (name, f"{name}: {formatting.strategy_title(name)}, budget {data.budgets[name]}")
                        for name in names
                    ],
                )
            ],
            table=_best_and_worst(data.panels[names[0]], names[0], data.budgets[names[0]], whole, shown),
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


def _chart(shown: list[str], names: list[str], kind: str, with_baseline: bool) -> _vega.Spec:
    tooltip = [
        {"field": "source", "title": "source"},
        {"field": "target", "title": "target"},
        {"field": "chosen", "title": "strategy"},
        {"field": "error", "title": "error (%)", "type": "quantitative", "format": ",.3~r"},
    ]
    if with_baseline:
        tooltip.append({"field": "without", "title": "error without source, RS (%)", "type": "quantitative"})
    return {
        "params": [{"name": "strategy", "value": names[0]}],
        "transform": [
            {"calculate": "datum[strategy]", "as": "error"},
            {"calculate": "strategy", "as": "chosen"},
            {"filter": "isValid(datum.error)"},
        ],
        **_vega.heat_map(
            rows={"field": "target", "title": "target", "sort": shown, "scale": {"domain": shown}},
            columns={"field": "source", "title": "source", "sort": shown, "scale": {"domain": shown}},
            colour={
                "field": "error",
                "title": "error (%)",
                "scale": {"type": kind, "range": list(_vega.SHADES), "nice": False, "zero": False},
            },
            tooltip=tooltip,
        ),
    }


def _best_and_worst(
    errors: pd.DataFrame, strategy: str, budget: int, labels: Mapping[str, str], shown: Sequence[str]
) -> PageTable | None:
    """Best and worst source of each target that has several, for one strategy."""
    from perftransfer.results import formatting
    from perftransfer.results.table import Cell, PageTable

    rows = []
    for target in [name for name in shown if name in errors]:
        own = errors[target].dropna()
        own = own[own.index.isin(list(shown))]
        if len(own) > 1:
            best, worst = str(own.idxmin()), str(own.idxmax())
            low, middle, high = (formatting.percent(float(value)) for value in (own.min(), own.median(), own.max()))
            rows.append([*map(Cell, (labels[target], labels[best], low, middle, labels[worst], high))])
    if not rows:
        return None
    return PageTable(
        f"Best and worst source of each target: errors (MAPE) of {formatting.full_strategy(strategy)} at budget "
        f"{budget}, median over learners of medians over repeats.",
        ["target", "best source", "error", "median source", "worst source", "error"],
        rows,
        wordy=frozenset({1, 4}),
    )
