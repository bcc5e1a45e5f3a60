"""Measure a handful of configurations in a target: the most informative ones, by the sources."""

from pathlib import Path

from threadpoolctl import threadpool_limits

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench, journal, remote
from perftransfer.plain import from_plain
from perftransfer.recommend import gather
from perftransfer.recommend.rounds import measure_in_rounds
from perftransfer.recommend.target_params import TargetParams

if __name__ == "__main__":
    # This job has all cores, to measure on them. Threads that plan on them are slower than one: between two steps they
    # wait by spinning, also into the next measurement.
    with logged(snakemake.log[0]), threadpool_limits(1):
        params, name = from_plain(TargetParams, snakemake.params[0]), snakemake.wildcards.environment
        journal_path = Path(snakemake.params.journal)
        # The whole space, not what was measured in the sources: the most informative may lie elsewhere.
        candidates, options = tables.read(snakemake.input.candidates), tables.options(snakemake.input.candidates)
        measured.check_names(options)

        def table_of(records):
            """Convert journal records to a table of measurements."""
            measuring = params.measuring
            return measured.measurements(records, name, measuring.engine, options, measuring.batch)

        fed = None
        if snakemake.input.external_journal:
            journal_path = Path(snakemake.input.external_journal[0])
            # It is unknown how these were chosen.
            is_random_sample = stopped_early = False
            measured_ids = {
                record["configuration_id"] for record in filter(journal.is_measurement, journal.read(journal_path))
            }
            space = tables.configurations_of(candidates[candidates["configuration_id"].isin(measured_ids)], options)
            expected = params.budget * params.measuring.repeats
            records = remote.load_external_journal(journal_path, name, space, expected)
            remote.check_fed(journal_path, records, name, params.measuring.network, params.measuring.workload)
        else:
            goal = params.model.goal
            needed = list(dict.fromkeys([*goal.searched, *(limit.objective for limit in goal.limits)]))
            models = gather.models_from_job(name, needed, params.model, snakemake.input)
            eligible = gather.candidates_for(goal, candidates)
            # One session for all rounds: a server, settings of the hardware and a sentinel for each would cost more
            # than what is measured.
            with bench.Session.of_job(name, params.measuring, snakemake.input.networks, journal_path) as session:
                measurements = measure_in_rounds(
                    models,
                    goal,
                    eligible,
                    tables.configurations_of(eligible, options),
                    params.budget,
                    params.batch,
                    session.measured_configurations(),
                    session.measure,
                    table_of,
                    params.tolerance,
                )
            is_random_sample, records, fed = measurements.is_random_sample, measurements.records, session.fed
            stopped_early = measurements.stopped_early
        bench.require_success(records, name, journal_path)
        metadata = {**bench.metadata(records, journal_path, name, fed), "is_random_sample": is_random_sample}
        metadata["stopped_early"] = stopped_early
        tables.write(Path(snakemake.output.measurements), table_of(records), options=options, metadata=metadata)
        tables.write(Path(snakemake.output.samples), measured.samples(records), metadata=metadata)
