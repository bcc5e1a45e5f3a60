"""Files that users write, and the readers through which each of them goes, in this process.

A kind is a folder of files, the one that is mutated, and a function that does with the folder what a run does.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import known
import onnx
import pandas as pd
import yaml
from onnx import TensorProto, helper, numpy_helper

from perftransfer import yaml_file
from perftransfer.__main__ import main
from perftransfer.dataset import imported, measured, row_groups, tables
from perftransfer.dataset.merge import merge
from perftransfer.errors import UserError
from perftransfer.evaluation.influence_table import influence_table
from perftransfer.evaluation.ranges import ranges_table
from perftransfer.evaluation.similarity import similarity_table
from perftransfer.measuring import bench, hardware, journal, networks, remote
from perftransfer.measuring.protocol import Protocol
from perftransfer.plain import to_plain
from perftransfer.recommend import stored_model
from perftransfer.study import (
    Inputs,
    JobParameters,
    measuring_resources,
    pending_measurements,
    read_study,
    with_available_imports,
)
from perftransfer.study import sheet as environment_sheet

from . import mutations

SPACE = """\
options:
  threads: {levels: [1, 2, 4], ordered: true}
  optimisation: {levels: [low, medium, high], ordered: true, default: high}
  precision: {levels: [fp32, int8]}
  spinning: {levels: [true, false]}
conditions:
  - option: spinning
    when: {threads: [2, 4]}
forbidden:
  - {precision: int8, optimisation: low}
"""
SHEET = """\
environment\thardware\temulated\tcores\tengine\tnetwork\tspace\tbatch\timage_px\trole\tbudget\tgoal
simulated-small\tnone\tno\t1\tsimulated\tnone\ttoy\t1\t128\tsource\t\t
simulated-large\tnone\tno\t1\tsimulated\tnone\ttoy\t1\t256\tsource\t\t
simulated-new\tnone\tno\t1\tsimulated\tnone\ttoy\t2\t192\ttarget\t7\t{minimize: latency_ms, fixed: {precision: fp32}}
"""
STUDY = """\
study: toy
seed: 3
environments: config/toy.tsv
objectives: [latency_ms]
measuring: {configurations: 24, repeats: 2, timeout_seconds: 30}
influence: {criterion: bic, order: 2}
learning: {learners: [RT, RF], scale: log, parameters: {RF: {n_estimators: 20}}}
evaluation: {budgets: [5, 10], repeats: 2, strategies: [RS, LMS, KT+random], interval_folds: 2}
search: {methods: [EI], measurements: 4, repeats: 1}
recommendation: {n_recommendations: 2, repeats: 1, tolerance: 0.05}
goal: {minimize: latency_ms, subject_to: [latency_ms <= 20]}
figures: [influence, error_against_budget]
tables: [options, errors]
"""
IMPORTING = """\
study: boards
objectives: [latency_ms]
imports:
  boards:
    options:
      gpu_ghz: {column: gpu_mhz, factor: 0.001, ordered: true}
      cores_on: {ordered: true}
      io_mode: {levels: [read, map], default: map}
      memory: {levels: [low, high], ordered: true, default: high}
    objectives:
      latency_ms: {column: seconds, factor: 1000}
    environments:
      old-board: {file: boards.csv, rows: {board: old}, hardware: old board}
      new-board: {file: boards.csv, rows: {board: new}, hardware: new board}
learning: {learners: [RF]}
evaluation: {strategies: [RS, LMS, AUTO], budgets: [3, 6, 12], repeats: 3}
"""
_PROTOCOL = Protocol(1, 0.0, 3, 0.0, timeout_seconds=20.0, max_warmup_seconds=0.0, max_seconds=0.0)
_ENVIRONMENT = bench.Environment(
    name="simulated-a", engine="simulated", network="none", network_version=0, cores=1,
    workload={"batch": 1, "image_px": 128}, files={}, seed=1,
)  # fmt: skip
_CONFIGURATIONS = {f"c{threads}": {"threads": threads} for threads in (1, 2, 4)}


@dataclass(frozen=True)
class Kind:
    """A kind of files of users.

    Parameters
    ----------
    prepare
        Writes the files into a folder.
    file
        The one that is mutated.
    mutate
        Changes its content.
    read
        Reads the folder as a run does; a UserError or a return is right, any other exception is not. Raises
        AssertionError for a record that was lost or is there twice.
    """

    prepare: Callable[[Path], None]
    file: str
    mutate: mutations.Mutation
    read: Callable[[Path], None]


def _write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def _toy(folder: Path) -> None:
    _write(folder, {"config/toy.yaml": STUDY, "config/toy.tsv": SHEET, "config/spaces/toy.yaml": SPACE})


def _read_study(folder: Path, file: str = "config/toy.yaml") -> None:
    """Do what the Snakefile does with a study: check it, and ask for the files and parameters of each job."""
    study = with_available_imports(read_study(yaml_file.read(Path(file)), [file]), Path("results/downloads"))
    pending_measurements(study)
    measuring_resources(study)
    study.as_yaml()
    inputs, params = Inputs(study), JobParameters(study)
    assert inputs.measurements is not None
    for name in study.available_imports:
        params.import_table(name)
    for name in study.measured:
        params.benchmark(name)
        space = study.spaces[study.rows[name].space]
        space.sample(min(study.sections.measuring.configurations, 100), study.sections.seed)
    for name in study.targets:
        params.target(name)
        params.recommend(name)
        params.confirm(name)
    for rule in ("sample", "merge", "train", "collect_predictions", "analyse", "collect_cells", "report"):
        getattr(params, rule)()
    for strategy in study.strategies:
        params.evaluate(strategy, "0")
    for method in study.search_methods:
        params.search(method, "0")
    for figure in study.figures:
        params.figure(figure)
    for table in study.tables:
        params.table(table)


def _read_space(folder: Path) -> None:
    from perftransfer.space.option_space import OptionSpace

    space = OptionSpace.read(folder / "config/spaces/toy.yaml")
    chosen = space.sample(24, 1)
    tables.write(folder / "chosen.parquet", tables.configurations_frame(chosen, space.options), options=space.options)
    again = tables.configurations_of(tables.read(folder / "chosen.parquet"), tables.options(folder / "chosen.parquet"))
    assert again == {key: dict(value) for key, value in chosen.items()}
    space.candidates(500, 1)


def _boards(folder: Path) -> None:
    rows = ["gpu_mhz,cores_on,io_mode,memory,board,seconds"]
    for board, factor in (("old", 3.0), ("new", 1.0)):
        for mhz in (400, 800, 1600):
            for cores in (1, 2, 4):
                for io in ("read", "map"):
                    for memory in ("low", "high"):
                        seconds = factor * (20 / mhz + 0.02 / cores) * (1.1 if io == "read" else 1.0)
                        rows.append(f"{mhz},{cores},{io},{memory},{board},{seconds + 0.001 * (memory == 'low'):.5f}")
    _write(folder, {"config/boards.yaml": IMPORTING, "boards.csv": "\n".join(rows) + "\n"})


def _parquet_boards(folder: Path) -> None:
    _boards(folder)
    pd.read_csv(folder / "boards.csv").to_parquet(folder / "boards.parquet")
    (folder / "config/boards.yaml").write_text(IMPORTING.replace("boards.csv", "boards.parquet"))


def _read_imports(folder: Path) -> None:
    """Import tables, merge them, and analyse the result."""
    file = "config/boards.yaml"
    study = with_available_imports(read_study(yaml_file.read(Path(file)), [file]), Path("results/downloads"))
    params, paths = JobParameters(study), {}
    for name in study.available_imports:
        job = params.import_table(name)
        for environment, content in imported.convert(imported.read(job, Path("results/downloads")), job):
            paths[environment] = Path(f"results/imported/{environment}.parquet")
            tables.write(paths[environment], content.frame, options=content.options, metadata={})
    merging = params.merge()
    frames, options, constant = merge(merging.environments, {}, paths, merging.objectives, relative_to_sizes=False)
    dataset = Path("results/dataset.parquet")
    tables.write_groups(dataset, frames, options=options, metadata={"constant_options": constant})
    analysis = params.analyse()
    ranges_table(row_groups.by_environment(dataset, analysis.objectives), analysis.objectives)
    rows, options = tables.PartitionedTable(dataset), tables.options(dataset)
    regression = {"scale": analysis.scale, "criterion": analysis.criterion, "order": analysis.order}
    influence = pd.concat(
        influence_table(rows.read(name), [name], analysis.objectives, options, **regression)
        for name in analysis.environments
    )
    values = partial(row_groups.by_configuration, dataset)
    similarity_table(values, influence, analysis.environments, analysis.objectives, scale=analysis.scale)


def _measured(folder: Path) -> None:
    bench.measure_environment(
        _ENVIRONMENT, _CONFIGURATIONS, repeats=3, protocol=_PROTOCOL, journal_path=folder / "e.jsonl", seed=1,
        state=folder / "state/hardware.json",
    )  # fmt: skip
    _write(folder, {"original.jsonl": (folder / "e.jsonl").read_bytes()})


def _check_nothing_lost(folder: Path) -> None:
    """Whatever happened to other lines: each line that is as it was is read."""
    original = set((folder / "original.jsonl").read_bytes().split(b"\n"))
    whole = [line for line in (folder / "e.jsonl").read_bytes().split(b"\n") if line and line in original]
    read = journal.contents(folder / "e.jsonl").records
    assert len(read) >= len(whole), "lost"
    for line in whole:
        assert json.loads(line) in read, "lost"


def _read_journal(folder: Path) -> None:
    """Continue the journal, take it as one from a board, and make tables of it."""
    path = folder / "e.jsonl"
    _check_nothing_lost(folder)
    before = set(journal.measurements(journal.read(path)))
    try:
        matches = remote.load_external_journal(path, "simulated-a", _CONFIGURATIONS, 9)
    except UserError:
        matches = []
    records = bench.measure_environment(
        _ENVIRONMENT, _CONFIGURATIONS, repeats=3, protocol=_PROTOCOL, journal_path=path, seed=1,
        state=folder / "state/hardware.json",
    )  # fmt: skip
    _check_nothing_lost(folder)
    after = journal.measurements(journal.read(path))
    assert before <= set(after), "lost"
    keys = [journal.key(record) for record in records]
    assert len(keys) == len(set(keys)) == 9, "doubled"
    for rows in filter(None, (matches, records)):
        measured.measurements(rows, "simulated-a", "simulated", (), 1)
        measured.samples(rows)
        bench.metadata(rows, path, "simulated-a")


def _packed(folder: Path) -> None:
    job = to_plain(remote.BoardJob(_ENVIRONMENT, _PROTOCOL, 1, 0))
    _write(folder, {"environment.json": json.dumps(job), "configurations.json": json.dumps(_CONFIGURATIONS)})


def _measure_packed(folder: Path) -> None:
    remote.measure("environment.json", "configurations.json", "out.jsonl")


def _state(folder: Path) -> None:
    originals = [
        ["cpufreq", "sys/devices/system/cpu/cpufreq/policy0/scaling_governor", "powersave"],
        ["cpu_cores", "sys/devices/system/cpu/cpu1/online", "1"], ["nvpmodel", "nvpmodel", "0"],
    ]  # fmt: skip
    import platform

    content = json.dumps({"host": platform.node(), "originals": originals})
    _write(folder, {
        "state/hardware.json": content, "root/sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "performance",
        "root/sys/devices/system/cpu/cpu1/online": "0", "root/etc/passwd": "root:x",
    })  # fmt: skip


def _restore(folder: Path) -> None:
    hardware.restore(folder / "state/hardware.json", folder / "root", lambda command: "0\n")
    assert (folder / "root/etc/passwd").read_text() == "root:x"


def _network(folder: Path) -> None:
    weights = numpy_helper.from_array(__import__("numpy").ones((4, 3), "float32"), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3])], [weights],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, folder / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)


def _read_network(folder: Path) -> None:
    networks.files_of(folder / "net.onnx")
    networks.inputs(folder / "net.onnx")


def _read_sheet(folder: Path) -> None:
    environment_sheet.read(Path("config/toy.tsv"))
    _read_study(folder)


def _read_measurements_table(folder: Path) -> None:
    tables.read(folder / "t.parquet")
    tables.options(folder / "t.parquet")
    tables.metadata(folder / "t.parquet")
    tables.PartitionedTable(folder / "t.parquet")


def _measurements_table(folder: Path) -> None:
    from perftransfer.space.option_space import OptionSpace

    _toy(folder)
    space = OptionSpace.read(folder / "config/spaces/toy.yaml")
    frame = tables.configurations_frame(space.sample(24, 1), space.options)
    frame.insert(0, "environment", "a")
    tables.write(folder / "t.parquet", frame, options=space.options)


def _model(folder: Path) -> None:
    stored_model.save(known.model(), folder / "model.parquet")
    rows = known.FRAME.assign(latency_ms=known.TARGET).drop(columns="configuration_id")
    rows[:12].to_csv(folder / "values.csv", index=False)
    rows.drop(columns="latency_ms")[:12].to_csv(folder / "configurations.csv", index=False)


def _run(*arguments: str) -> Callable[[Path], None]:
    """Run a command; it says what is wrong by itself, and ends with status 2."""

    def read(folder: Path) -> None:
        assert main(arguments) in (0, 2)

    return read


def _own_network(folder: Path) -> None:
    _toy(folder)
    (folder / "mine").mkdir()
    _network(folder / "mine")
    sheet = SHEET.replace("simulated-", "own-").replace("simulated\tnone", "onnxruntime\tmine/net.onnx")
    sheet = sheet.replace("\t128\t", "\t-\t").replace("\t256\t", "\t-\t").replace("\t192\t", "\t-\t")
    space = "options:\n  intra_op_threads: {levels: [1, 2], ordered: true}\n  memory_pattern: {levels: [true, false]}\n"
    sheet = (
        sheet.replace("precision: fp32", "memory_pattern: true")
        .replace("\tno\t1\t", "\tyes\t1\t")
        .replace("\t1\t-", "\t3\t-", 1)
    )
    _write(folder, {"config/toy.tsv": sheet, "config/spaces/toy.yaml": space})


#: By name.
KINDS = {
    "study": Kind(_toy, "config/toy.yaml", mutations.mutated_yaml, _read_study),
    "sheet": Kind(_toy, "config/toy.tsv", mutations.mutated_table, _read_sheet),
    "space": Kind(_toy, "config/spaces/toy.yaml", mutations.mutated_yaml, _read_space),
    "space of a study": Kind(_toy, "config/spaces/toy.yaml", mutations.mutated_yaml, _read_study),
    "table": Kind(_boards, "boards.csv", mutations.mutated_table, _read_imports),
    "Parquet table": Kind(_parquet_boards, "boards.parquet", mutations.mutated_bytes, _read_imports),
    "mapping of a table": Kind(_boards, "config/boards.yaml", mutations.mutated_yaml, _read_imports),
    "journal": Kind(_measured, "e.jsonl", mutations.mutated_json_lines, _read_journal),
    "board's environment": Kind(_packed, "environment.json", mutations.mutated_json, _measure_packed),
    "board's configurations": Kind(_packed, "configurations.json", mutations.mutated_json, _measure_packed),
    "hardware state": Kind(_state, "state/hardware.json", mutations.mutated_json, _restore),
    "network": Kind(_network, "net.onnx", mutations.mutated_bytes, _read_network),
    "network of a study": Kind(_own_network, "mine/net.onnx", mutations.mutated_bytes, _read_study),
    "sheet of a network": Kind(_own_network, "config/toy.tsv", mutations.mutated_table, _read_sheet),
    "model": Kind(_model, "model.parquet", mutations.mutated_bytes, _run("predict", "model.parquet")),
    "measured values": Kind(
        _model,
        "values.csv",
        mutations.mutated_table,
        _run("plan", "model.parquet", "--measured", "values.csv", "--n", "2"),
    ),
    "configurations to predict": Kind(
        _model,
        "configurations.csv",
        mutations.mutated_table,
        _run("predict", "model.parquet", "--configurations", "configurations.csv"),
    ),
    "own table": Kind(_measurements_table, "t.parquet", mutations.mutated_bytes, _read_measurements_table),
}


def mutate(kind: Kind, folder: Path, seed: str) -> None:
    """Change the file of a kind in ``folder``."""
    path = folder / kind.file
    path.write_bytes(kind.mutate(random.Random(seed), path.read_bytes()))


assert yaml.safe_load(STUDY)["study"] == "toy"
