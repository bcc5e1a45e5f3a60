"""What a study is: its sections, its environments, and what follows from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

from perftransfer import designs, objectives, scales, shipped, strategies, yaml_file
from perftransfer.catalogue import Catalogue
from perftransfer.code_digest import imported_by, modules_used
from perftransfer.dataset.params import EnvironmentDescription, TableFormat
from perftransfer.dataset.published import PublishedFile
from perftransfer.designs.interface import Design
from perftransfer.goal import Goal, Limit
from perftransfer.measuring import networks
from perftransfer.measuring.protocol import Protocol
from perftransfer.space.option_space import OptionSpace
from perftransfer.space.options import level_text
from perftransfer.study import sheet
from perftransfer.study.machine import usable_cpus
from perftransfer.study.sections import (
    FIGURES,
    TABLES,
    GoalSection,
    Hardware,
    Import,
    ImportedEnvironment,
    StudySections,
)
from perftransfer.study.validation import validate_goal

#: Part of the name of a figure's file that shows all objectives.
ALL_OBJECTIVES = "all"
#: Jobs of a strategy where the study does not say how many targets share one. A job takes two CPU seconds to start, and
#: 0.1 of Snakemake's own: with twenty strategies, these are 320 jobs, a few for each of 64 cores.
MAX_BATCHES = 16
# Tables about several environments only.
_TABLES_OF_SEVERAL = {"transfer", "timing", "similarity"}


class Study:
    """What a study is, all names looked up and all defaults filled in.

    What each job gets is in ``job_parameters``, which files it reads in ``inputs``.
    """

    def __init__(
        self,
        sections: StudySections,
        rows: Sequence[sheet.EnvironmentRow],
        where: str,
        commands: Sequence[str] = (),
        left_out: Collection[str] = (),
    ) -> None:
        """Take a study that was read from ``where``.

        Parameters
        ----------
        sections
            Content of the study's file.
        rows
            Of the environment sheet.
        where
            Name of the file, for messages.
        commands
            Shell commands that make the study again.
        left_out
            Environments whose published table is not available.
        """
        self.sections = sections
        self.where = where
        self.left_out = sorted(left_out)
        self.commands = list(commands)
        self.rows = {row.environment: row for row in rows}
        self.imports: dict[str, tuple[Import, ImportedEnvironment]] = {
            name: (mapping, environment)
            for mapping in sections.imports.values()
            for name, environment in mapping.environments.items()
            if name not in left_out
        }

    @property
    def available_imports(self) -> list[str]:
        """Names of the study's ``imports`` of which an environment is available."""
        return [name for name in self.sections.imports if self.environments_of_import(name)]

    def environments_of_import(self, import_name: str) -> dict[str, ImportedEnvironment]:
        """Environments of one of the study's ``imports`` whose table is available."""
        mapping = self.sections.imports[import_name]
        return {name: environment for name, (other, environment) in self.imports.items() if other is mapping}

    def published_files(self, import_name: str) -> list[PublishedFile]:
        """Files that one of the study's ``imports`` needs."""
        environments = self.environments_of_import(import_name).values()
        return list(dict.fromkeys(map(published_file, environments)))

    @cached_property
    def has_relative_options(self) -> bool:
        """Whether an option is compared relative to a size of the environments."""
        spaces = (option.relative_to for space in self.spaces.values() for option in space.options)
        imported = (
            option.relative_to for mapping in self.sections.imports.values() for option in mapping.options.values()
        )
        return any(spaces) or any(imported)

    def _cores_of(self, row: sheet.EnvironmentRow) -> int | None:
        """Number of cores; None where "all" is of a machine of which the number is not known."""
        if row.cores != "all":
            return int(row.cores)
        if row.hardware in self.sections.hardware:
            return self.sections.hardware[row.hardware].identity.cpus
        return usable_cpus()

    @property
    def name(self) -> str:
        """Name of the study, and of its folder in ``results``."""
        return self.sections.study

    @property
    def results(self) -> str:
        """Folder of the study's results."""
        return f"results/{self.name}"

    @cached_property
    def objectives(self) -> list[str]:
        """Objectives to model: those of the study, and what a goal needs besides."""
        wanted = [name for goal in self._own_goals.values() if goal is not None for name in goal.modelled]
        return list(dict.fromkeys([*self.sections.objectives, *wanted]))

    def goal(self, target: str) -> Goal:
        """Return what is wanted of a configuration in a target."""
        own = self._own_goals[target]
        return own or Goal(self.objectives, self.objectives[:1])

    @cached_property
    def _own_goals(self) -> dict[str, Goal | None]:
        """What the sheet, or the study, says is wanted in each target; None where neither says anything."""
        goals: dict[str, Goal | None] = {}
        for name in self.targets:
            text, section = self.rows[name].goal, self.sections.goal
            if text:
                section = validate_goal(text, f"{self.sections.environments}: environment {name}")
            goals[name] = None if section is None else _goal(section, self.sections.objectives[:1])
        return goals

    @cached_property
    def maximized(self) -> frozenset[str]:
        """Objectives of which more is better."""
        said = {
            name: objective.maximize
            for mapping in self.sections.imports.values()
            for name, objective in mapping.objectives.items()
            if objective.maximize is not None
        }
        return frozenset(name for name in self.objectives if said.get(name, objectives.more_is_better(name)))

    @property
    def scales(self) -> dict[str, str]:
        """Name of the scale of learning of each objective."""
        scale = self.sections.learning.scale
        return {name: scales.name_of(scale, maximize=name in self.maximized) for name in self.objectives}

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

    def targets_of_batch(self, batch: str) -> list[str]:
        """Targets that the job of a batch evaluates."""
        size = self._targets_per_job
        return self.environments[(int(batch) - 1) * size : int(batch) * size]

    @cached_property
    def _targets_per_job(self) -> int:
        # Independent of the number of strategies, so that a new strategy is evaluated alone.
        return self.sections.evaluation.targets_per_job or max(1, math.ceil(len(self.environments) / MAX_BATCHES))

    @property
    def search_methods(self) -> list[str]:
        """Search methods to compare; none if there is no other environment to learn from."""
        return list(self.sections.search.methods) if self.compares else []

    @property
    def design_budgets(self) -> list[int]:
        """Budgets at which designs without transfer are compared."""
        evaluation = self.sections.evaluation
        return list(evaluation.design_budgets or evaluation.budgets)

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
            for objective in ([ALL_OBJECTIVES] if FIGURES.load(figure).across_objectives else self.objectives)
        ]

    @property
    def tables(self) -> list[str]:
        """Tables to write; of a single environment those that need no other."""
        return self._to_show(TABLES, self.sections.tables)

    def _to_show(self, kind: Catalogue[Any], names: Sequence[str]) -> list[str]:
        loaded = {name: kind.load(name) for name in names}
        return [
            name
            for name, cls in loaded.items()
            if self.compares or not (cls.several or _TABLES_OF_SEVERAL & set(cls.inputs))
        ]

    @property
    def measured(self) -> list[str]:
        """Environments that are measured here, in full."""
        return [name for name, row in self.rows.items() if row.budget is None]

    @property
    def targets(self) -> list[str]:
        """Environments in which a few configurations are measured, and one is recommended."""
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
        """Targets in which the workflow measures what is recommended; on a board, its user does."""
        return [name for name in self.targets if not self.external_journal(name)]

    @cached_property
    def protocol(self) -> Protocol:
        """How each measurement is made."""
        measuring = self.sections.measuring
        values = {field.name: getattr(measuring, field.name) for field in fields(Protocol) if field.name != "energy"}
        return Protocol(**values, energy="energy_mj" in self.objectives)

    @cached_property
    def spaces(self) -> dict[str, OptionSpace]:
        """Option spaces of the measured environments by name."""
        names = {row.space: None for row in self.rows.values()}
        return {name: OptionSpace.read(self.space_file(name)) for name in names}

    def space_file(self, name: str) -> Path:
        """Return the file of an option space: that of the study's folder, else the one that comes with the package."""
        own = Path(self.sections.spaces, f"{name}.yaml")
        other = shipped.spaces() / own.name
        return other if other.exists() and not own.exists() else own

    @property
    def space_names(self) -> list[str]:
        """Names of all option spaces that the sheet may name."""
        folders = (Path(self.sections.spaces), shipped.spaces())
        return sorted({path.stem for folder in folders for path in folder.glob("*.yaml")})

    def levels(self, row: sheet.EnvironmentRow, option: str) -> list[str]:
        """Levels of an option in the space of a row, as text; none if it has no such option."""
        options = [o.levels for o in self.spaces[row.space].options if o.name == option]
        return [level_text(level) for levels in options for level in levels]

    def precisions(self, environment: str) -> list[str]:
        """Precisions in which the network of an environment is needed."""
        row = self.rows[environment]
        if row.simulated:
            return []
        if row.own_network:
            if row.has_file_per_precision:
                return self.levels(row, "precision") or [networks.DEFAULT_PRECISIONS[networks.suffix(row.network)]]
            # A user's file has one precision, unless there is a second file in another one.
            files = networks.files_by_precision(Path(row.network))
            return [level for level in self.levels(row, "precision") if level in files] or list(files)[:1]
        return self.levels(row, "precision") or [networks.precisions(row.network)[0]]

    def network_version(self, environment: str) -> int:
        """Version of the network; of a file of the user's, a number that stands for what it holds."""
        row = self.rows[environment]
        if row.own_network:
            digest = hashlib.sha256()
            for path in self.board_network_files(environment):
                for file in networks.files_of(Path(path)):
                    _update(digest, file)
            return int(digest.hexdigest()[:12], 16)
        return 0 if row.simulated else networks.version(row.network)

    def hardware_of(self, environment: str) -> Hardware:
        """What the study says of the hardware of an environment."""
        return self.sections.hardware.get(self.rows[environment].hardware, Hardware())

    def external_journal(self, environment: str) -> list[str]:
        """File of measurements that were made elsewhere; none where the environment is measured here."""
        return [file for file in (self.rows[environment].measurements,) if file]

    def journal(self, environment: str) -> str:
        """Journal of an environment. No rule has it as an output, so nothing ever deletes it."""
        return f"{self.results}/journal/{environment}.jsonl"

    def network_files(self, environment: str) -> list[str]:
        """Files of the network that measuring here needs, one for each of its ``precisions``."""
        return [] if self.external_journal(environment) else self.board_network_files(environment)

    def board_network_files(self, environment: str) -> list[str]:
        """Files of the network, one for each of its ``precisions``; the user's own as it is."""
        row = self.rows[environment]
        precisions = self.precisions(environment)
        if row.own_network:
            if row.has_file_per_precision:
                return [row.network.replace(sheet.PRECISION, level) for level in precisions]
            files = networks.files_by_precision(Path(row.network))
            return [str(files[level]) for level in precisions]
        suffix = "" if row.simulated else networks.suffix(row.network)
        return [f"{self.results}/networks/{row.network}.{level}.{suffix}" for level in precisions]

    def space_of(self, environment: str) -> str:
        """Name of the option space of a measured environment."""
        return self.rows[environment].space

    def needs_influence(self, strategy: str) -> bool:
        """Whether a strategy's design asks a source which options and interactions matter there."""
        return any(design.needs_terms for design in designs_of(strategy))

    def descriptions(self) -> dict[str, EnvironmentDescription]:
        """Environments by name, without the targets of recommendations."""
        return {
            **{name: self.description(name) for name in self.measured},
            **{name: self._of_import(name, environment) for name, (_, environment) in self.imports.items()},
        }

    def description(self, environment: str) -> EnvironmentDescription:
        """One environment of the sheet; what is measured there is not part of it."""
        row = self.rows[environment]
        described = EnvironmentDescription(
            environment=row.environment,
            hardware=row.hardware,
            emulated=row.emulated,
            cores=str(row.cores),
            engine=row.engine,
            network=row.network,
            space=row.space,
            batch=row.batch,
            image_px=row.image_px,
            sizes=row.sizes,
            inputs=row.inputs,
            settings=row.settings,
            measurements=row.measurements,
            kind="measured",
        )
        if self.has_relative_options:
            described["n_cores"] = self._cores_of(row)
        return described

    def _of_import(self, name: str, environment: ImportedEnvironment) -> EnvironmentDescription:
        described = _description(name, environment)
        if self.has_relative_options:
            described["n_cores"] = environment.cores if isinstance(environment.cores, int) else None
        return described

    def as_yaml(self) -> str:
        """Return the study with all defaults, and its environments: what lies with the results as ``study.yaml``."""
        content = self.sections.model_dump(mode="json")
        content["environments"] = list(self.descriptions().values())
        content["evaluation"]["design_budgets"] = self.design_budgets
        content["left_out"] = self.left_out
        content["maximized"] = sorted(self.maximized)
        content["targets"] = [{**self.description(name), "budget": self.rows[name].budget} for name in self.targets]
        content = {"sheet": self.sections.environments, **content}
        return yaml_file.dump(content)


def _update(digest: hashlib._Hash, file: Path) -> None:
    """Add the content of a file, which may be larger than the memory."""
    with file.open("rb") as content:
        while block := content.read(1 << 20):
            digest.update(block)


def _goal(section: GoalSection, otherwise: Sequence[str]) -> Goal:
    """Return a goal; ``otherwise`` decides if no objective is named."""
    decisive = [*section.minimize, *section.maximize] or list(otherwise)
    return Goal(decisive, decisive, [Limit.parse(text) for text in section.subject_to], section.fixed)


def table_format(mapping: Import) -> TableFormat:
    """Return what the study says of how an import's text files hold a table."""
    return TableFormat(**{field.name: getattr(mapping, field.name) for field in fields(TableFormat)})


def published_file(environment: ImportedEnvironment) -> PublishedFile:
    """Return where the table of an environment is."""
    sha256 = environment.sha256
    return PublishedFile(str(environment.file), environment.address, sha256.lower() if sha256 else None)


def _description(name: str, environment: ImportedEnvironment) -> EnvironmentDescription:
    return EnvironmentDescription(
        environment=name,
        hardware=environment.hardware,
        emulated=environment.emulated,
        cores=None if environment.cores is None else str(environment.cores),
        engine=environment.engine,
        network=environment.network,
        batch=environment.batch,
        image_px=environment.image_px,
        kind="imported",
    )


def designs_of(strategy: str) -> list[type[Design]]:
    """Return the designs that a strategy may use, without importing the strategy if it is a built-in one."""
    base, _, named = strategy.partition("+")
    modules = strategies.modules_of(strategy)
    used = modules_used(*modules)
    classes = [designs.load(name) for name in designs.names() if designs.module_of(name) in used]
    if "." in named:
        classes.append(designs.load(named))
    # A user's own strategy may have a design of the user's own.
    if "." in base and (not classes or Design.__module__ in imported_by(modules[0])):
        classes.append(strategies.load(base).design)
    return classes
