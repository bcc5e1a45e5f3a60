# Choose configurations, build networks, measure environments.

# Resources of jobs that measure: one at a time on a machine, and what a scheduler is asked for, where there is one.
MEASURING = {
    "device": 1,
    **{
        name: lambda wildcards, name=name: study.submission(wildcards.environment, name)
        for name in RESOURCES
    },
}


rule sample:
    input:
        "config/spaces/{space}.yaml",
    output:
        "<results>/configurations/{space}.parquet",
    log:
        "<results>/logs/sample/{space}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.sample(wildcards.space),
    script:
        "../scripts/sample.py"


rule network:
    output:
        "<results>/networks/{network}.{precision}.onnx",
    log:
        "<results>/logs/network/{network}.{precision}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.network(wildcards.network),
    script:
        "../scripts/network.py"


rule benchmark:
    input:
        configurations=lambda wildcards: collect(
            "<results>/configurations/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        # A network that was built again is the same network; its version would say if it were not.
        networks=lambda wildcards: ancient(study.network_files(wildcards.environment)),
        # Measured elsewhere, and brought here.
        external_journal=lambda wildcards: study.external_journal(wildcards.environment),
    output:
        measurements="<results>/measurements/{environment}.parquet",
        samples="<results>/samples/{environment}.parquet",
        sentinels="<results>/sentinels/{environment}.parquet",
    log:
        "<results>/logs/benchmark/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    # Nothing else of the workflow runs meanwhile: Snakemake cuts this down to all the cores it was given.
    threads: 4096
    resources:
        **MEASURING,
    params:
        settings=lambda wildcards: study.benchmark(wildcards.environment),
        # The journal is the truth. It is no output of any rule, so nothing ever deletes it.
        journal=lambda wildcards: f"results/{study.name}/journal/{wildcards.environment}.jsonl",
    script:
        "../scripts/benchmark.py"


# What a board needs that is measured by hand: `perftransfer measure`.
rule pack:
    input:
        configurations=lambda wildcards: collect(
            "<results>/configurations/{space}.parquet",
            space=study.space_of(wildcards.environment),
        ),
        networks=lambda wildcards: study.files_for_a_board(wildcards.environment),
    output:
        directory("<results>/boards/{environment}"),
    log:
        "<results>/logs/pack/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        settings=lambda wildcards: study.benchmark(wildcards.environment),
    script:
        "../scripts/pack.py"
