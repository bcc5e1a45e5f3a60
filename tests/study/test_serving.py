"""The study of published serving measurements, on a made-up table with the columns and quirks of the real one."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path
from typing import Any

import pytest
from tests_root import ROOT

from perftransfer import yaml_file
from perftransfer.dataset import imported, text_table
from perftransfer.dataset.params import ImportParams
from perftransfer.errors import UserError
from perftransfer.plain import from_plain
from perftransfer.study import JobParameters, Study, read_study

SIZES = ("batch_size", "tp_size", "pp_size", "attention_dp_size", "moe_tp_size", "moe_ep_size", "num_workers")
COLUMNS = (
    "id", "silicon_data_source", "backend", "backend_version", "model_path", "system", "precision", "mode", "isl",
    "osl", "gemm_quant_mode", "moe_quant_mode", *SIZES[:-1], *(f"prefill_{name}" for name in SIZES),
    *(f"decode_{name}" for name in SIZES), "silicon_ttft_ms", "silicon_tpot_ms",
)  # fmt: skip
Row = dict[str, object]


def rows(system: str, model: str, *, sizes: tuple[int, ...], experts: bool = False, **change: object) -> list[Row]:
    """One environment of servers that do all on the same GPUs."""
    out: list[Row] = []
    for batch, tp, pp in itertools.product(sizes, (1, 2, 4), (1, 2)):
        row: Row = {
            "silicon_data_source": "lab", "backend": "vllm", "backend_version": "0.11.0", "model_path": model,
            "system": system, "precision": "fp8", "mode": "agg", "isl": 4000, "osl": 500, "gemm_quant_mode": "fp8",
            "batch_size": batch, "tp_size": tp, "pp_size": pp, "attention_dp_size": 1,
            "silicon_ttft_ms": 100 * batch / tp, "silicon_tpot_ms": 5 + batch / tp + pp,
        }  # fmt: skip
        if experts:
            row |= {"moe_quant_mode": "fp8_block", "moe_tp_size": tp, "moe_ep_size": 1}
        out.append(row | change)
    return out


@pytest.fixture
def table() -> list[Row]:
    """Three environments that are large enough, one that is not, and one of servers that split their work."""
    large = [
        *rows("h100_sxm", "Qwen/Qwen3-32B", sizes=(1, 4, 16, 64)),
        *rows("h200_sxm", "Qwen/Qwen3-32B", sizes=(1, 4, 16, 64)),
        *rows("h200_sxm", "deepseek-ai/DeepSeek-V3", sizes=(1, 4, 16, 64), experts=True),
    ]
    # Listed twice, by another version of the engine, a little slower.
    twice = large[0] | {"backend_version": "0.12.0", "silicon_tpot_ms": 9.0}
    # Twelve configurations listed twice are twelve.
    small = rows("l40s", "Qwen/Qwen3-32B", sizes=(1, 4)) * 2
    split = [
        {name: value for name, value in row.items() if name not in SIZES}
        | {"mode": "disagg", "prefill_batch_size": 1, "decode_batch_size": row["batch_size"], "decode_num_workers": 2}
        for row in large
    ]
    return [*large, twice, *small, *split]


def study_of(table: list[Row], folder: Path, monkeypatch: pytest.MonkeyPatch, **change: Any) -> Study:
    """The study, without the digest of the real file."""
    (folder / "mine").mkdir(exist_ok=True)
    monkeypatch.setenv("DATASETS", str(folder / "mine"))
    monkeypatch.chdir(folder)
    with Path("mine/silicon_sample.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows({"id": i, **row} for i, row in enumerate(table))
    content = yaml_file.read(ROOT / "config/serving.yaml")
    mapping = content["imports"]["agg"]
    del mapping["sha256"], mapping["address"]
    mapping |= change
    Path("serving.yaml").write_text(yaml_file.dump(content))
    return read_study(content, ["serving.yaml"])


def test_environments_are_system_engine_model_precision_and_lengths(
    table: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(table, tmp_path, monkeypatch)
    assert list(study.imports) == [
        "h100_sxm-vllm-qwen-qwen3-32b-fp8-4000-500",
        "h200_sxm-vllm-qwen-qwen3-32b-fp8-4000-500",
        "h200_sxm-vllm-deepseek-ai-deepseek-v3-fp8-4000-500",
    ]
    first = next(iter(study.descriptions().values()))
    assert (first["hardware"], first["engine"], first["network"]) == ("h100_sxm", "vllm", "Qwen/Qwen3-32B")
    assert study.maximized == frozenset()


def test_its_table_becomes_configurations_with_inactive_options_and_medians(
    table: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = study_of(table, tmp_path, monkeypatch)
    params = from_plain(ImportParams, JobParameters(study).for_rule("import_table")({"import_name": "agg"}))
    read = text_table.read(Path("mine/silicon_sample.csv"), imported.named_columns(params), params.table)
    environments = dict(imported.convert({"silicon_sample.csv": read}, params))
    frames = [environments[each].frame for each in study.imports]
    assert [len(frame) for frame in frames] == [24, 24, 24]
    dense, _, experts = frames
    twice = dense[(dense["batch_size"] == 1) & (dense["tp_size"] == 1) & (dense["pp_size"] == 1)]
    assert twice["tpot_ms"].tolist() == [8.0]
    assert "moe_quant_mode" not in dense
    assert "is without options inactive there: moe_quant_mode, moe_tp_size, moe_ep_size" in "\n".join(
        next(iter(environments.values())).remarks
    )
    assert set(experts["moe_quant_mode"].astype(str)) == {"fp8_block"}
    assert "prefill_batch_size" not in dense


def test_without_large_environments_the_study_says_so(
    table: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match="min_configurations: no environment has 100"):
        study_of(table, tmp_path, monkeypatch, min_configurations=100)


def test_the_file_is_known_by_its_digest() -> None:
    mapping = yaml_file.read(ROOT / "config/serving.yaml")["imports"]["agg"]
    assert mapping["sha256"] == "4240bfaf555b6f8b2c62512074e5efbb7791cdbb0344b068408f397588499adb"
    assert mapping["address"].endswith(f"/systems/{mapping['file']}")
