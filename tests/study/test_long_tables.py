"""Environments that a column of a table names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perftransfer.errors import UserError
from perftransfer.study import Study, read_study

TABLE = "device,cores,threads,t\nOrin NX,8,1,10\nOrin NX,8,2,6\nPi 5,4,1,50\nPi 5,4,2,30\n"


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATASETS", str(tmp_path / "mine"))
    (tmp_path / "mine").mkdir()

    def read(table: str = TABLE, top: dict[str, Any] | None = None, **change: Any) -> Study:
        file = Path("mine/t.csv")
        if not file.exists() or file.read_text() != table:
            file.write_text(table)
        mapping = {
            "file": "t.csv", "environment_column": "device", "environments": "all",
            "options": {"threads": {"ordered": True}}, "objectives": {"t_s": {"column": "t"}}, **change,
        }  # fmt: skip
        content = {"study": "s", "objectives": ["t_s"], "imports": {"x": mapping}, **(top or {})}
        Path("study.yaml").write_text("study: s\n")
        return read_study(content, ["study.yaml"])

    return read


def test_each_value_of_the_column_is_an_environment_with_its_attributes(study: Any) -> None:
    described = study(attributes={"cores": "cores"}).descriptions()
    assert list(described) == ["orin-nx", "pi-5"]
    assert [(row["hardware"], row["cores"]) for row in described.values()] == [("Orin NX", "8"), ("Pi 5", "4")]
    (_, first), _ = study().imports.values()
    assert (first.file, first.rows) == ("t.csv", {"device": "Orin NX"})


def test_a_list_of_values_is_a_choice(study: Any) -> None:
    assert list(study(environments=["Pi 5", "Orin NX"]).imports) == ["pi-5", "orin-nx"]
    with pytest.raises(UserError, match=r"study.yaml: imports.x: environments: unknown value 'Pi'. .* mean 'Pi 5'"):
        study(environments=["Pi", "Orin NX"], attributes={"cores": "cores"})


def test_the_file_is_read_again_only_if_it_changed(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from perftransfer.dataset import text_table

    study()
    monkeypatch.setattr(text_table, "read", None)
    assert len(study().imports) == 2
    with pytest.raises(TypeError):
        study(TABLE + "TX2,6,1,90\n")


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        (TABLE.replace("Pi 5,4,2", "Pi 5,5,2"), {"attributes": {"cores": "cores"}},
         "t.csv: environment Pi 5: cores (column cores) is '4' and '5'"),
        (TABLE.replace("Pi 5,4,2", ",4,2"), {}, "row 4 (line 5): the column device, which names the environment, is"),
        (TABLE.replace("Pi 5", "orin_nx").replace("Orin NX", "orin nx").replace("orin_nx", "Orin-nx"), {},
         "environments: 'Orin-nx' becomes the same name as another"),
        (TABLE, {"environment_column": "devices"}, "t.csv: unknown column 'devices'. Allowed: "),
        (TABLE, {"attributes": {"batch": "device"}}, "batch: found 'Orin NX', expected a whole number above 0"),
        (TABLE, {"file": "u.csv"}, "study.yaml: imports.x: u.csv: not below the folder DATASETS"),
    ],
)  # fmt: skip
def test_what_the_file_does_not_say_clearly_is_one_message(
    study: Any, table: str, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as error:
        study(table, **change)
    assert message in str(error.value)


SERVING = (
    "system,backend,mode,requests,tp,t\nh100,vllm,agg,1,1,9\nh100,vllm,agg,1,1,8\nh100,vllm,agg,2,1,7\n"
    "h100,sglang,agg,1,1,9\nh100,vllm,disagg,4,2,5\nl40s,vllm,agg,1,1,20\nl40s,vllm,agg,2,1,18\n"
)


def serving(**change: Any) -> dict[str, Any]:
    return {
        "environment_column": ["system", "backend"], "rows": {"mode": "agg"},
        "options": {"*": {"ordered": True}},
        "attributes": {"hardware": "system", "engine": "backend"}, **change,
    }  # fmt: skip


def test_several_columns_name_an_environment_together(study: Any) -> None:
    read = study(SERVING, **serving())
    described = read.descriptions()
    assert list(described) == ["h100-vllm", "h100-sglang", "l40s-vllm"]
    assert [(row["hardware"], row["engine"]) for row in described.values()][1] == ("h100", "sglang")
    (_, first), *_ = read.imports.values()
    assert first.rows == {"mode": "agg", "system": "h100", "backend": "vllm"}


def test_environments_with_few_configurations_are_left_out(study: Any) -> None:
    """Repetitions are not counted, nor are rows of no environment."""
    assert list(study(SERVING, **serving(min_configurations=2)).imports) == ["h100-vllm", "l40s-vllm"]
    with pytest.raises(UserError, match="min_configurations: no environment has 3"):
        study(SERVING, **serving(min_configurations=3))


def test_a_choice_among_combinations_is_refused(study: Any) -> None:
    with pytest.raises(UserError, match="expected all: several columns name an environment"):
        study(SERVING, **serving(environments=["h100"]))
