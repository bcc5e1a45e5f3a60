"""Damage files the way editors, disks, transfers and people do; what a seed decides, it decides everywhere alike."""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

# Values where others belong: of another type, out of range, or spelt so that readers differ.
WEIRD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2, 10**6, 10**18, 10**40, 0.0, -0.5, 1e-300, 1e308, float("inf"), float("-inf"),
    float("nan"), "", " ", "nan", "NaN", "inf", "1e999", "1_000", "1,5", "1.10", "010", "0x1F", "1:30", "yes", "off",
    "null", "~", "-", "=1+1", "all", "../../etc/passwd", "/dev/null", "a b", "a/b", "a\tb", "a\nb", "\u0661\u0662",
    "\u00b2", "\u2460", "Z\u00fcrich", "\U0001f642", "\u202e", "x" * 3000, "os.path", "no.such.Thing", "%s{}{0}",
    "*", "[", "{", [], {}, [[]], [None], [1, "1", 1.0, True], {"a": 1}, {"1": 2}, ["x"] * 50, "inactive", "2026-01-01",
    "<b>", "$HOME",
)  # fmt: skip
_TOKEN = re.compile(rb"[A-Za-z_][A-Za-z_0-9]*|[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_STRAY = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\r\n", b"\t", b'"', b"'", b",",
    b";", b":", b"#", b"{", b"]", b"&a", b"*a",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def _span(rng: random.Random, data: bytes, most: int = 200) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randint(1, most))


def _flip(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if out:
            out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def _truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _cut(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + data[end:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:end] + data[start:end] * rng.choice([1, 1, 2, 50]) + data[end:]


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    start, end = _span(rng, data)
    return data[:start] + rng.choice([bytes(end - start), rng.randbytes(end - start)]) + data[end:]


def _stray(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(_STRAY) + data[start:]


def _lines(rng: random.Random, data: bytes) -> bytes:
    lines = data.split(b"\n")
    i, j = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        lines[i], lines[j] = lines[j], lines[i]
    elif kind == 1:
        lines.insert(j, lines[i])
    elif kind == 2:
        del lines[i]
    else:
        lines[i] = lines[i] + lines[j]
    return b"\n".join(lines)


def _token(rng: random.Random, data: bytes) -> bytes:
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data + b"?"
    token = rng.choice(tokens)
    if rng.random() < 0.3:
        new = rng.choice(tokens)[0]
    else:
        value = rng.choice(WEIRD)
        new = (value if isinstance(value, str) else json.dumps(value)).encode()
    return data[: token.start()] + new + data[token.end() :]


def _encoding(rng: random.Random, data: bytes) -> bytes:
    kind = rng.randrange(6)
    if kind == 0:
        return b"\xef\xbb\xbf" + data
    if kind == 1:
        return data.replace(b"\n", b"\r\n")
    if kind == 2:
        return data.decode(errors="replace").encode("utf-16")
    if kind == 3:
        return data.replace(b"\n", b"\r")
    if kind == 4:
        return b""
    return gzip.compress(data)


BYTES: tuple[Mutation, ...] = (_flip, _truncate, _cut, _repeat, _overwrite, _stray, _lines, _token, _token, _encoding)


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each container in a value, with the key or index of each thing in it."""
    if isinstance(content, dict):
        for key in content:
            yield content, key
        for value in list(content.values()):
            yield from _places(value)
    elif isinstance(content, list):
        for index in range(len(content)):
            yield content, index
        for value in content:
            yield from _places(value)


def restructured(rng: random.Random, content: Any) -> Any:
    """Change one thing in a value of lists and mappings, in place."""
    places = list(_places(content))
    if not places:
        return rng.choice(WEIRD)
    container, key = rng.choice(places)
    kind = rng.randrange(7)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, dict):
        name = str(key)
        position = rng.randrange(len(name) + 1)
        container[name[:position] + rng.choice("aesx_. ") + name[position + 1 :]] = container.pop(key)
    elif kind == 2:
        other, other_key = rng.choice(places)
        container[key] = json.loads(json.dumps(other.get(other_key) if isinstance(other, dict) else None, default=str))
    elif kind == 3 and isinstance(container[key], list):
        container[key] = container[key] * 2
    elif kind == 4:
        container[key] = [container[key]] if rng.random() < 0.5 else {"value": container[key]}
    elif kind == 5 and isinstance(container[key], int | float) and not isinstance(container[key], bool):
        container[key] = container[key] * rng.choice([-1, 0, 0.5, 1e6, 1e30])
    else:
        container[key] = rng.choice(WEIRD)
    return content


def mutated_yaml(rng: random.Random, data: bytes) -> bytes:
    """Change a YAML file: its structure, mostly, else its bytes."""
    if rng.random() < 0.3:
        return mutated_bytes(rng, data)
    content = yaml.safe_load(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        content = restructured(rng, content)
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode(errors="replace")


def mutated_json(rng: random.Random, data: bytes) -> bytes:
    """Change a file of JSON, its structure, mostly, else its bytes."""
    if rng.random() < 0.3:
        return mutated_bytes(rng, data)
    content = json.loads(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        content = restructured(rng, content)
    return json.dumps(content).encode(errors="replace")


def mutated_json_lines(rng: random.Random, data: bytes) -> bytes:
    """Change a file with a JSON object per line: the structure of some lines, mostly, else its bytes."""
    if rng.random() < 0.4:
        return mutated_bytes(rng, data)
    lines = data.split(b"\n")
    for _ in range(rng.choice([1, 1, 3])):
        i = rng.randrange(max(1, len(lines) - 1))
        if lines[i]:
            content = restructured(rng, json.loads(lines[i]))
            lines[i] = json.dumps(content).encode(errors="replace")
    return b"\n".join(lines)


def mutated_table(rng: random.Random, data: bytes) -> bytes:
    """Change a text table: cells, columns, separators, mostly, else its bytes."""
    if rng.random() < 0.4:
        return mutated_bytes(rng, data)
    separator = b"\t" if b"\t" in data else b","
    rows = [line.split(separator) for line in data.split(b"\n")]
    for _ in range(rng.choice([1, 1, 3, 10])):
        row = rng.choice(rows)
        column = rng.randrange(max(1, len(row)))
        kind = rng.randrange(6)
        if kind == 0:
            row.append(b"extra")
        elif kind == 1 or not row:
            row[column:] = row[column + 1 :]
        elif kind == 2:
            for other in rows:
                if column < len(other):
                    other[column] = rng.choice([b"", b"0", b"-1", b"NA", b"1.5", b"1,234.5", b"1.234,5"])
        elif kind == 3:
            row[column] = b'"' + row[column]
        else:
            value = rng.choice(WEIRD)
            row[column] = str(value).encode(errors="replace")
    joined = b"\n".join(rng.choice([separator] * 9 + [b";"]).join(row) for row in rows)
    return joined if rng.random() < 0.8 else joined.replace(separator, rng.choice([b";", b"|", b" ", b"\t", b","]))


def mutated_bytes(rng: random.Random, data: bytes) -> bytes:
    """Change the bytes of a file."""
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        data = rng.choice(BYTES)(rng, data)
    return data
