"""`modelwarden verify`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import form_option

if TYPE_CHECKING:
    import datetime as dt

    from modelwarden.artifacts.signing.attestation import Attestation
    from modelwarden.artifacts.signing.verify import Check, Problem

_FILE = click.Path(path_type=Path)
_UNCOVERED = 5


@click.command()
@click.argument("path", type=_FILE)
@click.option("--key", type=_FILE, metavar="PUB", help="Public key of the signer, in PEM.")
@click.option(
    "--roots",
    type=_FILE,
    metavar="FILE",
    help="Root certificates that are trusted, in PEM, for a model signed with a certificate.",
)
@click.option(
    "--signature",
    type=_FILE,
    metavar="FILE",
    help="The signature [default: PATH/model.sig, or FILE.sig for a file].",
)
@click.option(
    "--at",
    type=click.DateTime(("%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ")),
    metavar="DATE",
    help="Judge certificates as of this day, in UTC [default: now].",
)
@click.option(
    "--attest", type=_FILE, metavar="REPORT", help="Also require that this report was bound."
)
@click.option(
    "--attested", is_flag=True, help="Also require that a report was bound whose verdict is pass."
)
@form_option("Form of the answer.", forms=("text", "json"))
def verify(
    path: Path,
    key: Path | None,
    roots: Path | None,
    signature: Path | None,
    at: dt.datetime | None,
    attest: Path | None,
    attested: bool,
    form: str,
) -> int:
    """Check a model against its signature, and name every file that differs.

    PATH is the signed file or folder.
    """
    import datetime as dt

    from modelwarden.artifacts.signing import verify as checked
    from modelwarden.cli.progress import as_share, progress_line
    from modelwarden.cli.sign import default_signature, read_input
    from modelwarden.core import InputError
    from modelwarden.gate.outside import check_outside

    trusted = [one for one in (key, roots) if one is not None]
    if len(trusted) != 1:
        raise click.UsageError("give either --key or --roots")
    if at is not None and roots is None:
        raise click.UsageError("--at is for certificates, so it goes with --roots")
    if signature is None and not path.exists():
        raise InputError(
            f"no such file or folder: {path}", hint="Check the spelling: the model is named first."
        )
    # Whoever changed the model could have changed what stands beside it.
    check_outside("the key", trusted[0], [str(path)] if path.is_dir() else [])
    with progress_line(as_share("hashed")) as progress:
        check = checked(
            path,
            signature or default_signature(path),
            key=key,
            roots=roots,
            at=None if at is None else at.replace(tzinfo=dt.UTC),
            report=None if attest is None else read_input(attest),
            progress=progress,
        )
    code = _code(check, attested=attested)
    click.echo(_as_json(check, code) if form == "json" else _as_text(path, check, code), nl=False)
    return code


def _code(check: Check, *, attested: bool) -> int:
    """Return 0 when all holds, 1 when not, 3 when the bound verdict is that something is open."""
    if check.problems:
        return 1
    if not attested:
        return 0
    outcome = "none" if check.attestation is None else check.attestation.outcome.value
    return {"pass": 0, "incomplete": 3}.get(outcome, 1)


def _as_json(check: Check, code: int) -> str:
    from modelwarden.core import encode

    document = {"verified": code == 0, "check": encode(check)}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _as_text(path: Path, check: Check, code: int) -> str:
    from modelwarden import __version__
    from modelwarden.gate.walk import printable

    many = "1 file as it was" if check.files == 1 else f"{check.files} files as they were"
    lines = [f"modelwarden {__version__} · verify {printable(str(path))}"]
    if check.problems:
        lines.append(f"FAIL  {_counted(check.problems)}")
    else:
        lines.append(f"{'VERIFIED' if code == 0 else 'FAIL'}  {many} signed")
    lines += [f"  {_line(problem)}" for problem in check.problems]
    if check.signer is not None:
        lines.append(f"  signed by  {printable(check.signer)}")
    if check.root is not None:
        lines.append(f"  model      sha256:{check.root}")
    if check.uncovered:
        shown = ", ".join(map(printable, check.uncovered[:_UNCOVERED]))
        more = len(check.uncovered) - _UNCOVERED
        rest = f" and {more} more" if more > 0 else ""
        lines.append(f"  left out   {shown}{rest}: the signature says nothing about them")
    if check.problems and check.attestation is not None:
        lines.append("  attests    nothing about these files: they are not those that were signed")
    else:
        lines += _attested(check.attestation, code)
    return "\n".join(lines) + "\n"


def _counted(problems: tuple[Problem, ...]) -> str:
    kinds = dict.fromkeys(problem.kind for problem in problems)
    counts = [f"{sum(p.kind is kind for p in problems)} {kind}" for kind in kinds]
    return " · ".join(counts)


def _line(problem: Problem) -> str:
    from modelwarden.gate.walk import printable

    now = "now " if problem.kind == "renamed" else ""
    detail = problem.detail and f" ({now}{printable(problem.detail)})"
    return f"{problem.kind:<10} {printable(problem.what)}{detail}"


def _attested(bound: Attestation | None, code: int) -> list[str]:
    from modelwarden.gate.walk import printable

    if bound is None:
        return ["  attests    nothing: no report was bound"] if code else []
    found = ", ".join(f"{count} {severity}" for severity, count in bound.findings.items())
    lines = [
        f"  attests    {bound.outcome} by {bound.tool.name} {bound.tool.version} "
        f"{bound.command} of {bound.started}",
        f"             findings: {found or 'none'} · gaps: {bound.gaps} · waived: {bound.waived}",
        f"             report sha256:{bound.report}",
    ]
    if bound.advisories is not None:
        lines.append(f"             advisories of {bound.advisories.date}")
    if bound.policy is not None:
        lines.append(f"             policy sha256:{bound.policy}")
    return [printable(line) for line in lines]
