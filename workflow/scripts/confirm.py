"""Measure the recommended configurations next to the default, and next to the engine's own defaults."""

import hashlib
from pathlib import Path

import pandas as pd

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench
from perftransfer.plain import from_plain
from perftransfer.recommend import confirmation
from perftransfer.recommend.target_params import ConfirmParams

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, name = from_plain(ConfirmParams, snakemake.params[0]), snakemake.wildcards.environment
        measuring = params.measuring
        recommended = set(tables.read(snakemake.input.recommendation)["configuration_id"])
        candidates, options = (read(snakemake.input.candidates) for read in (tables.read, tables.options))
        chosen = tables.configurations_of(candidates[candidates["configuration_id"].isin(recommended)], options)
        engine_default = confirmation.engine_default(measuring.engine, snakemake.input.recommendation)
        chosen |= engine_default
        # One journal per set: what is compared is measured together, not next to values of another day.
        digest = hashlib.sha256(" ".join(sorted(chosen)).encode()).hexdigest()[:12]
        journal_path = Path(snakemake.params.journal).with_suffix(f".{digest}.jsonl")

        def table_of(records, names=options):
            """Convert journal records to a table of measurements."""
            return measured.measurements(records, name, measuring.engine, names, measuring.batch)

        with bench.Session.of_job(name, measuring, snakemake.input.networks, journal_path) as session:
            records = confirmation.race(
                Path(snakemake.input.recommendation),
                chosen,
                session.measure,
                table_of,
                measuring.repeats,
                params.max_repeats,
                params.tolerance,
            )
        own = [record for record in records if record["configuration_id"] in engine_default]
        frames = [table_of([record for record in records if record["configuration_id"] not in engine_default])]
        frames += [table_of(own, ())] if own else []
        metadata = {"environment": name, "engine_default": next(iter(engine_default), None)}
        tables.write(Path(snakemake.output[0]), pd.concat(frames), options=options, metadata=metadata)
