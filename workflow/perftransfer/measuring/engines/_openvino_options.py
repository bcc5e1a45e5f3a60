"""What each option sets in OpenVINO: its properties, by OpenVINO's own names.

The engine sets them, and ``perftransfer.export`` writes them; nothing here imports OpenVINO, which reads the texts.
"""

from __future__ import annotations

from perftransfer.measuring.engines import _reading
from perftransfer.measuring.engines.interface import Options

DEVICES = ("CPU", "GPU")
# Options with levels of their own; the property is the option in capitals.
_LEVELS: dict[str, dict[str, str]] = {
    "performance_hint": {"latency": "LATENCY", "throughput": "THROUGHPUT"},
    "execution_mode_hint": {"performance": "PERFORMANCE", "accuracy": "ACCURACY"},
    "inference_precision_hint": {"f32": "f32", "bf16": "bf16", "f16": "f16"},
    "scheduling_core_type": {"any_core": "ANY_CORE", "pcore_only": "PCORE_ONLY", "ecore_only": "ECORE_ONLY"},
}
_NUMBERS = ("inference_num_threads", "num_streams")
_FLAGS = ("cpu_denormals_optimization", "enable_cpu_pinning", "enable_hyper_threading")
# Without the first, OpenVINO takes all cores; without the second, every device has a default of its own.
_DEFAULTS: dict[str, dict[str, object]] = {
    "CPU": {"inference_num_threads": 1, "performance_hint": "latency"},
    "GPU": {"performance_hint": "latency"},
}

#: Names of all options that set something; ``precision`` only says which file is read.
NAMES = frozenset({*_LEVELS, *_NUMBERS, *_FLAGS, "device"})


def device(options: Options) -> str:
    """Return the name of the device that the configuration asks for.

    Raises UnsupportedConfigurationError for an unknown one.
    """
    name = str(options.get("device") or "CPU")
    _reading.choice("device", name, dict.fromkeys(DEVICES))
    return name


def properties(options: Options) -> dict[str, str | int | bool]:
    """Translate a configuration into OpenVINO's properties, by their names there.

    What the configuration does not name is left to OpenVINO, except for the number of threads (1) and the hint
    (latency).

    Raises UnsupportedConfigurationError for an unknown level.
    """
    named = {name: level for name, level in options.items() if level is not None}
    out: dict[str, str | int | bool] = {}
    for name, level in {**_DEFAULTS[device(options)], **named}.items():
        if name in _LEVELS:
            out[name.upper()] = _reading.choice(name, level, _LEVELS[name])
        elif name in _NUMBERS:
            out[name.upper()] = _reading.number(name, level)
        elif name in _FLAGS:
            out[name.upper()] = _reading.choice(name, level, {"true": True, "false": False})
    return out
