"""The commands as ``--help`` lists them: by what one wants to do, not in one long row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Set up": ("init", "check", "doctor", "config", "completion"),
    "Work": ("run",),
    "Look": ("status", "positions", "why", "report", "logs"),
    "Steer": ("pause", "resume", "flatten", "reload"),
    "The record": ("journal",),
    "Without an exchange": ("replay", "tape", "sim"),
    "This program": ("version",),
}


class Grouped(TyperGroup):
    """A command that stands in no group is a defect, which a test finds."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:  # noqa: ARG002 - as it is called
        """One section a group."""
        width = max(len(name) for names in GROUPS.values() for name in names)
        for title, names in GROUPS.items():
            rows = [
                (name.ljust(width), command.get_short_help_str(formatter.width - width - 6))
                for name in names
                if (command := self.commands.get(name)) is not None
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
