"""Measure what is recommended, and the default configuration, side by side."""

import hashlib
from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings, name = snakemake.params.settings, snakemake.wildcards.environment
        recommended = set(tables.read(snakemake.input.recommendation)["configuration_id"])
        every, options = tables.read(snakemake.input.every[0]), tables.options(snakemake.input.every[0])
        chosen = tables.configurations_of(every[every["configuration_id"].isin(recommended)], options)
        # One journal per set: what is compared is measured together, not beside values of another day.
        digest = hashlib.sha256(" ".join(sorted(chosen)).encode()).hexdigest()[:12]
        journal_path = Path(snakemake.params.journal).with_suffix(f".{digest}.jsonl")
        records = bench.measure_job(name, settings, snakemake.input.networks, chosen, journal_path, log)
        frame = measured.measurements(records, name, settings["engine"], options)
        tables.write(Path(snakemake.output[0]), frame, options=options, metadata={"environment": name})
