"""What each job of the workflow gets: a frozen dataclass per rule, as plain values for Snakemake."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from perftransfer import designs, learners, search, strategies
from perftransfer.code_digest import code_digest, script_digest
from perftransfer.dataset.params import (
    EnvironmentRows,
    FileParams,
    ImportParams,
    MergeParams,
    ObjectiveMapping,
    OptionMapping,
)
from perftransfer.designs.interface import ActiveDesign
from perftransfer.evaluation.params import AnalyseParams, EvaluateParams, LearnerParameters, SearchParams, TrainParams
from perftransfer.export import CATALOGUE as FORMATS
from perftransfer.measuring import engines, networks
from perftransfer.measuring.bench import MeasureParams
from perftransfer.measuring.networks import NetworkParams
from perftransfer.measuring.same_hardware import Identity
from perftransfer.output_params import CollectParams, FigureParams, ReportParams, TableParams
from perftransfer.plain import Plain, to_plain
from perftransfer.recommend.params import (
    ModelParams,
    PrepareTargetParams,
    RecipeParams,
    RecommendParams,
)
from perftransfer.recommend.target_params import ConfirmParams, TargetParams
from perftransfer.space.params import SampleParams, SpaceParams
from perftransfer.study.facts import Study, designs_of, table_format
from perftransfer.study.sections import FIGURES, TABLES


class JobParameters:
    """A method for each rule, named after it; its arguments are wildcards of the rule.

    A job's parameters hold nothing that it does not use, so that Snakemake runs again just what a change touches.
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        # Snakemake asks for each job, and more than once.
        self._code = functools.cache(script_digest)
        self._evaluation = functools.cache(self._uncached_evaluation)

    def for_rule(self, rule: str) -> Callable[[Mapping[str, str]], Plain]:
        """Return the function of a rule's wildcards that gives its parameters as plain values."""
        method = getattr(self, rule)
        names = list(inspect.signature(method).parameters)

        def params(wildcards: Mapping[str, str]) -> Plain:
            return to_plain(method(*(wildcards[name] for name in names)))

        return params

    def sample(self) -> SampleParams:
        """How many configurations to choose."""
        sections = self._study.sections
        return SampleParams(sections.measuring.configurations, sections.seed, self._code("sample"))

    def space(self, space: str) -> SpaceParams:
        """How many configurations of a space may be recommended."""
        study, sections = self._study, self._study.sections
        goals = (study.goal(name) for name in study.targets if study.space_of(name) == space)
        fixed = [goal.fixed for goal in goals if goal.fixed]
        return SpaceParams(sections.recommendation.space, fixed, sections.seed, self._code("space"))

    def network(self, network: str) -> NetworkParams:
        """Which version of a network to build."""
        return NetworkParams(networks.version(network), self._study.sections.seed)

    def benchmark(self, environment: str) -> MeasureParams:
        """What to measure. No digest of code in here: no edit may ever measure again."""
        study = self._study
        row, measuring, workload = (
            study.rows[environment],
            study.sections.measuring,
            dict(study.rows[environment].workload),
        )
        if row.simulated and row.cores != "all":
            workload["cores"] = int(row.cores)
        other_study = measuring.reuse_journals_from
        return MeasureParams(
            engine=row.engine,
            network=row.network,
            network_version=study.network_version(environment),
            cores=row.cores,
            workload=workload,
            seed=study.sections.seed,
            hardware_settings=row.settings,
            hardware=row.hardware,
            identity=Identity(**study.hardware_of(environment).identity.model_dump()),
            precisions=study.precisions(environment),
            repeats=measuring.repeats,
            retries=measuring.retries,
            protocol=study.protocol,
            max_wait_seconds=measuring.max_wait_seconds,
            inputs=row.fills,
            reuse_journals_from=Path(f"results/{other_study}/journal/{environment}.jsonl") if other_study else None,
        )

    def pack(self, environment: str) -> MeasureParams:
        """What a board is to measure."""
        return self.benchmark(environment)

    def import_table(self, import_name: str) -> ImportParams:
        """Where published tables are, and how they are mapped, for one of the study's ``imports``."""
        mapping = self._study.sections.imports[import_name]
        environments = self._study.environments_of_import(import_name)
        return ImportParams(
            files={
                file.name: FileParams(file.address, file.sha256) for file in self._study.published_files(import_name)
            },
            environments={
                name: EnvironmentRows(str(environment.file), environment.rows)
                for name, environment in environments.items()
            },
            table=table_format(mapping),
            options={name: OptionMapping(**option.model_dump()) for name, option in mapping.options.items()},
            objectives={
                name: ObjectiveMapping(**objective.model_dump()) for name, objective in mapping.objectives.items()
            },
            missing=mapping.missing,
            replicates=mapping.replicates,
            code=self._code("import_table"),
        )

    def merge(self) -> MergeParams:
        """Which environments to put together."""
        return MergeParams(self._study.descriptions(), self._study.objectives, self._code("merge"))

    def train(self) -> TrainParams:
        """How source models are fitted."""
        study = self._study
        return TrainParams(
            learners=self._learners(),
            scales=study.scales,
            seed=study.sections.seed,
            code=self._code("train", *map(learners.module_of, study.learners)),
        )

    def collect_predictions(self) -> CollectParams:
        """Digest of the code that puts predictions together."""
        return CollectParams(self._code("collect_predictions"))

    def analyse(self) -> AnalyseParams:
        """How environments are analysed."""
        study = self._study
        return AnalyseParams(
            environments=study.environments,
            objectives=study.objectives,
            scale=study.sections.learning.scale,
            criterion=study.sections.influence.criterion,
            order=study.sections.influence.order,
            code=self._code("analyse"),
        )

    def evaluate(self, strategy: str, batch: str) -> EvaluateParams:
        """What is compared, and the digest of the code of this strategy (others' edits do not matter)."""
        return replace(self._evaluation(strategy), targets=self._study.targets_of_batch(batch))

    def _uncached_evaluation(self, strategy: str) -> EvaluateParams:
        """``evaluate`` but for the targets: the same for all batches."""
        study, evaluation = self._study, self._study.sections.evaluation
        sized = evaluation.designs if strategy == strategies.without_transfer("random") else []
        return EvaluateParams(
            targets=(),
            scales=study.scales,
            budgets=list(evaluation.budgets) if strategy in evaluation.strategies else study.design_budgets,
            designs={name: code_digest(designs.module_of(name)) for name in sized},
            repeats=evaluation.repeats,
            sources_per_target=evaluation.sources_per_target,
            interval_folds=evaluation.interval_folds,
            # Others are not to be evaluated again when it changes.
            batch=evaluation.batch if any(issubclass(design, ActiveDesign) for design in designs_of(strategy)) else 1,
            learners=self._learners(),
            learner_code={name: code_digest(learners.module_of(name)) for name in study.learners},
            seed=study.sections.seed,
            code=self._code("evaluate", *strategies.modules_of(strategy)),
        )

    def search(self, method: str, batch: str) -> SearchParams:
        """How searches are simulated, and the digest of the code of this method."""
        study, section = self._study, self._study.sections.search
        return SearchParams(
            targets=study.targets_of_batch(batch),
            environments=study.environments,
            scales=study.scales,
            measurements=section.measurements,
            repeats=section.repeats,
            sources_per_target=study.sections.evaluation.sources_per_target,
            seed=study.sections.seed,
            code=self._code("search", search.CATALOGUE.module_of(method)),
        )

    def collect_searches(self) -> CollectParams:
        """Digest of the code that puts searches together."""
        return CollectParams(self._code("collect_searches"))

    def collect_cells(self) -> CollectParams:
        """Digest of the code that puts the cells together."""
        return CollectParams(self._code("collect_cells"))

    def target(self, environment: str) -> TargetParams:
        """How a handful of configurations is chosen and measured; no digest of code, as in ``benchmark``."""
        budget = self._study.rows[environment].budget
        assert budget is not None
        return TargetParams(
            measuring=self.benchmark(environment),
            budget=budget,
            batch=self._study.sections.recommendation.batch,
            tolerance=self._study.sections.recommendation.tolerance,
            model=self._model(environment),
        )

    def prepare_target(self, environment: str) -> PrepareTargetParams:
        """What is known of a target before it is measured."""
        return PrepareTargetParams(self._model(environment), self._code("prepare_target"))

    def recommend(self, environment: str) -> RecommendParams:
        """How a target is modelled, and how many configurations are recommended."""
        recommendation = self._study.sections.recommendation
        modules = strategies.modules_of(recommendation.strategy)
        modules += [learners.module_of(recommendation.learner)] if recommendation.learner else []
        return RecommendParams(
            self._model(environment),
            recommendation.n_recommendations,
            recommendation.tolerance or 0.0,
            sorted(engines.load(self._study.rows[environment].engine).changes_outputs),
            self._code("recommend", *modules),
        )

    def _model(self, environment: str) -> ModelParams:
        sections = self._study.sections
        recommendation = sections.recommendation
        return ModelParams(
            goal=self._study.goal(environment),
            scales=self._study.scales,
            sources=self._study.descriptions(),
            recipe=RecipeParams(
                strategy=recommendation.strategy,
                learner=recommendation.learner,
                parameters=self._parameters_of(recommendation.learner),
                seed=sections.seed,
                folds=sections.evaluation.interval_folds,
                search=recommendation.search,
                candidate_fraction=recommendation.candidate_fraction,
                description=self._study.description(environment),
            ),
        )

    def confirm(self, environment: str) -> ConfirmParams:
        """How what is recommended is measured again."""
        section = self._study.sections.recommendation
        return ConfirmParams(
            measuring=replace(self.benchmark(environment), repeats=section.repeats, reuse_journals_from=None),
            max_repeats=max(section.repeats, section.max_repeats),
            tolerance=section.tolerance or 0.0,
        )

    def collect_recommendations(self) -> CollectParams:
        """Digest of the code that compares what was predicted with what was measured."""
        return CollectParams(self._code("collect_recommendations"))

    def figure(self, figure: str) -> FigureParams:
        """Digest of the figure's code, and its caption for Snakemake's report."""
        return FigureParams(FIGURES.load(figure).caption, self._code("figure", FIGURES.module_of(figure)))

    def table(self, table: str) -> TableParams:
        """Digest of the table's code, and the seed of what is drawn for it."""
        return TableParams(self._study.sections.seed, self._code("table", TABLES.module_of(table)))

    def report(self) -> ReportParams:
        """Digest of the report's code, and the commands that make this study again."""
        # The page finds interactive figures, tables that are no files, and formats by listing their folders.
        modules = [kind.module_of(name) for kind in (FIGURES, TABLES, FORMATS) for name in kind.names()]
        return ReportParams(self._study.commands, self._code("report", *modules))

    def _learners(self) -> dict[str, LearnerParameters]:
        """Parameters of each learner by its name."""
        return {name: self._parameters_of(name) for name in self._study.learners}

    def _parameters_of(self, learner: str) -> LearnerParameters:
        # The section has a field for each learner with parameters, made when the module is loaded.
        section = getattr(self._study.sections.learning.parameters, learner, None)
        parameters: LearnerParameters = section.model_dump() if section is not None else {}
        return parameters
