"""What each option sets in ONNX Runtime, by ONNX Runtime's own names.

The engine sets it, and ``perftransfer.export`` writes it as code to paste; nothing here imports ONNX Runtime. Texts are
entries of a session's configuration and options of the CUDA provider.

ONNX Runtime silently ignores unknown entries, so ``Entry.since`` says which version brought an entry; those without it
are in every version from 1.14. Their meanings are ONNX Runtime's own:
https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h
https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from perftransfer.measuring.engines._reading import choice, number
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError

#: The first version of ONNX Runtime that is supported; ``Entry.since`` where an entry needs a newer one.
ENTRIES_SINCE = (1, 14)


@dataclass(frozen=True)
class Entry:
    """Where the level of an option goes.

    key: ONNX Runtime's name. values: its text by level; None for a number, ``minimum`` or more. since: the first
    version of ONNX Runtime that has it.
    """

    key: str
    values: Mapping[str, str] | None = None
    minimum: int = 1
    since: tuple[int, int] = ENTRIES_SINCE


@dataclass(frozen=True)
class Member:
    """A member of one of ONNX Runtime's enumerations."""

    enumeration: str
    name: str


#: Names of the execution providers, by level of the option ``provider``.
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_FLAG = {"true": True, "false": False}
_THREAD_COUNTS = {"intra_op_threads": "intra_op_num_threads", "inter_op_threads": "inter_op_num_threads"}
# Attributes of the session options, by option, with what each level stands for.
_ATTRIBUTES: dict[str, tuple[str, Mapping[str, bool | Member]]] = {
    "execution_mode": (
        "execution_mode",
        {
            "sequential": Member("ExecutionMode", "ORT_SEQUENTIAL"),
            "parallel": Member("ExecutionMode", "ORT_PARALLEL"),
        },
    ),
    "execution_order": (
        "execution_order",
        {
            "default": Member("ExecutionOrder", "DEFAULT"),
            "priority_based": Member("ExecutionOrder", "PRIORITY_BASED"),
        },
    ),
    "graph_optimization_level": (
        "graph_optimization_level",
        {
            "disabled": Member("GraphOptimizationLevel", "ORT_DISABLE_ALL"),
            "basic": Member("GraphOptimizationLevel", "ORT_ENABLE_BASIC"),
            "extended": Member("GraphOptimizationLevel", "ORT_ENABLE_EXTENDED"),
            # From version 1.22.
            "layout": Member("GraphOptimizationLevel", "ORT_ENABLE_LAYOUT"),
            "all": Member("GraphOptimizationLevel", "ORT_ENABLE_ALL"),
        },
    ),
    "memory_arena": ("enable_cpu_mem_arena", _FLAG),
    "memory_pattern": ("enable_mem_pattern", _FLAG),
    "memory_reuse": ("enable_mem_reuse", _FLAG),
    "deterministic_compute": ("use_deterministic_compute", _FLAG),
}
# ONNX Runtime's own, except for the thread counts.
_DEFAULTS: Options = {
    "intra_op_threads": 1,
    "inter_op_threads": 1,
    "execution_mode": "sequential",
    "graph_optimization_level": "all",
    "memory_arena": True,
    "memory_pattern": True,
    "intra_op_spinning": True,
    "prepacking": True,
}
_AFFINITIES = {"none": False, "pinned": True}

ON = {"true": "1", "false": "0"}
OFF = {"true": "0", "false": "1"}

#: Entries of the session's configuration, by option.
SESSION = {
    "intra_op_spinning": Entry("session.intra_op.allow_spinning", ON),
    # 0 is spinning forbidden in other words; -1, the library's default, is a number of turns and no time.
    "intra_op_spin_duration_us": Entry("session.intra_op.spin_duration_us", minimum=-1, since=(1, 26)),
    "intra_op_spin_backoff_max": Entry("session.intra_op.spin_backoff_max", since=(1, 26)),
    "inter_op_spinning": Entry("session.inter_op.allow_spinning", ON),
    "inter_op_spin_duration_us": Entry("session.inter_op.spin_duration_us", minimum=-1, since=(1, 26)),
    "inter_op_spin_backoff_max": Entry("session.inter_op.spin_backoff_max", since=(1, 26)),
    "force_spinning_stop": Entry("session.force_spinning_stop", ON),
    "dynamic_block_base": Entry("session.dynamic_block_base", minimum=0),
    "denormal_as_zero": Entry("session.set_denormal_as_zero", ON),
    "prepacking": Entry("session.disable_prepacking", OFF),
    "device_allocator_for_initializers": Entry("session.use_device_allocator_for_initializers", ON),
    "quant_qdq": Entry("session.disable_quant_qdq", OFF),
    "quant_qdq_cleanup": Entry("session.enable_quant_qdq_cleanup", ON),
    "x64_quant_precision": Entry("session.x64quantprecision", ON),
    "gelu_approximation": Entry("optimization.enable_gelu_approximation", ON),
    "gemm_fastmath_bf16": Entry("mlas.enable_gemm_fastmath_arm64_bfloat16", ON, since=(1, 17)),
}

#: Options of the CUDA provider, by option. A build that does not know one refuses it, so that none needs a version.
CUDA = {
    "cudnn_conv_algo_search": Entry(
        "cudnn_conv_algo_search", {"exhaustive": "EXHAUSTIVE", "heuristic": "HEURISTIC", "default": "DEFAULT"}
    ),
    "cudnn_conv_use_max_workspace": Entry("cudnn_conv_use_max_workspace", ON),
    "cudnn_conv1d_pad_to_nc1d": Entry("cudnn_conv1d_pad_to_nc1d", ON),
    "enable_cudnn": Entry("enable_cudnn", ON),
    "cuda_arena_extend_strategy": Entry(
        "arena_extend_strategy", {"next_power_of_two": "kNextPowerOfTwo", "same_as_requested": "kSameAsRequested"}
    ),
    "do_copy_in_default_stream": Entry("do_copy_in_default_stream", ON),
    "use_ep_level_unified_stream": Entry("use_ep_level_unified_stream", ON),
    "use_tf32": Entry("use_tf32", ON),
    "prefer_nhwc": Entry("prefer_nhwc", ON),
    "fuse_conv_bias": Entry("fuse_conv_bias", ON),
    "enable_cuda_graph": Entry("enable_cuda_graph", ON),
    "tunable_op_enable": Entry("tunable_op_enable", ON),
    "tunable_op_tuning_enable": Entry("tunable_op_tuning_enable", ON),
    "enable_skip_layer_norm_strict_mode": Entry("enable_skip_layer_norm_strict_mode", ON),
}


# Options that one provider alone knows; the others are the session's.
_ONLY = {
    "cpu": frozenset({"memory_arena_shrinkage", "x64_quant_precision", "gemm_fastmath_bf16"}),
    "cuda": frozenset(CUDA),
}

#: Names of all options that set something; ``precision`` only says which file is opened.
NAMES = frozenset(
    {*_THREAD_COUNTS, *_ATTRIBUTES, *SESSION, *CUDA, "provider", "thread_affinity", "memory_arena_shrinkage"}
)


@dataclass(frozen=True)
class Settings:
    """All that a configuration sets.

    Parameters
    ----------
    provider
        Name of the execution provider.
    attributes
        Of ``SessionOptions``.
    entries
        Of the session's configuration.
    provider_options
        Options of the provider.
    run_entries
        Of the configuration of every inference.
    pinned_threads
        How many threads that share the work of an operator get a CPU each, the calling one included; 0 if none does.
    since
        First version of ONNX Runtime that knows all entries.
    """

    provider: str
    attributes: Mapping[str, int | bool | Member]
    entries: Mapping[str, str]
    provider_options: Mapping[str, str] = field(default_factory=dict)
    run_entries: Mapping[str, str] = field(default_factory=dict)
    pinned_threads: int = 0
    since: tuple[int, int] = ENTRIES_SINCE


#: A session on the CPU for which nothing is set.
NOTHING = Settings(PROVIDERS["cpu"], {}, {})


def translate(options: Options, version: str | None = None) -> Settings:
    """Translate a configuration into what it sets.

    Options that the configuration does not name keep ONNX Runtime's defaults, except for the thread counts: left
    alone, ONNX Runtime takes all cores of the machine and ignores the affinity of the process.

    Parameters
    ----------
    options
        The configuration; ``precision`` is ignored.
    version
        Of ONNX Runtime; None: any that knows the options.

    Raises
    ------
    UnsupportedConfigurationError
        For an unknown level, levels that do not go together, and an option newer than that version.
    """
    levels = {**_DEFAULTS, **{name: level for name, level in options.items() if level is not None}}
    provider = str(levels.get("provider") or "cpu")
    provider_name = choice("provider", provider, PROVIDERS)
    for other, only in _ONLY.items():
        strange = sorted(only & levels.keys())
        if other != provider and strange:
            raise UnsupportedConfigurationError(f"option {strange[0]} is one of provider {other}, not of {provider}")
    attributes: dict[str, int | bool | Member] = {
        attribute: number(name, levels[name]) for name, attribute in _THREAD_COUNTS.items()
    }
    for name, (attribute, values) in _ATTRIBUTES.items():
        if name in levels:
            attributes[attribute] = choice(name, levels[name], values)
    run_entries = {}
    if choice("memory_arena_shrinkage", levels.get("memory_arena_shrinkage", False), _FLAG):
        if not attributes["enable_cpu_mem_arena"]:
            raise UnsupportedConfigurationError(
                "memory_arena_shrinkage: there is nothing to shrink without memory_arena"
            )
        run_entries["memory.enable_memory_arena_shrinkage"] = "cpu:0"
    is_pinned = choice("thread_affinity", levels.get("thread_affinity", "none"), _AFFINITIES)
    return Settings(
        provider=provider_name,
        attributes=attributes,
        entries=texts(levels, SESSION, version),
        provider_options=texts(levels, CUDA, version),
        run_entries=run_entries,
        pinned_threads=number("intra_op_threads", levels["intra_op_threads"]) if is_pinned else 0,
        since=max(SESSION[name].since for name in levels.keys() & SESSION.keys()),
    )


def texts(options: Options, table: Mapping[str, Entry], version: str | None) -> dict[str, str]:
    """Return ONNX Runtime's texts by its own names, for those options of ``table`` that the configuration names.

    version: of ONNX Runtime, such as "1.26.0"; None: any that knows the options.

    Raises UnsupportedConfigurationError for an unknown level, and for an option newer than that version.
    """
    installed = None if version is None else tuple(map(int, version.split(".")[:2]))
    out: dict[str, str] = {}
    for name, entry in table.items():
        level = options.get(name)
        if level is None:
            continue
        if installed is not None and installed < entry.since:
            first = ".".join(map(str, entry.since))
            raise UnsupportedConfigurationError(f"option {name}: not in ONNX Runtime {version}, but from {first} on")
        if entry.values is None:
            out[entry.key] = str(number(name, level, entry.minimum))
        else:
            out[entry.key] = choice(name, level, entry.values)
    return out
