"""Draw a figure, as PDF, SVG and PNG."""

from pathlib import Path

from perftransfer import catalogue, figures
from perftransfer.dataset import tables
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        module = catalogue.module("perftransfer.figures", snakemake.wildcards.figure)
        content = {
            name: tables.concatenate(paths) if name == "measurements" else tables.read(paths)
            for name, paths in snakemake.input.items()
            if name in module.TABLES
        }
        drawn = module.draw(content, snakemake.wildcards.objective)
        figures.save(drawn, Path(snakemake.output.svg).with_suffix(""))
