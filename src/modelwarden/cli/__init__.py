"""Commands: each parses, calls one room, and hands the report to `finish`."""

from modelwarden.cli.main import run

__all__ = ["run"]
