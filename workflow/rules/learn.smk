# One table of all measurements, source models, influential options, how alike environments are.


rule merge:
    input:
        measured=collect(
            "<results>/measurements/{environment}.parquet", environment=study.measured
        ),
        imported=collect(
            "<results>/imported/{environment}.parquet", environment=study.imported
        ),
    output:
        "<results>/dataset.parquet",
    log:
        "<results>/logs/merge.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.merge(),
    script:
        "../scripts/merge.py"


rule train:
    input:
        "<results>/dataset.parquet",
    output:
        models=collect(
            "<results>/models/{{environment}}/{objective}/{learner}.skops",
            objective=study.objectives,
            learner=study.learners,
        ),
        predictions="<results>/models/{environment}/predictions.parquet",
    log:
        "<results>/logs/train/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.train(),
    script:
        "../scripts/train.py"


# One file for evaluations to depend on, however many environments there are.
rule collect_predictions:
    input:
        collect(
            "<results>/models/{environment}/predictions.parquet",
            environment=study.environments,
        ),
    output:
        "<results>/models/predictions.parquet",
    log:
        "<results>/logs/collect_predictions.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.collect_predictions(),
    script:
        "../scripts/collect_predictions.py"


rule influence:
    input:
        "<results>/dataset.parquet",
    output:
        "<results>/influence.parquet",
    log:
        "<results>/logs/influence.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.influence(),
    script:
        "../scripts/influence.py"


rule ranges:
    input:
        "<results>/dataset.parquet",
    output:
        "<results>/ranges.parquet",
    log:
        "<results>/logs/ranges.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.ranges(),
    script:
        "../scripts/ranges.py"


rule similarity:
    input:
        dataset="<results>/dataset.parquet",
        influence="<results>/influence.parquet",
    output:
        "<results>/similarity.parquet",
    log:
        "<results>/logs/similarity.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.similarity(),
    script:
        "../scripts/similarity.py"
