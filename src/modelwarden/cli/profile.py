"""`modelwarden profile`: what normal requests look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from modelwarden.cli.options import Named
from modelwarden.core import InputError

if TYPE_CHECKING:
    from modelwarden.detectors.probes import Probes
    from modelwarden.firewall import Meta, Profile
    from modelwarden.targets.frames import Inputs

_FILE = click.Path(path_type=Path)
_PROTOCOLS = ("oip-v2", "mlflow", "tf-serving", "torchserve", "openai", "json")


@click.command()
@click.argument("path", metavar="[DIR|modelwarden.toml]", type=_FILE, required=False)
@click.option("--reference", type=_FILE, metavar="FILE.npz", help="Normal rows, as array x.")
@click.option(
    "--meta",
    type=_FILE,
    metavar="FILE.json",
    help="With --reference: name, protocol, input, shape, dtype, low, high, columns.",
)
@click.option(
    "--watch",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="A file of the model whose digest is pinned; may be repeated.",
)
@click.option(
    "--protocol",
    type=Named("protocol", _PROTOCOLS),
    help="Of the server, where modelwarden.toml does not tell.",
)
@click.option(
    "--rate",
    type=click.FloatRange(0.0001, 0.2),
    default=0.01,
    show_default=True,
    help="Share of normal rows that may count as abnormal.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--key", type=_FILE, metavar="K", help="Sign with this Ed25519 key in PEM.")
@click.option(
    "--upstream",
    metavar="URL",
    help="Ask the model's server what it answers now; else the firewall learns that on first use.",
)
@click.option(
    "--triggers", type=_FILE, metavar="FILE.json", help="Backdoor triggers that were recovered."
)
@click.option(
    "--form",
    type=_FILE,
    metavar="FILE.json",
    help="With the protocol json: route, and the JSONPath of each input.",
)
@click.option("--output", type=_FILE, required=True, metavar="FILE", help="The profile, in JSON.")
def profile(
    path: Path | None,
    reference: Path | None,
    meta: Path | None,
    watch: tuple[Path, ...],
    protocol: str | None,
    rate: float,
    seed: int,
    key: Path | None,
    upstream: str | None,
    triggers: Path | None,
    form: Path | None,
    output: Path,
) -> int:
    """Learn what normal requests of a model look like, for the firewall.

    From the training data that modelwarden.toml names, or from --reference and --meta alone.
    Secret questions for the model go to a second file beside the profile, NAME.probes.json.
    """
    from modelwarden.cli.finish import check_writable

    if (reference is None) is not (meta is None):
        raise click.UsageError("--reference and --meta go together")
    if reference is not None and path is not None:
        raise click.UsageError("give either modelwarden.toml or --reference")
    taken = (reference, meta, key, triggers, form, *watch)
    check_writable(output, [str(p) for p in taken if p is not None])
    if reference is not None and meta is not None:
        given = _of_reference(reference, meta)
    else:
        given = _of_project(path or Path(), protocol)
    if form is not None:
        given = _formed(given, form)
    made, secret = _made(given, watch, triggers, rate=rate, seed=seed, upstream=upstream)
    _write(output, made, secret, key)
    click.echo(_told(output, made, secret, key), nl=False)
    return 0


def _formed(given: Given, form: Path) -> Given:
    from dataclasses import replace

    from modelwarden.firewall import wanted_in

    return given._replace(meta=replace(given.meta, form=wanted_in(form)))


def _made(
    given: Given,
    watch: tuple[Path, ...],
    triggers: Path | None,
    *,
    rate: float,
    seed: int,
    upstream: str | None,
) -> tuple[Profile, Probes | None]:
    """Return the profile and its probes, with answers where a server was asked."""
    from modelwarden import __version__
    from modelwarden.detectors.probes import probes_of
    from modelwarden.firewall import profile_of, triggers_of, values_of
    from modelwarden.firewall.learning import learnt

    made = profile_of(
        given.inputs,
        given.meta,
        digest=given.digest,
        version=__version__,
        watch=watch,
        triggers=() if triggers is None else triggers_of(triggers),
        rate=rate,
        seed=seed,
    )
    values = values_of(given.inputs, given.meta)
    secret = probes_of(made, values, given.digest)
    if upstream is None:
        return made, secret
    return learnt(made, secret, values, upstream, seed)


def _write(output: Path, made: Profile, secret: Probes | None, key: Path | None) -> None:
    """Write the profile, and the probes for their owner only; those of an earlier one go."""
    from modelwarden.cli.finish import write_whole
    from modelwarden.core import OutputError
    from modelwarden.detectors import probes
    from modelwarden.detectors.signed import signed
    from modelwarden.firewall import dumped

    data = dumped(made) if key is None else signed(made, key)
    place = probes.place_of(output)
    try:
        if secret is None:
            place.unlink(missing_ok=True)
        else:
            probes.write(place, secret)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write the probes {place}: {why}") from error
    write_whole(output, data)


class Given(NamedTuple):
    """What a profile is made from."""

    inputs: Inputs
    meta: Meta
    digest: str


def _of_reference(reference: Path, meta: Path) -> Given:
    require_numpy()
    from modelwarden.firewall import meta_of, reference_of

    said = meta_of(meta)
    x, digest = reference_of(reference)
    return Given(x, said, digest)


def _of_project(path: Path, protocol: str | None) -> Given:
    require_numpy()
    import numpy as np

    from modelwarden.firewall import Meta, Protocol
    from modelwarden.gate.project import load
    from modelwarden.targets.frames import Frame
    from modelwarden.targets.reading import read_data

    project = load(path, served=True)
    served = protocol or project.model.protocol
    if served not in _PROTOCOLS:
        raise InputError(
            f"{project.file} does not tell a protocol that the firewall knows",
            hint=f"Give --protocol, one of {', '.join(_PROTOCOLS)}.",
        )
    source = project.data.train or project.data.test
    if source is None:
        raise InputError(f"{project.file} names no training data")
    data = read_data("train", source, project.data, project.project, project.root)
    inputs = data.inputs
    if not isinstance(inputs, Frame) and inputs.dtype == np.object_:
        inputs = Frame((project.data.text or "text",), (inputs,))
    name = project.project.name
    if served in ("torchserve", "openai"):  # servers of many models, which requests name
        name = project.model.name or name
    return Given(inputs, Meta(name=name, protocol=Protocol(served)), data.digest)


def require_numpy() -> None:
    """Raise `MissingExtraError` unless the package is there."""
    from modelwarden.core import MissingExtraError

    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("numpy, which profiles need,", "firewall") from error


def _told(output: Path, made: Profile, secret: Probes | None, key: Path | None) -> str:
    from modelwarden import __version__
    from modelwarden.gate.walk import printable

    kind = "columns" if made.table else "values a row"
    width = sum(_size(spec.shape) for spec in made.inputs)
    lines = [
        f"modelwarden {__version__} · profile {made.name} ({made.protocol})",
        f"  reference  {made.rows} rows · {width} {kind}",
    ]
    if made.normal is None:
        lines.append("  abnormal   not judged: too few rows, or no numbers")
    else:
        lines.append(f"  abnormal   alarm at a score of {made.normal.alarm:.3g}, ")
        lines[-1] += f"refused from {made.normal.refuse:.3g}"
    if made.watched:
        files = "1 file" if len(made.watched) == 1 else f"{len(made.watched)} files"
        lines.append(f"  watched    {files}")
    if secret is None:
        lines.append("  probes     none: the input has no name, or the protocol is not asked")
    else:
        from modelwarden.detectors.probes import place_of

        known = "with answers" if secret.answers else "answers are learnt on first use"
        lines.append(f"  probes     {place_of(output)} · {known}")
    if key is not None:
        lines.append(f"  signed     with {key}")
    lines.append(f"  written    {output}")
    return "\n".join(map(printable, lines)) + "\n"


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for part in shape:
        size *= part
    return size
