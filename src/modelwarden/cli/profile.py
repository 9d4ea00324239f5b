"""`modelwarden profile`: what normal requests look like."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import Named
from modelwarden.core import InputError

if TYPE_CHECKING:
    from modelwarden.firewall import Profile

_FILE = click.Path(path_type=Path)
_PROTOCOLS = ("oip-v2", "mlflow", "tf-serving")


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
@click.option("--output", type=_FILE, required=True, metavar="FILE", help="The profile, in JSON.")
def profile(
    path: Path | None,
    reference: Path | None,
    meta: Path | None,
    watch: tuple[Path, ...],
    protocol: str | None,
    rate: float,
    seed: int,
    output: Path,
) -> int:
    """Learn what normal requests of a model look like, for the firewall.

    From the training data that modelwarden.toml names, or from --reference and --meta alone.
    """
    from modelwarden.cli.finish import check_writable, write_whole
    from modelwarden.firewall import dumped

    if (reference is None) is not (meta is None):
        raise click.UsageError("--reference and --meta go together")
    if reference is not None and path is not None:
        raise click.UsageError("give either modelwarden.toml or --reference")
    check_writable(output, [str(p) for p in (reference, meta, *watch) if p is not None])
    if reference is not None and meta is not None:
        made = _of_reference(reference, meta, watch, rate=rate, seed=seed)
    else:
        made = _of_project(path or Path(), watch, protocol, rate=rate, seed=seed)
    write_whole(output, dumped(made))
    click.echo(_told(output, made), nl=False)
    return 0


def _of_reference(
    reference: Path, meta: Path, watch: tuple[Path, ...], *, rate: float, seed: int
) -> Profile:
    require_numpy()
    from modelwarden import __version__
    from modelwarden.firewall import meta_of, profile_of, reference_of

    said = meta_of(meta)
    x, digest = reference_of(reference)
    return profile_of(
        x, said, digest=digest, version=__version__, watch=watch, rate=rate, seed=seed
    )


def _of_project(
    path: Path, watch: tuple[Path, ...], protocol: str | None, *, rate: float, seed: int
) -> Profile:
    require_numpy()
    import numpy as np

    from modelwarden import __version__
    from modelwarden.firewall import Meta, Protocol, profile_of
    from modelwarden.gate.project import load
    from modelwarden.targets.frames import Frame
    from modelwarden.targets.reading import read_data

    project = load(path)
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
    meta = Meta(name=project.project.name, protocol=Protocol(served))
    return profile_of(
        inputs, meta, digest=data.digest, version=__version__, watch=watch, rate=rate, seed=seed
    )


def require_numpy() -> None:
    """Raise `MissingExtraError` unless the package is there."""
    from modelwarden.core import MissingExtraError

    try:
        import numpy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("numpy, which profiles need,", "firewall") from error


def _told(output: Path, made: Profile) -> str:
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
        lines.append(f"  watched    {len(made.watched)} files")
    lines.append(f"  written    {output}")
    return "\n".join(map(printable, lines)) + "\n"


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for part in shape:
        size *= part
    return size
