# In a target with a budget: plan, measure a little, model, recommend, and measure what is recommended.


rule space:
    input:
        space="config/spaces/{space}.yaml",
        configurations="<results>/configurations/{space}.parquet",
    output:
        "<results>/spaces/{space}.parquet",
    log:
        "<results>/logs/space/{space}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.space(),
    script:
        "../scripts/space.py"


# Plans and measures, in rounds where the design looks at what was found.
rule target:
    input:
        every=lambda wildcards: collect(
            "<results>/spaces/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        space=lambda wildcards: collect(
            "config/spaces/{space}.yaml", space=study.space_of(wildcards.environment)
        ),
        networks=lambda wildcards: ancient(study.network_files(wildcards.environment)),
        external_journal=lambda wildcards: study.external_journal(wildcards.environment),
        influence="<results>/influence.parquet",
        measured=collect(
            "<results>/measurements/{source}.parquet", source=study.measured
        ),
        imported=collect("<results>/imported/{source}.parquet", source=study.imported),
    output:
        measurements="<results>/targets/{environment}/measurements.parquet",
        samples="<results>/targets/{environment}/samples.parquet",
    log:
        "<results>/logs/target/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    threads: 4096
    resources:
        **MEASURING,
    params:
        settings=lambda wildcards: study.target(wildcards.environment),
        journal=lambda wildcards: f"results/{study.name}/journal/{wildcards.environment}.jsonl",
    script:
        "../scripts/target.py"


# For a board that is measured by hand: `perftransfer plan` says with it what to measure.
rule prepare_target:
    input:
        every=lambda wildcards: collect(
            "<results>/spaces/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        space=lambda wildcards: collect(
            "config/spaces/{space}.yaml", space=study.space_of(wildcards.environment)
        ),
        influence="<results>/influence.parquet",
        measured=collect(
            "<results>/measurements/{source}.parquet", source=study.measured
        ),
        imported=collect("<results>/imported/{source}.parquet", source=study.imported),
    output:
        "<results>/targets/{environment}/sources.{objective}.parquet",
    log:
        "<results>/logs/prepare_target/{environment}.{objective}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.recommend(wildcards.environment),
    script:
        "../scripts/prepare_target.py"


rule recommend:
    input:
        measurements="<results>/targets/{environment}/measurements.parquet",
        every=lambda wildcards: collect(
            "<results>/spaces/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        space=lambda wildcards: collect(
            "config/spaces/{space}.yaml", space=study.space_of(wildcards.environment)
        ),
        influence="<results>/influence.parquet",
        measured=collect(
            "<results>/measurements/{source}.parquet", source=study.measured
        ),
        imported=collect("<results>/imported/{source}.parquet", source=study.imported),
    output:
        models=collect(
            "<results>/targets/{{environment}}/model.{objective}.parquet",
            objective=study.objectives,
        ),
        predictions="<results>/targets/{environment}/predictions.parquet",
        left_out="<results>/targets/{environment}/left_out.parquet",
        recommendation="<results>/targets/{environment}/recommendation.parquet",
    log:
        "<results>/logs/recommend/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.recommend(wildcards.environment),
    script:
        "../scripts/recommend.py"


rule confirm:
    input:
        recommendation="<results>/targets/{environment}/recommendation.parquet",
        every=lambda wildcards: collect(
            "<results>/spaces/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        networks=lambda wildcards: ancient(study.network_files(wildcards.environment)),
    output:
        "<results>/targets/{environment}/confirmation.parquet",
    log:
        "<results>/logs/confirm/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    threads: 4096
    resources:
        **MEASURING,
    params:
        settings=lambda wildcards: study.confirm(wildcards.environment),
        # Of its own: what was measured to learn from is measured again.
        journal=lambda wildcards: f"results/{study.name}/journal/{wildcards.environment}.confirmation.jsonl",
    script:
        "../scripts/confirm.py"


rule collect_recommendations:
    input:
        recommendations=collect(
            "<results>/targets/{environment}/recommendation.parquet",
            environment=study.targets,
        ),
        confirmations=collect(
            "<results>/targets/{environment}/confirmation.parquet",
            environment=study.confirmed,
        ),
    output:
        "<results>/recommendation.parquet",
    log:
        "<results>/logs/collect_recommendations.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=study.collect_recommendations(),
    script:
        "../scripts/collect_recommendations.py"
