"""Fit every learner to everything that was measured in an environment."""

from pathlib import Path

from perftransfer import model_file
from perftransfer.dataset import row_groups, tables
from perftransfer.evaluation.params import TrainParams
from perftransfer.evaluation.pool import has_values
from perftransfer.evaluation.training import predictions, train
from perftransfer.job import logged
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(TrainParams, snakemake.params[0])
        environment, options = snakemake.wildcards.environment, tables.options(snakemake.input[0])
        dataset = tables.PartitionedTable(snakemake.input[0]).read(environment)
        models = []
        for path in map(Path, snakemake.output.models):
            if not has_values(dataset, environment, path.parent.name):
                # Snakemake waits for a file; as a model it is refused.
                path.write_bytes(b"")
                continue
            model = train(
                dataset,
                environment,
                path.parent.name,
                path.stem,
                options,
                scale=params.scales[path.parent.name],
                seed=params.seed,
                parameters=params.learners[path.stem],
            )
            model_file.save(path, model)
            models.append(model)
        configurations = row_groups.configurations(snakemake.input[0])
        tables.write(Path(snakemake.output.predictions), predictions(models, dataset, configurations, options))
