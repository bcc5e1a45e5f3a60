"""Options that ONNX Runtime takes as texts: entries of a session's configuration, options of its CUDA provider.

ONNX Runtime silently ignores unknown entries, so ``Entry.since`` says which version brought an entry; those without it
are in every version from 1.14. Their meanings are ONNX Runtime's own:
https://github.com/microsoft/onnxruntime/blob/main/include/onnxruntime/core/session/onnxruntime_session_options_config_keys.h
https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from perftransfer.measuring.engines._reading import choice, number
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError


@dataclass(frozen=True)
class Entry:
    """Where the level of an option goes.

    key: ONNX Runtime's name. values: its text by level; None for a number, ``minimum`` or more. since: the first
    version of ONNX Runtime that has it.
    """

    key: str
    values: Mapping[str, str] | None = None
    minimum: int = 1
    since: tuple[int, int] = (1, 14)


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


def texts(options: Options, table: Mapping[str, Entry], version: str) -> dict[str, str]:
    """Return ONNX Runtime's texts by its own names, for those options of ``table`` that the configuration names.

    version: of ONNX Runtime, such as "1.26.0".

    Raises UnsupportedConfigurationError for an unknown level, and for an option newer than that version.
    """
    major, minor = map(int, version.split(".")[:2])
    out: dict[str, str] = {}
    for name, entry in table.items():
        level = options.get(name)
        if level is None:
            continue
        if (major, minor) < entry.since:
            first = ".".join(map(str, entry.since))
            raise UnsupportedConfigurationError(f"option {name}: not in ONNX Runtime {version}, but from {first} on")
        if entry.values is None:
            out[entry.key] = str(number(name, level, entry.minimum))
        else:
            out[entry.key] = choice(name, level, entry.values)
    return out
