"""Write what is known of a target before anything is measured there: its sources."""

from pathlib import Path

from perftransfer.job import logged
from perftransfer.plain import from_plain
from perftransfer.recommend import gather, stored_model
from perftransfer.recommend.params import PrepareTargetParams

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, objective = from_plain(PrepareTargetParams, snakemake.params[0]), snakemake.wildcards.objective
        environment = snakemake.wildcards.environment
        models = gather.models_from_job(environment, [objective], params.model, snakemake.input)
        stored_model.save(models[objective], Path(snakemake.output[0]))
