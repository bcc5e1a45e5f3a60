"""The keys of a study's file, section by section: types, defaults, meaning.

The JSON schema for editors and the reference page are generated from these classes.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    NonNegativeFloat,
    PlainValidator,
    PositiveFloat,
    PrivateAttr,
    StringConstraints,
    ValidationError,
    create_model,
    model_validator,
)

from perftransfer import designs, learners, search, strategies
from perftransfer.catalogue import Catalogue
from perftransfer.errors import UserError, shortened, unknown
from perftransfer.goal import Limit
from perftransfer.levels import Level, level_problem, level_text

NAME = r"^[a-z0-9][a-z0-9_.-]{0,99}$"
OBJECTIVE = r"^[a-z][a-z0-9_]*$"
SHA256 = r"^[0-9a-fA-F]{64}$"
OPTION_PATTERN = r"^[a-z][a-z0-9_]*(\*[a-z0-9_]*)?$|^\*[a-z0-9_]*$"
FILE_NAME = r"^[^/\\*?\[\x00-\x1f]+$"
# As file systems have it.
_MAX_FILE_NAME = 255
_IMPORT_PATH = r"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+$"
GPU_TYPE = r"^[A-Za-z0-9_.]+$"


def _file_name(value: str) -> str:
    if value.strip() in ("", ".", ".."):
        raise ValueError(f"found {value!r}, expected the name of a file")
    if len(value.encode(errors="replace")) > _MAX_FILE_NAME:
        raise ValueError(f"found {shortened(value)}, expected a name of at most {_MAX_FILE_NAME} bytes")
    return value


def _level(value: Any) -> Any:
    if problem := level_problem(value):
        raise ValueError(f"found {shortened(value)}, {problem}")
    return value


def _levels(values: list[Level]) -> list[Level]:
    texts = [level_text(value) for value in values]
    if duplicates := [text for text in texts if texts.count(text) > 1]:
        raise ValueError(f"duplicate {duplicates[0]}; write names that look like numbers in quotes: '1.10'")
    return values


# More than any of them needs; larger ones overflow in libraries.
PositiveInt = Annotated[int, Field(gt=0, le=10**9)]
NonNegativeInt = Annotated[int, Field(ge=0, le=10**9)]
LevelValue = Annotated[Level, PlainValidator(_level, json_schema_input_type=Level)]
Levels = Annotated[list[LevelValue], Field(min_length=1), AfterValidator(_levels)]
Name = Annotated[str, StringConstraints(pattern=NAME)]
Objective = Annotated[str, StringConstraints(pattern=OBJECTIVE)]
OptionPattern = Annotated[str, StringConstraints(pattern=OPTION_PATTERN)]
FileName = Annotated[str, StringConstraints(pattern=FILE_NAME), AfterValidator(_file_name)]
GpuType = Annotated[str, StringConstraints(pattern=GPU_TYPE)]


def _strategy(value: str) -> str:
    try:
        strategies.check(value)
    except UserError as error:
        raise ValueError(str(error).removeprefix("strategy: ")) from None
    if value.partition("+")[0] == strategies.NO_TRANSFER:
        raise ValueError(f"found {value!r}; designs without transfer are compared by the key designs")
    return value


def _strategy_of_ours(value: str) -> str:
    if "." in _strategy(value):
        # It travels in model files, which are not to say which code runs.
        raise ValueError(
            f"found {value!r}; allowed: {', '.join(strategies.names())}, each also with a design: KT+active"
        )
    return value


# JSON schemas are Any to pydantic.
_STRATEGY_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"enum": strategies.names()},
        {"pattern": r"^[A-Za-z0-9_.]+\+(" + "|".join(designs.names()) + r"|[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)+)$"},
        {"pattern": _IMPORT_PATH},
    ]
}


def _one_of(what: str, allowed: list[str]) -> Any:
    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(unknown("", what, value, allowed).removeprefix(": "))
        return value

    return Annotated[str, AfterValidator(check), Field(json_schema_extra={"enum": [*allowed]})]


def _designs_without_source() -> list[str]:
    return [name for name in designs.names() if not designs.load(name).needs_source]


def _design(value: str) -> str:
    # One that uses a source is part of a strategy, not to be compared without transfer.
    is_built_in = value in designs.names()
    try:
        if (is_built_in or "." in value) and not designs.load(value).needs_source:
            return value
    except UserError as error:
        raise ValueError(str(error).removeprefix("design: ")) from None
    raise ValueError(unknown("", "design", value, _designs_without_source()).removeprefix(": "))


def _design_schema(schema: dict[str, Any]) -> None:
    """Complete the JSON schema; a function, because it imports all designs."""
    schema["anyOf"] = [{"enum": _designs_without_source()}, {"pattern": _IMPORT_PATH}]


def _distinct(values: list[Any]) -> list[Any]:
    duplicates = [value for value in values if values.count(value) > 1]
    if duplicates:
        raise ValueError(f"duplicate {duplicates[0]!r}")
    return values


def _increasing(values: list[int]) -> list[int]:
    if values != sorted(set(values)):
        raise ValueError(f"found {values}, expected increasing numbers")
    return values


def _folds(value: int) -> int:
    if value == 1:
        raise ValueError("found 1, expected 0 for none, or 2 and more: what is left out has to be predicted")
    return value


def _plug_in(catalogue: Catalogue[Any]) -> Any:
    """Type of the name of a built-in plug-in, or the import path of a user's own."""

    def check(value: str) -> str:
        try:
            catalogue.check(value)
        except UserError as error:
            raise ValueError(str(error).removeprefix(f"{catalogue.what}: ")) from None
        return value

    schema: dict[str, Any] = {"anyOf": [{"enum": catalogue.names()}, {"pattern": _IMPORT_PATH}]}
    return Annotated[str, AfterValidator(check), Field(json_schema_extra=schema)]


BuiltInLearner = _one_of("learner", learners.names())
LearnerName = _plug_in(learners.CATALOGUE)
SearchMethodName = _plug_in(search.CATALOGUE)
BuiltInSearchMethod = _one_of("search method", search.CATALOGUE.names())
StrategyName = Annotated[str, AfterValidator(_strategy), Field(json_schema_extra=_STRATEGY_SCHEMA)]
DesignName = Annotated[str, AfterValidator(_design), Field(json_schema_extra=_design_schema)]
# By the folders' names: figures and tables are above the study. Their modules are quick to import.
FIGURES: Catalogue[Any] = Catalogue("perftransfer.figures", "Figure", "figure")
_FIGURE_NAMES = [name for name in FIGURES.names() if FIGURES.load(name).still]
FigureName = _one_of("figure", _FIGURE_NAMES)
TABLES: Catalogue[Any] = Catalogue("perftransfer.tables", "Table", "table")
_TABLE_NAMES = [name for name in TABLES.names() if TABLES.load(name).csv]
TableName = _one_of("table", _TABLE_NAMES)


def _environments_schema(schema: dict[str, Any]) -> None:
    """Complete the JSON schema of the environments of an import."""
    by_name = {
        key: schema.pop(key)
        for key in ("additionalProperties", "propertyNames", "patternProperties", "type")
        if key in schema
    }
    schema["anyOf"] = [by_name, {"const": "all"}, {"type": "array"}]


class Section(BaseModel):
    """Unknown keys are errors: a misspelt key would silently leave a default in force."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class _AnyLearner(Section):
    model_config = ConfigDict(extra="allow")


class Measuring(Section):
    """What is measured in each environment of the sheet, and for how long."""

    configurations: PositiveInt = Field(
        48, description="Configurations to measure: the default, its one-at-a-time changes, and random ones."
    )
    repeats: PositiveInt = Field(2, description="Processes per configuration.")
    warmup_runs: PositiveInt = Field(3, description="Warm-up inferences, at least.")
    warmup_seconds: float = Field(0.1, ge=0, description="Warm-up, at least, in seconds.")
    runs: PositiveInt = Field(7, description="Timed inferences per process, at least.")
    seconds: float = Field(0.2, ge=0, description="Timed inferences, at least, in seconds.")
    max_warmup_seconds: float = Field(
        2.0, ge=0, description="Warm-up goes on until latencies are steady, but no longer than this, in seconds."
    )
    max_seconds: float = Field(
        1.0, ge=0, description="Timing goes on until the median is precise, but no longer than this, in seconds."
    )
    precision: PositiveFloat = Field(
        0.02,
        description="How far the 95 % confidence interval of a process's median may reach to either side, relative to "
        "the median.",
    )
    retries: NonNegativeInt = Field(
        1, description="How often a disturbed measurement is made again, after all others; both stay."
    )
    max_wait_seconds: NonNegativeFloat = Field(
        120,
        description="Where other processes disturb measurement after measurement, an environment waits until the "
        "machine is quiet, but in all no longer than this, in seconds.",
    )
    timeout_seconds: PositiveFloat = Field(
        120,
        description="A measurement that takes longer, opening the network included, is ended and marked `timeout`; "
        "raise this to try it again.",
    )
    reuse_journals_from: Name | None = Field(
        None,
        description="Another study: what its journals hold of the same environments, on this machine, is not measured "
        "again.",
    )


class ImportedOption(Section):
    """How an option is read from a published table.

    An option whose name has a `*` stands for all that match: `opt_*` for the columns `opt_tile` and `opt_unroll`, under
    these names; `"*": {column: "opt_*"}` for the same columns as `tile` and `unroll`. Columns that the import uses
    otherwise do not match.
    """

    column: str | None = Field(None, description="Column that holds it; by default the option's own name.")
    columns: list[str] | None = Field(
        None, description="Columns to be added up, where nested options are one: how many cores are switched on."
    )
    type: Literal["number", "text"] | None = Field(
        None,
        description="What its levels are. By default numbers if every cell of every file is written as programs write "
        "numbers (`2`, `0.25`), truth values if every cell is true or false, and text otherwise: `1.10`, `010` and "
        "`1e3` may be names of versions.",
    )
    inactive: list[LevelValue] = Field(
        [],
        description="Cells that mean that the option has no effect in their row; `''` is an empty cell. `inactive`, as "
        "files of perftransfer have it, always does.",
    )
    factor: PositiveFloat | None = Field(
        None,
        description="Turns the column's numbers into the unit that the option of this name has elsewhere; "
        "`levels` and `default` are in that unit. Not with `by_rank`.",
    )
    ordered: bool = Field(
        False, description="Whether the levels have an order. Of text it has to be given: `levels: [128KB, 1MB]`."
    )
    by_rank: bool = Field(
        False,
        description="Replace each level by its rank among those of its own environment, 1 the lowest: so clocks of "
        "unlike boards become the same option. Needs `ordered`.",
    )
    levels: Levels | None = Field(None, description="Levels in their order; by default those found, sorted.")
    default: LevelValue | None = Field(None, description="Default level; by default that of the first row.")
    relative_to: Literal["cores", "batch", "image_px"] | None = Field(
        None,
        description="Size of the environment by which the levels are divided when environments are compared: threads "
        "per core. The option is then called `<name>_per_core`, `_per_input` or `_per_px`.",
    )


class ImportedObjective(Section):
    """How an objective is read from a published table."""

    column: str | None = Field(None, description="Column that holds it; by default the objective's own name.")
    factor: PositiveFloat = Field(1.0, description="Turns the column's unit into the one in the objective's name.")
    maximize: bool | None = Field(
        None,
        description="Whether more of it is better; by default what its name says: more of `tokens_per_s` or of a "
        "column in `fps` is better, less of anything else. Has to be given for names such as `accuracy`.",
    )


class ImportedEnvironment(Section):
    """A published file, or some of its rows, as an environment."""

    file: FileName | None = Field(
        None, description="File name, looked for below the folder that DATASETS names; by default that of the import."
    )
    address: str | None = Field(None, description="Public address, used where DATASETS does not have the file.")
    sha256: Annotated[str, StringConstraints(pattern=SHA256)] | None = Field(
        None, description="Its SHA-256; needed with an `address`."
    )
    rows: dict[str, LevelValue] = Field({}, description="Values of columns that pick the rows of this environment.")
    hardware: str = Field(description="Hardware it was measured on.")
    emulated: bool = Field(False, description="Whether it is a restriction of other hardware in the study.")
    cores: int | str | None = Field(None, description="Cores used, if known.")
    engine: str | None = Field(None, description="Engine, if known.")
    network: str | None = Field(None, description="Network, if known.")
    batch: PositiveInt | None = Field(None, description="Inputs of one inference.")
    image_px: PositiveInt | None = Field(None, description="Width and height of the input in pixels.")


class AttributeColumns(Section):
    """Columns that say what the environments of a long table are."""

    hardware: str | None = Field(None, description="Column of the hardware; by default the environment's value.")
    cores: str | None = Field(None, description="Column of the cores used.")
    engine: str | None = Field(None, description="Column of the engine.")
    network: str | None = Field(None, description="Column of the network.")
    batch: str | None = Field(None, description="Column of the inputs of one inference.")
    image_px: str | None = Field(None, description="Column of the width and height of the input in pixels.")


class Import(Section):
    """Published tables with the same columns."""

    file: FileName | None = Field(None, description="File of the environments that name none.")
    address: str | None = Field(None, description="Its public address.")
    sha256: Annotated[str, StringConstraints(pattern=SHA256)] | None = Field(None, description="Its SHA-256.")
    separator: Annotated[str, StringConstraints(min_length=1, max_length=1)] | None = Field(
        None, description='What separates the cells of a text file, as in `";"` or `"\\t"`; found out by default.'
    )
    decimal: Literal[".", ","] | None = Field(None, description="Decimal separator of numbers; found out by default.")
    thousands: Literal[".", ",", " ", "'", "_"] | None = Field(
        None,
        description="Thousands separator of numbers; found out by default, where numbers can be read in one way only.",
    )
    comment: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        None, description="What a line begins with that is no row; by default `#`, above the header only."
    )
    skip_rows: NonNegativeInt = Field(0, description="Lines above the header that are no rows.")
    encoding: str | None = Field(None, description="Encoding of a text file, as in `latin-1`; by default UTF-8.")
    missing: list[LevelValue] = Field(
        [""],
        description="Cells of objectives that mean that a measurement failed: `[timeout, OOM, '']`; by default the "
        "empty ones. Any other cell that is not a number above 0 is an error.",
    )
    replicates: Literal["median", "error"] = Field(
        "median",
        description="What several rows of a configuration are: repetitions, of which the median is the value and the "
        "spread the known noise, or an error.",
    )
    options: dict[OptionPattern, ImportedOption] = Field(min_length=1, description="Options by name.")
    objectives: dict[Objective, ImportedObjective] = Field(min_length=1, description="Objectives by name, unit in it.")
    environment_column: str | list[str] | None = Field(
        None,
        description="Column of `file` that names the environment of each row: with it, `environments` is `all`, or a "
        "list of values of this column. Of several columns each combination is an environment, and `environments` is "
        "`all`.",
    )
    rows: dict[str, LevelValue] = Field({}, description="Values of columns that rows of every environment have.")
    min_configurations: PositiveInt = Field(
        1, description="Environments with fewer configurations are left out; only with `environment_column`."
    )
    attributes: AttributeColumns = AttributeColumns()
    environments: dict[Name, ImportedEnvironment] = Field(
        description="Environments by name; with `environment_column` also `all`, or a list of its values.",
        json_schema_extra=_environments_schema,
    )

    # Values of environment_column that are environments; None where they are given one by one.
    _values: Literal["all"] | list[Level] | None = PrivateAttr(None)

    @model_validator(mode="wrap")
    @classmethod
    def _complete(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        values = data.get("environments") if isinstance(data, dict) else None
        if values != "all" and not isinstance(values, list):
            section = handler(data)
            if section.environment_column is not None:
                raise ValueError("environment_column needs environments: all, or a list of values of this column")
            if not section.environments:
                raise ValueError("environments: found none")
            environments = {name: section._with_file(name, each) for name, each in section.environments.items()}
            return section.model_copy(update={"environments": environments})
        section = handler({**data, "environments": {}})
        if section.environment_column is None or section.file is None:
            raise ValueError(
                f"environments: found {values!r}; all and a list need file and environment_column, which names the "
                "environment of each row"
            )
        if isinstance(values, list):
            if isinstance(section.environment_column, list):
                raise ValueError(f"environments: found {values!r}, expected all: several columns name an environment")
            wrong = [value for value in values if level_problem(value)]
            if wrong or not values:
                raise ValueError(f"environments: found {values!r}, expected values of the column")
            _distinct(values)
        section._check_sum("", section.address, section.sha256)
        section._values = values
        return section

    def _with_file(self, name: str, environment: ImportedEnvironment) -> ImportedEnvironment:
        if environment.file is None:
            if self.file is None:
                raise ValueError(f"environments.{name}.file: is missing")
            environment = environment.model_copy(
                update={"file": self.file, "address": self.address, "sha256": self.sha256}
            )
        self._check_sum(f"environments.{name}.", environment.address, environment.sha256)
        return environment

    @staticmethod
    def _check_sum(where: str, address: str | None, sha256: str | None) -> None:
        if address and not sha256:
            raise ValueError(f"{where}sha256: is missing; what is downloaded has to be known by its SHA-256")

    @property
    def environment_values(self) -> Literal["all"] | list[Level] | None:
        """Values of ``environment_column`` that are environments; None where they are given one by one."""
        return self._values


def _parameters_of(learner: str) -> type[BaseModel]:
    """Create the section of a learner's parameters, from the fields of its class."""
    # Any, here and below, as ``create_model`` takes fields by keyword, next to parameters of its own.
    types: dict[Any, Any] = {int: PositiveInt, float: NonNegativeFloat}
    fields: dict[str, Any] = {
        name: (types.get(parameter.annotation, parameter.annotation), parameter.default)
        for name, parameter in learners.load(learner).parameters().items()
    }
    name = f"{learner.rpartition('.')[2]}Parameters"
    return create_model(name, __base__=Section, __doc__=f"Parameters of {learner}.", **fields)


def _parameters() -> type[BaseModel]:
    """Create the section with a section for each built-in learner that has parameters."""
    sections = {name: _parameters_of(name) for name in learners.names()}
    fields: dict[str, Any] = {name: (section, section()) for name, section in sections.items() if section.model_fields}
    # A user's own learners have sections, too: see _check_own_parameters.
    schema = {"additionalProperties": False, "patternProperties": {_IMPORT_PATH: {"type": "object"}}}
    return create_model(
        "LearnerParameters",
        __base__=_AnyLearner,
        __doc__="Parameters of the learners.",
        __cls_kwargs__={"json_schema_extra": schema},
        **fields,
    )


def _check_own_parameters(parameters: BaseModel) -> BaseModel:
    """Check the sections of a user's own learners, which are called by their import paths."""
    user_sections = parameters.model_extra or {}
    for name, content in user_sections.items():
        if "." not in name:
            raise ValueError(unknown("", "key", name, type(parameters).model_fields).removeprefix(": "))
        try:
            user_sections[name] = _parameters_of(name).model_validate(content)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            key = ".".join(map(str, (name, *problem["loc"])))
            raise ValueError(f"{key}: found {problem['input']!r}; {problem['msg']}") from None
    return parameters


LearnerParameters = _parameters()


class Influence(Section):
    """How influential options and interactions are selected: stepwise linear regression."""

    criterion: Literal["aic", "bic"] = Field(
        "bic", description="What decides whether a term enters: `aic` is generous, and what R's `step` takes."
    )
    order: PositiveInt = Field(2, description="Largest number of options in an interaction.")


class Learning(Section):
    """How performance models are fitted."""

    scale: Literal["log", "linear"] = Field(
        "log", description="Learn the logarithm of the objective (effects multiply), or the objective itself."
    )
    learners: Annotated[list[LearnerName], AfterValidator(_distinct)] = Field(  # type: ignore[valid-type]
        learners.names(),
        min_length=1,
        description="Learners that every strategy is crossed with; also import paths of classes of your own.",
    )
    parameters: Annotated[LearnerParameters, AfterValidator(_check_own_parameters)] = Field(  # type: ignore[valid-type]
        LearnerParameters(), description="Parameters of the learners."
    )


class Evaluation(Section):
    """What is compared, and how."""

    strategies: Annotated[list[StrategyName], AfterValidator(_distinct)] = Field(
        strategies.names(),
        description=f"Strategies to compare: {', '.join(strategies.names())}, or the import path of a class of your "
        "own; either with another design than its own, as in KT+random; none: strategies are not compared.",
    )
    budgets: Annotated[list[PositiveInt], AfterValidator(_increasing)] = Field(
        [5, 10, 20, 30], min_length=1, description="Numbers of configurations measured in the target."
    )
    repeats: PositiveInt = Field(10, description="Repetitions, each with a test third and a random sample of its own.")
    designs: Annotated[list[DesignName], AfterValidator(_distinct)] = Field(
        [],
        description="Designs to compare without transfer, also import paths of classes of your own: the learners are "
        "fitted to the sample of each. `random`, the simple random sample, is always among them.",
    )
    design_budgets: Annotated[list[PositiveInt], AfterValidator(_increasing)] | None = Field(
        None,
        description="Budgets of the designs, by default those of the strategies. A design of a fixed size has its "
        "own, at which `random` is evaluated, too.",
    )
    interval_folds: Annotated[NonNegativeInt, AfterValidator(_folds)] = Field(
        5,
        description="For the prediction intervals of strategies that have none of their own, on random samples: how "
        "often each is fitted again, leaving out a part of the sample; 0 for no intervals.",
    )
    batch: PositiveInt = Field(
        5,
        description="Measurements per batch of an active design, as in KT+active. The first is that of the greedy "
        "design.",
    )
    sources_per_target: PositiveInt | None = Field(
        None,
        description="Sources of each target, drawn at random from all other environments, the same for all strategies, "
        "those that use all sources at once included; none: all. Where environments are many, pairs of them are more.",
    )
    targets_per_job: PositiveInt | None = Field(
        None,
        description="Targets that one job evaluates; more save the start of jobs, fewer spread over cores. By default "
        "so many that a strategy has 16 jobs at most.",
    )


class Search(Section):
    """Searches for the best configuration, simulated on all that was measured.

    Each environment in turn is the target. Its measured configurations are the candidates; nothing is held out. A
    method with sources searches with all of them at once, and with each by itself.
    """

    methods: Annotated[list[SearchMethodName], AfterValidator(_distinct)] = Field(  # type: ignore[valid-type]
        search.CATALOGUE.names(),
        description=f"Search methods to compare: {', '.join(search.CATALOGUE.names())}, or the import path of a class "
        "of your own; none: no searches.",
    )
    measurements: PositiveInt = Field(20, description="Measurements of each search.")
    repeats: PositiveInt = Field(5, description="Searches with another seed, for methods in which something is random.")


class Recommendation(Section):
    """What is done in targets: environments of the sheet with `role` target and a `budget`."""

    strategy: Annotated[str, AfterValidator(_strategy_of_ours)] = Field(
        "AUTO",
        description="Strategy whose model is used there, and whose design plans what to measure if `search` is null. "
        "One that uses a single source takes the one that orders configurations most alike.",
        json_schema_extra=_STRATEGY_SCHEMA,
    )
    learner: BuiltInLearner = Field(  # type: ignore[valid-type]
        "RF", description="Learner of a strategy that is crossed with learners."
    )
    search: BuiltInSearchMethod | None = Field(  # type: ignore[valid-type]
        "TRANSFER",
        description="Search method that proposes what to measure for the first objective; null: the design of the "
        "strategy, which aims at a model that is accurate over all of the space.",
    )
    batch: PositiveInt = Field(
        1, description="Measurements that a search or an active design proposes before it looks at their results."
    )
    candidate_fraction: float = Field(
        1.0,
        gt=0,
        le=1,
        description="Share of the space from which designs that ask the sources (greedy, active) choose what to "
        "measure: the configurations that should be best according to the sources. A smaller share than 1 "
        "predicts good configurations more accurately if the sources are right, and the others less accurately.",
    )
    tolerance: float | None = Field(
        0.01,
        ge=0,
        lt=1,
        description="Regret, as a fraction, that does not matter: a search stops before its budget is spent when, with "
        "a probability of 90 %, the best configuration measured is no further from the best there is (or when the "
        "noise of a value is larger); null: every budget is spent.",
    )
    space: PositiveInt = Field(
        20_000, description="Configurations that may be recommended: all of the space, or so many of a larger one."
    )
    n_recommendations: PositiveInt = Field(3, description="Configurations to recommend for each objective.")
    repeats: PositiveInt = Field(
        3,
        description="Processes per recommended configuration, and of the default one, that are measured in the end, "
        "side by side; the prediction is compared with them.",
    )
    max_repeats: PositiveInt = Field(
        10,
        description="Processes of those recommended configurations that noise does not tell apart: they go on side by "
        "side until one is better, or until a difference of `tolerance` would show.",
    )


def _limit(value: str) -> str:
    Limit.parse(value)
    return value


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Objectives = Annotated[list[Objective], BeforeValidator(_listed), AfterValidator(_distinct)]


class GoalSection(Section):
    """What is wanted of a configuration: what decides, within which limits, with which options held fixed."""

    minimize: _Objectives = Field([], description="Objective of which less is better; several: their Pareto front.")
    maximize: _Objectives = Field([], description="Objective of which more is better; several: their Pareto front.")
    subject_to: list[Annotated[str, AfterValidator(_limit)]] = Field(
        [], description="Limits that a recommended configuration has to keep: `latency_ms_p99 <= 20`."
    )
    fixed: dict[Objective, LevelValue] = Field({}, description="Options held at one level: `precision: fp32`.")


class Identity(Section):
    """How a machine is recognised as this hardware before anything is measured on it.

    What is unset is learnt at the first measurement (`results/<study>/journal/hardware/`).
    """

    processor: str | None = Field(None, description="Part of its processor's name, as `/proc/cpuinfo` has it.")
    architecture: str | None = Field(None, description="Its architecture, as `uname -m` has it.")
    cpus: PositiveInt | None = Field(None, description="Number of its CPUs.")
    gpu: str | None = Field(None, description="Part of the name of each of its GPUs.")


class Cluster(Section):
    """What jobs that measure request from the scheduler. See docs/how-to/cluster.md."""

    partition: str | None = Field(None, description="Partition (queue) of its nodes.")
    constraint: str | None = Field(None, description="Features that a node must have: `tx2`, `a100&nvlink`.")
    gpus: NonNegativeInt = Field(0, description="GPUs to ask for.")
    gpu_type: GpuType | None = Field(None, description="Type of these GPUs, as the scheduler calls it: `a100`.")
    cpus: PositiveInt | None = Field(
        None,
        description="CPUs to ask for; by default those that the environment has in its column `cores`, and for `all` "
        "those that the node has.",
    )
    exclusive: bool = Field(True, description="Whether nothing else may run on the node while something is measured.")
    minutes: PositiveInt | None = Field(None, description="Time limit of the job.")
    memory_mib: PositiveInt | None = Field(None, description="Memory to ask for.")
    account: str | None = Field(None, description="Account that pays.")
    flags: str = Field("", description="Further options of `sbatch`: `--reservation=quiet --qos=long`.")


class Hardware(Section):
    """Hardware other than this machine, named in the sheet's column `hardware`."""

    identity: Identity = Identity()
    cluster: Cluster = Cluster()


class StudySections(Section):
    """A study: what to measure, import, learn, compare and draw."""

    study: Name = Field(description="Name of the study; its results lie in `results/<study>/`.")
    seed: int = Field(1, ge=0, lt=2**32, description="Seed of everything random.")
    objectives: Annotated[list[Objective], AfterValidator(_distinct)] = Field(
        ["latency_ms"], min_length=1, description="What is modelled; the unit is the last part of the name."
    )
    goal: GoalSection | None = Field(
        None,
        description="What is wanted of a configuration in a target; without it, the first objective decides what is "
        "measured there, and configurations are recommended for each objective. The sheet's column `goal` has that of "
        "a single target.",
    )
    environments: str | None = Field(None, description="Environment sheet: what is measured on the machine at hand.")
    spaces: str = Field(
        "config/spaces",
        min_length=1,
        description="Folder of the option spaces that the sheet names; what it lacks is taken from those that come "
        "with perftransfer.",
    )
    hardware: dict[str, Hardware] = Field(
        {}, description="Hardware other than the machine at hand, by its name in the sheet."
    )
    measuring: Measuring = Measuring()
    imports: dict[Name, Import] = Field({}, description="Published measurements, by a name of your own.")
    missing: Literal["stop", "leave_out"] = Field(
        "stop",
        description="What to do if a published table is not available locally and could not be downloaded: stop, or "
        "leave its environments out. A wrong checksum is always an error.",
    )
    influence: Influence = Influence()
    learning: Learning = Learning()
    recommendation: Recommendation = Recommendation()
    evaluation: Evaluation = Evaluation()
    search: Search = Search()
    figures: Annotated[list[FigureName], AfterValidator(_distinct)] = Field(  # type: ignore[valid-type]
        _FIGURE_NAMES, description="Figures to draw."
    )
    tables: Annotated[list[TableName], AfterValidator(_distinct)] = Field(  # type: ignore[valid-type]
        _TABLE_NAMES, description="Tables to write as CSV and to show in the report."
    )
