"""What each option sets in llama.cpp: fields of its ``common_params``, by their names there.

Nothing here imports llama.cpp's binding: the engine does, in the process that measures, since OpenMP reads its settings
when it is loaded.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from perftransfer.measuring.engines import _reading
from perftransfer.measuring.engines.interface import Options, UnsupportedConfigurationError

#: Types of the cache of keys and values that llama.cpp offers, by its names for them.
CACHE_TYPES = ("f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1")
_LEVELS = {
    "flash_attn": {"auto": "AUTO", "false": "DISABLED", "true": "ENABLED"},
    "load_mode": {
        "none": "NONE", "mmap": "MMAP", "mlock": "MLOCK", "mmap_mlock": "MMAP_MLOCK", "direct_io": "DIRECT_IO",
    },
    "prio": {"low": "LOW", "normal": "NORMAL", "medium": "MEDIUM", "high": "HIGH", "realtime": "REALTIME"},
    "cache_type_k": {name: name.upper() for name in CACHE_TYPES},
    "cache_type_v": {name: name.upper() for name in CACHE_TYPES},
}  # fmt: skip
# Enumeration of llama.cpp and prefix of its members, by option.
_ENUMERATIONS = {
    "flash_attn": ("llama_flash_attn_type", "LLAMA_FLASH_ATTN_TYPE_"),
    "load_mode": ("llama_load_mode", "LLAMA_LOAD_MODE_"),
    "prio": ("ggml_sched_priority", "GGML_SCHED_PRIO_"),
    "cache_type_k": ("ggml_type", "GGML_TYPE_"),
    "cache_type_v": ("ggml_type", "GGML_TYPE_"),
}
# Smallest number by option.
_NUMBERS = {"threads": 1, "threads_batch": 1, "n_batch": 1, "n_ubatch": 1, "poll": 0, "n_gpu_layers": 0}
# Field that is the opposite of the option.
_FLAGS = {"repack": "no_extra_bufts", "kv_offload": "no_kv_offload"}
# Field of threads, and which threads: those that generate tokens, those that process prompts.
_GENERATION, _PROMPT = "cpuparams", "cpuparams_batch"
_OF_THREADS = {
    "threads": ("n_threads", [_GENERATION]),
    "threads_batch": ("n_threads", [_PROMPT]),
    "poll": ("poll", [_GENERATION, _PROMPT]),
    "prio": ("priority", [_GENERATION, _PROMPT]),
}
# Field, where it is not called like the option.
_FIELDS = {"flash_attn": "flash_attn_type"}
_UNQUANTISED = {"f32", "f16", "bf16"}

#: Value of the environment variable OMP_WAIT_POLICY by level; None: the variable is not set.
WAIT_POLICIES = {"unset": None, "active": "active", "passive": "passive"}
#: Names of all options that set something; ``precision`` only says which file is read.
NAMES = frozenset({*_LEVELS, *_NUMBERS, *_FLAGS, "wait_policy"})


def wait_policy(options: Options) -> str | None:
    """Return the value of OMP_WAIT_POLICY, None for none.

    Raises UnsupportedConfigurationError for an unknown level.
    """
    level = options.get("wait_policy")
    return _reading.choice("wait_policy", "unset" if level is None else level, WAIT_POLICIES)


def translate(options: Options) -> dict[str, str | int | bool]:
    """Return what is set by option: the end of the name of an enumeration's member, a number, or a truth value.

    Raises UnsupportedConfigurationError for an unknown level, and for what llama.cpp refuses, or tacitly replaces by
    another level, whatever the build.
    """
    active = {name: level for name, level in options.items() if level is not None}
    out: dict[str, str | int | bool] = {}
    for name, level in active.items():
        if name in _LEVELS:
            out[name] = _reading.choice(name, level, _LEVELS[name])
        elif name in _NUMBERS:
            out[name] = _reading.number(name, level, _NUMBERS[name])
        elif name in _FLAGS:
            out[name] = _reading.choice(name, level, {"true": True, "false": False})
    wait_policy(options)
    value_type = str(active.get("cache_type_v", "f16"))
    if value_type not in _UNQUANTISED and out.get("flash_attn") == "DISABLED":
        raise UnsupportedConfigurationError(f"cache_type_v {value_type} needs flash_attn: llama.cpp refuses it without")
    batch, micro = out.get("n_batch"), out.get("n_ubatch")
    if batch is not None and micro is not None and int(micro) > int(batch):
        raise UnsupportedConfigurationError(f"n_ubatch {micro}: llama.cpp would take n_batch, {batch}")
    return out


def set_fields(library: ModuleType, parameters: Any, options: Options) -> None:
    """Set what the options ask for in ``common_params``; what they do not name is left as it is.

    Raises UnsupportedConfigurationError: see ``translate``.
    """
    values = translate(options)
    if "threads" in values:
        # As llama.cpp does.
        values.setdefault("threads_batch", values["threads"])
    for name, value in values.items():
        if name in _ENUMERATIONS:
            enumeration, prefix = _ENUMERATIONS[name]
            value = getattr(library, enumeration)[f"{prefix}{value}"]
        if name in _OF_THREADS:
            field, groups = _OF_THREADS[name]
            for group in groups:
                setattr(getattr(parameters, group), field, value)
        elif name in _FLAGS:
            setattr(parameters, _FLAGS[name], not value)
        else:
            setattr(parameters, _FIELDS.get(name, name), value)
