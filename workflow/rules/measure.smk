# Choose configurations, build networks, measure environments.

# Resources of jobs that measure: one at a time on a machine, and what a scheduler is asked for, where there is one.
MEASURING = measuring_resources(study)

# A user's own file counts by its content, which is a parameter, and not by its date. Never a network that a job writes:
# after a job behind ``ancient``, Snakemake no longer looks at what depends on it, and would say that all is done where
# measurements or the report are missing.
networks_of = lambda wildcards: (
    ancient(inputs.networks(wildcards))
    if inputs.has_own_network(wildcards)
    else inputs.networks(wildcards)
)


rule sample:
    input:
        inputs.space_file,
    output:
        "<results>/configurations/{space}.parquet",
    log:
        "<results>/logs/sample/{space}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("sample"),
    script:
        "../scripts/sample.py"


rule network:
    output:
        "<results>/networks/{network}.{precision}.{format}",
    log:
        "<results>/logs/network/{network}.{precision}.{format}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("network"),
    script:
        "../scripts/network.py"


rule benchmark:
    input:
        configurations=inputs.configurations,
        networks=networks_of,
        # Of measurements that were made elsewhere.
        external_journal=inputs.external_journal,
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
        params_of("benchmark"),
        # The journal is not an output of any rule, so Snakemake never deletes it.
        journal=inputs.journal,
    script:
        "../scripts/benchmark.py"


# What a board needs that is measured by hand: `perftransfer measure`.
rule pack:
    input:
        configurations=inputs.configurations,
        networks=inputs.board_networks,
    output:
        directory("<results>/boards/{environment}"),
    log:
        "<results>/logs/pack/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("pack"),
    script:
        "../scripts/pack.py"
