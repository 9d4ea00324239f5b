"""The command group, and the one place where errors become a line and an exit code.

Exit codes: 0 pass, 1 the policy failed, 2 usage or input error, 3 incomplete or internal error,
130 interrupted, 143 and 129 ended by SIGTERM and SIGHUP. A command's module is imported when the
command is used, so `--help` is instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from modelwarden import __version__
from modelwarden.core import ModelwardenError, UnknownNameError

EXIT_PASS, EXIT_FAIL, EXIT_INPUT, EXIT_INCOMPLETE, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
_AGAIN = {  # how what was done before an interrupt is taken up
    "check": "The same command again goes on where it stopped.",
    "redteam": "The same command with --resume goes on where it stopped.",
}
_LONGEST = 600

# The one-line help stands here so that listing the commands imports none of them.
COMMANDS = {
    "scan": "Examine model files and folders without loading them.",
    "init": "Write a commented modelwarden.toml from what a folder holds.",
    "check": "Assess a model on your own data, and judge it by your policy.",
    "data": "Freeze training data in a manifest, and tell what was changed since.",
    "convert": "Write the tensors of a model file in a format that runs no code.",
    "sign": "Sign a model file or folder.",
    "verify": "Check a model against its signature.",
    "summary": "Make one static page over many reports.",
    "bom": "Write a bill of materials of a model, or tell what changed between two.",
    "redteam": "Attack an endpoint within a campaign's rules, and replay what got past.",
    "range": "Practise attacks and defences on small models that are made to fall.",
    "profile": "Learn what normal requests of a model look like.",
    "firewall": "Stand between clients and a model's server.",
    "monitor": "Tell whether the world, or the deployed model, has changed.",
    "ledger": "Check, show and export the tamper-evident record of decisions.",
    "advisories": "Import known vulnerabilities, and tell what the local index holds.",
    "explain": "Tell what a rule means, why it matters and how to fix it.",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"modelwarden.cli.{cmd_name}"), cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise UnknownNameError("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # Click would write a line of its own before it tells us.
            return EXIT_INTERRUPTED

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="modelwarden", message="%(prog)s %(version)s")
def main() -> None:
    """The gate that a model passes on its way from training to production.

    \b
    Exit codes: 0 pass, 1 the policy failed, 2 usage or input error,
    3 incomplete (something could not be examined), 130 interrupted.
    """  # noqa: D301 -- click reads the backspace itself, not its escape
    try:
        os.getcwd()  # noqa: PTH109 -- whether there is one
    except OSError as error:
        why = "the folder that this was started in is not there any more"
        raise ModelwardenError(why, hint="Change to another.") from error


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; return its exit code.

    Every error becomes one line on stderr; `MODELWARDEN_DEBUG=1` adds the traceback.
    """
    from modelwarden.cli.ending import EndedError, ended_by_signals

    try:
        with ended_by_signals():
            code = main.main(args=arguments, prog_name="modelwarden", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as usage:
        return _say_usage(usage)
    except click.ClickException as error:
        tell(error.format_message(), _usage_hint(error))
        return EXIT_INPUT
    except ModelwardenError as error:
        tell(error.message, error.hint, error)
        return EXIT_INPUT
    except (click.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except EndedError as ended:
        tell(f"ended by {ended.name}", _again(arguments))
        return ended.code
    except BrokenPipeError:
        # The reader of our output went away; nothing is left to be said to it.
        drop_stdout()
        return EXIT_INCOMPLETE
    except OSError as error:
        return _refused(error)
    except Exception as error:  # noqa: BLE001 -- the last boundary: never a traceback for users
        return _internal(error)
    if code == EXIT_INTERRUPTED:
        tell("interrupted", _again(arguments))
    return code if isinstance(code, int) else EXIT_PASS


def _again(arguments: Sequence[str] | None) -> str:
    """Return how what was done before an interrupt is taken up."""
    asked = sys.argv[1:] if arguments is None else arguments
    return next((_AGAIN[word] for word in asked[:1] if word in _AGAIN), "")


def _refused(error: OSError) -> int:
    """Tell of a file that the system refused; without one it is an error of ours."""
    if error.filename is None:
        return _internal(error)
    why = (error.strerror or type(error).__name__).lower()
    tell(f"cannot use {str(error.filename)!r}: {why}", "Check the path.", error)
    return EXIT_INPUT


def _internal(error: Exception) -> int:
    what = f"internal error: {type(error).__name__}: {str(error)[:300]}"
    hint = "set MODELWARDEN_DEBUG=1 to see where"
    if isinstance(error, MemoryError):  # as often the machine's as ours
        what = "there is not enough memory"
        hint = "Allow more of it (ulimit -v, the container's limit), or give less at once."
    tell(what, hint, error)
    return EXIT_INCOMPLETE


def tell(message: str, hint: str = "", error: BaseException | None = None) -> None:
    """Write one line to stderr, and the traceback of `error` before it when debugging is on."""
    from modelwarden.gate.walk import printable

    said = printable(" ".join(message.split()))
    if len(said) > _LONGEST:  # it names a value, which may be a whole file
        said = f"{said[: _LONGEST // 2]} … {said[-_LONGEST // 2 :]}"
    line = " ".join(f"modelwarden: {said} {hint and printable(f'({hint})')}".split())
    # stderr may be closed or full; the exit code is then all that is left to say.
    with suppress(OSError, ValueError, AttributeError):
        if error is not None and os.environ.get("MODELWARDEN_DEBUG") == "1":
            import traceback

            traceback.print_exception(error, file=sys.stderr)
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def _say_usage(usage: click.exceptions.NoArgsIsHelpError) -> int:
    sys.stderr.write(f"{usage.format_message()}\n")
    return EXIT_INPUT


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "modelwarden"
    return f"see {command} --help"


def drop_stdout() -> None:
    """Let what Python still flushes when it exits go nowhere instead of failing again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
