"""Write the report: one page that opens offline."""

import json
from pathlib import Path

from perftransfer import figures, yaml_file
from perftransfer.dataset import tables
from perftransfer.figures._target import Target
from perftransfer.job import logged
from perftransfer.output_params import ReportParams
from perftransfer.plain import from_plain
from perftransfer.recommend.option_costs import of_chosen
from perftransfer.report import findings_measuring, findings_recommendation
from perftransfer.report.figure_file import FigureFile
from perftransfer.report.page import excerpt_of, render
from perftransfer.results.formatting import environment_labels
from perftransfer.tables import StudyTable

if __name__ == "__main__":
    with logged(snakemake.log[0]):
        params = from_plain(ReportParams, snakemake.params[0])
        still = []
        for path in map(Path, snakemake.input.figures):
            name, objective = path.stem.split(".")
            figure = figures.CATALOGUE.load(name)
            still.append(FigureFile(name, objective, figure.title, figure.caption, path, figure.section))
        study = yaml_file.read(Path(snakemake.input.study))
        recommended = []
        for path in snakemake.input.recommendation:
            recommendation_facts = json.loads(tables.metadata(path)["targets"])
            table = tables.read(path)
            targets, labels = {}, environment_labels(study["targets"])
            of_targets = (snakemake.input.predictions, snakemake.input.left_out, snakemake.input.option_costs)
            for files in zip(*of_targets, strict=True):
                name, (predictions, left_out, costs) = Path(files[0]).parent.name, map(tables.read, files)
                rows = table[table["environment"] == name]
                targets[name] = Target(name, labels[name], predictions, left_out, of_chosen(costs, rows), rows)
            recommended = findings_recommendation.recommended(
                table, recommendation_facts, targets, study["targets"], study["maximized"]
            )
        measured = [*snakemake.input.measurements, *snakemake.input.target_measurements]
        columns = findings_measuring.columns(study["objectives"])
        dataset = tables.metadata(snakemake.input.dataset)
        drawings = Path(snakemake.output.drawings)
        # There may be nothing to draw.
        drawings.mkdir(parents=True, exist_ok=True)
        page = render(
            study=study,
            tables={
                "ranges": tables.read(snakemake.input.ranges),
                "sentinels": tables.concatenate(snakemake.input.sentinels),
                "transfer": tables.read(snakemake.input.transfer),
                "search": tables.read(snakemake.input.search),
                "influence": tables.read(snakemake.input.influence),
                "similarity": tables.read(snakemake.input.similarity),
            },
            measurements=(tables.read(path, columns) for path in measured),
            hosts={
                json.loads(facts["environment"]): json.loads(facts["host"]) for facts in map(tables.metadata, measured)
            },
            figures=still,
            study_tables=[StudyTable.read(Path(path)) for path in snakemake.input.tables],
            constant_options=json.loads(dataset["constant_options"]),
            import_remarks=json.loads(dataset["import_remarks"]),
            commands=list(params.commands),
            recommended=recommended,
            drawings=drawings,
            excerpt=excerpt_of(snakemake.input.dataset, study["objectives"]),
        )
        tables.write_text(Path(snakemake.output.page), page)
