# Published measurements as environments: a job for each of the study's imports reads each of its files once.
for import_name in study.available_imports:

    rule:
        name:
            f"import_{import_name}"
        input:
            inputs.unverified_files(import_name),
        output:
            inputs.imports_of(import_name),
        log:
            f"<results>/logs/import/{import_name}.log",
        conda:
            "../../envs/perftransfer.yaml"
        params:
            params_of("import_table")({"import_name": import_name}),
            downloads="results/downloads",
        script:
            "../scripts/import_table.py"
