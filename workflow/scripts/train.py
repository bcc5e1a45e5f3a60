"""Fit every learner to everything that was measured in an environment."""

from pathlib import Path

from perftransfer import model_file
from perftransfer.dataset import tables
from perftransfer.evaluation.training import predictions, train
from perftransfer.job import logged

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        dataset, options = tables.read(snakemake.input[0]), tables.options(snakemake.input[0])
        models = []
        for path in map(Path, snakemake.output.models):
            model = train(
                dataset,
                snakemake.wildcards.environment,
                path.parent.name,
                path.stem,
                options,
                scale=settings["scale"],
                seed=settings["seed"],
                parameters=settings["learners"][path.stem],
            )
            model_file.save(path, model)
            models.append(model)
        tables.write(Path(snakemake.output.predictions), predictions(models, dataset, options))
