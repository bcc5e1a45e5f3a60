# Published measurements as environments.


rule import_table:
    output:
        "<results>/imported/{environment}.parquet",
    log:
        "<results>/logs/import/{environment}.log",
    conda:
        "../../envs/perftransfer.yaml"
    params:
        params_of("import_table"),
        downloads="results/downloads",
    script:
        "../scripts/import_table.py"
