"""Sizes that a network's file computes from others: ``past_sequence_length + 1``, ``floor(height/32)``."""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

# A name or a function; a minus without blanks belongs to a name, as in batch-size.
_WORD = re.compile(r"[A-Za-z_](?:[\w.]|-(?=\w))*")
_MAX_LENGTH = 200
_MAX_SIZE = 2**40
_OPERATORS: dict[type[ast.AST], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: Fraction(a // b),
    ast.Mod: operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {
    "floor": lambda x: Fraction(math.floor(x)),
    "ceil": lambda x: Fraction(math.ceil(x)),
    "ceiling": lambda x: Fraction(math.ceil(x)),
    "max": max,
    "min": min,
    "mod": operator.mod,
}


@dataclass(frozen=True)
class Expression:
    """A formula, and the names of the sizes in it."""

    names: list[str]
    _tree: ast.expr

    def value(self, sizes: Mapping[str, int]) -> int | None:
        """Return its value for these sizes; None unless that is a whole number from 1."""
        try:
            result = _value(self._tree, [Fraction(sizes[name]) for name in self.names])
        except (ValueError, ZeroDivisionError, TypeError):
            return None
        return int(result) if result.denominator == 1 and 1 <= result <= _MAX_SIZE else None


def parse(text: str) -> Expression | None:
    """Return the formula; None if the text is none, or a single name."""
    names: list[str] = []

    def numbered(match: re.Match[str]) -> str:
        if match[0].lower() in _FUNCTIONS and text[match.end() :].lstrip().startswith("("):
            return match[0].lower()
        if match[0] not in names:
            names.append(match[0])
        # Blanks separate it from a preceding digit, so that 2x is not read as a number.
        return f" _{names.index(match[0])} "

    if len(text) > _MAX_LENGTH or not re.fullmatch(r"[\w\s.,()+*/%-]+", text):
        return None
    try:
        with warnings.catch_warnings():
            # Python warns of what looks like a mistake: 2(x).
            warnings.simplefilter("ignore")
            tree = ast.parse(_WORD.sub(numbered, text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(tree, ast.Name | ast.Constant) or not names or not _is_formula(tree, len(names)):
        return None
    return Expression(names, tree)


def _is_formula(node: ast.expr, n_names: int) -> bool:
    if isinstance(node, ast.BinOp):
        return type(node.op) in _OPERATORS and _is_formula(node.left, n_names) and _is_formula(node.right, n_names)
    if isinstance(node, ast.Call):
        is_function = isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords
        return is_function and all(_is_formula(argument, n_names) for argument in node.args)
    if isinstance(node, ast.Name):
        return re.fullmatch(r"_\d+", node.id) is not None and int(node.id[1:]) < n_names
    return isinstance(node, ast.Constant) and type(node.value) is int


def _value(node: ast.expr, values: list[Fraction]) -> Fraction:
    if isinstance(node, ast.BinOp):
        return _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return _FUNCTIONS[node.func.id](*(_value(argument, values) for argument in node.args))
    if isinstance(node, ast.Name):
        return values[int(node.id[1:])]
    assert isinstance(node, ast.Constant)
    return Fraction(int(str(node.value)))
