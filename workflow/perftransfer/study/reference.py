"""The JSON schema of a study, for editors, and the page on its keys, both made from ``sections.py``.

``make docs`` writes both, and the page on strategies; a test fails if they are out of date.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from perftransfer.measuring import networks
from perftransfer.study import sheet
from perftransfer.study.sections import StudySections

SCHEMA = Path("config/schema.json")
PAGE = Path("docs/reference/study.md")

_HEAD = """# Keys of a study

Made from `workflow/perftransfer/study/sections.py` by `make docs`: do not edit.

A study is one YAML file, complete in itself: `snakemake --cores all --configfile config/my-study.yaml`. Unknown keys,
misspelt names and values out of range are reported by file and key before anything runs. With
`# yaml-language-server: $schema=schema.json` in its first line, editors complete and check the keys.
"""


def schema() -> str:
    """Return the JSON schema as text."""
    content = {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudySections.model_json_schema()}
    return json.dumps(content, indent=2) + "\n"


def page() -> str:
    """Return the page as Markdown: a table of keys for each section."""
    parts = [_HEAD]
    for title, section in _sections("", StudySections):
        parts.append(f"## {title}\n\n{' '.join((section.__doc__ or '').split())}\n")
        rows = [
            f"| `{name}` | {_type(field)} | {_default(field)} | {field.description or _doc(field)} |"
            for name, field in section.model_fields.items()
        ]
        parts.append("| key | value | default | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n")
    columns = ", ".join(f"`{column}`" for column in sheet.COLUMNS)
    parts.append(
        "## The environment sheet\n\n"
        f"A tab-separated file with the columns {columns}: one row per environment. `emulated` is `yes` for a "
        "restriction of this machine (fewer cores) and `no` otherwise; `cores` is a number or `all`; `space` names a "
        "file in `config/spaces`; `batch` and `image_px` are the size of the input (`-` or empty if it has no batch, "
        "or is not an image; the paper's images have 200, 400, 600 and 800 pixels a side); "
        f"`network` is one of {', '.join(f'`{name}`' for name in networks.names())}, the path of an ONNX "
        "or GGUF file (of a set of files with `{precision}` in place of what tells them apart), or the import path "
        "of a class of your own; `engine` is a name or an import path, too. "
        "Lines that start with `#` are ignored.\n\n"
        "Columns that may be missing, or empty; `-` is the same as empty:\n\n"
        "- `sizes`: sizes of further free dimensions of the network's inputs: `sequence=128`; of a language model, "
        "what is asked of it: `prompt_tokens=256 generated_tokens=16`. Dimensions without a "
        "name are named by the input and their place, from 0: `x[1]=64`. A size that the network does not take is an "
        "error.\n"
        "- `inputs`: how inputs are filled, YAML in one line: `{ids: {range: [0, 30522]}, mask: ones}` "
        "([all fillings](../how-to/network.md#what-it-is-fed)).\n"
        "- `settings`: of the hardware while the environment is measured: `cpus=0,2-3`, `gpu=1`, `background_load=2`, "
        "`instruction_set=avx2` (engines that compute with oneDNN, and its kernels only), `governor=performance "
        "cpu_max_khz=1113600 gpu_clock_hz=1300500000`. They are applied, read back, and restored at the end, also "
        "after a kill (by the next run). Where one cannot be applied, measurements have the status `not_applied`. "
        "What this machine offers: `python -m perftransfer.measuring.hardware`.\n"
        "- `measurements`: a file that `perftransfer measure` wrote on another machine, or the journal of an earlier "
        "run.\n"
        "- `role`: `source` (the default), or `target`: an environment in which only as many configurations are "
        "measured as its `budget` says, and one is recommended (section `recommendation`). It is not part of the "
        "comparison of strategies.\n"
        "- `goal`: what is wanted in a target, YAML in one line: `{minimize: latency_ms, fixed: {precision: fp32}}`; "
        "by default that of the study (section `goal`).\n"
    )
    return "\n".join(parts)


def _sections(prefix: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield (f"`{prefix}`" if prefix else "Top level"), model
    for name, field in model.model_fields.items():
        inner, keyed = _inner(field.annotation)
        if inner is not None:
            path = f"{prefix}.{name}" if prefix else name
            yield from _sections(f"{path}.<name>" if keyed else path, inner)


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    if typing.get_origin(annotation) is dict:
        value = typing.get_args(annotation)[1]
        if isinstance(value, type) and issubclass(value, BaseModel):
            return value, True
    return None, False


def _doc(field: FieldInfo) -> str:
    inner, _ = _inner(field.annotation)
    return " ".join((inner.__doc__ or "").split()) if inner else ""


def _type(field: FieldInfo) -> str:
    inner, keyed = _inner(field.annotation)
    if inner is not None:
        return "sections by name" if keyed else "section"
    return _words(field.annotation)


def _words(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _words(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is list:
        return f"list of {_words(arguments[0])}"
    if origin is dict:
        return f"mapping of {_words(arguments[0])} to {_words(arguments[1])}"
    if arguments:
        return " or ".join(_words(argument) for argument in arguments if argument is not type(None))
    return {str: "text", int: "whole number", float: "number", bool: "true or false"}.get(annotation, str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return "none"
    if isinstance(field.default, BaseModel):
        return "see below"
    return f"`{json.dumps(field.default)}`"


if __name__ == "__main__":
    SCHEMA.write_text(schema(), encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    # Imported here: it imports all strategies and learners, which takes seconds.
    from perftransfer.study import reference_strategies

    reference_strategies.PAGE.write_text(reference_strategies.page(), encoding="utf-8")
