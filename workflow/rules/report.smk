# Figures, tables and the report.


rule study:
    output:
        "<results>/study.yaml",
    log:
        "<results>/logs/study.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        text=study.as_yaml(),
    script:
        "../scripts/study.py"


rule figure:
    input:
        dataset="<results>/dataset.parquet",
        ranges="<results>/ranges.parquet",
        influence="<results>/influence.parquet",
        similarity="<results>/similarity.parquet",
        transfer="<results>/transfer.parquet",
    output:
        svg=report(
            "<results>/figures/{figure}.{objective}.svg",
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{objective}",
            labels={"figure": "{figure}", "objective": "{objective}"},
        ),
        pdf="<results>/figures/{figure}.{objective}.pdf",
        png="<results>/figures/{figure}.{objective}.png",
    log:
        "<results>/logs/figure/{figure}.{objective}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.figure(wildcards.figure),
    script:
        "../scripts/figure.py"


rule table:
    input:
        dataset="<results>/dataset.parquet",
        ranges="<results>/ranges.parquet",
        influence="<results>/influence.parquet",
        similarity="<results>/similarity.parquet",
        transfer="<results>/transfer.parquet",
        timing="<results>/timing/fit.csv",
    output:
        "<results>/tables/{table}.csv",
    log:
        "<results>/logs/table/{table}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.table(wildcards.table),
    script:
        "../scripts/table.py"


rule report:
    input:
        study="<results>/study.yaml",
        dataset="<results>/dataset.parquet",
        ranges="<results>/ranges.parquet",
        influence="<results>/influence.parquet",
        similarity="<results>/similarity.parquet",
        transfer="<results>/transfer.parquet",
        recommendation=["<results>/recommendation.parquet"] if study.targets else [],
        of_targets=collect(
            "<results>/targets/{environment}/measurements.parquet",
            environment=study.targets,
        ),
        predictions=collect(
            "<results>/targets/{environment}/predictions.parquet",
            environment=study.targets,
        ),
        left_out=collect(
            "<results>/targets/{environment}/left_out.parquet",
            environment=study.targets,
        ),
        measurements=collect(
            "<results>/measurements/{environment}.parquet", environment=study.measured
        ),
        sentinels=collect(
            "<results>/sentinels/{environment}.parquet", environment=study.measured
        ),
        templates=collect(
            "workflow/perftransfer/report/page.{part}.jinja",
            part=["html", "css", "js"],
        ),
        summaries=collect("<results>/tables/{table}.csv", table=study.tables),
        figures=collect("<results>/figures/{file}.svg", file=study.figure_files),
    output:
        drawings=report(
            directory("<results>/figures/report"),
            patterns=["{drawing}.svg"],
            caption="../report/drawing.rst",
            category="Figures of the report, as first seen",
            labels={"figure": "{drawing}"},
        ),
        page=report(
            "<results>/report.html",
            caption="../report/report.rst",
            category="Report",
            labels={"page": "Findings"},
        ),
    log:
        "<results>/logs/report.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.report(),
    script:
        "../scripts/report.py"
