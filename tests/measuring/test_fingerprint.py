"""Checks what stands for a machine."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from perftransfer.measuring import fingerprint


def test_the_host_is_described_in_json_values() -> None:
    host = fingerprint.host()
    assert json.loads(json.dumps(host)) == host
    assert 1 <= host["usable_cpus"] <= host["cpus"]
    assert host["processor"]


@given(st.dictionaries(st.text(), st.integers() | st.text() | st.lists(st.integers())))
def test_the_order_of_facts_does_not_matter(facts: dict[str, object]) -> None:
    digest = fingerprint.digest(facts)
    assert digest == fingerprint.digest(dict(reversed(facts.items())))
    assert len(digest) == 16
    assert digest != fingerprint.digest({**facts, "one more": 1, "and": 2})


def test_an_update_of_the_system_leaves_the_machine_the_same() -> None:
    host = fingerprint.host()
    updated = {**host, "system": "Linux 99", "python": "3.99", "usable_cpus": 1, "memory_gib": None}
    assert fingerprint.identity(updated) == fingerprint.identity(host)
    assert fingerprint.identity({**host, "processor": "another"}) != fingerprint.identity(host)


def test_a_machine_is_described_from_its_files(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "model name : Fast CPU\nflags : sse4_2 avx2 avx512f hypervisor amx_int8 rdtscp\n",
        "proc/meminfo": "MemTotal: 2097152 kB\n",
        "sys/devices/system/cpu/cpu0/cache/index0/level": "1",
        "sys/devices/system/cpu/cpu0/cache/index0/type": "Data",
        "sys/devices/system/cpu/cpu0/cache/index0/size": "32K",
        "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "performance",
        "proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t NVIDIA H100\nIRQ: 5\n",
        "proc/driver/nvidia/version": "NVRM version: 550.1\nGCC version: 12\n",
        ".dockerenv": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    host = fingerprint.host(tmp_path)
    assert host["processor"] == "Fast CPU"
    assert host["instruction_sets"] == ["amx_int8", "avx2", "avx512f", "sse4_2"]
    assert host["caches"] == {"L1 Data": "32K"}
    assert (host["governor"], host["container"], host["memory_gib"]) == ("performance", "docker", 2.0)
    assert (host["gpus"], host["gpu_driver"]) == (["NVIDIA H100"], "NVRM version: 550.1")
    nothing = fingerprint.host(tmp_path / "nowhere")
    assert (nothing["governor"], nothing["gpus"], nothing["container"], nothing["caches"]) == (None, [], None, {})
