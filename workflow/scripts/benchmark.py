"""Measure an environment: what its journal does not hold yet; or take what was measured elsewhere."""

from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench, journal, remote
from perftransfer.measuring.bench import MeasureParams
from perftransfer.plain import from_plain

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(MeasureParams, snakemake.params[0])
        name, journal_path = snakemake.wildcards.environment, Path(snakemake.params.journal)
        configurations, options = (read(snakemake.input.configurations) for read in (tables.read, tables.options))
        measured.check_names(options)
        chosen = tables.configurations_of(configurations, options)
        fed = None
        if snakemake.input.external_journal:
            journal_path = Path(snakemake.input.external_journal[0])
            records = remote.load_external_journal(journal_path, name, chosen, len(chosen) * params.repeats)
            remote.check_fed(journal_path, records, name, params.network, params.workload)
        else:
            with bench.Session.of_job(name, params, snakemake.input.networks, journal_path) as session:
                records, fed = session.measure(chosen), session.fed
        bench.require_success(records, name, journal_path)
        metadata = bench.metadata(records, journal_path, name, fed)
        frame = measured.measurements(records, name, params.engine, options, params.batch)
        tables.write(Path(snakemake.output.measurements), frame, options=options, metadata=metadata)
        tables.write(Path(snakemake.output.samples), measured.samples(records), metadata=metadata)
        digest, protocol = records[0]["environment_digest"], records[0]["protocol"]
        watched = journal.sentinels(journal.read(journal_path), digest, protocol)
        tables.write(Path(snakemake.output.sentinels), measured.sentinels(watched, name), metadata=metadata)
