"""Draw a figure, as PDF, SVG and PNG."""

from pathlib import Path

from perftransfer import figures
from perftransfer.dataset import row_groups
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        figure = figures.CATALOGUE.load(snakemake.wildcards.figure)()
        objective = snakemake.wildcards.objective
        inputs = row_groups.read(figure.inputs, dict(snakemake.input.items()), objective)
        drawn = figure.draw_or_explain(inputs, objective)
        figures.save(drawn, Path(snakemake.output.svg).with_suffix(""))
