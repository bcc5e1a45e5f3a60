"""Measure an environment: what its journal does not hold yet."""

from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench, journal
from perftransfer.measuring.protocol import Protocol

if __name__ == "__main__":
    with logged(snakemake.log[0]) as log:
        settings = snakemake.params.settings
        name, journal_path = snakemake.wildcards.environment, Path(snakemake.params.journal)
        configurations, options = (read(snakemake.input.configurations[0]) for read in (tables.read, tables.options))
        environment = bench.Environment(
            name=name,
            engine=settings["engine"],
            network=settings["network"],
            network_version=settings["network_version"],
            cores=settings["cores"],
            settings=settings["settings"],
            workload=settings["workload"],
            files=dict(zip(settings["precisions"], snakemake.input.networks, strict=True)),
            seed=settings["seed"],
        )
        records = bench.measure_environment(
            environment,
            tables.configurations_of(configurations, options),
            repeats=settings["repeats"],
            retries=settings["retries"],
            protocol=Protocol(**settings["protocol"]),
            journal_path=journal_path,
            seed=settings["seed"],
            log=log,
        )
        metadata = {
            "environment": name,
            "protocol": settings["protocol_key"],
            "host": bench.hosts(journal.read(journal_path))[records[0]["environment_digest"]],
        }
        frame = measured.measurements(records, name, settings["engine"], options)
        tables.write(Path(snakemake.output.measurements), frame, options=options, metadata=metadata)
        tables.write(Path(snakemake.output.samples), measured.samples(records), metadata=metadata)
        watched = journal.sentinels(
            journal.read(journal_path), records[0]["environment_digest"], records[0]["protocol"]
        )
        tables.write(Path(snakemake.output.sentinels), measured.sentinels(watched, name), metadata=metadata)
