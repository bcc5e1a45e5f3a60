"""Check whether the keys of a study, its sheet and its option spaces fit together."""

from __future__ import annotations

from pathlib import Path

from perftransfer import objectives, search, strategies
from perftransfer.dataset import measured
from perftransfer.dataset.merge import columns_of_dataset
from perftransfer.dataset.published import PublishedFile
from perftransfer.errors import UserError, unknown
from perftransfer.measuring import engines, feed, networks
from perftransfer.measuring.engines.interface import Engine
from perftransfer.study.facts import Study
from perftransfer.study.machine import quota_remark, usable_cpus
from perftransfer.study.sheet import EnvironmentRow
from perftransfer.study.validation import validate_goal


def problems(study: Study, *, check_networks: bool) -> list[str]:
    """Return a line for each problem: where it is, what was found, what is allowed.

    check_networks: whether files of networks are read, see ``read_study``.
    """
    lacking = _lacking_spaces(study)
    if lacking:
        return lacking
    return [
        *_options(study),
        *_feeds(study, check_networks=check_networks),
        *_imports(study),
        *_goals(study),
        *_number_of_environments(study),
        *(_objectives(study) if study.environments else []),
        *_budgets(study),
        *_hardware(study),
        *_cores(study),
    ]


def _lacking_spaces(study: Study) -> list[str]:
    lines = []
    for row in study.rows.values():
        if not study.space_file(row.space).exists():
            where = f"{study.sections.environments}: environment {row.environment}"
            lines.append(unknown(where, "option space", row.space, study.space_names))
    return lines


def _imports(study: Study) -> list[str]:
    lines = []
    for name in study.imports:
        if name in study.rows:
            lines.append(f"{study.where}: imports: environment {name} is also in the sheet")
    for key, mapping in study.sections.imports.items():
        for name in mapping.environments:
            if name in study.imports and study.imports[name][0] is not mapping:
                lines.append(f"{study.where}: imports.{key}.environments: {name} is imported twice")
        files: dict[str, PublishedFile] = {}
        for file in study.published_files(key):
            if files.setdefault(file.name, file) != file:
                lines.append(f"{study.where}: imports.{key}: {file.name} has more than one address or SHA-256")
        for name, option in mapping.options.items():
            where = f"{study.where}: imports.{key}.options.{name}"
            if name in columns_of_dataset(study.objectives):
                lines.append(f"{where}: a column of the dataset has that name; give another one, with column: {name}")
            if "*" in name and (option.columns or "*" not in (option.column or "*")):
                lines.append(f"{where}: a pattern needs one column, with a * for what the * in its name stands for")
            if option.type == "text" and (option.factor is not None or option.columns):
                lines.append(f"{where}: found type text, with a factor or a sum, which are numbers")
            if option.column and option.columns:
                lines.append(f"{where}: give column or columns, not both")
            if option.by_rank and option.factor is not None:
                lines.append(f"{where}: give factor or by_rank, not both: ranks have no unit")
            if option.by_rank and not option.ordered:
                lines.append(f"{where}: by_rank needs an order: ordered: true")
    return lines


def _goals(study: Study) -> list[str]:
    lines = []
    for target in study.targets:
        text, section = study.rows[target].goal, study.sections.goal
        where = f"{study.sections.environments}: environment {target}: goal" if text else f"{study.where}: goal"
        if text:
            section = validate_goal(text, f"{study.sections.environments}: environment {target}")
        if section is None:
            continue
        for key, names in (("minimize", section.minimize), ("maximize", section.maximize)):
            for name in names:
                more_is_better = name in study.maximized
                if more_is_better != (key == "maximize"):
                    side, other = ("more", "maximize") if more_is_better else ("less", "minimize")
                    lines.append(f"{where}.{key}: found {name}, of which {side} is better: use {other}")
        try:
            study.spaces[study.rows[target].space].restricted(section.fixed)
        except UserError as error:
            lines.append(f"{where}.fixed: {error}")
    return list(dict.fromkeys(lines))


def _number_of_environments(study: Study) -> list[str]:
    there = study.environments
    # One source is enough for a target.
    if len(there) > 1 or (there and study.targets):
        return []
    if study.left_out:
        is_there = f"is only {there[0]}" if there else "is none"
        return [f"{study.where}: a study needs two environments to compare; without those left out there {is_there}"]
    if not there and study.targets:
        # A search may go without; a strategy that transfers may not.
        section = study.sections.recommendation
        method = str(section.search or "")
        if (
            method
            and not search.CATALOGUE.load(method).needs_source
            and not strategies.load(section.strategy).needs_source
        ):
            return []
        return [
            f"{study.sections.environments}: there is a target, but no source: measure or import one environment, or "
            "search without sources (recommendation: {strategy: GP, search: EI})"
        ]
    if not there:
        return [f"{study.where}: no environment: give a sheet (environments) or published ones (imports)"]
    return [
        f"{study.where}: a study needs two environments to compare, or a target and a source; there is only {there[0]}"
    ]


def _budgets(study: Study) -> list[str]:
    lines = []
    pool = study.sections.measuring.configurations
    for key in ("budgets", "design_budgets"):
        largest = max(getattr(study.sections.evaluation, key) or [0])
        # Without a second environment nothing is compared.
        if not study.measured or not study.compares or largest <= pool - pool // 3:
            continue
        lines.append(
            f"{study.where}: evaluation.{key}: found {largest}; of {pool} measured configurations a third is held "
            f"out, so at most {pool - pool // 3} can be chosen: measure more (measuring.configurations)"
        )
    return lines


def _cores(study: Study) -> list[str]:
    lines = []
    usable = usable_cpus()
    for row in study.rows.values():
        if row.measurements or row.hardware in study.sections.hardware:
            continue
        if row.cores != "all" and int(row.cores) > usable:
            lines.append(
                f"{study.sections.environments}: environment {row.environment}: needs {row.cores} cores; {usable} "
                f"can be used on this machine{quota_remark()}"
            )
        elif not row.simulated and row.cores != "all" and int(row.cores) < usable and not row.emulated:
            lines.append(
                f"{study.sections.environments}: environment {row.environment}: found emulated no with {row.cores} "
                f"of this machine's {usable} cores; use emulated yes for a restriction"
            )
    return lines


def _hardware(study: Study) -> list[str]:
    lines, named = [], {row.hardware for row in study.rows.values()}
    for name, hardware in study.sections.hardware.items():
        where, cluster = f"{study.where}: hardware.{name}", hardware.cluster
        if name not in named:
            lines.append(unknown(where, "hardware", name, sorted(named)))
        if cluster.gpu_type and not cluster.gpus:
            lines.append(f"{where}.cluster.gpu_type: found {cluster.gpu_type!r}, but gpus: 0")
        on_all_cores = [row.environment for row in study.rows.values() if row.hardware == name and row.cores == "all"]
        if on_all_cores and not (cluster.exclusive or cluster.cpus):
            lines.append(
                f"{where}.cluster.cpus: is missing: {on_all_cores[0]} measures on all cores, and a job gets all "
                "cores of a node only with exclusive: true"
            )
    return lines


def _options(study: Study) -> list[str]:
    lines = []
    for row in study.rows.values():
        engine = engines.load(row.engine)
        for option in study.spaces[row.space].options:
            if option.name not in engine.options:
                where = f"{study.space_file(row.space)}: options"
                lines.append(unknown(where, f"{row.engine} option", option.name, sorted(engine.options)))
                continue
            for level in option.levels:
                if problem := engine.level_problem(option.name, level):
                    lines.append(f"{study.space_file(row.space)}: options.{option.name}.levels: {problem}")
        try:
            measured.check_names(study.spaces[row.space].options)
        except UserError as error:
            lines.append(f"{study.space_file(row.space)}: {error}")
        if not row.simulated:
            lines += _network(study, row, engine)
    return list(dict.fromkeys(lines))


def _network(study: Study, row: EnvironmentRow, engine: Engine) -> list[str]:
    """Check whether the engine of an environment can read its network, in the precisions of its option space."""
    where = f"{study.sections.environments}: environment {row.environment}"
    lines, suffix = [], networks.suffix(row.network)
    if suffix not in engine.formats:
        readable = ", ".join(f".{name}" for name in sorted(engine.formats))
        lines.append(f"{where}: network: found {row.network}, a file .{suffix}; {row.engine} reads {readable}")
    if row.has_file_per_precision:
        files = study.board_network_files(row.environment)
        lines += [f"{where}: network: there is no file {file}" for file in files if not Path(file).is_file()]
    elif not row.own_network:
        space, allowed = study.space_file(row.space), networks.precisions(row.network)
        strange = [level for level in study.levels(row, "precision") if level not in allowed]
        lines += [unknown(f"{space}: options.precision.levels", "precision", level, allowed) for level in strange]
    return lines


def _feeds(study: Study, *, check_networks: bool) -> list[str]:
    """Return what the sheet says of inputs that the network does not take, and what it does not say."""
    lines = []
    for row in study.rows.values():
        where = f"{study.sections.environments}: environment {row.environment}"
        workload = row.workload
        try:
            if row.simulated:
                allowed = engines.load(row.engine).workload
                problems = [unknown("sizes", "size", name, allowed) for name in workload if name not in allowed]
            elif networks.suffix(row.network) == "gguf":
                # Its engine draws prompts itself.
                problems = feed.problems_of_sizes(networks.declared_inputs(row.network), workload, {})
                problems += [f"inputs: {name}: prompts of a language model are random tokens" for name in row.fills]
            elif row.own_network:
                problems = []
                files = map(Path, study.board_network_files(row.environment) if check_networks else ())
                for file in filter(Path.is_file, files):
                    networks.files_of(file)
                    feed.plan(networks.inputs(file), workload, row.fills)
            else:
                # It may not be built yet; the types of its inputs and their values are checked when it is.
                problems = feed.problems_of_sizes(networks.declared_inputs(row.network), workload, row.fills)
        except UserError as error:
            problems = str(error).splitlines()
        lines += [f"{where}: {problem}" for problem in problems]
    return lines


def _objectives(study: Study) -> list[str]:
    lines = []
    for key, mapping in study.sections.imports.items():
        for name, imported in mapping.objectives.items():
            where = f"{study.where}: imports.{key}.objectives.{name}.maximize"
            by_name = objectives.more_is_better(name)
            is_measured = bool(study.rows) and name in objectives.MEASURED
            if name not in study.objectives:
                continue
            if imported.maximize is None and by_name is None:
                lines.append(f"{where}: is missing; is more of it better (true) or less (false)?")
            elif imported.maximize is not None and imported.maximize != (
                by_name if is_measured else name in study.maximized
            ):
                lines.append(
                    f"{where}: found {str(imported.maximize).lower()}; other environments have it the other way round"
                )
    for i, objective in enumerate(study.objectives):
        offers = {f"imports.{key}": set(mapping.objectives) for key, mapping in study.sections.imports.items()}
        counts = {f"imports.{key}": len(study.environments_of_import(key)) for key in study.sections.imports}
        in_sheet = f"measured environments ({study.sections.environments})"
        if study.rows:
            counts[in_sheet] = len(study.measured)
            measured = (engines.load(row.engine).objectives for row in study.rows.values())
            offers[in_sheet] = set(frozenset.intersection(*measured))
        where, available = f"{study.where}: objectives[{i}]", set().union(*offers.values())
        lacking = [name for name, offered in offers.items() if objective not in offered]
        if objective not in available:
            lines.append(unknown(where, "objective", objective, sorted(available)))
            continue
        # Environments that lack it take part in the others, as long as there are two to compare, and targets have it.
        having = sum(counts[name] for name in offers if name not in lacking)
        if (lacking and having < min(2, len(study.environments))) or (study.targets and in_sheet in lacking):
            lines.append(f"{where}: {objective} is not available in {', '.join(lacking)}")
    return lines
