"""What is exported sets what the engine would set: the snippets are run, and sessions asked for their settings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
from tests_root import ROOT
from tiny_network import network

from perftransfer import export
from perftransfer.errors import UserError
from perftransfer.export.interface import Deployment, Snippet
from perftransfer.levels import Configuration
from perftransfer.measuring.engines._onnxruntime_options import NAMES, SESSION
from perftransfer.measuring.engines.onnxruntime import session_options
from perftransfer.measuring.fingerprint import usable_cpus
from perftransfer.space.option_space import OptionSpace

ENGINES = {"onnxruntime": "onnxruntime*", "openvino": "openvino", "pytorch": "pytorch*"}
USE = ROOT / "docs/how-to/use.md"


def deployment(engine: str, configuration: Configuration, **changes: Any) -> Deployment:
    description = {"environment": "new", "engine": engine, "network": "tiny", "cores": "all", "batch": 1, **changes}
    return Deployment(description, "latency_ms", configuration, {})  # type: ignore[arg-type]


def exported(name: str, configuration: Configuration, **changes: Any) -> Snippet:
    format_ = export.load(name)
    return format_.export(deployment(format_.engine, configuration, **changes))


def spaces(engine: str) -> list[OptionSpace]:
    return [OptionSpace.read(path) for path in sorted((ROOT / "config/spaces").glob(f"{ENGINES[engine]}.yaml"))]


def configurations(engine: str) -> list[Configuration]:
    """The default configuration of each shipped space of an engine, and all changes of one of its options."""
    return [one for space in spaces(engine) for one in (space.default, *space.one_at_a_time())]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the network that snippets open."""
    monkeypatch.chdir(tmp_path)
    for precision in ("fp32", "int8"):
        Path(network(tmp_path, ["batch", 3, "image_px", "image_px"])).rename(tmp_path / f"tiny.{precision}.onnx")
    return tmp_path


def run(text: str, **names: Any) -> dict[str, Any]:
    namespace = dict(names)
    exec(compile(text, "snippet", "exec"), namespace)
    return namespace


def settings_of(options: onnxruntime.SessionOptions) -> dict[str, Any]:
    """All that can be asked of session options, but for the log that is not part of a configuration."""
    attributes = {
        name: getattr(options, name)
        for name in dir(onnxruntime.SessionOptions)
        if not name.startswith(("_", "log")) and not callable(getattr(options, name))
    }
    entries = {}
    for key in (*(entry.key for entry in SESSION.values()), "session.intra_op_thread_affinities"):
        try:
            entries[key] = options.get_session_config_entry(key)
        except RuntimeError:
            entries[key] = None
    return attributes | entries


def opened(configuration: Configuration) -> onnxruntime.SessionOptions:
    """What the engine's session has: it may hold less than it was asked for."""
    session = onnxruntime.InferenceSession(
        "tiny.fp32.onnx", session_options(configuration), providers=["CPUExecutionProvider"]
    )
    return session.get_session_options()


def on_cpu() -> list[Configuration]:
    return [one for one in configurations("onnxruntime") if one.get("provider") != "cuda"]


def test_python_code_opens_a_session_with_the_settings_of_the_engine(here: Path) -> None:
    chosen = [one for one in on_cpu() if one.get("thread_affinity") != "pinned"]
    assert len(chosen) > 30
    for configuration in chosen:
        names = run(exported("onnxruntime-python", configuration).text)
        assert settings_of(names["options"]) == settings_of(session_options(configuration))
        assert settings_of(names["session"].get_session_options()) == settings_of(opened(configuration))
        assert names["session"].get_providers() == ["CPUExecutionProvider"]


def test_python_code_says_what_is_in_the_configuration(here: Path) -> None:
    configuration: Configuration = {
        "intra_op_threads": 2, "inter_op_threads": None, "execution_mode": "sequential", "intra_op_spinning": False,
        "graph_optimization_level": "extended", "precision": "int8", "memory_arena_shrinkage": True,
    }  # fmt: skip
    text = exported("onnxruntime-python", configuration, cores="1", image_px=96, settings="governor=powersave").text
    names = run(text)
    options = names["session"].get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert names["run_options"].get_run_config_entry("memory.enable_memory_arena_shrinkage") == "cpu:0"
    assert '"tiny.int8.onnx"' in text
    for remark in ("precision=int8", "batch=1 image_px=96", "bound to 1 CPU.", "governor=powersave"):
        assert re.search(f"^# .*{remark}", text, flags=re.MULTILINE), remark


@pytest.mark.skipif(len(usable_cpus()) < 2 or sys.platform != "linux", reason="needs two CPUs and Linux")
def test_python_code_pins_threads(here: Path) -> None:
    configuration: Configuration = {"intra_op_threads": 2, "thread_affinity": "pinned"}
    text = exported("onnxruntime-python", configuration).text
    asked = "print(session.get_session_options().get_session_config_entry('session.intra_op_thread_affinities'))\n"
    code = f"{text}{asked}print(os.sched_getaffinity(0))"
    lines = subprocess.check_output([sys.executable, "-c", code], text=True).splitlines()
    cpus = usable_cpus()
    assert lines == [str(cpus[1] + 1), str({cpus[0]})]
    assert any("thread_affinity=pinned" in remark for remark in exported("onnxruntime-json", configuration).remarks)


def test_python_code_for_cuda_names_its_options() -> None:
    configuration: Configuration = {"provider": "cuda", "use_tf32": False, "enable_cuda_graph": True}
    text = exported("onnxruntime-python", configuration).text
    compile(text, "snippet", "exec")
    (line,) = (line for line in text.splitlines() if line.startswith("providers = "))
    assert run(line)["providers"] == [
        ("CUDAExecutionProvider", {"use_tf32": "0", "enable_cuda_graph": "1"}), "CPUExecutionProvider",
    ]  # fmt: skip
    assert json.loads(exported("onnxruntime-json", configuration).text)["providers"] == [
        ["CUDAExecutionProvider", {"use_tf32": "0", "enable_cuda_graph": "1"}], ["CPUExecutionProvider", {}],
    ]  # fmt: skip


def test_json_loaded_as_the_documentation_shows_gives_the_settings_of_the_engine(here: Path) -> None:
    (loader,) = re.findall(r"```python\n(import json\n.*?)```", USE.read_text(), flags=re.DOTALL)
    for configuration in on_cpu():
        if configuration.get("thread_affinity") != "pinned":
            Path("settings.json").write_text(exported("onnxruntime-json", configuration).text)
            names = run(loader.replace("network.onnx", "tiny.fp32.onnx"))
            assert settings_of(names["options"]) == settings_of(session_options(configuration))
            assert settings_of(names["session"].get_session_options()) == settings_of(opened(configuration))


def test_an_entry_of_a_newer_version_is_remarked_on() -> None:
    assert "Needs ONNX Runtime 1.26" in exported("onnxruntime-python", {"intra_op_spin_duration_us": 100}).text
    assert "Needs ONNX Runtime" not in exported("onnxruntime-python", {}).text


@pytest.mark.parametrize("name", [name for name in export.names() if name != "table"])
def test_no_level_is_dropped_silently(name: str) -> None:
    engine = export.load(name).engine
    n_changes = 0
    for space in spaces(engine):
        default = exported(name, space.default)
        for changed in space.one_at_a_time():
            assert exported(name, changed) != default, changed
            n_changes += 1
    assert n_changes > 5
    unknown = exported(name, {"weather": "fine"})
    assert "weather=fine" in unknown.text + " ".join(unknown.remarks)


def test_the_table_suits_every_engine_and_holds_every_level() -> None:
    default = deployment("mine.Engine", {"threads": 4, "workers": None, "arena": True})
    rows = [line.split() for line in export.load("table").export(default).text.splitlines()]
    assert rows == [
        ["option", "level", "default"], ["threads", "4", "inactive"], ["workers", "inactive", "inactive"],
        ["arena", "true", "inactive"],
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name in export.names() if name != "table"])
@pytest.mark.parametrize("engine", ["simulated", ""])
def test_a_format_for_another_engine_is_refused(name: str, engine: str) -> None:
    with pytest.raises(UserError, match=f"new has engine {engine or 'unknown'}, and this format is for .* table"):
        export.load(name).export(deployment(engine, {}))


def test_a_level_that_the_engine_does_not_know_is_refused() -> None:
    with pytest.raises(UserError, match="not a configuration of onnxruntime: execution_mode: unknown level 'serial'"):
        exported("onnxruntime-python", {"execution_mode": "serial"})


def test_an_unknown_format_is_refused_with_the_nearest() -> None:
    with pytest.raises(UserError, match=r"unknown format 'onnxruntime-jsn'.* Did you mean 'onnxruntime-json'"):
        export.load("onnxruntime-jsn")


def test_each_engine_has_one_native_format() -> None:
    formats = [export.load(name) for name in export.names()]
    for engine in ENGINES:
        assert sum(one.is_native and one.engine == engine for one in formats) == 1
        assert export.native(engine).engine == engine
    assert export.native("mine.Engine").title == export.load("table").title
    assert export.load("onnxruntime-json").options < NAMES  # type: ignore[operator]


def _plain(value: Any) -> Any:
    value = getattr(value, "name", value)
    return value.lower() if isinstance(value, str) else value


@pytest.mark.engines
def test_properties_of_openvino_arrive(here: Path) -> None:
    openvino = pytest.importorskip("openvino", reason="openvino is not installed (pip install openvino)")
    core = openvino.Core()
    for configuration in configurations("openvino"):
        if int(str(configuration["inference_num_threads"])) <= len(usable_cpus()):
            ((device, properties),) = json.loads(exported("openvino-json", configuration).text).items()
            model = core.read_model("tiny.fp32.onnx")
            model.reshape([1, 3, 16, 16])
            compiled = core.compile_model(model, device, properties)
            # Some come back as members of enumerations, some as texts.
            held = {name: _plain(compiled.get_property(name)) for name in properties}
            assert held["PERFORMANCE_HINT"] == configuration["performance_hint"]
            assert held["INFERENCE_NUM_THREADS"] == configuration["inference_num_threads"]
            assert held["ENABLE_CPU_PINNING"] == configuration["enable_cpu_pinning"]
            assert held["EXECUTION_MODE_HINT"] == configuration["execution_mode_hint"]
            if configuration["num_streams"] is not None:
                assert held["NUM_STREAMS"] == configuration["num_streams"]


ASKED = """
image = torch.ones(1, 3, 8, 8)
with torch.inference_mode():
    plain = original(image)
out = infer(image)
print(json.dumps({
    "threads": torch.get_num_threads(), "interop_threads": torch.get_num_interop_threads(),
    "onednn": torch.backends.mkldnn.enabled, "flushed": bool(torch.tensor([1e-40]) * 1.0 == 0),
    "last": original.weight.is_contiguous(memory_format=torch.channels_last), "type": str(out.dtype),
    "compiled": compiled, "close": torch.allclose(out.float(), plain, atol=0.05),
}))
"""
BEFORE = """
import json, torch
original = module = torch.nn.Conv2d(3, 3, 3)
compiled = []
torch.compile = lambda module, **how: compiled.append(how) or module
"""


@pytest.mark.engines
def test_python_code_for_pytorch_sets_it_up() -> None:
    pytest.importorskip("torch", reason="torch is not installed (pip install torch)")
    configuration: Configuration = {
        "threads": 2, "interop_threads": 3, "onednn": False, "flush_denormal": True, "channels_last": True,
        "autocast": "bf16", "execution": "compile",
    }  # fmt: skip

    def told(configuration: Configuration) -> dict[str, Any]:
        code = BEFORE + exported("pytorch", configuration).text + ASKED
        out: dict[str, Any] = json.loads(subprocess.check_output([sys.executable, "-c", code], text=True))
        return out

    how = {"mode": "default", "dynamic": False, "fullgraph": True}
    assert told(configuration) == {
        "threads": 2, "interop_threads": 3, "onednn": False, "flushed": True, "last": True, "type": "torch.bfloat16",
        "compiled": [how], "close": True,
    }  # fmt: skip
    plain = told({"execution": "eager", "onednn": True})
    assert (plain["threads"], plain["onednn"], plain["type"], plain["compiled"]) == (1, True, "torch.float32", [])


def test_python_code_for_pytorch_on_cuda_is_code() -> None:
    for space in spaces("pytorch"):
        for configuration in (space.default, *space.one_at_a_time()):
            compile(exported("pytorch", configuration).text, "snippet", "exec")
    graphs = exported("pytorch", {"device": "cuda", "cuda_graphs": True, "tf32": True}).text
    assert "torch.backends.cudnn.allow_tf32 = True" in graphs
    assert re.search("^# .*CUDAGraph", graphs, flags=re.MULTILINE)
