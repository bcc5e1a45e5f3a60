"""Set up the log of a workflow's script, and end the script with a message if its work fails."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from perftransfer.errors import UserError, machine_problem

_LOG = logging.getLogger(__name__)
# The package's modules and the script itself; libraries log as usual.
_LOGGERS = ("perftransfer", "__main__")
_INTERRUPTED = "interrupted; finished work is kept: run the same command to continue"


class _LogFile(logging.FileHandler):
    """A log file on a disk that may be full: then the terminal has the message, and no traceback of logging itself."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Pass over what cannot be written."""

    def close(self) -> None:
        """Close the file, whether what is left can be written or not."""
        with suppress(OSError):
            super().close()


@contextmanager
def logged(path: str) -> Iterator[None]:
    """Write what is logged to a job's log file, and end the job with status 1 if its work fails.

    Messages from INFO on go to the file, those from WARNING on to standard error as well. A UserError is one message in
    both, and so is a full disk or a missing permission. Any other exception is a defect: its traceback is in the file,
    and it is raised again.
    """
    terminal = logging.StreamHandler(sys.stderr)
    terminal.setLevel(logging.WARNING)
    handlers: list[logging.Handler] = [terminal]
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.INFO)
            logger.addHandler(terminal)
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        handlers.append(_LogFile(path, mode="w", encoding="utf-8"))
        for logger in loggers:
            logger.addHandler(handlers[-1])
        yield
    except UserError as error:
        _LOG.error("%s", error)
        sys.exit(1)
    except KeyboardInterrupt:
        # The terminal's line ends with ^C.
        print(file=sys.stderr)
        _LOG.error(_INTERRUPTED)
        sys.exit(130)
    except Exception as error:
        problem = machine_problem(error, Path.cwd()) if isinstance(error, OSError) else None
        if problem is not None:
            _LOG.error("%s", problem)
            sys.exit(1)
        # Raised again, it reaches the terminal anyway.
        _LOG.info("%s", traceback.format_exc())
        raise
    else:
        _LOG.info("done")
    finally:
        for handler in handlers:
            for logger in loggers:
                logger.removeHandler(handler)
            handler.close()
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
