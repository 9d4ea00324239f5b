"""The command `modelwarden`."""

from __future__ import annotations

import gc
import os
import sys


def run() -> None:
    """Run the command line and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        from modelwarden import __version__

        sys.stdout.write(f"modelwarden {__version__}\n")
        return
    try:
        from modelwarden.cli import run as run_command
    except KeyboardInterrupt:
        sys.stderr.write("modelwarden: interrupted\n")
        sys.exit(130)
    code = run_command()
    gc.freeze()  # the end of the process frees everything: a last search for cycles takes 15 ms
    sys.exit(code)


if __name__ == "__main__":
    # `python -m` looks for modules in the current folder first, which may be the one to be scanned.
    if not sys.flags.safe_path and sys.path and sys.path[0] == os.getcwd():  # noqa: PTH109
        del sys.path[0]
    run()
