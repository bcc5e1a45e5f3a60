"""How far many environments and many cells carry: generated studies on the simulated engine, and what they cost.

python benchmarks/scale_of_evaluation.py environments 100 300 1000 3000    # dry runs: jobs, CPU seconds, MiB
python benchmarks/scale_of_evaluation.py environments 100 --run            # and runs: Snakemake's share of them
python benchmarks/scale_of_evaluation.py cells 100000                      # seconds, MiB, from 1 core to 2

CPU seconds stand beside wall time, which tells nothing on a machine that does something else. What is written lies in
a temporary folder, and is deleted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[1]

#: Twenty that cost milliseconds per fit: the cheaper the work, the larger Snakemake's share of it.
STRATEGIES = (
    "RS", "RS+greedy", "RS+kmeans", "RS+latin_hypercube", "RS+stratified", "RS+systematic", "RS+uniform",
    "LMS", "LMS+greedy", "LMS+kmeans", "LMS+latin_hypercube", "LMS+stratified", "LMS+systematic", "LMS+uniform",
    "DM", "GS", "NLMS", "FA", "L2S", "RBS",
)  # fmt: skip
_SPACE = """\
options:
  threads: {levels: [1, 2, 4], ordered: true}
  optimisation: {levels: [low, medium, high], ordered: true, default: high}
  precision: {levels: [fp32, int8]}
  spinning: {levels: [true, false]}
"""
_HEADER = "environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px"


def write_study(folder: Path, environments: int, **evaluation: object) -> None:
    """Write what a run needs into ``folder``: the workflow, and a study of so many simulated environments."""
    for name in ("Snakefile", "workflow", "profiles", "envs"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / name)
    rows = [
        f"simulated-{i:06d}\tnone\tno\t1\tsimulated\tnone\tsimulated\t{1 + i % 4}\t{64 + i}"
        for i in range(environments)
    ]
    study = {
        "study": "scale",
        "environments": "config/environments.tsv",
        "measuring": {"configurations": 16, "repeats": 1},
        "learning": {"learners": ["RT"]},
        "evaluation": {"strategies": STRATEGIES, "budgets": [5], "repeats": 1, "interval_folds": 0, **evaluation},
        "figures": ["learner_comparison"],
        "tables": ["errors"],
    }
    (folder / "config/spaces").mkdir(parents=True)
    (folder / "config/spaces/simulated.yaml").write_text(_SPACE)
    (folder / "config/environments.tsv").write_text("\n".join([_HEADER, *rows, ""]))
    # JSON is YAML.
    (folder / "config/config.yaml").write_text(json.dumps(study))


# What a run took of its own, and what its jobs took: CPU seconds, and the largest process in MiB.
_MEASURED = """
import atexit, json, os, resource, sys

def tell():
    if os.getpid() == me:
        own, jobs = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        found = {"snakemake_s": own.ru_utime + own.ru_stime, "jobs_s": jobs.ru_utime + jobs.ru_stime,
                 "snakemake_mib": own.ru_maxrss / 1024, "largest_job_mib": jobs.ru_maxrss / 1024}
        open("measured.json", "w").write(json.dumps(found))

me = os.getpid()
atexit.register(tell)
from snakemake.cli import main
main(sys.argv[1:])
"""


def snakemake(folder: Path, *arguments: str) -> dict[str, float]:
    """Run Snakemake in ``folder``; return wall and CPU seconds, MiB, and how many jobs there were."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-5000:])
    total = [line.split()[-1] for line in (done.stdout + done.stderr).splitlines() if line.startswith("total ")]
    seconds: dict[str, float] = json.loads((folder / "measured.json").read_text())
    return {"jobs": int(total[0]) if total else 0, "wall_s": wall, **seconds}


def environments(sizes: list[int], run: bool, cores: int) -> pd.DataFrame:
    """One row per number of environments: a dry run, and a run if wanted with the share that Snakemake has of it."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "study")
            folder.mkdir()
            write_study(folder, size, sources_per_target=3)
            dry = snakemake(folder, "-n", "--cores", str(cores))
            row = {"environments": size, "jobs": dry["jobs"], "dry_s": dry["wall_s"], "dry_cpu_s": dry["snakemake_s"]}
            row["dry_mib"] = dry["snakemake_mib"]
            if run:
                whole = snakemake(folder, "-q", "--cores", str(cores))
                row |= {
                    "run_s": whole["wall_s"],
                    "snakemake_cpu_s": whole["snakemake_s"],
                    "jobs_cpu_s": whole["jobs_s"],
                }
                row["share"] = whole["snakemake_s"] / (whole["snakemake_s"] + whole["jobs_s"])
        rows.append(row)
        print(pd.DataFrame(rows).round(2).to_string(index=False), flush=True)
    return pd.DataFrame(rows)


def cells(n: int, core_counts: list[int]) -> pd.DataFrame:
    """One row per number of cores: what so many cells cost, of two strategies on 8 targets with 7 sources each."""
    repeats = max(1, n // (2 * 8 * 7 * 2))
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "study")
        folder.mkdir()
        write_study(folder, 8, strategies=["LMS", "LMS+kmeans"], budgets=[5, 10], repeats=repeats)
        snakemake(folder, "results/scale/models/predictions.parquet", "-q", "--cores", "2")
        for cores in core_counts:
            results = folder / "results/scale"
            shutil.rmtree(results / "transfer", ignore_errors=True)
            jobs = [
                f"results/scale/transfer/{strategy}/{i + 1}.parquet"
                for strategy in ("LMS", "LMS+kmeans")
                for i in range(8)
            ]
            evaluated = snakemake(folder, *jobs, "-q", "--cores", str(cores))
            collected = snakemake(folder, "results/scale/transfer.parquet", "-q", "--cores", "1")
            n_cells = pq.read_metadata(results / "transfer.parquet").num_rows
            rows.append(
                {
                    "cells": n_cells,
                    "cores": cores,
                    "wall_s": evaluated["wall_s"],
                    "jobs_cpu_s": evaluated["jobs_s"],
                    "cells_per_cpu_s": n_cells / evaluated["jobs_s"],
                    "evaluate_mib": evaluated["largest_job_mib"],
                    "collect_mib": collected["largest_job_mib"],
                    "collect_cpu_s": collected["jobs_s"],
                }
            )
    frame = pd.DataFrame(rows)
    first = frame.iloc[0]
    frame["efficiency"] = first["cores"] * first["wall_s"] / (frame["cores"] * frame["wall_s"])
    return frame


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    environments_parser = parts.add_parser("environments", help="dry runs, and runs, of growing studies")
    environments_parser.add_argument("sizes", type=int, nargs="+", help="numbers of environments")
    environments_parser.add_argument("--run", action="store_true", help="run the studies, too")
    environments_parser.add_argument("--cores", type=int, default=2)
    cells_parser = parts.add_parser("cells", help="many cells of two cheap strategies, on one core and on two")
    cells_parser.add_argument("cells", type=int, help="about how many")
    cells_parser.add_argument("--cores", type=int, nargs="+", default=[1, 2], help="one run each (default: 1 2)")
    arguments = parser.parse_args()
    if arguments.part == "environments":
        environments(arguments.sizes, arguments.run, arguments.cores)
    else:
        print(cells(arguments.cells, arguments.cores).round(2).to_string(index=False))
