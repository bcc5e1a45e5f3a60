"""Stand-ins for Slurm's commands: each notes how it was called, and answers as its file says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_COMMAND = """#!/bin/sh
echo "$(basename $0) $*" >> {folder}/calls
n=$(($(cat {folder}/$(basename $0).n 2>/dev/null || echo 0) + 1))
echo $n > {folder}/$(basename $0).n
answer={folder}/$(basename $0).$n
[ -e $answer ] || answer={folder}/$(basename $0)
[ -e $answer ] || exit 0
. $answer
"""


class FakeSlurm:
    """Slurm's commands in a folder in front of PATH."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        (folder / "bin").mkdir(parents=True)
        for name in ("sbatch", "squeue", "scancel", "scontrol"):
            command = folder / "bin" / name
            command.write_text(_COMMAND.format(folder=folder))
            command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")

    def answers(
        self, command: str, *, said: str = "", error: str = "", status: int = 0, call: int | None = None
    ) -> None:
        """Let a command answer like this: always, or in its ``call``-th call."""
        name = command if call is None else f"{command}.{call}"
        (self.folder / name).write_text(f"cat <<'END'\n{said}\nEND\necho '{error}' >&2\nexit {status}\n")

    @property
    def calls(self) -> list[str]:
        """The commands that were called, with their arguments."""
        file = self.folder / "calls"
        return file.read_text().splitlines() if file.exists() else []
