"""Draw a figure, as PDF, SVG and PNG."""

from pathlib import Path

from perftransfer import catalogue, figures
from perftransfer.dataset import row_groups
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        module = catalogue.module("perftransfer.figures", snakemake.wildcards.figure)
        objective = snakemake.wildcards.objective
        content = row_groups.read(module.TABLES, dict(snakemake.input.items()), objective)
        drawn = module.draw(content, objective)
        figures.save(drawn, Path(snakemake.output.svg).with_suffix(""))
