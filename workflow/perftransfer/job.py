"""Set up the log of a workflow's script, and end the script with a message if its work fails."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from perftransfer.errors import UserError

_LOG = logging.getLogger(__name__)
# The package's modules and the script itself; libraries log as usual.
_LOGGERS = ("perftransfer", "__main__")
_INTERRUPTED = "interrupted; finished work is kept: run the same command to continue"


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Write what is logged to a job's log file, and end the job with status 1 if its work fails.

    Messages from INFO on go to the file, those from WARNING on to standard error as well. A UserError is one message in
    both. Any other exception is a defect: its traceback is in the file, and it is raised again.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    file = logging.FileHandler(path, mode="w", encoding="utf-8")
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(file)
        logger.addHandler(terminal)
    try:
        yield
    except UserError as error:
        _LOG.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        # The terminal's line ends with ^C.
        print(file=sys.stderr)
        _LOG.error(_INTERRUPTED)
        sys.exit(130)
    except Exception:
        # Raised again, it reaches the terminal anyway.
        _LOG.info("%s", traceback.format_exc())
        raise
    else:
        _LOG.info("done")
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
            logger.removeHandler(file)
            logger.removeHandler(terminal)
        file.close()
