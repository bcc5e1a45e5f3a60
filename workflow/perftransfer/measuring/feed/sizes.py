"""Which size of the environment sheet each dimension of a network's inputs gets.

Names are understood as exporters write them: PyTorch, tf2onnx, Paddle2ONNX, sklearn-onnx, Optimum.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from perftransfer.measuring.feed import expression
from perftransfer.measuring.feed.declared import DeclaredInput

Size: TypeAlias = int | str | None

# Names that mean the same, without case and what separates words.
_SYNONYMS = (
    ("batch", "batchsize", "batchdim", "bs"),
    ("imagepx", "imagesize", "imgsize", "imgsz"),
    ("height", "h", "imageheight", "imgheight", "inputheight"),
    ("width", "w", "imagewidth", "imgwidth", "inputwidth"),
    ("sequence", "sequencelength", "sequencelen", "seq", "seqlength", "seqlen"),
)
# Column of the sheet that gives the size of a dimension of such a name.
_COLUMNS = {"batch": "batch", "imagepx": "image_px", "height": "image_px", "width": "image_px"}
_GROUP_OF = {name: group[0] for group in _SYNONYMS for name in group}
# No name at all: two dimensions that are called so need not be equal.
_NAMELESS = re.compile(r"\?|none|unknown|-1|", re.IGNORECASE)
# Names that say nothing but that the dimension is free, or N; as the first dimension, that is the batch.
_NUMBERED = re.compile(r"unk__\d+|s\d+|dim_\d+|(p2o\.)?DynamicDimension\.\d+|.*dynamic_axes_\d+|n|b", re.IGNORECASE)
_IMAGE_RANK = 3


def shapes(inputs: Sequence[DeclaredInput], workload: Mapping[str, int]) -> tuple[dict[str, list[int]], list[str]]:
    """Return the shape of each input, and what is wrong.

    Parameters
    ----------
    inputs
        Inputs, as the network's file declares them.
    workload
        Sizes by the sheet's names: ``batch``, ``image_px``, and those of the column ``sizes``.

    Returns
    -------
    dict, list of str
        Shapes by the names of inputs, of those whose sizes are all known; problems, none if everything fits.
    """
    resolver = _Resolver(inputs, workload)
    problems, out = [], {}
    for each in inputs:
        if each.sizes is None:
            problems.append(f"input {each.name}: the network's file does not say how many dimensions it has")
            continue
        shape = [resolver.size(each, position) for position in range(len(each.sizes))]
        sizes = [size for size in shape if size is not None]
        if len(sizes) == len(shape):
            out[each.name] = sizes
    if resolver.missing:
        problems.append(_missing(inputs, resolver))
    elif not problems:
        problems += _not_taken(inputs, out, workload, resolver.taken)
    return out, problems


@dataclass
class _Resolver:
    inputs: Sequence[DeclaredInput]
    workload: Mapping[str, int]
    taken: set[str] = field(default_factory=set)
    # What the sheet has to give, in its own words, once each.
    missing: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        firsts = [each.sizes[0] for each in self.inputs if each.sizes and len(each.sizes) > 1]
        #: Names of first dimensions that say nothing: wherever they are, they are the batch.
        self._batch_names = {size for size in firsts if isinstance(size, str) and _NUMBERED.fullmatch(size)}
        self._has_batch = bool(self._batch_names) or any(
            not isinstance(size, int) and (_is_nameless(size) or _group(str(size)) == "batch") for size in firsts
        )

    def size(self, declared: DeclaredInput, position: int) -> int | None:
        """Size of a dimension; None if the sheet lacks it."""
        assert declared.sizes is not None
        size = declared.sizes[position]
        if isinstance(size, int):
            return size
        at = _place(declared, position)
        for name in (at, *([f"input[{position}]"] if len(self.inputs) == 1 else []), str(size)):
            if name in self.workload:
                return self._take(name)
        if _is_nameless(size):
            is_first = position == 0 and (len(declared.sizes) > 1 or self._has_batch)
            value = self._take("batch") if is_first and "batch" in self.workload else None
            lacking = [at]
        else:
            value, lacking = self._by_name(str(size), len(declared.sizes))
        if value is None:
            self.missing |= dict.fromkeys(lacking)
        return value

    def _by_name(self, name: str, rank: int) -> tuple[int | None, list[str]]:
        """Size of a dimension with this name, and the names that the sheet lacks for it."""
        value = self._of_word(name, rank)
        if value is not None:
            return value, []
        formula = expression.parse(name)
        if formula is None:
            return None, [name]
        values = {part: self._of_word(part, rank) for part in formula.names}
        lacking = [part for part, value in values.items() if value is None]
        if lacking:
            return None, lacking
        size = formula.value({part: value for part, value in values.items() if value is not None})
        return size, [name] if size is None else []

    def _of_word(self, name: str, rank: int) -> int | None:
        same = [each for each in self.workload if _without_blanks(each) == _without_blanks(name)]
        if same:
            return self._take(same[0])
        if name in self._batch_names and "batch" in self.workload:
            return self._take("batch")
        group = _group(name)
        is_of_image = _COLUMNS.get(group) == "image_px"
        if not group or (is_of_image and rank < _IMAGE_RANK):
            return None
        synonyms = [each for each in self.workload if _group(each) == group]
        if not synonyms and is_of_image and "image_px" in self.workload:
            synonyms = ["image_px"]
        return self._take(synonyms[0]) if len(synonyms) == 1 else None

    def _take(self, name: str) -> int:
        self.taken.add(name)
        return self.workload[name]


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def _is_nameless(size: Size) -> bool:
    return size is None or bool(_NAMELESS.fullmatch(str(size)))


def _group(name: str) -> str:
    return _GROUP_OF.get(re.sub(r"[-_.\s]", "", name).lower(), "")


def _place(declared: DeclaredInput, position: int) -> str:
    return f"{declared.name}[{position}]"


def _missing(inputs: Sequence[DeclaredInput], resolver: _Resolver) -> str:
    free = [
        f"{_place(each, position)}{'' if _is_nameless(size) else f' {size!r}'}"
        for each in inputs
        for position, size in enumerate(each.sizes or ())
        if not isinstance(size, int)
    ]
    lacking = list(resolver.missing)
    columns = dict.fromkeys(_COLUMNS[_group(name)] for name in lacking if _group(name) in _COLUMNS)
    advice = [f"column {column}" for column in columns]
    others = [name for name in lacking if _group(name) not in _COLUMNS]
    if others:
        advice.append(f"column sizes: {' '.join(f'{name}=SIZE' for name in others)}")
    in_sheet = ", ".join(f"{name}={size}" for name, size in resolver.workload.items()) or "no size"
    return (
        f"no size for the free dimension{'s' * (len(lacking) > 1)} {', '.join(lacking)}; the sheet gives {in_sheet}. "
        f"Free dimensions of the network: {', '.join(free)}. Write a size into the sheet, {', and '.join(advice)}"
    )


def _not_taken(
    inputs: Sequence[DeclaredInput],
    resolved: Mapping[str, Sequence[int]],
    workload: Mapping[str, int],
    taken: set[str],
) -> list[str]:
    """Return a problem for each size of the sheet that no free dimension takes, and no fixed one equals."""
    problems: list[str] = []
    listed = ", ".join(f"{name} {_written(inputs, name)}" for name in resolved) or "none"
    if "batch" not in workload:
        # Inputs per second are computed from that column.
        names = [name for name in workload if _group(name) == "batch"]
        problems += [f"sizes: found {name}={workload[name]}; write it into the column batch" for name in names]
    for name, size in workload.items():
        if name == "batch":
            firsts = [(each, shape[0]) for each, shape in resolved.items() if len(shape)]
            if name not in taken and firsts and size not in (first for _, first in firsts):
                first, actual = firsts[0]
                problems.append(
                    f"input {first} has the size {actual} in its first dimension; the environment says batch {size}. "
                    "Write that size, or - for a network without a batch; or export the network with a free batch"
                )
        elif name == "image_px":
            problems += _image_problem(inputs, resolved, size, listed, is_taken=name in taken)
        elif name not in taken:
            place = re.fullmatch(r"(.*)\[(\d+)\]", name)
            shape = resolved.get(place[1] if place else "")
            if place and shape is None and place[1] == "input" and len(resolved) == 1:
                (shape,) = resolved.values()
            if place:
                fixed = list(shape[int(place[2]) :][:1]) if shape else []
            else:
                fixed = [n for each in inputs for n in each.sizes or () if isinstance(n, int)]
            if size not in fixed:
                problems.append(f"sizes: the network does not take {name}={size}. Inputs of the network: {listed}")
    return problems


def _image_problem(
    inputs: Sequence[DeclaredInput], resolved: Mapping[str, Sequence[int]], size: int, listed: str, *, is_taken: bool
) -> list[str]:
    images = [shape for shape in resolved.values() if len(shape) >= _IMAGE_RANK]
    has_image = any((size, size) in itertools.pairwise(shape) for shape in images)
    # Free in one dimension only, and fixed to another size in the other one, is another image.
    if has_image or (is_taken and not any(len(shape) == _IMAGE_RANK + 1 for shape in images)):
        return []
    return [
        f"the network takes no images of {size} x {size} pixels, as image_px {size} says. Inputs of the network: "
        f"{listed}. Write the size that it takes, or - where the inputs are no square images"
    ]


def _written(inputs: Sequence[DeclaredInput], name: str) -> str:
    """Return the sizes of an input as its file has them: [batch, 3, 224, 224]."""
    (declared,) = (each for each in inputs if each.name == name)
    return f"[{', '.join('?' if _is_nameless(size) else str(size) for size in declared.sizes or ())}]"
