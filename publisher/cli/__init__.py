"""The command line: arguments, wiring, words on the terminal, exit codes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from publisher.cli.arguments import COMMANDS, parser
from publisher.cli.words import MARKS, say_problem
from publisher.errors import PublisherError

__all__ = ["MARKS", "command", "main", "parser"]


def command() -> NoReturn:
    """What ``publisher`` on the command line does, to the end of the process."""
    code = main()
    gc.freeze()  # else Python would look for rings of garbage among all that ends with it
    sys.exit(code)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every failure that a person may meet is a sentence on stderr."""
    options = parser().parse_args(arguments)
    if options.version:
        from publisher import __version__

        print(__version__)
        return 0
    if options.command is None:
        parser().print_help()
        return 2
    try:
        return getattr(import_module(f"publisher.cli.{COMMANDS[options.command]}"), options.command)(options)
    except PublisherError as error:
        say_problem(error.problem, options.json)
        return error.exit_code
    except KeyboardInterrupt:
        print("止めました。公開中のページは、そのまま見えています。", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
