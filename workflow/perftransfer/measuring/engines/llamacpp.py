"""Language models by llama.cpp, on the CPU, and on a GPU where its build has one.

An inference is a round of ``batch`` requests that are sent at once: to each prompt of ``prompt_tokens`` random tokens
``generated_tokens`` are generated, the most probable one each time, whether the text has ended or not. Nothing of an
earlier prompt is reused. The round's time is its latency.

Besides, of each request: the time to its first token (``ttft_ms``), from when it is sent, waiting for other requests
included, as MLPerf's LoadGen and GuideLLM define it; the time per output token (``tpot_ms``), the mean over all tokens
but the first, as LoadGen defines it ((latency - time to the first token) / (tokens - 1), ``loadgen/logging.cc``), which
GuideLLM calls inter-token latency (its own time per output token includes the first); and the time between any two
successive tokens (``itl_ms``). Of each round: generated tokens per second (``tokens_per_s``).

llama.cpp says when it had each token, relative to the first one. Its binding hands tokens over a little later, on a
busy core by a tick of the scheduler. The token that was handed over fastest places llama.cpp's clock on ours.

Threads of the CPU are those of OpenMP in most builds. How they wait for each other decides most on a busy machine
(``wait_policy``; OpenMP left alone spins for a while and sleeps then); ``poll`` is for builds without OpenMP.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from perftransfer import objectives
from perftransfer.levels import Level
from perftransfer.measuring.engines import _llamacpp_options, _reading
from perftransfer.measuring.engines.interface import (
    ENGINE_DEFAULT,
    Engine,
    Options,
    Session,
    UnsupportedConfigurationError,
)

_LIBRARY = "xllamacpp"
if importlib.util.find_spec(_LIBRARY) is None:
    # Said where engines are loaded; the library itself is loaded in the process that measures.
    raise ModuleNotFoundError(f"No module named {_LIBRARY!r}", name=_LIBRARY)

_WAIT_POLICY = "OMP_WAIT_POLICY"
_DEFAULT_PRECISION = "f16"
# llama.cpp rounds the size of its cache up to a multiple of this.
_CELLS = 256
_SIZES = ("prompt_tokens", "generated_tokens")
# Errors only.
_VERBOSITY = 0

# When a token was handed over, in seconds, and what llama.cpp says of the request so far.
_Chunk = tuple[float, Mapping[str, Any]]


@dataclass(frozen=True)
class _Request:
    """Times of one request in milliseconds, and its text."""

    first_token: float
    per_token: float
    between_tokens: list[float]
    text: str

    @classmethod
    def from_chunks(cls, sent: float, chunks: Sequence[_Chunk], prompt_tokens: int, generated_tokens: int) -> _Request:
        """Take them from what was handed over; ``sent`` is in seconds.

        Raises RuntimeError if llama.cpp did something else than it was asked for.
        """
        for _, chunk in chunks:
            if "timings" not in chunk:
                raise RuntimeError(f"llama.cpp answered {str(chunk)[:300]}")
        # By number of tokens so far; the last answer repeats the numbers of the last token.
        tokens: dict[int, _Chunk] = {}
        for delivered, chunk in chunks:
            tokens.setdefault(chunk["timings"]["predicted_n"], (delivered, chunk["timings"]))
        timings = chunks[-1][1]["timings"] if chunks else {}
        numbers = {name: timings.get(name) for name in ("cache_n", "prompt_n", "predicted_n")}
        expected = {"cache_n": 0, "prompt_n": prompt_tokens, "predicted_n": generated_tokens}
        if numbers != expected:
            raise RuntimeError(f"llama.cpp was asked for {expected} tokens and reports {numbers}")
        # llama.cpp counts from the first token. A token that is a part of a character is handed over with the next one.
        at = {1: 0.0} | {number: timings["predicted_ms"] for number, (_, timings) in tokens.items()}
        start = min(1e3 * delivered - timings["predicted_ms"] for delivered, timings in tokens.values())
        return cls(
            first_token=start + at[1] - 1e3 * sent,
            per_token=(at[generated_tokens] - at[1]) / (generated_tokens - 1),
            between_tokens=[at[n] - at[n - 1] for n in at if n - 1 in at],
            text="".join(chunk["choices"][0]["text"] for _, chunk in chunks),
        )


def _load_library(policy: str | None) -> ModuleType:
    """Import llama.cpp's binding, and with it OpenMP, whose threads are to wait for each other by ``policy``."""
    if _LIBRARY not in sys.modules:
        os.environ.pop(_WAIT_POLICY, None)
        if policy is not None:
            os.environ[_WAIT_POLICY] = policy
    elif os.environ.get(_WAIT_POLICY) != policy:
        raise RuntimeError("wait_policy: OpenMP was loaded with another one; measure it in a process of its own")
    return importlib.import_module(_LIBRARY)


def _has_gpu(library: ModuleType) -> bool:
    kinds = {device["type"].name.rpartition("_")[2] for device in library.get_device_info()}
    return bool(kinds & {"GPU", "IGPU"})


def _check_build(library: ModuleType, options: Options) -> None:
    """Refuse what this build, or this machine, cannot do."""
    has_openmp = "OPENMP = 1" in library.get_system_info()
    if has_openmp and options.get("poll") is not None:
        raise UnsupportedConfigurationError("poll: this build's threads are those of OpenMP: use wait_policy")
    if not has_openmp and _llamacpp_options.wait_policy(options) is not None:
        raise UnsupportedConfigurationError("wait_policy: this build's threads are not those of OpenMP: use poll")
    needs_gpu = options.get("n_gpu_layers") or options.get("kv_offload") is not None
    if needs_gpu and not _has_gpu(library):
        raise UnsupportedConfigurationError("llama.cpp finds no GPU here")
    if options.get("prio") in ("medium", "high", "realtime"):
        _check_priority()


def _check_priority() -> None:
    """Refuse a priority that the system does not allow: llama.cpp would go on without it."""
    if not hasattr(os, "sched_setscheduler"):
        raise UnsupportedConfigurationError("prio: whether this system allows it is unknown")
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError as error:
        raise UnsupportedConfigurationError("prio: this process may not raise its priority") from error
    os.sched_setscheduler(0, *before)


def _locked_memory() -> int:
    """KiB of this process that are locked in memory."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmLck:"))


class _LlamaCppSession(Session):
    """llama.cpp's server with one model."""

    def __init__(self, path: str, workload: Mapping[str, int], options: Options, seed: int) -> None:
        self._batch = workload["batch"]
        self._prompt_tokens, self._generated_tokens = (workload[name] for name in _SIZES)
        if self._generated_tokens < 2:
            raise UnsupportedConfigurationError("generated_tokens: the time per output token takes two of them")
        _llamacpp_options.translate(options)
        self._library = _load_library(_llamacpp_options.wait_policy(options))
        _check_build(self._library, options)
        parameters = self._parameters(path, options)
        if parameters.n_gpu_layers and _has_gpu(self._library):
            self.counters = ("nvml",)
        self._server = self._library.Server(parameters)
        # At once, whatever is refused below: a server that ends before it has begun to serve waits for that for ever.
        self._server.handle_completions({"prompt": [1], "max_tokens": 1, "cache_prompt": False})
        if "mlock" in str(options.get("load_mode")) and not _locked_memory():
            raise UnsupportedConfigurationError("load_mode: the system does not let this process lock the model")
        rng = np.random.default_rng(seed)
        vocabulary = self._vocabulary()
        # Not the first and last ones, among which are those that control the model.
        shape = (self._batch, self._prompt_tokens)
        self._prompts = rng.integers(vocabulary // 4, 3 * vocabulary // 4, size=shape).tolist()
        self._senders = ThreadPoolExecutor(self._batch)
        self._series: dict[str, list[float]] = {}
        #: Texts of the last round.
        self.texts: list[str] = []

    def _parameters(self, path: str, options: Options) -> Any:
        parameters = self._library.CommonParams()
        if ENGINE_DEFAULT not in options:
            # Left alone, llama.cpp takes all cores, and a GPU where there is one.
            named = {name: level for name, level in options.items() if level is not None}
            options = {"threads": 1, "n_gpu_layers": 0, **named}
        _llamacpp_options.set_fields(self._library, parameters, options)
        parameters.model.path = path
        parameters.n_parallel = self._batch
        cells = -(-(self._prompt_tokens + self._generated_tokens) // _CELLS) * _CELLS
        # A batch larger than the cache would tacitly be made smaller.
        parameters.n_ctx = max(self._batch * cells, parameters.n_batch)
        # Nothing is reused, nothing is adapted to the free memory, and warming up is for the protocol.
        parameters.cache_prompt = parameters.cache_idle_slots = parameters.fit_params = parameters.warmup = False
        parameters.cache_ram_mib = parameters.n_ctx_checkpoints = 0
        parameters.slot_prompt_similarity = 0.0
        parameters.verbosity = _VERBOSITY
        parameters.ui = False
        return parameters

    def _vocabulary(self) -> int:
        """Return the number of tokens that the model knows."""
        # Not by a proxy, which knows another "this machine".
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"{self._server.listening_address}/v1/models") as answer:
            return int(json.load(answer)["data"][0]["meta"]["n_vocab"])

    def _send(self, prompt: Sequence[int]) -> _Request:
        chunks: list[_Chunk] = []
        sent = time.perf_counter()
        self._server.handle_completions(
            {
                "prompt": prompt,
                "max_tokens": self._generated_tokens,
                "ignore_eos": True,
                "cache_prompt": False,
                # The most probable token, which needs no other sampler.
                "temperature": 0.0,
                "samplers": ["top_k"],
                "top_k": 1,
                "stream": True,
                "timings_per_token": True,
            },
            lambda chunk: chunks.append((time.perf_counter(), chunk)),
        )
        return _Request.from_chunks(sent, chunks, self._prompt_tokens, self._generated_tokens)

    def run(self) -> None:
        started = time.perf_counter()
        requests = list(self._senders.map(self._send, self._prompts))
        seconds = time.perf_counter() - started
        values = {
            "ttft_ms": [request.first_token for request in requests],
            "tpot_ms": [request.per_token for request in requests],
            "itl_ms": [value for request in requests for value in request.between_tokens],
            "tokens_per_s": [self._batch * self._generated_tokens / seconds],
        }
        for name, added in values.items():
            self._series.setdefault(name, []).extend(added)
        self.texts = [request.text for request in requests]

    def take_series(self) -> dict[str, list[float]]:
        series, self._series = self._series, {}
        return series

    def close(self) -> None:
        self._senders.shutdown()
        del self._server


class LlamaCpp(Engine):
    """llama.cpp: threads and how they wait, batches, flash attention, types of the cache, weights, layers on a GPU."""

    options = _llamacpp_options.NAMES | {"precision"}
    changes_outputs = frozenset({"precision", "cache_type_k", "cache_type_v"})
    objectives = Engine.objectives | set(objectives.GENERATION) | set(objectives.GENERATION_PERCENTILES)
    counters = ("rapl", "hwmon")
    workload = frozenset({"batch", *_SIZES})
    formats = frozenset({"gguf"})

    def left_alone(self, default: Options) -> Options:
        """Return the configuration in which llama.cpp keeps all its defaults; it still has to open some file."""
        return {ENGINE_DEFAULT: True, "precision": default.get("precision")}

    @classmethod
    def level_problem(cls, option: str, level: Level) -> str | None:
        """Say why llama.cpp has no such level."""
        return _reading.level_problem(_llamacpp_options.translate, option, level, [{}])

    def versions(self) -> dict[str, str]:
        """Version of the binding, which says that of llama.cpp."""
        return {_LIBRARY: importlib.metadata.version(_LIBRARY)}

    def open(
        self, files: Mapping[str, str], workload: Mapping[str, int], options: Options, seed: int
    ) -> _LlamaCppSession:
        """Open the model in the precision that the configuration asks for (f16 where it asks for none)."""
        path = _reading.network_file(files, options, _DEFAULT_PRECISION)
        return _LlamaCppSession(path, workload, options, seed)
