"""Checks llama.cpp's engine: that every option arrives and changes no answer, what it refuses, and what it times."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
import pytest
from built_once import built_once
from tests_root import ROOT

from perftransfer import yaml_file
from perftransfer.errors import UserError
from perftransfer.levels import level_text
from perftransfer.measuring import engines, networks
from perftransfer.measuring.engines import interface
from perftransfer.measuring.engines.interface import UnsupportedConfigurationError
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.objectives import GENERATION
from perftransfer.package_path import package_path
from perftransfer.space.option_space import OptionSpace
from perftransfer.study import Study, read_study
from perftransfer.testing import check_engine

if importlib.util.find_spec("xllamacpp") is None:
    pytest.skip("llama.cpp is not installed (pip install xllamacpp gguf)", allow_module_level=True)
gguf = pytest.importorskip("gguf", reason="the package gguf is not installed (pip install xllamacpp gguf)")

from perftransfer.measuring.engines._llamacpp_options import NAMES, set_fields  # noqa: E402
from perftransfer.measuring.engines.llamacpp import LlamaCpp, _load_library, _Request  # noqa: E402

pytestmark = pytest.mark.engines
WORKLOAD = {"batch": 1, "prompt_tokens": 40, "generated_tokens": 6}
# Threads that spin while they wait for each other take minutes on a busy machine.
QUIET = {"wait_policy": "passive"}
PRECISIONS = networks.precisions("llama4m")
SPACES = ROOT / "config/spaces"


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The smaller model in every precision."""

    def build(folder: Path) -> None:
        for precision in PRECISIONS:
            networks.write("llama4m", precision, folder / f"{precision}.gguf", seed=1)

    folder = built_once(tmp_path_factory, "llama4m", build)
    return {precision: str(folder / f"{precision}.gguf") for precision in PRECISIONS}


@pytest.fixture
def server() -> Iterator[MeasuringServer]:
    with MeasuringServer("llamacpp", usable_cpus()) as measuring:
        yield measuring


def request(files: Mapping[str, str], workload: Mapping[str, int] = WORKLOAD, **options: Any) -> dict[str, Any]:
    """What a measuring server is asked: two rounds to warm up, three to be timed."""
    protocol = Protocol(2, 0.0, 3, 0.0, timeout_seconds=60.0, max_seconds=0.0, max_warmup_seconds=0.0)
    return {
        "files": dict(files), "feeds": {}, "workload": dict(workload), "options": options,
        "protocol": asdict(protocol), "seed": 1,
    }  # fmt: skip


def texts(files: Mapping[str, str], workload: Mapping[str, int] = WORKLOAD, seed: int = 1, **options: Any) -> list[str]:
    """What the model answers."""
    session = LlamaCpp().open(files, workload, QUIET | options, seed)
    session.run()
    session.close()
    return session.texts


def log(files: Mapping[str, str], **options: Any) -> str:
    """What llama.cpp writes about itself while it opens a model, and which threads there are at the end."""
    code = (
        "import json, os, sys\n"
        "from pathlib import Path\n"
        "from perftransfer.measuring.engines import llamacpp\n"
        "llamacpp._VERBOSITY = 5\n"
        "files, workload, options = map(json.loads, sys.argv[1:])\n"
        "session = llamacpp.LlamaCpp().open(files, workload, options, 1)\n"
        "session.run()\n"
        "print('OMP_WAIT_POLICY', os.environ.get('OMP_WAIT_POLICY'))\n"
        "tasks = Path('/proc/self/task').iterdir()\n"
        "nice = {os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in tasks}\n"
        "print('nicer by', max(nice) - min(nice))\n"
        "print('mapped', files['f16'] in Path('/proc/self/maps').read_text())\n"
        "session.close()\n"
    )
    command = [sys.executable, "-c", code, *map(json.dumps, (files, WORKLOAD, QUIET | options))]
    environment = {**os.environ, "PYTHONPATH": package_path()}
    ended = subprocess.run(command, check=True, env=environment, capture_output=True, timeout=60)
    # Parts of characters are among what the model says.
    return (ended.stdout + ended.stderr).decode(errors="replace")


def test_it_keeps_the_promises_of_the_interface(files: dict[str, str]) -> None:
    engine = engines.load("llamacpp")
    assert isinstance(engine, interface.Engine)
    assert engine.name == "llamacpp" in engines.names()
    assert set(GENERATION) < engine.objectives
    check_engine(LlamaCpp, files, WORKLOAD, dict.fromkeys(LlamaCpp.options) | QUIET)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"threads": 1, "threads_batch": 2}, ["n_threads = 1 (n_threads_batch = 2)"]),
        ({"threads": 2}, ["n_threads = 2 (n_threads_batch = 2)"]),
        ({"n_batch": 32, "n_ubatch": 16}, ["n_batch               = 32", "n_ubatch              = 16"]),
        ({"flash_attn": True}, ["flash_attn            = enabled"]),
        ({"flash_attn": False}, ["flash_attn            = disabled"]),
        ({"cache_type_k": "q8_0", "cache_type_v": "q4_0"}, ["K (q8_0)", "V (q4_0)"]),
        ({"load_mode": "mmap"}, ["load_mode = mmap", "mapped True"]),
        ({"load_mode": "none"}, ["load_mode = none", "mapped False"]),
        ({"wait_policy": "passive"}, ["OMP_WAIT_POLICY passive"]),
        ({"wait_policy": "unset"}, ["OMP_WAIT_POLICY None"]),
        ({"prio": "normal"}, ["nicer by 0"]),
        ({"precision": "q4_0", "repack": True}, ["CPU_REPACK model buffer size"]),
        ({"precision": "q8_0"}, ["Q8_0"]),
    ],
    ids=str,
)
def test_every_option_reaches_the_library(files: dict[str, str], options: dict[str, Any], expected: list[str]) -> None:
    written = log(files, **options)
    assert [text for text in expected if text not in written] == []


def test_a_low_priority_makes_threads_nicer(files: dict[str, str]) -> None:
    assert "nicer by 0" not in log(files, prio="low")


def test_weights_that_are_not_repacked_have_no_buffer_for_it(files: dict[str, str]) -> None:
    assert "CPU_REPACK" not in log(files, precision="q4_0", repack=False)


def test_options_that_no_build_here_knows_are_set_as_well() -> None:
    xllamacpp = _load_library(QUIET["wait_policy"])
    parameters = xllamacpp.CommonParams()
    set_fields(xllamacpp, parameters, {"n_gpu_layers": 7, "kv_offload": False, "poll": 0, "threads": None})
    assert (parameters.n_gpu_layers, parameters.no_kv_offload) == (7, True)
    assert (parameters.cpuparams.poll, parameters.cpuparams_batch.poll) == (0, 0)
    assert parameters.cpuparams.n_threads == xllamacpp.CommonParams().cpuparams.n_threads


def test_nothing_is_left_to_a_gpu_or_to_all_cores_unless_llamacpp_is_left_alone(
    files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = LlamaCpp().open(files, WORKLOAD, QUIET, 1)
    ours, alone = (session._parameters("x", options) for options in ({}, {"engine_default": True}))
    assert (ours.cpuparams.n_threads, ours.cpuparams_batch.n_threads, ours.n_gpu_layers) == (1, 1, 0)
    assert (alone.cpuparams.n_threads, alone.n_gpu_layers) == (-1, -1)
    assert session.counters is None
    session.close()
    # Layers on a GPU are covered by its own counter only.
    monkeypatch.setattr("perftransfer.measuring.engines.llamacpp._has_gpu", lambda library: True)
    session = LlamaCpp().open(files, WORKLOAD, QUIET | {"n_gpu_layers": 1}, 1)
    assert session.counters == ("nvml",)
    session.close()


@pytest.mark.parametrize("batch", [1, 2])
def test_answers_depend_neither_on_threads_nor_on_batches(files: dict[str, str], batch: int) -> None:
    workload = {**WORKLOAD, "batch": batch}
    expected = texts(files, workload)
    assert len(expected) == batch
    assert all(expected)
    for options in (
        {"threads": 2, "threads_batch": 1},
        {"n_batch": 32, "n_ubatch": 16},
        {"n_batch": 7, "n_ubatch": 3},
        {"load_mode": "none"},
    ):
        assert texts(files, workload, **options) == expected


def test_answers_depend_on_the_seed_and_on_the_quantisation(files: dict[str, str]) -> None:
    workload = {**WORKLOAD, "generated_tokens": 12}
    expected = texts(files, workload)
    assert texts(files, workload, seed=2) != expected
    assert texts(files, workload, precision="q4_0") != expected
    assert {"precision", "cache_type_k", "cache_type_v"} == LlamaCpp.changes_outputs


@pytest.mark.parametrize("precision", PRECISIONS)
def test_every_precision_of_the_networks_runs(files: dict[str, str], precision: str) -> None:
    assert len(texts(files, precision=precision)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"flash_attn": "maybe"}, "flash_attn: unknown level 'maybe'. Allowed: auto, false, true"),
        ({"cache_type_v": "q2"}, "cache_type_v: unknown level 'q2'. Allowed: f32, f16"),
        ({"cache_type_v": "q8_0", "flash_attn": False}, "cache_type_v q8_0 needs flash_attn"),
        ({"n_batch": 64, "n_ubatch": 128}, "n_ubatch 128: llama.cpp would take n_batch, 64"),
        ({"threads": 0}, "option threads is 0: give a number from 1"),
        ({"n_gpu_layers": 4}, "llama.cpp finds no GPU here"),
        ({"kv_offload": True}, "llama.cpp finds no GPU here"),
        ({"repack": "yes"}, "repack: unknown level 'yes'. Allowed: true, false"),
        ({"poll": 50}, "poll: this build's threads are those of OpenMP: use wait_policy"),
        ({"wait_policy": "lazy"}, "wait_policy: unknown level 'lazy'. Allowed: unset, active, passive"),
        ({"precision": "q3"}, "no network file in precision q3; there are f16"),
    ],
)
def test_what_cannot_be_done_is_refused(files: dict[str, str], options: dict[str, Any], words: str) -> None:
    with pytest.raises(UnsupportedConfigurationError) as caught:
        LlamaCpp().open(files, WORKLOAD, QUIET | options, 1)
    assert words in str(caught.value)


def test_a_model_that_the_system_does_not_lock_is_refused(
    server: MeasuringServer, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = server.measure(request(files, load_mode="mlock"))
    refused = outcome["status"] == "unsupported" and "lock the model" in str(outcome["error"])
    assert refused or outcome["status"] == "ok"
    monkeypatch.setattr("perftransfer.measuring.engines.llamacpp._locked_memory", lambda: 0)
    with pytest.raises(UnsupportedConfigurationError, match="lock the model"):
        LlamaCpp().open(files, WORKLOAD, QUIET | {"load_mode": "mlock"}, 1)


def test_another_wait_policy_takes_another_process(files: dict[str, str]) -> None:
    LlamaCpp().open(files, WORKLOAD, QUIET, 1).close()
    with pytest.raises(RuntimeError, match="measure it in a process of its own"):
        LlamaCpp().open(files, WORKLOAD, {"wait_policy": "active"}, 1)


def test_defaults_of_the_option_space_run(files: dict[str, str]) -> None:
    space = OptionSpace.read(SPACES / "llamacpp.yaml")
    assert {option.name for option in space.options} <= LlamaCpp.options == NAMES | {"precision"}
    assert texts(files, **{option.name: option.default for option in space.options} | QUIET)


def test_the_space_forbids_what_the_engine_refuses_whatever_the_build() -> None:
    space = OptionSpace.read(SPACES / "llamacpp.yaml")
    defaults = {option.name: option.default for option in space.options}
    for levels in ({"cache_type_v": "q4_0", "flash_attn": False}, {"n_batch": 64, "n_ubatch": 512}):
        with pytest.raises(UserError, match="not a configuration of this space"):
            space.configuration({name: level_text(level) for name, level in levels.items()})
        with pytest.raises(UnsupportedConfigurationError):
            LlamaCpp().open({"f16": ""}, WORKLOAD, {**defaults, **levels}, 1)


def test_the_library_may_be_left_alone(server: MeasuringServer, files: dict[str, str]) -> None:
    alone = LlamaCpp().left_alone({"precision": "q8_0", "threads": 2})
    assert alone == {"engine_default": True, "precision": "q8_0"}
    assert server.measure(request(files, **alone))["status"] == "ok"


@pytest.mark.parametrize("batch", [1, 3])
def test_a_measurement_times_requests_tokens_and_rounds(
    server: MeasuringServer, files: dict[str, str], batch: int
) -> None:
    outcome = server.measure(request(files, {**WORKLOAD, "batch": batch}, wait_policy="passive"))
    assert (outcome["status"], outcome["error"]) == ("ok", None)
    series, rounds = outcome["series"], len(outcome["latency_ms"])
    assert set(series) == set(GENERATION)
    assert len(series["ttft_ms"]) == len(series["tpot_ms"]) == rounds * batch
    assert len(series["tokens_per_s"]) == rounds
    # A token that is a part of a character has no time of its own.
    assert rounds * batch <= len(series["itl_ms"]) <= rounds * batch * 5
    assert max(series["ttft_ms"]) < max(outcome["latency_ms"])
    for seconds, rate in zip((ms / 1e3 for ms in outcome["latency_ms"]), series["tokens_per_s"], strict=True):
        # The protocol's clock includes a little more than the session's.
        assert rate == pytest.approx(batch * 6 / seconds, rel=0.2)


def test_a_prompt_is_processed_anew_each_time(files: dict[str, str]) -> None:
    """``_Request`` refuses an answer of which llama.cpp took anything from its cache."""
    session = LlamaCpp().open(files, WORKLOAD, QUIET, 1)
    for _ in range(3):
        session.run()
    session.close()


def test_the_study_of_language_models_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    study = read_study(yaml_file.read(Path("config/llm.yaml")), ["config/llm.yaml"])
    assert study.objectives == ["tpot_ms", "ttft_ms"]
    assert len(study.measured) == 6
    assert {study.rows[target].network for target in study.targets} == {"llama12m"}
    for target in study.targets:
        assert [limit.objective for limit in study.goal(target).limits] == ["ttft_ms"]
    files = [Path(file).name for file in study.network_files(study.targets[0])]
    assert files == [f"llama12m.{precision}.gguf" for precision in ("f16", "q8_0", "q4_0")]


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Study]:
    """Write a study of two environments in a folder of its own, and read it."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/spaces").symlink_to(SPACES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("perftransfer.measuring.fingerprint.usable_cpus", lambda: [0, 1])

    def read(objective: str = "tpot_ms", **cells: str) -> Study:
        row = {
            "hardware": "mine", "emulated": "yes", "cores": "1", "engine": "llamacpp", "network": "llama4m",
            "space": "llamacpp", "batch": "1", "image_px": "-", "sizes": "prompt_tokens=8 generated_tokens=4",
            "inputs": "",
        } | cells  # fmt: skip
        rows = {"a": row, "b": row | {"batch": "2"}}
        lines = [["environment", *row], *([name, *values.values()] for name, values in rows.items())]
        Path("config/mine.tsv").write_text("\n".join(map("\t".join, lines)))
        content = {"study": "mine", "environments": "config/mine.tsv", "objectives": [objective]}
        Path("mine.yaml").write_text(yaml_file.dump(content))
        return read_study(content, ["mine.yaml"])

    return read


def test_a_set_of_files_is_one_for_each_level_of_precision(sheet: Callable[..., Study]) -> None:
    levels = ["f16", "q8_0", "q4_0"]
    for level in levels:
        Path(f"my-{level}.gguf").write_text(level)
    study = sheet(network="my-{precision}.gguf")
    assert study.precisions("a") == levels
    assert study.network_files("a") == [f"my-{level}.gguf" for level in levels]
    before = study.network_version("a")
    Path("my-q4_0.gguf").write_text("other weights")
    assert sheet(network="my-{precision}.gguf").network_version("a") != before
    Path("my-q4_0.gguf").unlink()
    with pytest.raises(UserError, match=r"environment a: network: there is no file my-q4_0\.gguf"):
        sheet(network="my-{precision}.gguf")


def test_a_file_of_the_users_has_the_precision_that_it_has(sheet: Callable[..., Study]) -> None:
    Path("my.gguf").write_text("weights")
    study = sheet(network="my.gguf")
    assert (study.precisions("a"), study.network_files("a")) == (["f16"], ["my.gguf"])


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"sizes": "prompt_tokens=8"}, "generated_tokens"),
        ({"sizes": "prompt_tokens=8 generated_tokens=4 sequence=3"}, "sequence"),
        ({"inputs": "{prompt: ones}"}, "prompts of a language model are random tokens"),
        ({"network": "squeezenet", "image_px": "32"}, "found squeezenet, a file .onnx; llamacpp reads .gguf"),
        ({"engine": "onnxruntime", "space": "onnxruntime"}, "found llama4m, a file .gguf; onnxruntime reads .onnx"),
        ({"objective": "ttft_s"}, "unknown objective"),
    ],
)
def test_what_does_not_fit_a_language_model_is_told(
    sheet: Callable[..., Study], cells: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError) as caught:
        sheet(**cells)
    assert words in str(caught.value)


def test_other_engines_do_not_time_tokens(sheet: Callable[..., Study]) -> None:
    with pytest.raises(UserError, match="unknown objective"):
        sheet(engine="onnxruntime", space="onnxruntime", network="squeezenet", image_px="32", sizes="")


def chunk(number: int, milliseconds: float, text: str = "w", **timings: int) -> dict[str, Any]:
    numbers = {"cache_n": 0, "prompt_n": 40, "predicted_n": number, "predicted_ms": milliseconds, **timings}
    return {"choices": [{"text": text}], "timings": numbers}


def test_times_of_tokens_are_those_of_llamacpp_and_begin_when_the_request_is_sent() -> None:
    # Handed over 4, 0, 2 and 2 ms late; the last answer repeats the last token's numbers.
    delivered = [(1.114, chunk(1, 0.0)), (1.120, chunk(2, 10.0)), (1.134, chunk(3, 22.0)), (1.135, chunk(3, 22.0, ""))]
    timed = _Request.from_chunks(1.0, delivered, 40, 3)
    assert timed.first_token == pytest.approx(110.0)
    assert timed.per_token == pytest.approx(11.0)
    assert timed.between_tokens == pytest.approx([10.0, 12.0])
    assert timed.text == "www"


def test_a_token_that_is_a_part_of_a_character_has_no_time_of_its_own() -> None:
    delivered = [(1.12, chunk(2, 10.0)), (1.15, chunk(4, 40.0)), (1.15, chunk(4, 40.0, ""))]
    timed = _Request.from_chunks(1.0, delivered, 40, 4)
    assert timed.per_token == pytest.approx(40.0 / 3)
    assert timed.between_tokens == pytest.approx([10.0])


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([], "reports"),
        ([(1.0, {"error": {"message": "too long"}})], "too long"),
        ([(1.0, chunk(3, 1.0, cache_n=4))], "'cache_n': 4"),
        ([(1.0, chunk(2, 1.0))], "'predicted_n': 2"),
    ],
)
def test_what_llamacpp_did_not_do_as_asked_is_an_error(chunks: list[Any], words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        _Request.from_chunks(1.0, chunks, 40, 3)


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
def test_the_server_has_one_thread_and_no_library_when_it_forks(server: MeasuringServer, files: dict[str, str]) -> None:
    assert server.measure(request(files, threads=2, **QUIET))["status"] == "ok"
    (process,) = psutil.Process().children()
    assert process.num_threads() == 1
    assert "xllamacpp" not in Path(f"/proc/{process.pid}/maps").read_text()


def test_the_same_seed_gives_the_same_file(tmp_path: Path, files: dict[str, str]) -> None:
    paths = [tmp_path / name for name in ("same", "other")]
    for path, seed in zip(paths, (1, 2), strict=True):
        networks.write("llama4m", "q8_0", path, seed=seed)
    written = [path.read_bytes() == Path(files["q8_0"]).read_bytes() for path in paths]
    assert written == [True, False]


@pytest.mark.parametrize("name", ["llama4m", "llama12m"])
def test_the_weights_are_as_many_as_the_name_says(tmp_path: Path, name: str) -> None:
    networks.write(name, "f16", tmp_path / "x.gguf", seed=1)
    matrices = [tensor for tensor in gguf.GGUFReader(tmp_path / "x.gguf").tensors if len(tensor.shape) == 2]
    assert {tensor.name for tensor in matrices} == set(networks.CATALOGUE.load(name).matrices())  # type: ignore[attr-defined]
    assert round(sum(int(tensor.n_elements) for tensor in matrices) / 1e6) == int(name[5:-1])


def test_an_unknown_precision_is_explained(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"unknown precision 'q4_k_m'\. Allowed: f16, bf16"):
        networks.write("llama4m", "q4_k_m", tmp_path / "x.gguf", seed=1)
