"""Measure the recommended configurations next to the default."""

import hashlib
from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench
from perftransfer.measuring.bench import MeasureParams
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, name = from_plain(MeasureParams, snakemake.params[0]), snakemake.wildcards.environment
        recommended = set(tables.read(snakemake.input.recommendation)["configuration_id"])
        candidates, options = (read(snakemake.input.candidates) for read in (tables.read, tables.options))
        chosen = tables.configurations_of(candidates[candidates["configuration_id"].isin(recommended)], options)
        # One journal per set: what is compared is measured together, not next to values of another day.
        digest = hashlib.sha256(" ".join(sorted(chosen)).encode()).hexdigest()[:12]
        journal_path = Path(snakemake.params.journal).with_suffix(f".{digest}.jsonl")
        records = bench.measure_job(name, params, snakemake.input.networks, chosen, journal_path)
        frame = measured.measurements(records, name, params.engine, options, params.workload["batch"])
        tables.write(Path(snakemake.output[0]), frame, options=options, metadata={"environment": name})
