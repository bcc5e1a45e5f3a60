"""Whether this machine is the hardware that an environment names: as declared, or as the first machine measured was."""

from __future__ import annotations

import json
import os
import platform
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from perftransfer.errors import UserError
from perftransfer.measuring import fingerprint
from perftransfer.measuring.records import Host


@dataclass(frozen=True)
class Identity:
    """What is known of a machine beforehand; None for what is not.

    processor, gpu: parts of their names.
    """

    processor: str | None = None
    architecture: str | None = None
    cpus: int | None = None
    gpu: str | None = None


def check(environment: str, hardware: str, declared: Identity, host: Host, journal: Path) -> None:
    """Raise UserError if this machine is not ``hardware``; the first machine to be measured under a name is learnt.

    host: see ``fingerprint.host``. journal: of the environment; what is learnt is in its folder, in
    ``hardware/<name>.json``, for all environments there that name this hardware.
    """
    where = f"environment {environment}: the machine {platform.node()} is not the hardware {hardware!r}"
    nothing = "Nothing was measured"
    wrong = [
        f"{fact} is {_text(actual)}, expected {_text(expected)}" for fact, expected, actual in _unlike(declared, host)
    ]
    if wrong:
        raise UserError(
            f"{where}: {'; '.join(wrong)} (hardware.{hardware}.identity in the study). {nothing}: have the job sent to "
            "that hardware, by its partition or constraint"
        )
    path = journal.parent / "hardware" / f"{quote(hardware, safe=' ')}.json"
    identity = fingerprint.identity(host)
    learnt = _learn(path, {**identity, "node": platform.node(), "environment": environment})
    changed = [
        f"{fact} is {_text(identity.get(fact))}, previously {_text(learnt.get(fact))}"
        for fact in sorted({*identity, *learnt} - {"node", "environment"})
        if identity.get(fact) != learnt.get(fact)
    ]
    if changed:
        raise UserError(
            f"{where} that was first measured on {learnt.get('node')}: {'; '.join(changed)}. {nothing}: have the job "
            f"sent to that hardware, give this machine another name in the sheet's column hardware, or, if it was "
            f"changed for good, delete {path}"
        )


def _unlike(declared: Identity, host: Host) -> list[tuple[str, object, object]]:
    """Return fact, declared value and actual value of each mismatch."""
    out: list[tuple[str, object, object]] = []
    if declared.architecture not in (None, host["architecture"]):
        out.append(("architecture", declared.architecture, host["architecture"]))
    if declared.cpus not in (None, host["cpus"]):
        out.append(("cpus", declared.cpus, host["cpus"]))
    if (declared.processor or "").lower() not in str(host["processor"]).lower():
        out.append(("processor", declared.processor, host["processor"]))
    gpu = declared.gpu
    if gpu is not None and not (host["gpus"] and all(gpu.lower() in name.lower() for name in host["gpus"])):
        out.append(("gpu", gpu, host["gpus"]))
    return out


def _learn(path: Path, facts: Mapping[str, object]) -> dict[str, object]:
    """Keep ``facts`` in ``path`` unless the file exists; return its content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Containers may share the name of their node and number their processes alike, so neither would make this unique.
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    draft.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    try:
        # A link, not a renaming: of two machines that come at the same time one is first, on a network's disk as well.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    try:
        learnt = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(
            f"{path}: is not valid JSON: {error}; delete it, and the next machine that measures is learnt"
        ) from error
    if not isinstance(learnt, dict):
        raise UserError(f"{path}: expected a JSON object; delete it, and the next machine that measures is learnt")
    return learnt


def _text(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
