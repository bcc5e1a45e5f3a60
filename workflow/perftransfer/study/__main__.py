"""Check a study: ``python -m perftransfer.study FILE`` prints its name, or what is wrong with it (status 1)."""

from __future__ import annotations

import sys
from pathlib import Path

from perftransfer import yaml_file
from perftransfer.errors import UserError
from perftransfer.study import read_study

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(f"python -m perftransfer.study: found {len(sys.argv) - 1} files, expected one: a study")
    try:
        print(read_study(yaml_file.read(Path(sys.argv[1])), sys.argv[1:2]).name)
    except UserError as error:
        sys.exit(str(error))
