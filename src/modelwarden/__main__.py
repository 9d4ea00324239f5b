"""The command `modelwarden`."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from modelwarden import __version__

        sys.stdout.write(f"modelwarden {__version__}\n")
        return
    from modelwarden.cli import run as run_command

    sys.exit(run_command())


if __name__ == "__main__":
    run()
