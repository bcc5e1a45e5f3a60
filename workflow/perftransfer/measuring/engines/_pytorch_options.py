"""What each option sets in PyTorch, by PyTorch's own names.

The engine sets it, and ``perftransfer.export`` writes it as code to paste; nothing here imports PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.measuring.engines._reading import choice, number
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError

DEVICES = ("cpu", "cuda")
EXECUTIONS = ("eager", "compile")
#: Modes of the compiler: whether the mode makes CUDA graphs of its own.
COMPILE_MODES = {
    "default": False, "max-autotune-no-cudagraphs": False, "reduce-overhead": True, "max-autotune": True,
}  # fmt: skip
#: Arguments of torch.compile, and of torch.autocast. Weights that want no gradient are not kept anyway, and captured
#: casts must not be.
COMPILE: dict[str, object] = {"dynamic": False, "fullgraph": True}
AUTOCAST: dict[str, object] = {"cache_enabled": False}
_CASTS = {"none": None, "bf16": "bfloat16", "fp16": "float16"}
_FLAGS = {"true": True, "false": False}
# Options that work on one device alone, with the level that means nothing on the others.
_ONLY: dict[str, dict[str, int]] = {
    "cpu": {"threads": 1, "interop_threads": 1, "flush_denormal": False, "onednn": True},
    "cuda": {"tf32": False, "cudnn_benchmark": False, "cuda_graphs": False},
}
_THREAD_COUNTS = {"interop_threads": "torch.set_num_interop_threads", "threads": "torch.set_num_threads"}
# The newer names of TF32 (fp32_precision) do the same, but not all of PyTorch reads them, and the two do not mix.
_SWITCHES = {
    "onednn": ("torch.backends.mkldnn.enabled",),
    "tf32": ("torch.backends.cuda.matmul.allow_tf32", "torch.backends.cudnn.allow_tf32"),
    "cudnn_benchmark": ("torch.backends.cudnn.benchmark",),
}

#: Names of all options; PyTorch reads one file of the network only, in fp32.
NAMES = frozenset({"device", "execution", "compile_mode", "channels_last", "autocast", *_ONLY["cpu"], *_ONLY["cuda"]})


@dataclass(frozen=True)
class Settings:
    """All that a configuration sets.

    Parameters
    ----------
    device
        ``cpu`` or ``cuda``.
    calls
        Functions that are called once, by their paths, with their argument.
    attributes
        Attributes that are set, by their paths.
    channels_last
        Whether module and images have the memory format ``torch.channels_last``.
    autocast
        Name of the type that autocast uses; None without autocast.
    compile_mode
        How the module is compiled; None if it is not.
    cuda_graphs
        Whether the inference is captured as a CUDA graph.
    """

    device: str
    calls: Mapping[str, int | bool]
    attributes: Mapping[str, bool]
    channels_last: bool
    autocast: str | None
    compile_mode: str | None
    cuda_graphs: bool


def translate(options: Options) -> Settings:
    """Translate a configuration into what it sets.

    What the configuration does not name is left to PyTorch, except for the number of threads (1).

    Raises UnsupportedConfigurationError for an unknown level, and for levels that do not go together.
    """
    device, mode = str(options.get("device") or "cpu"), options.get("compile_mode")
    choice("device", device, dict.fromkeys(DEVICES))
    for other, only in _ONLY.items():
        for name, nothing in only.items():
            if other != device and options.get(name) not in (None, nothing):
                raise UnsupportedConfigurationError(f"option {name} is one of device {other}, not of {device}")
    execution = str(options.get("execution") or "eager")
    choice("execution", execution, dict.fromkeys(EXECUTIONS))
    if execution == "eager":
        if mode is not None:
            raise UnsupportedConfigurationError("option compile_mode is one of execution compile, not of eager")
    elif mode is not None and choice("compile_mode", mode, COMPILE_MODES):
        if device == "cpu":
            raise UnsupportedConfigurationError(f"compile_mode {mode}: the CPU has no CUDA graphs, which are its point")
        if options.get("cuda_graphs"):
            raise UnsupportedConfigurationError(f"cuda_graphs: compile_mode {mode} makes CUDA graphs of its own")
    here = {name: level for name, level in options.items() if level is not None and name in _ONLY[device]}
    calls: dict[str, int | bool] = {}
    # A processor that cannot do it need not be asked to do without.
    if choice("flush_denormal", here.get("flush_denormal", False), _FLAGS):
        calls["torch.set_flush_denormal"] = True
    counts = {"threads": 1, **here}
    for name, path in _THREAD_COUNTS.items():
        if name in counts:
            calls[path] = number(name, counts[name])
    return Settings(
        device=device,
        calls=calls,
        attributes={
            path: choice(name, here[name], _FLAGS)
            for name, paths in _SWITCHES.items()
            for path in paths
            if name in here
        },
        channels_last=_flag(options, "channels_last"),
        autocast=choice("autocast", options.get("autocast") or "none", _CASTS),
        compile_mode=str(mode or "default") if execution == "compile" else None,
        cuda_graphs=_flag(options, "cuda_graphs"),
    )


def _flag(options: Options, name: str) -> bool:
    level = options.get(name)
    return False if level is None else choice(name, level, _FLAGS)
