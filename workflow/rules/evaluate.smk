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
