# How far each strategy gets on each target.


rule evaluate:
    input:
        dataset="<results>/dataset.parquet",
        predictions=collect(
            "<results>/models/{environment}/predictions.parquet",
            environment=study.environments,
        ),
    output:
        cells="<results>/transfer/{strategy}/{target}.parquet",
        timing="<results>/timing/{strategy}/{target}.csv",
    log:
        "<results>/logs/evaluate/{strategy}/{target}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.evaluate(wildcards.strategy),
    script:
        "../scripts/evaluate.py"


rule collect_cells:
    input:
        cells=collect(
            "<results>/transfer/{strategy}/{target}.parquet",
            strategy=study.strategies,
            target=study.environments,
        ),
        timing=collect(
            "<results>/timing/{strategy}/{target}.csv",
            strategy=study.strategies,
            target=study.environments,
        ),
    output:
        cells="<results>/transfer.parquet",
        timing="<results>/timing/fit.csv",
    log:
        "<results>/logs/collect_cells.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.collect_cells(),
    script:
        "../scripts/collect_cells.py"
