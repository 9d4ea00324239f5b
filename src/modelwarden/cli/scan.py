"""`modelwarden scan`."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import engine_option, fail_on_option, form_option
from modelwarden.core import Severity

if TYPE_CHECKING:
    from pathlib import Path

    from modelwarden.core import Policy, Report
    from modelwarden.gate.beside import Beside
    from modelwarden.gate.scan import How
    from modelwarden.gate.unit import Options

_FILE = click.Path()
# Readers make many containers and next to no cycles: to look for them rarely is enough.
_CYCLES = 20_000, 50, 50


@click.command()
@click.argument("paths", metavar="PATH...|-", nargs=-1, required=True)
@form_option("Form of the report.")
@click.option("--output", type=_FILE, metavar="FILE", help="Write the report there; - is stdout.")
@fail_on_option()
@click.option("--policy", "policy_file", type=_FILE, metavar="FILE", help="What must be shown.")
@click.option("--advisories", type=_FILE, metavar="FILE", help="Index of known vulnerabilities.")
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Worker processes; the report is the same for any number.",
)
@engine_option("Where files are worked; ray needs the extra of that name.")
@click.option(
    "--import",
    "imports",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="Add a result of osv-scanner, Trivy, Grype or pip-audit (JSON, SARIF, CycloneDX); may be "
    "repeated.",
)
@click.option(
    "--vex",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="OpenVEX statements: waive what they say does no harm; may be repeated.",
)
@click.option(
    "--resolve",
    is_flag=True,
    help="Ask pip, over the network, which versions ranges would become; wheels only.",
)
@click.option("--no-deps", is_flag=True, help="Leave out the dependency stage.")
@click.option("--no-hash", is_flag=True, help="Leave out SHA-256 digests: faster on large files.")
@click.option("--plugins", metavar="NAME,...", help="Apply the rules of these plugins as well.")
@click.option(
    "--cache",
    type=_FILE,
    metavar="DIR",
    help="Keep results there by content, so that unchanged files are not examined again.",
)
def scan(
    paths: tuple[str, ...],
    form: str,
    output: str | None,
    fail_on: str | None,
    policy_file: str | None,
    advisories: str | None,
    imports: tuple[str, ...],
    vex: tuple[str, ...],
    resolve: bool,
    jobs: int,
    engine: str,
    no_deps: bool,
    no_hash: bool,
    plugins: str | None,
    cache: str | None,
) -> int:
    """Examine model files and folders without loading them.

    PATH is a file or a folder; - reads one file from stdin.
    """
    from modelwarden.cli.finish import check_writable, finish
    from modelwarden.cli.progress import progress_line
    from modelwarden.gate.scan import How
    from modelwarden.gate.unit import Options

    gc.set_threshold(*_CYCLES)
    stage = {"--advisories": advisories, "--import": imports, "--vex": vex, "--resolve": resolve}
    if no_deps and (named := next((name for name, value in stage.items() if value), None)):
        raise click.UsageError(f"{named} is for the dependency stage, which --no-deps leaves out")
    if cache is not None and no_hash:
        raise click.UsageError("--cache finds files by their digest, so it excludes --no-hash")
    policy = _policy(_path(policy_file), fail_on, paths)
    written = None if output in {None, "-"} else _path(output)
    if written is not None:
        check_writable(written, paths)
    options = Options(
        hashing=not no_hash,
        plugins=_names(plugins),
        dependencies=not no_deps,
        advisories=_path(advisories),
    )
    with progress_line() as progress:
        how = How(jobs=jobs, engine=engine, cache=_path(cache), progress=progress)
        report = _examined(paths, policy, options, how, _beside(imports, vex, resolve))
    return finish(report, form, written, fail_on=policy.fail_on)


def _path(name: str | None) -> Path | None:
    if name is None:
        return None
    from pathlib import Path  # slow to import, and a plain scan needs none

    return Path(name)


def _policy(file: Path | None, fail_on: str | None, paths: tuple[str, ...]) -> Policy:
    from modelwarden.core import Policy

    policy = Policy()
    if file is not None:
        from modelwarden.gate.outside import check_outside
        from modelwarden.policy import load

        check_outside("the policy", file, paths)
        policy = load(file)
    return replace(policy, fail_on=Severity(fail_on)) if fail_on else policy


def _names(plugins: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (plugins or "").split(",") if name.strip())


def _beside(imports: tuple[str, ...], vex: tuple[str, ...], resolve: bool) -> Beside | None:
    if not (imports or vex or resolve):
        return None
    from pathlib import Path

    from modelwarden.gate.beside import Beside

    return Beside(imports=tuple(map(Path, imports)), vex=tuple(map(Path, vex)), resolve=resolve)


def _examined(
    paths: tuple[str, ...], policy: Policy, options: Options, how: How, beside: Beside | None
) -> Report:
    """Scan; an error of ours becomes a report with one gap, so that it can never pass."""
    from modelwarden.cli.main import tell
    from modelwarden.core import ModelwardenError
    from modelwarden.gate.scan import broken
    from modelwarden.gate.scan import scan as examine

    try:
        return examine(paths, policy=policy, options=options, how=how, beside=beside)
    except (ModelwardenError, BrokenPipeError):
        raise
    except Exception as error:  # noqa: BLE001 -- the whole scan: the last isolation boundary
        why = f"internal error: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        tell(why, "set MODELWARDEN_DEBUG=1 to see where", error)
        return broken(paths, why)
