# How far each strategy gets on each target.


rule evaluate:
    input:
        dataset="<results>/dataset.parquet",
        predictions="<results>/models/predictions.parquet",
        influence=inputs.influence,
    output:
        cells="<results>/transfer/{strategy}/{batch}.parquet",
        timing="<results>/timing/{strategy}/{batch}.csv",
    log:
        "<results>/logs/evaluate/{strategy}/{batch}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("evaluate"),
        cell_store=inputs.cell_store,
    script:
        "../scripts/evaluate.py"


rule collect_cells:
    input:
        cells=collect(
            "<results>/transfer/{strategy}/{batch}.parquet",
            strategy=study.strategies,
            batch=study.batches,
        ),
        timing=collect(
            "<results>/timing/{strategy}/{batch}.csv",
            strategy=study.strategies,
            batch=study.batches,
        ),
    output:
        cells="<results>/transfer.parquet",
        timing="<results>/timing/fit.csv",
    log:
        "<results>/logs/collect_cells.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("collect_cells"),
    script:
        "../scripts/collect_cells.py"


# How soon each search method reaches the best configuration of each target.
rule search:
    input:
        dataset="<results>/dataset.parquet",
    output:
        "<results>/search/{method}/{batch}.parquet",
    log:
        "<results>/logs/search/{method}/{batch}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("search"),
    script:
        "../scripts/search.py"


rule collect_searches:
    input:
        searches=collect(
            "<results>/search/{method}/{batch}.parquet",
            method=study.search_methods,
            batch=study.batches,
        ),
    output:
        "<results>/search.parquet",
    log:
        "<results>/logs/collect_searches.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("collect_searches"),
    script:
        "../scripts/collect_searches.py"
