"""Checks what each job of the workflow gets."""

from __future__ import annotations

import inspect
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from tests_root import ROOT

from perftransfer import learners, yaml_file
from perftransfer.errors import UserError
from perftransfer.plain import from_plain, to_plain
from perftransfer.recommend.target_params import ConfirmParams
from perftransfer.study import JobParameters, Study, pending_measurements, read_study

RULES = sorted(name for name in vars(JobParameters) if not name.startswith("_") and name != "for_rule")


@pytest.fixture(autouse=True)
def in_the_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def study_of(file: str, **change: object) -> Study:
    return read_study(yaml_file.read(Path(file)) | change, [file])


def jobs_of(file: str, **change: object) -> JobParameters:
    return JobParameters(study_of(file, **change))


WILDCARDS = {
    "method": "TRANSFER",
    "environment": "mobilenetv2-128px-1core", "network": "xception", "strategy": "GS", "batch": "1",
    "figure": "influence", "table": "errors", "space": "onnxruntime", "import_name": "tx2",
}  # fmt: skip
TARGET = "squeezenet-128px-allcores"
#: Rules that another study than the default one needs, and an environment there.
ELSEWHERE = {
    "import_table": ("config/smoke.yaml", ""),
    **dict.fromkeys(("target", "prepare_target", "recommend", "confirm"), ("config/engineer.yaml", TARGET)),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_job_rebuilds_its_parameters_from_plain_values(rule: str) -> None:
    """Snakemake writes them into its records, and compares them with those of the last run."""
    file, environment = ELSEWHERE.get(rule, ("config/config.yaml", WILDCARDS["environment"]))
    jobs, wildcards = jobs_of(file), {**WILDCARDS, "environment": environment}
    plain = jobs.for_rule(rule)(wildcards)
    assert json.loads(json.dumps(plain)) == plain
    assert jobs_of(file).for_rule(rule)(wildcards) == plain
    method = getattr(jobs, rule)
    params = method(*(wildcards[name] for name in inspect.signature(method).parameters))
    assert to_plain(from_plain(type(params), plain)) == plain


def test_every_rule_with_a_script_has_parameters() -> None:
    scripts = {path.stem for path in (ROOT / "workflow/scripts").glob("*.py")}
    # The study's text is a parameter as it is.
    assert scripts - {"study"} == set(RULES)


def test_a_target_is_no_environment_to_compare_and_is_measured_like_others() -> None:
    study = study_of("config/engineer.yaml")
    assert study.targets == study.confirmed == [TARGET]
    assert not set(study.targets) & {*study.measured, *study.environments, *study.descriptions()}
    (described,) = yaml.safe_load(study.as_yaml())["targets"]
    assert described["budget"] == 12
    jobs = JobParameters(study)
    assert jobs.target(TARGET).measuring == jobs.benchmark(TARGET)
    assert jobs.target(TARGET).budget == 12
    assert any(f"{TARGET}: up to 24 measurements" in line for line in pending_measurements(study))


def test_what_is_recommended_is_measured_again_whatever_journals_hold() -> None:
    jobs = jobs_of("config/engineer.yaml")
    benchmark = jobs.benchmark(TARGET)
    assert benchmark.reuse_journals_from is not None
    measuring = replace(benchmark, repeats=3, reuse_journals_from=None)
    assert jobs.confirm(TARGET) == ConfirmParams(measuring, max_repeats=10, tolerance=0.01)


def test_the_example_for_engineers_takes_over_what_the_default_study_measures() -> None:
    """Same protocol, same configurations: else all would be measured again."""
    default, engineer = jobs_of("config/config.yaml"), jobs_of("config/engineer.yaml")
    for name in study_of("config/engineer.yaml").measured:
        params = engineer.benchmark(name)
        assert params.reuse_journals_from == Path(f"results/default/journal/{name}.jsonl")
        assert replace(params, reuse_journals_from=None) == default.benchmark(name)
    assert engineer.sample() == default.sample()


@pytest.mark.parametrize("rule", ["benchmark", "network", "target", "confirm", "pack"])
def test_measuring_depends_on_no_code(rule: str) -> None:
    """An edit must never measure again what was measured."""
    file = "config/engineer.yaml" if rule in ("target", "confirm") else "config/config.yaml"
    environment = TARGET if rule in ("target", "confirm") else WILDCARDS["environment"]
    plain = jobs_of(file).for_rule(rule)({**WILDCARDS, "environment": environment})
    assert '"code"' not in json.dumps(plain)


def test_a_study_over_the_same_environments_with_another_name_measures_the_same() -> None:
    a, b = study_of("config/config.yaml"), study_of("config/config.yaml", study="other", learning={"learners": ["RT"]})
    assert list(map(JobParameters(a).benchmark, a.measured)) == list(map(JobParameters(b).benchmark, b.measured))


@pytest.mark.parametrize(
    ("file", "change", "commands"),
    [
        ("config/config.yaml", {}, ["make", "snakemake --cores all"]),
        (
            "config/smoke.yaml",
            {},
            ["make STUDY=config/smoke.yaml", "snakemake --cores all --configfile config/smoke.yaml"],
        ),
        ("config/config.yaml", {"seed": 7}, ["snakemake --cores all --config seed=7"]),
        (
            "config/config.yaml",
            {"measuring": {"repeats": 3}},
            ["snakemake --cores all --config 'measuring={\"repeats\": 3}'"],
        ),
    ],
)
def test_the_report_names_the_commands_that_make_this_study_again(file, change, commands):
    assert jobs_of(file, **change).report().commands == commands


def test_designs_are_compared_with_the_simple_random_sample():
    evaluation = {"designs": ["stratified", "plackett_burman"], "design_budgets": [10]}
    study = study_of("config/smoke.yaml", evaluation=evaluation)
    assert study.strategies[-3:] == ["NT+random", "NT+stratified", "NT+plackett_burman"]
    # At their own sizes, too, which the evaluation finds out.
    jobs = JobParameters(study)
    assert list(jobs.evaluate("NT+random", "1").designs) == ["stratified", "plackett_burman"]
    assert not jobs.evaluate("NT+stratified", "1").designs
    assert jobs.evaluate("NT+stratified", "1").budgets == [10]


def test_targets_are_evaluated_in_batches():
    study = study_of("config/config.yaml", evaluation={"budgets": [5], "targets_per_job": 3})
    assert study.batches == ["1", "2"]
    jobs = JobParameters(study)
    assert [*jobs.evaluate("RS", "1").targets, *jobs.evaluate("RS", "2").targets] == study.environments


def test_parameters_of_a_learner_that_is_not_used_change_no_job():
    jobs = [
        jobs_of("config/smoke.yaml", learning={"learners": ["RT"], "parameters": {"SVR": {"C": C}}}).train()
        for C in (1.0, 2.0)
    ]
    assert jobs[0] == jobs[1]


OWN_LEARNER = """
from dataclasses import dataclass

from perftransfer.learners.interface import Learner


@dataclass(frozen=True)
class Ridge(Learner):
    title = "ridge regression"
    encoding = "scaled"

    alpha: float = 1.0
    folds: int = 3

    def estimator(self, seed):
        from sklearn.linear_model import Ridge

        return Ridge(self.alpha)
"""


def test_a_learner_of_a_users_own_is_named_by_its_import_path_and_has_parameters(tmp_path, monkeypatch):
    (tmp_path / "own_learners.py").write_text(OWN_LEARNER)
    name, learning = "own_learners.Ridge", {"learners": ["RF", "own_learners.Ridge"]}
    with pytest.raises(UserError, match=r"learners\[1\]: .*no Python module own_learners; is its folder on PYTHONPATH"):
        study_of("config/smoke.yaml", learning=learning)
    monkeypatch.syspath_prepend(tmp_path)
    assert jobs_of("config/smoke.yaml", learning=learning).train().learners[name] == {}
    jobs = jobs_of("config/smoke.yaml", learning={**learning, "parameters": {name: {"alpha": 0.5}}})
    parameters = jobs.train().learners[name]
    assert parameters == {"alpha": 0.5, "folds": 3}
    assert learners.make(name, (), 0, parameters).steps[-1][1].alpha == 0.5
    for wrong, message in (
        ({"alfa": 1.0}, "own_learners.Ridge.alfa: found 1.0; Extra"),
        ({"folds": 0}, "own_learners.Ridge.folds: found 0; Input should be greater than 0"),
    ):
        with pytest.raises(UserError, match=f"learning.parameters: {message}"):
            study_of("config/smoke.yaml", learning={**learning, "parameters": {name: wrong}})


OWN_DESIGN = """
from perftransfer.designs.interface import ActiveDesign, Design


class Reversed(Design):
    title = "reversed random order"

    def choose(self, candidates, options, order, n, source):
        return order[::-1][:n]


class Looking(ActiveDesign):
    title = "looking"

    def next_batch(self, candidates, options, order, n, source, chosen, y):
        return order[len(chosen) :][:n]


class Asking(Reversed):
    needs_source = True
    needs_terms = True
"""


def test_a_design_of_a_users_own_is_named_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "own_designs.py").write_text(OWN_DESIGN)
    monkeypatch.syspath_prepend(tmp_path)
    evaluation = {"designs": ["own_designs.Reversed"], "strategies": ["KT+own_designs.Looking"]}
    study = study_of("config/smoke.yaml", evaluation=evaluation)
    assert study.strategies[1:] == ["NT+random", "NT+own_designs.Reversed"]
    jobs = JobParameters(study)
    assert jobs.evaluate("KT+own_designs.Looking", "1").batch == 5
    assert jobs.evaluate("KT", "1").batch == jobs.evaluate("NT+own_designs.Reversed", "1").batch == 1
    assert study.needs_influence("RS+own_designs.Asking")
    assert not study.needs_influence("RS+own_designs.Looking")
    with pytest.raises(UserError, match=r"designs\[0\]: unknown design 'own_designs.Asking'. Allowed: box_behnken"):
        study_of("config/smoke.yaml", evaluation={"designs": ["own_designs.Asking"]})
