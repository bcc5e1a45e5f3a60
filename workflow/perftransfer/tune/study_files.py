"""Write the study of a network: its file, its sheet and its option space, to be kept, edited and run again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from perftransfer import shipped, yaml_file
from perftransfer.dataset import tables
from perftransfer.errors import UserError, unknown
from perftransfer.levels import Level
from perftransfer.measuring import engines, feed, fingerprint, networks
from perftransfer.measuring.feed import PlannedInput, fill
from perftransfer.reference import known
from perftransfer.reference.known import EnvironmentFacts, KnownEnvironment
from perftransfer.space.options import Option
from perftransfer.tune.request import NO_SOURCES, REFERENCE, Request

#: Files in the folder of the study.
STUDY, SHEET, SPACE = "tune.yaml", "environments.tsv", "space.yaml"
#: Environments that a study takes as sources, the most similar first.
KnownSources = Sequence[KnownEnvironment]
# Within the noise of a measurement on CPUs, and a quarter of all configurations without them.
_WITHOUT_EFFECT = ("memory_arena", "memory_pattern")
_THREADS = "intra_op_threads"
_PRECISION = "precision"
# Of the values by which a network is quantised.
_SEED = 1


@dataclass(frozen=True)
class _Sizes:
    """Of the inputs, as the sheet has them. batch: None for a network without. others: by name or place."""

    batch: int | None
    others: Mapping[str, int]

    @property
    def workload(self) -> dict[str, int]:
        return {**({"batch": self.batch} if self.batch else {}), **self.others}


def write(request: Request) -> KnownSources:
    """Write the files of a study into its folder.

    Parameters
    ----------
    request
        What is asked for.

    Returns
    -------
    KnownSources
        Environments that the study takes as sources, the most similar first.

    Raises
    ------
    UserError
        If the network's free dimensions have no size, a source is not a file of measurements, or an option that is held
        fixed does not exist.
    """
    sizes = _sizes(request)
    planned = feed.plan(networks.inputs(request.model), sizes.workload, fill.parse(yaml_file.parse(request.inputs)))
    request.out.mkdir(parents=True, exist_ok=True)
    model = _model_file(request, planned)
    facts = facts_of(request, model, planned, sizes.workload)
    space = _space(request, model, facts["cores"])
    sources = _sources(request, facts, space)
    target = _target_name(request.name, [one.name for one in sources])
    study = _study(request, sources, space, target)
    content = {"options": space} | _conditions(request, space)
    tables.write_text(request.out / SPACE, yaml.safe_dump(content, sort_keys=False))
    tables.write_text(request.out / SHEET, _sheet(request, model, sizes, target))
    head = f"# Written by perftransfer tune. To run it again, also after an edit:\n# {' '.join(command(request))}\n"
    tables.write_text(request.out / STUDY, head + yaml.safe_dump(study, sort_keys=False, allow_unicode=True, width=120))
    return sources


def command(request: Request, python: str = "python") -> list[str]:
    """Return the command that runs a study in the folder that holds ``results``."""
    snakefile = shipped.root() / "Snakefile"
    where = [] if snakefile == request.workdir / "Snakefile" else ["--snakefile", str(snakefile)]
    study = ["--configfile", _relative(request, STUDY)]
    return [python, "-m", "snakemake", "--cores", "all", *where, *study]


def facts_of(
    request: Request, model: Path, planned: Sequence[PlannedInput], workload: Mapping[str, int]
) -> EnvironmentFacts:
    """Return what is known of the target before anything is measured.

    Parameters
    ----------
    request
        What is asked for.
    model
        The network's file.
    planned
        What its inputs are fed.
    workload
        Sizes of its inputs.
    """
    # Needs onnx, which boards may lack.
    from perftransfer.measuring.networks._profile import profile

    host, cost = fingerprint.host(), profile(model, {each.name: each.shape for each in planned})
    versions = engines.load(request.engine).versions()
    return EnvironmentFacts(
        engine=request.engine,
        engine_version=next(iter(versions.values()), ""),
        network=request.name,
        parameters=cost.parameters,
        operations=cost.operations,
        shares=cost.shares,
        workload=workload,
        cores=request.cores or host["usable_cpus"],
        processor=host["processor"],
        instruction_sets=host["instruction_sets"],
        cpus=host["cpus"],
        memory_gib=host["memory_gib"],
        virtual_machine=host["virtual_machine"],
        system=host["system"],
        protocol="",
        measured_on="",
    )


def _sizes(request: Request) -> _Sizes:
    """Return what the sheet says of the inputs; a free batch without a shape is 1."""
    declared = networks.inputs(request.model)
    names = [each.name for each in declared]
    for name in request.shapes:
        if name not in names:
            raise UserError(unknown("--shape", "input", name, names))
    batches, named, lacking = list[int](), dict[str, int](), list[str]()
    for each in declared:
        dimensions, shape = list(each.sizes or ()), list(request.shapes.get(each.name, ()))
        if shape and len(shape) != len(dimensions):
            raise UserError(f"--shape: {each.name} has {len(dimensions)} dimensions, found {len(shape)}")
        for position, dimension in enumerate(dimensions):
            is_batch = position == 0 and len(dimensions) > 1
            size = shape[position] if shape else dimension
            if isinstance(dimension, int):
                if size != dimension:
                    raise UserError(f"--shape: {each.name} has the fixed size {dimension} where {size} is asked for")
            elif not isinstance(size, int):
                if not is_batch:
                    lacking.append(each.name)
                size = 1
            if is_batch:
                batches.append(int(size))
            elif not isinstance(dimension, int):
                is_name = dimension and dimension.isidentifier() and named.get(dimension, size) == size
                named[str(dimension) if is_name else f"{each.name}[{position}]"] = int(size)
    if lacking:
        shapes = {each.name: "x".join(str(one or "SIZE") for one in each.sizes or ()) for each in declared}
        lines = [f"  --shape {name}={shapes[name]}" for name in dict.fromkeys(lacking)]
        where = f"{request.model}: free dimensions without a size; give numbers in place of the names"
        raise UserError("\n".join([where, *lines]))
    return _Sizes(batches[0] if batches else None, named)


def _model_file(request: Request, planned: Sequence[PlannedInput]) -> Path:
    """Return the network's file; one in integers lies beside it if the network may be quantised."""
    files = networks.files_by_precision(request.model)
    if len(files) > 1 or not request.allow_quantization:
        return request.model
    copy = request.out / request.model.name
    networks.quantise(request.model, copy, feed.arrays(planned, _SEED), seed=_SEED)
    return copy


def _space(request: Request, model: Path, cores: int) -> dict[str, dict[str, Any]]:
    """Return the options to choose from: those that come with the package, as far as this network and machine go."""
    file = shipped.spaces() / f"{request.engine}.yaml"
    if not file.is_file():
        raise UserError(f"--engine: there is no option space {file.name} for the engine {request.engine}")
    options: dict[str, dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["options"]
    for name in _WITHOUT_EFFECT:
        options.pop(name, None)
    if len(networks.files_by_precision(model)) == 1:
        options.pop(_PRECISION, None)
    if _THREADS in options:
        options[_THREADS]["levels"] = _threads(cores)
        options[_THREADS]["default"] = 1
    for name in request.fixed:
        if name not in options:
            raise UserError(f"--fixed: {name} is no option here; there are {', '.join(options)}")
    return options


def _threads(cores: int) -> list[int]:
    """Numbers of threads to try: powers of two up to twice the cores, and as many as there are cores.

    >>> _threads(6)
    [1, 2, 4, 6, 8]
    """
    powers = [2**i for i in range((2 * cores).bit_length()) if 2**i <= 2 * cores]
    return sorted({*powers, cores, 2})


def _conditions(request: Request, options: Mapping[str, object]) -> dict[str, object]:
    content = yaml.safe_load((shipped.spaces() / f"{request.engine}.yaml").read_text(encoding="utf-8"))
    return {
        key: rules
        for key in ("conditions", "forbidden")
        if (rules := [rule for rule in content.get(key, []) if _names(rule) <= options.keys()])
    }


def _names(rule: Mapping[str, Any]) -> set[str]:
    """Return the options of which a condition or a forbidden combination speaks."""
    if "option" in rule:
        return {str(rule["option"]), *map(str, rule.get("when", {}))}
    return {str(name) for name in rule}


def _sources(request: Request, facts: EnvironmentFacts, space: Mapping[str, object]) -> KnownSources:
    if list(request.sources) == [NO_SOURCES]:
        return []
    places = [shipped.reference() if place == REFERENCE else Path(place) for place in request.sources]
    found = known.closest(known.read_all(places), facts, request.n_sources)
    sources: list[KnownEnvironment] = []
    for one in found:
        # The same environment may be in several files.
        if one.name not in [other.name for other in sources] and {o.name for o in one.options} & space.keys():
            sources.append(one)
    if not sources:
        raise UserError(
            f"no measurements of the engine {request.engine} among the sources; search without: --sources {NO_SOURCES}"
        )
    return sources


def _study(request: Request, sources: KnownSources, space: Mapping[str, object], target: str) -> dict[str, object]:
    decisive = list(dict.fromkeys([*request.minimize, *request.maximize])) or ["latency_ms"]
    goal: dict[str, object] = {
        "minimize": list(request.minimize) if request.minimize or request.maximize else decisive,
        "maximize": list(request.maximize),
        "subject_to": list(request.subject_to),
        "fixed": {name: _level(text) for name, text in request.fixed.items()},
    }
    modelled = [*decisive, *(text.split()[0] for text in request.subject_to)]
    study: dict[str, object] = {
        "study": request.name,
        "objectives": decisive,
        "goal": {key: value for key, value in goal.items() if value},
        "environments": _relative(request, SHEET),
        "spaces": _relative(request, ""),
        # Two minutes are promised: what is disturbed for longer than that is measured, and marked.
        "measuring": {"repeats": 2, "max_seconds": 0.4, "max_wait_seconds": 20},
        "recommendation": {},
        # Nothing but the target is of interest.
        "learning": {"learners": ["RT"]},
        "evaluation": {"strategies": []},
        "search": {"methods": []},
        "figures": [],
        "tables": ["environments"],
    }
    if sources:
        study["imports"] = _imports(request, sources, space, list(dict.fromkeys(modelled)))
    else:
        study["recommendation"] = {"strategy": "GP", "search": "EI"}
    return study


def _imports(
    request: Request, sources: KnownSources, space: Mapping[str, object], objectives: Sequence[str]
) -> dict[str, object]:
    """Return a section of imports for each file."""
    out: dict[str, object] = {}
    for file in dict.fromkeys(one.file for one in sources):
        members = [one for one in sources if one.file == file]
        available = [name for name in objectives if name in tables.columns(file)]
        if len(available) < len(objectives):
            lacking = [name for name in objectives if name not in available]
            raise UserError(f"sources: {file} has no {lacking[0]}; search without sources: --sources {NO_SOURCES}")
        options = [option for option in members[0].options if option.name in space]
        # Options that this network does not have are held at their default in the sources.
        others = [option for option in members[0].options if option.name not in space]
        digest = known.sha256(file)
        out[file.stem.replace(".", "-")] = {
            "options": {option.name: _mapping(option) for option in options},
            "objectives": {name: {} for name in objectives},
            "environments": {
                one.name: {
                    "file": file.name,
                    "sha256": digest,
                    "rows": {"environment": one.name, **{option.name: option.default for option in others}},
                    "hardware": one.facts["processor"],
                    "network": one.facts["network"],
                    "engine": one.facts["engine"],
                    "cores": one.facts["cores"],
                }
                for one in members
            },
        }
    return out


def _mapping(option: Option) -> dict[str, object]:
    mapping: dict[str, object] = {"ordered": True} if option.ordered else {}
    if option.ordered and not all(isinstance(level, int | float) for level in option.levels):
        mapping["levels"] = list(option.levels)
    return mapping | ({"relative_to": option.relative_to} if option.relative_to else {})


def _sheet(request: Request, model: Path, sizes: _Sizes, target: str) -> str:
    everything = len(fingerprint.usable_cpus())
    cores = request.cores or everything
    cells = {
        "environment": target,
        "hardware": "this machine",
        "emulated": "no" if cores == everything else "yes",
        "cores": "all" if cores == everything else str(cores),
        "engine": request.engine,
        "network": os.path.relpath(model, request.workdir),
        "space": Path(SPACE).stem,
        "batch": str(sizes.batch or "-"),
        "image_px": str(sizes.others.get("image_px", "-")),
        "sizes": " ".join(f"{name}={size}" for name, size in sizes.others.items() if name != "image_px"),
        "inputs": request.inputs,
        "role": "target",
        "budget": str(request.budget),
    }
    return "\t".join(cells) + "\n" + "\t".join(cells.values()) + "\n"


def _relative(request: Request, file: str) -> str:
    """Return the path of a file of the study, as seen from the folder in which it runs."""
    return str(Path(request.out.absolute().relative_to(request.workdir.absolute()), file))


def _target_name(name: str, others: Sequence[str]) -> str:
    return f"{name}-here" if name in others else name


def _level(text: str) -> Level:
    """Return the level that a text means."""
    level: Level = yaml.safe_load(text)
    return level
