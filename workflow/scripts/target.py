"""Measure a handful of configurations in a target: those that the sources say tell most."""

from pathlib import Path

from perftransfer.dataset import measured, tables
from perftransfer.job import logged
from perftransfer.measuring import bench, remote
from perftransfer.plain import from_plain
from perftransfer.recommend import gather
from perftransfer.recommend.rounds import measure_in_rounds
from perftransfer.recommend.target_params import TargetParams

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params, name = from_plain(TargetParams, snakemake.params[0]), snakemake.wildcards.environment
        journal_path = Path(snakemake.params.journal)
        # The whole space, not what was measured in the sources: what tells most may lie elsewhere.
        every, options = tables.read(snakemake.input.candidates), tables.options(snakemake.input.candidates)
        measured.check_names(options)

        asked = (name, params.measuring, snakemake.input.networks)
        if snakemake.input.external_journal:
            journal_path = Path(snakemake.input.external_journal[0])
            # Nobody knows here who chose.
            drawn = False
            records = remote.load_external_journal(journal_path, name, set(every["configuration_id"]))
        else:
            model = gather.model_from_job(name, params.model.objectives[0], params.model, snakemake.input)
            found = measure_in_rounds(
                model,
                every,
                tables.configurations_of(every, options),
                params.budget,
                params.batch,
                bench.measured_configurations(*asked, journal_path),
                lambda chosen: measured.measurements(
                    bench.measure_job(*asked, chosen, journal_path), name, params.measuring.engine, options
                ),
            )
            drawn = found.drawn
            records = bench.measure_job(*asked, found.chosen, journal_path)
        metadata = {**bench.metadata(records, journal_path, name), "drawn": drawn}
        frame = measured.measurements(records, name, params.measuring.engine, options)
        tables.write(Path(snakemake.output.measurements), frame, options=options, metadata=metadata)
        tables.write(Path(snakemake.output.samples), measured.samples(records), metadata=metadata)
