"""What every script of the workflow does around its work: a log, and errors that are for people."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from perftransfer.errors import UserError


@contextmanager
def logged(path: str) -> Iterator[TextIO]:
    """Open the log of a job, and end the job with status 1 if its work fails.

    A UserError is one message, in the log and on standard error; anything else is a defect of ours, with a traceback.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", encoding="utf-8") as log:
        try:
            yield log
        except UserError as error:
            print(error, file=log)
            print(error, file=sys.stderr)
            sys.exit(1)
        except KeyboardInterrupt:
            print("interrupted; what was finished is kept: run the same command to go on", file=log)
            print("\ninterrupted; what was finished is kept: run the same command to go on", file=sys.stderr)
            sys.exit(130)
        except Exception:
            traceback.print_exc(file=log)
            raise
        else:
            print("done", file=log)
