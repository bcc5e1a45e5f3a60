from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perftransfer import catalogue
from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError, unknown


@pytest.fixture
def fruit(tmp_path, monkeypatch) -> str:
    """Create a package of two plug-ins, with files that are none; importing a module leaves a mark."""
    package = tmp_path / "fruit_of_a_test"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("plum", "apple", "_basket", "interface"):
        mark = f"from pathlib import Path\nPath({str(tmp_path / name)!r}).touch()\n"
        body = f"from {package.name}.interface import Fruit\nclass {name.title()}(Fruit): title = 'the {name}'\n"
        (package / f"{name}.py").write_text(mark + ("class Fruit: pass\n" if name == "interface" else body))
    monkeypatch.syspath_prepend(tmp_path)
    yield package.name
    for module in [module for module in sys.modules if module.startswith(package.name)]:
        del sys.modules[module]


def test_names_are_the_files_of_the_folder_and_nothing_is_imported(fruit, tmp_path):
    catalogue = Catalogue(fruit, "Fruit", "fruit")
    assert catalogue.names() == ["apple", "plum"]
    assert catalogue.module_of("plum") == f"{fruit}.plum"
    assert not (tmp_path / "apple").exists()
    assert not (tmp_path / "interface").exists()


def test_load_imports_one_module_and_returns_its_class(fruit, tmp_path):
    assert Catalogue(fruit, "Fruit", "fruit").load("plum").title == "the plum"
    assert not (tmp_path / "apple").exists()


@pytest.mark.parametrize("name", ["plumb", "_basket", "interface", ""])
def test_an_unknown_name_is_refused_with_those_there_are(fruit, name):
    with pytest.raises(UserError, match="Allowed: apple, plum"):
        Catalogue(fruit, "Fruit", "fruit").load(name)


def test_names_in_capitals_are_those_of_files_and_of_classes(fruit, tmp_path):
    catalogue = Catalogue(fruit, "Fruit", "fruit", upper_case=True)
    assert catalogue.names() == ["APPLE", "PLUM"]
    with pytest.raises(UserError, match="has no class of that name that is a fruit_of_a_test"):
        catalogue.load("PLUM")
    (tmp_path / fruit / "fig.py").write_text(f"from {fruit}.interface import Fruit\nclass FIG(Fruit): pass\n")
    assert catalogue.load("FIG").__name__ == "FIG"


def test_a_class_of_a_users_own_is_loaded_by_its_import_path(fruit, tmp_path):
    (tmp_path / "own_fruit.py").write_text(f"from {fruit}.interface import Fruit\nclass Kiwi(Fruit): pass\nNo = 1\n")
    catalogue = Catalogue(fruit, "Fruit", "fruit")
    assert catalogue.module_of("own_fruit.Kiwi") == "own_fruit"
    assert catalogue.load("own_fruit.Kiwi").__name__ == "Kiwi"
    for name in ("own_fruit.No", "own_fruit.Fig"):
        with pytest.raises(UserError, match=f"fruit {name}: own_fruit has no class of that name"):
            catalogue.load(name)
    for name in ("no_such_module.Kiwi", "no_such_package.module.Kiwi", ".Kiwi"):
        with pytest.raises(UserError, match="is its folder on PYTHONPATH"):
            catalogue.module_of(name)


def test_a_class_of_a_users_own_is_checked_before_anything_runs(fruit: str, tmp_path: Path) -> None:
    bodies = {
        "broken_fruit": "class Kiwi(",
        "failing_fruit": "raise KeyError('kiwi')",
        "quitting_fruit": "import sys; sys.exit('bye')",
        "abstract_fruit": f"from abc import abstractmethod\nfrom {fruit}.interface import Fruit\n"
        "class Kiwi(Fruit):\n    __abstractmethods__ = frozenset({'peel'})\n",
    }
    for module, body in bodies.items():
        (tmp_path / f"{module}.py").write_text(body)
    catalogue = Catalogue(fruit, "Fruit", "fruit")
    for name, words in {
        "broken_fruit.Kiwi": "broken_fruit cannot be imported: SyntaxError",
        "failing_fruit.Kiwi": "failing_fruit cannot be imported: KeyError: 'kiwi'",
        "failing_fruit.part.Kiwi": "cannot be imported: KeyError",
        "quitting_fruit.Kiwi": "cannot be imported: SystemExit: bye",
        "abstract_fruit.Kiwi": "the class lacks peel; see fruit_of_a_test.interface.Fruit",
        "os.path.Kiwi": "os.path is a module of Python itself",
    }.items():
        with pytest.raises(UserError, match=words):
            catalogue.check(name)
    # A built-in one needs no import to be checked.
    catalogue.check("apple")
    assert not (tmp_path / "apple").exists()


@pytest.mark.parametrize("body", ["", "class A(Fruit): pass\nclass B(Fruit): pass\n", "class _A(Fruit): pass\n"])
def test_a_file_without_exactly_one_public_class_is_refused(fruit, tmp_path, body):
    (tmp_path / fruit / "fig.py").write_text(f"from {fruit}.interface import Fruit\n{body}")
    with pytest.raises(UserError, match=f"fruit fig: {fruit}.fig must have one public {fruit}.interface.Fruit"):
        Catalogue(fruit, "Fruit", "fruit").load("fig")


def test_learners_designs_and_tables_are_read_without_importing_their_libraries():
    code = (
        "import sys\n"
        "from perftransfer import designs, learners, strategies, tables\n"
        "assert learners.names() and strategies.names() and designs.names()\n"
        "assert 'numpy' not in sys.modules\n"
        "for room in (designs, learners, tables.CATALOGUE):\n"
        "    assert [room.load(name).title for name in room.names()]\n"
        "heavy = {'sklearn', 'xgboost', 'scipy', 'pandas', 'skops', 'ConfigSpace'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    workflow = Path(catalogue.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=workflow, check=True)


def test_a_message_names_place_find_and_choices_and_the_nearest_of_them():
    text = unknown("strategies[1]", "strategy", "NLSM", ["DM", "NLMS"])
    assert text == "strategies[1]: unknown strategy 'NLSM'. Allowed: DM, NLMS. Did you mean 'NLMS'?"
    assert "Did you mean" not in unknown("strategies[1]", "strategy", "something", ["DM", "NLMS"])
    assert unknown("x", "y", "z", []).endswith("Allowed: none")
