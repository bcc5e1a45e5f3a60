from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from perftransfer import catalogue
from perftransfer.errors import UserError, unknown


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> str:
    """A package of two offers, beside files that are none; importing an offer leaves a mark."""
    package = tmp_path / "shelf_of_offers"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("plum", "apple", "_basket", "interface"):
        mark = f"from pathlib import Path\nPath({str(tmp_path / name)!r}).touch()\n"
        (package / f"{name}.py").write_text(f"{mark}TITLE = 'the {name}'\nNUMBER = 2 * 3\n")
    (package / "notes.txt").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return package.name


def test_offers_are_the_files_of_the_folder_in_order_and_nothing_is_imported(shelf, tmp_path):
    assert catalogue.modules(shelf) == {"apple": f"{shelf}.apple", "plum": f"{shelf}.plum"}
    assert catalogue.constant(shelf, "apple", "TITLE") == "the apple"
    assert not (tmp_path / "apple").exists()


def test_a_module_is_imported_by_its_name(shelf):
    assert catalogue.module(shelf, "plum").TITLE == "the plum"


@pytest.mark.parametrize("name", ["plumb", "_basket", "interface", ""])
def test_what_is_no_offer_is_refused_with_those_that_are(shelf, name):
    with pytest.raises(UserError, match="apple, plum"):
        catalogue.module(shelf, name)


def test_a_constant_that_is_not_there_or_no_literal_is_refused(shelf):
    with pytest.raises(ValueError):
        catalogue.constant(shelf, "apple", "CAPTION")
    with pytest.raises(ValueError):
        catalogue.constant(shelf, "apple", "NUMBER")


def test_names_of_learners_strategies_and_designs_cost_no_import_of_a_library():
    code = (
        "import sys\n"
        "from perftransfer import catalogue, learners, strategies\n"
        "assert learners.names() and strategies.names()\n"
        "assert catalogue.modules('perftransfer.designs')\n"
        "heavy = {'sklearn', 'xgboost', 'scipy', 'skops', 'ConfigSpace'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    workflow = Path(catalogue.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=workflow, check=True)


def test_a_message_names_place_find_and_choices_and_the_nearest_of_them():
    text = unknown("strategies[1]", "strategy", "NLSM", ["DM", "NLMS"])
    assert text == "strategies[1]: no strategy 'NLSM'; allowed: DM, NLMS; did you mean 'NLMS'?"
    assert "did you mean" not in unknown("strategies[1]", "strategy", "something", ["DM", "NLMS"])
    assert unknown("x", "y", "z", []).endswith("allowed: none")
