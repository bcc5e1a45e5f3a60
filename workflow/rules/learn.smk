# One table of all measurements, source models, influential options, how alike environments are.


rule merge:
    input:
        measured=inputs.measurements,
        imported=inputs.imports,
    output:
        "<results>/dataset.parquet",
    log:
        "<results>/logs/merge.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("merge"),
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
        params_of("train"),
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
        params_of("collect_predictions"),
    script:
        "../scripts/collect_predictions.py"


# How far values reach, what influences them, and how alike environments are.
rule analyse:
    input:
        "<results>/dataset.parquet",
    output:
        ranges="<results>/ranges.parquet",
        influence="<results>/influence.parquet",
        similarity="<results>/similarity.parquet",
    log:
        "<results>/logs/analyse.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("analyse"),
    script:
        "../scripts/analyse.py"
