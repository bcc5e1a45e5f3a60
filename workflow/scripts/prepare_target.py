"""Write what is known of a target before anything is measured there: its sources."""

from pathlib import Path

from perftransfer.job import logged
from perftransfer.recommend import gather, stored_model

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        wildcards = snakemake.wildcards
        known = gather.model_from_job(
            wildcards.environment, wildcards.objective, snakemake.params.settings, snakemake.input
        )
        stored_model.save(known, Path(snakemake.output[0]))
