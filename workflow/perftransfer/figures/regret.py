"""How the regret of search methods falls with the number of measurements."""

from __future__ import annotations

from dataclasses import dataclass

from perftransfer.figures import _palette
from perftransfer.figures._environments import Environments
from perftransfer.figures._lazy import mpl
from perftransfer.figures.interface import Figure, Inputs, NothingToShow
from perftransfer.lazy import np, pd
from perftransfer.results import searches

PANEL = (3.1, 2.3)  # inches
HEADINGS = {searches.ALL_SOURCES: "all sources at once", searches.ONE_SOURCE: "one source"}


@dataclass(frozen=True, eq=False)
class Regrets:
    """What is drawn: columns of ``results.searches.regrets``, methods without sources in each panel.

    targets: the environments that were searched.
    """

    objective: str
    quantiles: pd.DataFrame
    panels: tuple[str, ...]
    targets: Environments


class Regret(Figure[Regrets]):
    """Regret against measurements, per method."""

    title = "Regret of searches"
    section = "search"
    several = True
    caption = (
        "How far the best configuration measured so far is from the best of all (regret, in percent), against the "
        "number of measurements. Lines are medians over searches (every target, set of sources and repeat), bands "
        "reach from the first to the third quartile, and dotted lines are 90th percentiles; values below 0.1 "
        "percent are drawn at 0.1. Methods without sources are the same in both panels."
    )
    inputs = ("environments", "search")

    def select(self, inputs: Inputs, objective: str) -> Regrets:
        """Return the quantiles by method, sources and number of measurements."""
        quantiles = searches.regrets(inputs["search"], objective)
        if quantiles.empty:
            raise NothingToShow("this study simulates no searches")
        panels = tuple(name for name in HEADINGS if (quantiles["sources"] == name).any())
        rows = inputs["search"]
        targets = Environments(inputs["environments"], set(rows.loc[rows["objective"] == objective, "target"]))
        return Regrets(objective, quantiles, panels or (searches.NO_SOURCE,), targets)

    def draw(self, data: Regrets) -> mpl.Figure:
        """Draw a panel for searches with all sources and one for those with one."""
        looks = _palette.method_styles(data.quantiles["method"])
        beside, high = mpl.legend_size(looks)
        size = PANEL[0] * len(data.panels) + beside + 0.2, max(PANEL[1] + 0.9, high)
        figure = mpl.new(*size, self.heading(data.objective))
        grid = figure.subplots(1, len(data.panels), squeeze=False, sharex=True, sharey=True)
        columns = ["low", "median", "high", "worst_tenth"]
        largest = float(np.nanmax(data.quantiles[columns].replace(np.inf, np.nan).to_numpy()))
        top = max(1.0, largest * 1.2)
        for axes, panel in zip(grid.flat, data.panels, strict=True):
            axes.set_title(HEADINGS.get(panel, "without sources"), fontweight="bold")
            axes.grid(axis="y")
            for name, look in looks.items():
                rows = data.quantiles[
                    (data.quantiles["method"] == name) & data.quantiles["sources"].isin([panel, searches.NO_SOURCE])
                ]
                low, median, upper, worst = rows[columns].clip(0.1, top).to_numpy().T
                axes.fill_between(rows["n"], low, upper, color=look.colour, alpha=0.12, linewidth=0)
                axes.plot(rows["n"], worst, color=look.colour, linestyle=":", linewidth=0.8)
                axes.plot(rows["n"], median, color=look.colour, linestyle=look.line)
            mpl.logarithmic(axes, "y", 0.09, top)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.set_xlim(1, max(2, int(data.quantiles["n"].max())))
        mpl.label_outer(grid, len(data.panels), "measurements in the target", "regret (%)")
        figure.legend(handles=mpl.handles(looks, marker=""), loc="outside right upper", title="search method")
        mpl.note(figure, data.targets.counted())
        return figure
