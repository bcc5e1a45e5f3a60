from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import perftransfer
from perftransfer.code_digest import code_digest, modules_used

PACKAGE = Path(perftransfer.__file__).parent
FILES = {
    "top": 'from perftransfer import middle\n\n\ndef run():\n    """Run."""\n    return middle.value() + 1\n',
    "middle": "import perftransfer.ground.bottom\n\n\ndef value():\n    return perftransfer.ground.bottom.VALUE\n",
    "ground/__init__": '"""Ground."""\n',
    "ground/bottom": "VALUE = 3  # three\n",
    "other": "OTHER = 1\n",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A package of the same name, of a few modules: what code_digest sees of it is asked of another process."""
    root = tmp_path / "perftransfer"
    for name, text in FILES.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "__init__.py").write_text('"""A package."""\n')
    shutil.copy(PACKAGE / "code_digest.py", root)
    return root


def digest_in(root: Path, *modules: str) -> tuple[str, list[str]]:
    code = (
        "import sys\n"
        "from perftransfer.code_digest import code_digest, modules_used\n"
        "print(code_digest(*sys.argv[1:]), *modules_used(*sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", code, *(f"perftransfer.{module}" for module in modules)]
    first, *used = subprocess.run(command, cwd=root.parent, capture_output=True, text=True, check=True).stdout.split()
    return first, used


def edit(root: Path, name: str, old: str, new: str) -> None:
    path = root / f"{name}.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_comments_docstrings_and_layout_do_not_count_and_code_does_however_far_away(copy):
    before, used = digest_in(copy, "top")
    assert used == ["perftransfer.ground.bottom", "perftransfer.middle", "perftransfer.top"]
    edit(copy, "top", '"""Run."""', '"""Run it, with care."""\n    # A word on why.')
    edit(copy, "ground/bottom", "VALUE = 3  # three\n", '"""Bottom."""\n\nVALUE = (\n    3\n)\n')
    edit(copy, "ground/__init__", "Ground", "The ground")
    edit(copy, "other", "1", "2")
    assert digest_in(copy, "top") == (before, used)
    edit(copy, "ground/bottom", "3", "4")
    assert digest_in(copy, "top")[0] != before


def test_what_a_module_imports_from_a_package_counts_whether_module_or_name(copy):
    edit(copy, "top", "from perftransfer import middle", "from perftransfer.ground import bottom as middle")
    assert digest_in(copy, "top")[1] == ["perftransfer.ground", "perftransfer.ground.bottom", "perftransfer.top"]
    edit(copy, "top", "from perftransfer.ground import bottom as middle", "from perftransfer.middle import value")
    assert "perftransfer.middle" in digest_in(copy, "top")[1]


def test_a_digest_is_the_same_whatever_the_order_and_differs_between_modules():
    a, b = "perftransfer.scales", "perftransfer.errors"
    assert code_digest(a, b) == code_digest(b, a)
    assert len({code_digest(a), code_digest(b), code_digest(a, b)}) == 3


def test_a_strategy_uses_no_other_strategy():
    names = ("rs", "gs", "dm", "lms", "nlms")
    for name in names:
        used = modules_used(f"perftransfer.strategies.{name}")
        assert [other for other in names if f"perftransfer.strategies.{other}" in used] == [name]


def test_an_edit_of_one_strategy_leaves_the_digests_of_the_others(tmp_path):
    root = tmp_path / "perftransfer"
    shutil.copytree(PACKAGE, root, ignore=shutil.ignore_patterns("__pycache__"))
    before = {name: digest_in(root, f"strategies.{name}")[0] for name in ("lms", "nlms", "rs")}
    edit(root, "strategies/lms", "LinearRegression()", "LinearRegression(positive=True)")
    after = {name: digest_in(root, f"strategies.{name}")[0] for name in before}
    assert [name for name in before if before[name] != after[name]] == ["lms"]


def test_what_they_share_is_used_by_each():
    assert "perftransfer.designs.guided" in modules_used("perftransfer.strategies.gs")
    # What matters in a source reaches guided sampling as a file.
    assert "perftransfer.influence" not in modules_used("perftransfer.strategies.gs")
    assert "perftransfer.designs.guided" not in modules_used("perftransfer.strategies.rs")
    assert "perftransfer.space.encoding" in modules_used("perftransfer.evaluation.cells")


def test_digesting_a_module_imports_nothing_of_it():
    code = (
        "import sys\n"
        "from perftransfer.code_digest import code_digest\n"
        "code_digest('perftransfer.evaluation.cells', 'perftransfer.model_file', 'perftransfer.strategies.gs')\n"
        "heavy = {'numpy', 'pandas', 'sklearn', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=True)
