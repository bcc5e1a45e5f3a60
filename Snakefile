# The whole pipeline on one page: a study's file is read and checked, its stages are in workflow/rules.
import sys

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.27")

# The package is used from this clone, by the rules' scripts as well.
sys.path.insert(0, f"{workflow.basedir}/workflow")

from pathlib import Path

from perftransfer import orphaned_jobs, package_path
from perftransfer.errors import UserError
from perftransfer.study import (
    Inputs,
    JobParameters,
    export_usable_cpus,
    measuring_resources,
    pending_measurements,
    read_study,
    with_available_imports,
)

package_path.export()
export_usable_cpus()

# A study is complete in itself: the default one must not shine through another.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


try:
    package_path.check_interpreter()
    study = with_available_imports(
        read_study(
            config, workflow.configfiles, check_networks=workflow.is_main_process
        ),
        Path("results/downloads"),
    )
    # Said before a long run, not during it: other options of Snakemake are not known while this file is read.
    if {"-n", "--dry-run", "--dryrun"} & set(sys.argv):
        for line in pending_measurements(study):
            print(line, file=sys.stderr)
except UserError as error:
    raise WorkflowError(str(error)) from None

inputs = Inputs(study)
params_of = JobParameters(study).for_rule


onstart:
    orphaned_jobs.note_start(Path.cwd())
    # Where starts are limited to so many per second, each look for jobs to start sets a timer for another look: after a
    # thousand jobs Snakemake looks a thousand times a second. Here, it is the cores that limit.
    if workflow.local_exec:
        workflow.scheduler.job_rate_limiter = None


pathvars:
    results=f"results/{study.name}",


wildcard_constraints:
    environment="[a-z0-9][a-z0-9_.-]*",
    batch="[0-9]+",
    network="[A-Za-z0-9_.]+",
    precision="[a-z0-9_]+",
    format="onnx|gguf",
    objective="[a-z][a-z0-9_]*",
    figure="[a-z][a-z0-9_]*",
    table="[a-z][a-z0-9_]*",
    strategy="[A-Za-z0-9_.+]+",
    method="[A-Za-z0-9_.]+",


include: "workflow/rules/measure.smk"
include: "workflow/rules/import.smk"
include: "workflow/rules/learn.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/recommend.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        "<results>/study.yaml",
        "<results>/dataset.parquet",
        "<results>/influence.parquet",
        "<results>/similarity.parquet",
        "<results>/transfer.parquet",
        "<results>/search.parquet",
        "<results>/timing/fit.csv",
        "<results>/report.html",
        inputs.recommendation,
        collect("<results>/tables/{table}.csv", table=study.tables),
        collect("<results>/figures/{file}.svg", file=study.figure_files),
