# In a target with a budget: plan, measure a little, model, recommend, and measure what is recommended.


rule space:
    input:
        space=inputs.space_file,
        configurations="<results>/configurations/{space}.parquet",
    output:
        "<results>/spaces/{space}.parquet",
    log:
        "<results>/logs/space/{space}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("space"),
    script:
        "../scripts/space.py"


# Plans and measures, in rounds where the design looks at what was measured so far.
rule target:
    input:
        unpack(inputs.target_model),
        networks=networks_of,
        external_journal=inputs.external_journal,
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
        params_of("target"),
        journal=inputs.journal,
    script:
        "../scripts/target.py"


# For a board that is measured by hand: `perftransfer plan` says with it what to measure.
rule prepare_target:
    input:
        unpack(inputs.target_model),
    output:
        "<results>/targets/{environment}/sources.{objective}.parquet",
    log:
        "<results>/logs/prepare_target/{environment}.{objective}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("prepare_target"),
    script:
        "../scripts/prepare_target.py"


rule recommend:
    input:
        unpack(inputs.target_model),
        measurements="<results>/targets/{environment}/measurements.parquet",
    output:
        models=collect(
            "<results>/targets/{{environment}}/model.{objective}.parquet",
            objective=study.objectives,
        ),
        predictions="<results>/targets/{environment}/predictions.parquet",
        left_out="<results>/targets/{environment}/left_out.parquet",
        option_costs="<results>/targets/{environment}/option_costs.parquet",
        recommendation="<results>/targets/{environment}/recommendation.parquet",
    log:
        "<results>/logs/recommend/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("recommend"),
    script:
        "../scripts/recommend.py"


rule confirm:
    input:
        recommendation="<results>/targets/{environment}/recommendation.parquet",
        candidates=inputs.candidates,
        networks=networks_of,
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
        params_of("confirm"),
        # Of its own: what was measured to learn from is measured again.
        journal=inputs.confirmation_journal,
    script:
        "../scripts/confirm.py"


rule collect_recommendations:
    input:
        recommendations=inputs.target_tables("recommendation"),
        confirmations=inputs.confirmations,
    output:
        "<results>/recommendation.parquet",
    log:
        "<results>/logs/collect_recommendations.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("collect_recommendations"),
    script:
        "../scripts/collect_recommendations.py"
