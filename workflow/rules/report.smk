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
        search="<results>/search.parquet",
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
        params_of("figure"),
    script:
        "../scripts/figure.py"


rule table:
    input:
        dataset="<results>/dataset.parquet",
        ranges="<results>/ranges.parquet",
        influence="<results>/influence.parquet",
        similarity="<results>/similarity.parquet",
        transfer="<results>/transfer.parquet",
        search="<results>/search.parquet",
        timing="<results>/timing/fit.csv",
    output:
        "<results>/tables/{table}.csv",
    log:
        "<results>/logs/table/{table}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("table"),
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
        search="<results>/search.parquet",
        recommendation=inputs.recommendation,
        target_measurements=inputs.target_tables("measurements"),
        predictions=inputs.target_tables("predictions"),
        left_out=inputs.target_tables("left_out"),
        option_costs=inputs.target_tables("option_costs"),
        measurements=inputs.measurements,
        sentinels=inputs.sentinels,
        templates=inputs.templates,
        tables=collect("<results>/tables/{table}.csv", table=study.tables),
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
        params_of("report"),
    script:
        "../scripts/report.py"
