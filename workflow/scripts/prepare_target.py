"""Write what is known of a target before anything is measured there: its sources."""

from pathlib import Path

from perftransfer.job import logged
from perftransfer.plain import from_plain
from perftransfer.recommend import gather, stored_model
from perftransfer.recommend.params import PrepareTargetParams

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, wildcards = from_plain(PrepareTargetParams, snakemake.params[0]), snakemake.wildcards
        model = gather.model_from_job(wildcards.environment, wildcards.objective, params.model, snakemake.input)
        stored_model.save(model, Path(snakemake.output[0]))
