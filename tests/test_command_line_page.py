"""The page of the reference on the command line names every subcommand and every option, and no others."""

from __future__ import annotations

import argparse
import re

from tests_root import ROOT

from perftransfer.__main__ import parser

PAGE = (ROOT / "docs/reference/command-line.md").read_text(encoding="utf-8")


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (subparsers,) = (action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(subparsers.choices)


def test_every_subcommand_has_a_section_with_its_options() -> None:
    sections = dict(re.findall(r"^### perftransfer (\w+)\n(.*?)(?=^##|\Z)", PAGE, flags=re.DOTALL | re.MULTILINE))
    assert sections.keys() == subcommands().keys()
    for name, command in subcommands().items():
        options = {
            action.option_strings[-1] if action.option_strings else str(action.metavar)
            for action in command._actions
            if not isinstance(action, argparse._HelpAction)
        }
        cells = re.findall(r"^\| (`.*?) \|", sections[name], flags=re.MULTILINE)
        assert {option for cell in cells for option in re.findall(r"`([^`]+)`", cell)} == options, name


def test_defaults_on_the_page_are_those_of_the_command() -> None:
    assert subcommands()["plan"].get_default("n") == 5
    assert "how many; 5 by default" in PAGE
