"""The software environments: one lock, and a conda file that says the same."""

from __future__ import annotations

import re

import yaml
from tests_root import ROOT

LOCK = (ROOT / "envs/requirements.txt").read_text()
#: Names that conda-forge spells in another way.
CONDA_NAMES = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake", "py-xgboost-cpu": "xgboost-cpu"}


def locked_versions() -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", LOCK, flags=re.MULTILINE):
        out.setdefault(name, set()).add(version)
    return out


def test_every_requirement_is_pinned_with_hashes():
    for file, least in (("requirements.txt", 50), ("requirements-dev.txt", 50), ("requirements-engines.txt", 3)):
        text = (ROOT / "envs" / file).read_text()
        entries = re.split(r"\n(?=[a-z])", text)
        assert len(entries) > least
        assert all("--hash=sha256:" in entry for entry in entries)


def test_the_development_lock_holds_the_versions_of_the_users_lock():
    pinned = re.findall(r"^([a-z0-9-]+==[^ ;\\]+)", LOCK, flags=re.MULTILINE)
    development = (ROOT / "envs/requirements-dev.txt").read_text()
    assert [pin for pin in pinned if pin not in development] == []


def test_no_committed_file_names_a_package_index():
    for path in (ROOT / "envs").iterdir():
        assert not re.search(r"index-url|find-links|https?://", path.read_text()), path


def test_the_conda_file_names_the_versions_of_the_lock():
    dependencies = yaml.safe_load((ROOT / "envs/perftransfer.yaml").read_text())["dependencies"]
    versions = locked_versions()
    for name, version in (entry.split(" =") for entry in dependencies):
        if name != "python":
            # A post release packs the same software anew: conda-forge counts builds for that.
            locked = {version_.split(".post")[0] for version_ in versions[CONDA_NAMES.get(name, name)]}
            assert version in locked, name
    direct = re.findall(r"^([A-Za-z0-9-]+)", (ROOT / "envs/requirements.in").read_text(), flags=re.MULTILINE)
    named = {CONDA_NAMES.get(entry.split(" =")[0], entry.split(" =")[0]) for entry in dependencies}
    # Executors are for the process that submits jobs, which no rule's environment holds.
    in_rules = {name.lower() for name in direct if not name.startswith("snakemake-executor-plugin")}
    assert in_rules - {"xgboost"} <= named


def test_the_default_lock_has_no_gpu_libraries():
    assert not re.search(r"^(nvidia|cuda|torch)", LOCK, flags=re.MULTILINE)


def test_measuring_needs_nothing_but_numpy_and_an_engine():
    """A board has no pandas: what stands on the ground imports the standard library, numpy and its engine only."""
    import ast
    import sys

    allowed = {*sys.stdlib_module_names, "numpy", "onnxruntime", "openvino", "perftransfer"}
    pytorch_packages = {"onnx", "torch"}
    folder = ROOT / "workflow/perftransfer/measuring"
    modules = [path for path in folder.rglob("*.py") if path.parent.name != "networks"]
    assert len(modules) > 8
    for path in [*modules, folder / "networks/__init__.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            extra = pytorch_packages if "torch" in str(path.relative_to(folder)) else set()
            assert {name.split(".")[0] for name in names} <= allowed | extra, path


FLOORS = (
    ("tune",),
    ("reference",),
    ("report",),
    ("figures", "tables"),
    ("results",),
    ("study",),
    ("recommend",),
    ("evaluation",),
    ("testing",),
    ("fitting",),
    ("strategies",),
    ("search",),
    ("designs",),
    ("gaussian_process",),
    ("model_file",),
    ("influence",),
    ("learners",),
    ("export",),
    ("dataset",),
    ("space",),
    ("measuring",),
)


def test_imports_only_point_down():
    from perftransfer.code_digest import imported_by

    package = ROOT / "workflow/perftransfer"
    height = {name: -i for i, floor in enumerate(FLOORS) for name in floor}
    for path in package.rglob("*.py"):
        relative = path.relative_to(package).with_suffix("")
        here = relative.parts[0]
        module = ".".join(["perftransfer", *(part for part in relative.parts if part != "__init__")])
        for imported in imported_by(module):
            there = imported.split(".")[1]
            if here in height and there in height:
                assert height[there] <= height[here], f"{module} imports {imported}"
            elif there in height:
                # What stands on no floor lies below all of them, but for what starts a job or a run.
                assert here in {"run", "job", "orphaned_jobs", "__main__"}, f"{module} imports {imported}"
