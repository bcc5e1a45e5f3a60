"""A study, ready to run: every default filled in, every name looked up, and what each rule needs as plain values."""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from perftransfer import catalogue, designs, learners, strategies, yaml_file
from perftransfer.code_digest import imported_by, modules_used, script_digest
from perftransfer.dataset import published
from perftransfer.dataset.published import PublishedFile
from perftransfer.designs.interface import ActiveDesign, Design
from perftransfer.errors import UserError
from perftransfer.measuring import networks
from perftransfer.measuring.protocol import Protocol
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import level_text
from perftransfer.study import checks, command_line, sheet, submission
from perftransfer.study.machine import usable_cpus
from perftransfer.study.sections import FIGURES, SUMMARIES, Hardware, ImportedEnvironment, StudySections
from perftransfer.study.validation import validate

#: Stands in the name of a figure's file that shows all objectives.
ALL_OBJECTIVES = "all"
#: Jobs of a strategy where the study does not say how many targets share one. A job takes two CPU seconds to start, and
#: 0.1 of Snakemake's own: with twenty strategies, these are 320 jobs, a few for each of 64 cores.
MOST_BATCHES = 16
# What is known of several environments only.
_OF_SEVERAL = {"transfer", "timing", "similarity"}


class Study:
    """All that the workflow asks of a study.

    Methods named after a rule return that rule's parameters for one job: plain values, and nothing that the job does
    not use, so that Snakemake runs again just what a change touches.
    """

    def __init__(
        self,
        sections: StudySections,
        rows: Sequence[sheet.EnvironmentRow],
        where: str,
        commands: Sequence[str] = (),
        left_out: Collection[str] = (),
    ) -> None:
        self.sections = sections
        self.where = where
        self.left_out = sorted(left_out)
        self._commands = list(commands)
        self.rows = {row.environment: row for row in rows}
        self.imports = {
            name: (mapping, environment)
            for mapping in sections.imports.values()
            for name, environment in mapping.environments.items()
            if name not in left_out
        }
        self._evaluations: dict[str, dict[str, Any]] = {}
        if problems := checks.problems(self):
            raise UserError("\n".join(problems))

    @classmethod
    def of(cls, config: Mapping[str, Any], files: Sequence[Path | str]) -> Study:
        """Check a study that Snakemake read from ``files`` (and from its command line); paths are relative to here.

        Raises UserError that lists what is wrong.
        """
        # Snakemake has read the files, too, but keeps the last of two equal keys.
        written = [yaml_file.read(Path(file)) for file in files]
        names = [os.path.relpath(file) for file in files]
        where = ", ".join(names) or "command line"
        if not config:
            raise UserError(f"{where}: the study is empty")
        content = command_line.typed(config, written)
        sections = validate(content, where)
        rows = sheet.read(Path(sections.environments)) if sections.environments else []
        return cls(
            sections, _without_doubles(rows, sections.hardware), where, command_line.commands(content, written, names)
        )

    def with_available_imports(self, downloads: Path) -> Study:
        """Fetch the published tables that are not at hand; return the study of those that there are.

        Tables that were imported already are not needed any more.

        Raises UserError if one can be had nowhere, unless the study says to leave its environments out, or if the
        content of one is not what the study says.
        """
        files = {
            name: PublishedFile(found.file, found.address, found.sha256.lower())
            for name, (_, found) in self.imports.items()
            if not Path(f"results/{self.name}/imported/{name}.parquet").exists()
        }
        problems = published.unavailable(files.values(), downloads)
        if not problems:
            return self
        if self.sections.missing == "stop":
            advice = (
                f"{len(problems)} of {len(self.imports)} published environments cannot be had. Set DATASETS to a "
                "folder that holds the files, or leave them out: missing: leave_out in the study, or --config "
                "missing=leave_out (make CONFIG=missing=leave_out)"
            )
            raise UserError("\n".join([*(f"{self.where}: {line}" for line in problems.values()), advice]))
        left_out = [name for name, file in files.items() if file.name in problems]
        for name in left_out:
            print(f"The environment {name} is left out: {problems[files[name].name]}", file=sys.stderr)
        return Study(self.sections, list(self.rows.values()), self.where, self._commands, left_out)

    @property
    def name(self) -> str:
        """Name of the study, and of its folder in ``results``."""
        return self.sections.study

    @property
    def objectives(self) -> list[str]:
        """Objectives to model."""
        return self.sections.objectives

    @property
    def learners(self) -> list[str]:
        """Learners to compare."""
        return list(self.sections.learning.learners)

    @property
    def strategies(self) -> list[str]:
        """Strategies to compare, those without transfer that stand for a design included; none if nothing compares."""
        evaluation = self.sections.evaluation
        if not self.compares:
            return []
        compared = ["random", *(name for name in evaluation.designs if name != "random")] if evaluation.designs else []
        return [*evaluation.strategies, *map(strategies.without_transfer, compared)]

    @property
    def batches(self) -> list[str]:
        """Names of the batches of targets that a job evaluates."""
        return [str(i + 1) for i in range(math.ceil(len(self.environments) / self._targets_per_job))]

    @cached_property
    def _targets_per_job(self) -> int:
        # Not by the number of strategies: one more is to be evaluated alone.
        return self.sections.evaluation.targets_per_job or math.ceil(len(self.environments) / MOST_BATCHES)

    @property
    def figures(self) -> list[str]:
        """Figures to draw; of a single environment those that need no other."""
        return self._to_show(FIGURES, self.sections.figures)

    @property
    def figure_files(self) -> list[str]:
        """Names of the figures' files: one for each objective, or one for all of them."""
        return [
            f"{figure}.{objective}"
            for figure in self.figures
            for objective in (
                [ALL_OBJECTIVES]
                if catalogue.constant(FIGURES, figure, "ACROSS_OBJECTIVES", default=False)
                else self.objectives
            )
        ]

    @property
    def tables(self) -> list[str]:
        """Tables to write; of a single environment those that need no other."""
        return self._to_show(SUMMARIES, self.sections.tables)

    def _to_show(self, package: str, names: Sequence[str]) -> list[str]:
        def alone(name: str) -> bool:
            several = catalogue.constant(package, name, "SEVERAL", default=False)
            return not several and not _OF_SEVERAL & set(catalogue.constant(package, name, "TABLES"))

        return [name for name in names if self.compares or alone(name)]

    @property
    def measured(self) -> list[str]:
        """Environments that are measured here, in full."""
        return [name for name, row in self.rows.items() if row.budget is None]

    @property
    def targets(self) -> list[str]:
        """Environments in which a handful of configurations is measured, and one is recommended."""
        return [name for name, row in self.rows.items() if row.budget is not None]

    @property
    def imported(self) -> list[str]:
        """Environments whose measurements were published."""
        return list(self.imports)

    @property
    def environments(self) -> list[str]:
        """All environments but the targets of recommendations, in the order of sheet and study."""
        return [*self.measured, *self.imports]

    @property
    def compares(self) -> bool:
        """Whether there are environments to compare; a single one is there to be carried to a target."""
        return len(self.environments) > 1

    @property
    def confirmed(self) -> list[str]:
        """Targets in which what is recommended is measured here; elsewhere somebody does that by hand."""
        return [name for name in self.targets if not self.external_journal(name)]

    @cached_property
    def protocol(self) -> Protocol:
        """How each measurement is made."""
        measuring = self.sections.measuring
        own = {field.name: getattr(measuring, field.name) for field in fields(Protocol) if field.name != "energy"}
        return Protocol(**own, energy="energy_mj" in self.objectives)

    @cached_property
    def spaces(self) -> dict[str, OptionSpace]:
        """Option spaces of the measured environments by name."""
        return {
            name: OptionSpace.read(checks.SPACES / f"{name}.yaml")
            for name in {r.space: None for r in self.rows.values()}
        }

    def levels(self, row: sheet.EnvironmentRow, option: str) -> list[str]:
        """Levels of an option in the space of a row, as text; none if it has no such option."""
        found = [o.levels for o in self.spaces[row.space].options if o.name == option]
        return [level_text(level) for levels in found for level in levels]

    def precisions(self, environment: str) -> list[str]:
        """Precisions in which a network of ours is to be built for an environment."""
        row = self.rows[environment]
        if row.simulated:
            return []
        # A file of the user's is what it is; other precisions are not supported by it.
        return [] if row.own_network else self.levels(row, "precision") or [networks.PRECISIONS[0]]

    def external_journal(self, environment: str) -> list[str]:
        """File of measurements that were made elsewhere; none where the environment is measured here."""
        return [file for file in (self.rows[environment].measurements,) if file]

    def network_files(self, environment: str) -> list[str]:
        """Files of the network that measuring here needs, one for each of its ``precisions``."""
        return [] if self.external_journal(environment) else self.files_for_a_board(environment)

    def files_for_a_board(self, environment: str) -> list[str]:
        """Files of the network, one for each of its ``precisions``; the user's own as it is."""
        row = self.rows[environment]
        if row.own_network:
            return [row.network]
        return [f"results/{self.name}/networks/{row.network}.{level}.onnx" for level in self.precisions(environment)]

    def space_of(self, environment: str) -> str:
        """Name of the option space of a measured environment."""
        return self.rows[environment].space

    # Parameters of the rules, in the order of the pipeline.

    def sample(self, space: str) -> dict[str, Any]:
        """How many configurations to choose."""
        return {
            "configurations": self.sections.measuring.configurations,
            "seed": self.sections.seed,
            "code": script_digest("sample"),
        }

    def network(self, network: str) -> dict[str, Any]:
        """Which version of a network to build."""
        return {"version": networks.version(network), "seed": self.sections.seed}

    def benchmark(self, environment: str) -> dict[str, Any]:
        """What to measure. No digest of code in here: no edit may ever measure again."""
        row, measuring = self.rows[environment], self.sections.measuring
        workload = row.workload
        if row.simulated and row.cores != "all":
            workload["cores"] = int(row.cores)
        return {
            "engine": row.engine,
            "network": row.network,
            "network_version": self._network_version(row),
            "cores": row.cores,
            "settings": row.settings,
            "hardware": row.hardware,
            "identity": self._hardware(row).identity.model_dump(),
            "workload": workload,
            "precisions": self.precisions(environment) or [networks.PRECISIONS[0]] * row.own_network,
            "repeats": measuring.repeats,
            "retries": measuring.retries,
            "protocol": asdict(self.protocol),
            "seed": self.sections.seed,
            **self._reuse_journals_from(environment),
        }

    def _reuse_journals_from(self, environment: str) -> dict[str, str]:
        other = self.sections.measuring.reuse_journals_from
        return {"reuse_journals_from": f"results/{other}/journal/{environment}.jsonl"} if other else {}

    def _hardware(self, row: sheet.EnvironmentRow) -> Hardware:
        return self.sections.hardware.get(row.hardware, Hardware())

    def submission(self, environment: str, resource: str) -> int | str | None:
        """What a scheduler is asked for by the job that measures an environment, by the name of Snakemake's resource.

        None where nothing is asked for, 0 where Snakemake wants a number. Jobs on the machine at hand are not touched.
        """
        row = self.rows[environment]
        return submission.asked(self._hardware(row).cluster, row.cores)[resource]

    @staticmethod
    def _network_version(row: sheet.EnvironmentRow) -> int:
        """Version of the network; of a file of the user's, a number that stands for what it holds."""
        if row.own_network:
            digest = hashlib.sha256()
            for file in networks.files_of(Path(row.network)):
                digest.update(file.read_bytes())
            return int(digest.hexdigest()[:12], 16)
        return 0 if row.simulated else networks.version(row.network)

    def space(self) -> dict[str, Any]:
        """How many configurations of a space may be recommended."""
        return {
            "max_configurations": self.sections.recommendation.space,
            "seed": self.sections.seed,
            "code": script_digest("space"),
        }

    def target(self, environment: str) -> dict[str, Any]:
        """How a handful of configurations is chosen and measured; no digest of code, as in ``benchmark``."""
        return {
            **self.benchmark(environment),
            "budget": self.rows[environment].budget,
            "batch": self.sections.evaluation.batch,
            **self._modelled(environment),
        }

    def confirm(self, environment: str) -> dict[str, Any]:
        """How what is recommended is measured again."""
        own = {key: value for key, value in self.benchmark(environment).items() if key != "reuse_journals_from"}
        return {**own, "repeats": self.sections.recommendation.repeats}

    def recommend(self, environment: str) -> dict[str, Any]:
        """How a target is modelled, and how many configurations are recommended."""
        own = self.sections.recommendation
        modules = strategies.modules_of(own.strategy)
        modules += [learners.module_of(own.learner)] if own.learner else []
        return {
            **self._modelled(environment),
            "n_recommendations": own.n_recommendations,
            "code": script_digest("recommend", *modules),
        }

    def _modelled(self, environment: str) -> dict[str, Any]:
        own = self.sections.recommendation
        parameters: dict[str, dict[str, Any]] = self.sections.learning.parameters.model_dump()  # type: ignore[attr-defined]
        return {
            "objectives": self.objectives,
            "sources": self.descriptions(),
            "recipe": {
                "strategy": own.strategy,
                "learner": own.learner,
                "parameters": parameters.get(own.learner, {}),
                "scale": self.sections.learning.scale,
                "seed": self.sections.seed,
                "folds": self.sections.evaluation.interval_folds,
                "candidate_fraction": own.candidate_fraction,
                "described": self._described(environment),
            },
        }

    def collect_recommendations(self) -> dict[str, Any]:
        """Digest of the code that compares what was promised with what came."""
        return {"code": script_digest("collect_recommendations")}

    def import_table(self, environment: str) -> dict[str, Any]:
        """Where a published table is, and how it is mapped."""
        mapping, found = self.imports[environment]
        return {
            "file": found.file,
            "address": found.address,
            "sha256": found.sha256,
            "rows": found.rows,
            "options": {name: option.model_dump() for name, option in mapping.options.items()},
            "objectives": {name: objective.model_dump() for name, objective in mapping.objectives.items()},
            "code": script_digest("import_table"),
        }

    def merge(self) -> dict[str, Any]:
        """Descriptions of the environments."""
        return {
            "environments": self.descriptions(),
            "objectives": self.objectives,
            "code": script_digest("merge"),
        }

    def train(self) -> dict[str, Any]:
        """How source models are learnt."""
        return self._training

    @cached_property
    def _training(self) -> dict[str, Any]:
        return {
            "learners": self._learners(),
            "objectives": self.objectives,
            "scale": self.sections.learning.scale,
            "seed": self.sections.seed,
            "code": script_digest("train", *map(learners.module_of, self.learners)),
        }

    def collect_predictions(self) -> dict[str, Any]:
        """Digest of the code that puts predictions together."""
        return {"code": script_digest("collect_predictions")}

    def _learners(self) -> dict[str, dict[str, Any]]:
        """Parameters of each learner by its name."""
        parameters: dict[str, dict[str, Any]] = self.sections.learning.parameters.model_dump()  # type: ignore[attr-defined]
        return {name: parameters.get(name, {}) for name in self.learners}

    def influence(self) -> dict[str, Any]:
        """What is analysed."""
        return {
            "environments": self.environments,
            "objectives": self.objectives,
            "scale": self.sections.learning.scale,
            "criterion": self.sections.influence.criterion,
            "order": self.sections.influence.order,
            "code": script_digest("influence"),
        }

    def ranges(self) -> dict[str, Any]:
        """What is told of each environment."""
        return {"objectives": self.objectives, "code": script_digest("ranges")}

    def similarity(self) -> dict[str, Any]:
        """What is compared."""
        return {
            "environments": self.environments,
            "objectives": self.objectives,
            "scale": self.sections.learning.scale,
            "code": script_digest("similarity"),
        }

    @property
    def design_budgets(self) -> list[int]:
        """Budgets at which designs without transfer are compared."""
        evaluation = self.sections.evaluation
        return list(evaluation.design_budgets or evaluation.budgets)

    def asks_what_matters(self, strategy: str) -> bool:
        """Whether a strategy's design asks a source which options and interactions matter there."""
        return any(design.needs_terms for design in _designs_of(strategy))

    def evaluate(self, strategy: str, batch: str) -> dict[str, Any]:
        """What is compared, and the digest of the code of this strategy (others' edits do not matter)."""
        size = self._targets_per_job
        targets = self.environments[(int(batch) - 1) * size : int(batch) * size]
        # Snakemake asks for each job, and more than once.
        if strategy not in self._evaluations:
            self._evaluations[strategy] = self._evaluation(strategy)
        return {"targets": targets, **self._evaluations[strategy]}

    def _evaluation(self, strategy: str) -> dict[str, Any]:
        """``evaluate`` but for the targets: the same for all batches."""
        evaluation = self.sections.evaluation
        modules = [*strategies.modules_of(strategy), *map(learners.module_of, self.learners)]
        budgets, sized = list(evaluation.budgets), []
        if strategy not in evaluation.strategies:
            budgets = self.design_budgets
        if strategy == strategies.without_transfer("random"):
            sized = list(evaluation.designs)
            modules += map(designs.module_of, sized)
        return {
            "objectives": self.objectives,
            "budgets": budgets,
            # At whose sizes, too, where they have one.
            "designs": sized,
            "repeats": evaluation.repeats,
            "sources_per_target": evaluation.sources_per_target,
            "interval_folds": evaluation.interval_folds,
            # Others are not to be evaluated again when it changes.
            "batch": evaluation.batch
            if any(issubclass(design, ActiveDesign) for design in _designs_of(strategy))
            else 1,
            "learners": self._learners(),
            "scale": self.sections.learning.scale,
            "seed": self.sections.seed,
            "code": script_digest("evaluate", *modules),
        }

    def collect_cells(self) -> dict[str, Any]:
        """Digest of the code that puts the cells together."""
        return {"code": script_digest("collect_cells")}

    def figure(self, figure: str) -> dict[str, Any]:
        """Digest of the figure's code, and its caption for Snakemake's report."""
        return {
            "code": script_digest("figure", f"{FIGURES}.{figure}"),
            "caption": catalogue.constant(FIGURES, figure, "CAPTION"),
        }

    def table(self, table: str) -> dict[str, Any]:
        """Digest of the table's code, and the seed of what is drawn for it."""
        return {"seed": self.sections.seed, "code": script_digest("table", f"{SUMMARIES}.{table}")}

    def report(self) -> dict[str, Any]:
        """Digest of the report's code, and the commands that make this study again."""
        shown = [f"{FIGURES}.{name}" for name in self.figures] + [f"{SUMMARIES}.{name}" for name in self.tables]
        return {"code": script_digest("report", *shown), "commands": self._commands}

    def descriptions(self) -> dict[str, dict[str, Any]]:
        """Environments by name: hardware, emulated, cores, engine, network, batch, image_px, kind."""
        out: dict[str, dict[str, Any]] = {}
        for name in self.measured:
            out[name] = self._described(name)
        wanted = set(ImportedEnvironment.model_fields) - {"file", "address", "sha256", "rows"}
        for name, (_, found) in self.imports.items():
            description = found.model_dump(include=wanted)
            if found.cores is not None:
                description["cores"] = str(found.cores)
            out[name] = {"environment": name, **description, "kind": "imported"}
        return out

    def _described(self, name: str) -> dict[str, Any]:
        """One environment of the sheet; what is done there is no part of what it is."""
        row = self.rows[name]
        own = {key: value for key, value in row.description().items() if key not in ("role", "budget")}
        return {**own, "cores": str(row.cores), "kind": "measured"}

    def resolved(self) -> dict[str, Any]:
        """The study with all defaults, and its environments: what lies beside the results as ``study.yaml``."""
        content = self.sections.model_dump(mode="json")
        content["environments"] = list(self.descriptions().values())
        content["evaluation"]["design_budgets"] = self.design_budgets
        content["left_out"] = self.left_out
        content["targets"] = [{**self._described(name), "budget": self.rows[name].budget} for name in self.targets]
        return {"sheet": self.sections.environments, **content}

    def as_yaml(self) -> str:
        """``resolved`` as text."""
        text: str = yaml.safe_dump(self.resolved(), sort_keys=False, allow_unicode=True, width=120)
        return text


def _designs_of(strategy: str) -> list[type[Design]]:
    """Return the designs that a strategy may use, without importing the strategy if it is a built-in one."""
    base, _, named = strategy.partition("+")
    modules = strategies.modules_of(strategy)
    used = modules_used(*modules)
    found = [designs.load(name) for name in designs.names() if designs.module_of(name) in used]
    if "." in named:
        found.append(designs.load(named))
    # A user's own strategy may have a design of the user's own.
    if "." in base and (not found or Design.__module__ in imported_by(modules[0])):
        found.append(strategies.load(base).design)
    return found


def _without_doubles(rows: Sequence[sheet.EnvironmentRow], elsewhere: Collection[str]) -> list[sheet.EnvironmentRow]:
    """Leave out rows that are another row on this machine: on 1 core, "all" cores are 1 core. Says so.

    elsewhere: hardware that is not this machine's.
    """
    usable = usable_cpus()
    kept: dict[tuple[Any, ...], sheet.EnvironmentRow] = {}
    for row in rows:
        if row.simulated or row.hardware in elsewhere:
            kept[(row.environment,)] = row
            continue
        cores = usable if row.cores == "all" else int(row.cores)
        same = kept.setdefault((*row.same_but_cores(), cores), row)
        if same is not row:
            print(
                f"This machine lets us use {usable} core{'s' if usable > 1 else ''}: the environment {row.environment} "
                f"would be {same.environment} once more, and is left out.",
                file=sys.stderr,
            )
    return list(kept.values())
