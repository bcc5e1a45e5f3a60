"""Compare our times of tokens with those that llama.cpp's server reports of itself, each in a fresh process.

    PYTHONPATH=workflow python benchmarks/against_llama_server.py

Same file, lengths, threads and CPUs; one request at a time. The other side knows nothing of our code: a program that
starts llama.cpp's server with its own defaults but for those settings, sends it requests over HTTP, and takes the
medians of what it reports of itself (``timings`` of its ``/completion``). Its time of the prompt begins when the server
takes the request up, ours when the request is sent.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from _side_by_side import (
    SEED,
    Comparison,
    Median,
    add_rounds,
    arguments,
    bound_to,
    describe_machine,
    in_turns,
    judge,
    need,
)

from perftransfer.measuring import fingerprint, networks
from perftransfer.measuring.isolation import MeasuringServer
from perftransfer.measuring.protocol import Protocol
from perftransfer.measuring.records import Request
from perftransfer.plain import to_plain

AIM = 0.02
#: What is compared: our name of it, and that of the other side.
TIMES = {"ttft_ms": "prompt_ms", "tpot_ms": "predicted_per_token_ms"}

_LOOP = """
import json, statistics, sys, urllib.request
import xllamacpp

file, prompt_tokens, generated_tokens, threads, rounds = sys.argv[1], *map(int, sys.argv[2:])
parameters = xllamacpp.CommonParams()
parameters.model.path = file
parameters.n_ctx = 1024
parameters.verbosity = 0
parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = threads
server = xllamacpp.Server(parameters)
body = {"n_predict": generated_tokens, "ignore_eos": True, "cache_prompt": False, "top_k": 1, "samplers": ["top_k"]}
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
timings = []
for i in range(rounds + 3):
    body["prompt"] = [300 + (7 * i + 13 * j) % 1500 for j in range(prompt_tokens)]
    data = json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    address = server.listening_address + "/completion"
    with direct.open(urllib.request.Request(address, data, headers)) as answer:
        timings.append(json.load(answer)["timings"])
assert all(each["predicted_n"] == generated_tokens and not each["cache_n"] for each in timings)
print(json.dumps({name: statistics.median(each[name] for each in timings[3:]) for name in timings[0]}))
"""


@dataclass(frozen=True)
class Case:
    """A model and a request, on the last ``threads`` CPUs."""

    network: str
    precision: str
    prompt_tokens: int
    generated_tokens: int
    threads: int = 1

    def __str__(self) -> str:
        lengths = f"{self.prompt_tokens}+{self.generated_tokens} tokens"
        return f"{self.network} {self.precision} {lengths} threads={self.threads}"


CASES = (
    Case("llama4m", "f16", 256, 16),
    Case("llama12m", "q8_0", 256, 16),
    Case("llama12m", "q8_0", 32, 64),
    Case("llama12m", "q4_0", 32, 64),
    Case("llama12m", "q8_0", 128, 32, threads=2),
)


def ours(server: MeasuringServer, case: Case, file: Path) -> dict[str, Median]:
    """Our medians, under the protocol's own settings."""
    request: Request = {
        "gpu": 0,
        "memory_limit_mib": None,
        "files": {case.precision: str(file)},
        "feeds": {},
        "workload": {"batch": 1, "prompt_tokens": case.prompt_tokens, "generated_tokens": case.generated_tokens},
        "options": {"threads": case.threads, "precision": case.precision},
        "protocol": to_plain(Protocol()),
        "seed": SEED,
    }
    outcome = server.measure(request)
    if outcome["status"] != "ok":
        raise SystemExit(f"{case}: {outcome['error']}")
    others = outcome["external_cpu_share"]
    return {name: Median(statistics.median(outcome["series"][name]), others) for name in TIMES}


def theirs(case: Case, file: Path, requests: int) -> dict[str, Median]:
    """The medians that the other program prints."""
    numbers = (case.prompt_tokens, case.generated_tokens, case.threads, requests)
    command = [sys.executable, "-c", _LOOP, str(file), *map(str, numbers)]
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"{case}: the other side failed\n{(done.stdout + done.stderr)[-2000:]}")
    report = json.loads(done.stdout.splitlines()[-1])
    return {name: Median(float(report[reported])) for name, reported in TIMES.items()}


def compared(case: Case, folder: Path, rounds: int, requests: int) -> list[Comparison]:
    """One configuration: a process for each measurement, in turns."""
    file = folder / f"{case.network}.{case.precision}.gguf"
    if not file.exists():
        networks.write(case.network, case.precision, file, seed=SEED)
    cpus = fingerprint.usable_cpus()[-case.threads :]
    with bound_to(cpus), MeasuringServer("llamacpp", cpus) as server:
        a, b = in_turns(lambda: ours(server, case, file), lambda: theirs(case, file, requests), rounds)
    return [
        Comparison(f"{name}: {case}", [each[name] for each in a], [each[name] for each in b], "llama.cpp's server")
        for name in TIMES
    ]


def main() -> None:
    """Measure all configurations and print the table."""
    parser = arguments(__doc__)
    add_rounds(parser, 20)
    parser.add_argument(
        "--requests", type=int, default=12, metavar="N", help="requests of the other side each time (default: 12)"
    )
    chosen = parser.parse_args()
    need("xllamacpp", "gguf")
    describe_machine("xllamacpp", "numpy")
    with tempfile.TemporaryDirectory() as folder:
        comparisons = [each for case in CASES for each in compared(case, Path(folder), chosen.rounds, chosen.requests)]
    judge(comparisons, AIM)


if __name__ == "__main__":
    main()
