"""Published files: found in a folder or downloaded once, and verified by their SHA-256."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from perftransfer import shipped
from perftransfer.errors import UserError

# Timeout of a download, in seconds.
_PATIENCE = 20


class Unavailable(UserError):
    """A file that is not available locally and could not be downloaded."""


@dataclass(frozen=True)
class PublishedFile:
    """A file by its name, where it is published (None: nowhere), and the SHA-256 of what it holds (None: anything)."""

    name: str
    address: str | None
    sha256: str | None

    def locate(self, downloads: Path) -> Path:
        """Find the file, or download it once, and check what it holds.

        Looked for anywhere below the folder that the environment variable DATASETS names (of several by that name, the
        one with the right content), then among the reference measurements that come with the package, then in
        ``downloads``, then fetched from its address into ``downloads``, where nothing but the right content stays.

        Raises Unavailable if it is not available locally and could not be downloaded, UserError if its SHA-256 differs.
        """
        problems = []
        paths = self._at_hand(downloads)
        if self.sha256 is None and len(paths) > 1:
            raise UserError(f"{self.name}: several files are called so: {', '.join(map(str, paths))}; give sha256")
        for path in paths:
            try:
                content = path.read_bytes() if self.sha256 else b""
            except OSError as error:
                raise UserError(f"{path}: cannot be read: {error.strerror}") from error
            problem = self._mismatch(str(path), content)
            if problem is None:
                return path
            problems.append(problem)
        if problems:
            raise UserError("\n".join(problems))
        if self.address is None:
            raise Unavailable(f"{self._nowhere()}, and the study has no address for it")
        self._download(self.address, downloads / self.name)
        return downloads / self.name

    def _at_hand(self, downloads: Path) -> list[Path]:
        folder = os.environ.get("DATASETS")
        if folder and not Path(folder).is_dir():
            raise UserError(f"DATASETS is set to {folder}, which is not a folder")
        matches = sorted(path for path in Path(folder).rglob(self.name) if path.is_file()) if folder else []
        others = (shipped.reference(), downloads)
        return matches or [path for path in (folder / self.name for folder in others) if path.exists()]

    def _nowhere(self) -> str:
        return f"{self.name}: not below the folder DATASETS ({os.environ.get('DATASETS') or 'unset'})"

    def _mismatch(self, where: str, content: bytes) -> str | None:
        if self.sha256 is None:
            return None
        actual, expected = hashlib.sha256(content).hexdigest(), self.sha256.lower()
        return None if actual == expected else f"{where}: SHA-256 is {actual}, the study says {expected}"

    def _download(self, address: str, path: Path) -> None:
        try:
            with urllib.request.urlopen(address, timeout=_PATIENCE) as answer:
                content = answer.read()
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Unavailable(f"{self._nowhere()}, and {address} could not be downloaded ({error})") from error
        problem = self._mismatch(address, content)
        if problem is not None:
            raise UserError(problem)
        path.parent.mkdir(parents=True, exist_ok=True)
        # Environments of one file are imported in parallel: each job needs its own temporary name.
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(content)
        temporary.replace(path)


def unavailable(files: Iterable[PublishedFile], downloads: Path) -> dict[str, str]:
    """Download in parallel what is not available locally; return the problems of unavailable files, by name.

    Raises UserError that lists the files with a wrong SHA-256.
    """

    def problem(file: PublishedFile) -> UserError | None:
        try:
            file.locate(downloads)
        except UserError as error:
            return error
        return None

    distinct = list(dict.fromkeys(files))
    with ThreadPoolExecutor(8) as pool:
        problems = dict(zip((file.name for file in distinct), pool.map(problem, distinct), strict=True))
    wrong = [str(error) for error in problems.values() if error is not None and not isinstance(error, Unavailable)]
    if wrong:
        raise UserError("\n".join(wrong))
    return {name: str(error) for name, error in problems.items() if error is not None}
