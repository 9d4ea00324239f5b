"""Convert one file: scan it, take its tensors, write them, read them back, scan the result."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.artifacts import examine
from modelwarden.convert import writing
from modelwarden.convert.errors import ConvertError, UnequalError
from modelwarden.convert.opening import contents_of
from modelwarden.core import Finding, OutputError, Severity
from modelwarden.core.paths import real
from modelwarden.core.values import dataclass
from modelwarden.formats import Limits, Source
from modelwarden.formats.archive import printable
from modelwarden.formats.limits import LimitExceededError
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.convert.contents import Contents
    from modelwarden.convert.tensor import Tensor

FORMS = {".safetensors": "safetensors", ".npz": "npz"}
_ROOM = 16
_FREE = 64 << 20
# What a file of weights for a library cannot do without: that library.
_NEEDS = frozenset({"needs-code", "skops-needs-code"})
_DAY = 24 * 3600.0  # a conversion takes as long as it takes; a scan does not


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What was done.

    Attributes:
        source, target: formats.
        tensors: how many. size: bytes of their values.
        findings: of the scan of the source. gaps: how much of it was not examined.
        kept: names of the values that stand in the result's metadata.
        lost: what was left behind: (name, what it is).
        skipped: tensors that could not be taken, when that was allowed.
        tied: pairs of names that were one tensor in the source and are two now.
    """

    source: str
    target: str
    tensors: int
    size: int
    findings: tuple[Finding, ...] = ()
    gaps: int = 0
    kept: tuple[str, ...] = ()
    lost: tuple[tuple[str, str], ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    tied: tuple[tuple[str, str], ...] = ()


def convert(
    path: Path,
    target: Path,
    *,
    form: str,
    partial: bool = False,
    below: str | None = None,
    metadata: bool = True,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
    limits: Limits | None = None,
) -> Converted:
    """Write the tensors of `path` to `target`.

    Args:
        path: a model file.
        target: where to; written beside and renamed when all of it was proved.
        form: `safetensors` or `npz`.
        partial: leave out tensors that cannot be taken instead of refusing.
        below: take only what stands below this name, which is cut off.
        metadata: write small plain values into the result's metadata.
        force: overwrite `target`.
        progress: called with the bytes done and all of them.
        limits: bounds for reading.

    Raises:
        ConvertError: something in the file cannot be proved to be plain data.
        OutputError: the target cannot be written.
        UnequalError: what was written is not what was read.
    """
    limits = limits or Limits(seconds=_DAY)
    check_target(path, target, force=force)
    with opened(path) as source:
        seen = examine(source, Limits())
        contents = contents_of(source, limits.fresh(), named=seen.coverage.format)
        if below is not None:
            _cut(contents, below)
        _name_lone(contents)
        _complete(contents, path, source.size, partial=partial)
        kept = contents.kept if metadata and form == "safetensors" else {}
        _write(
            contents.tensors,
            target,
            form,
            _metadata(contents, kept),
            force,
            progress,
            limits,
        )
    lost = [*contents.lost]
    if not kept:
        lost += [(name, "plain value") for name in contents.kept]
    return Converted(
        source=contents.format,
        target=form,
        tensors=len(contents.tensors),
        size=sum(tensor.size for tensor in contents.tensors),
        findings=tuple(seen.findings),
        gaps=len(seen.gaps),
        kept=tuple(kept),
        lost=tuple(lost),
        skipped=tuple(contents.refused),
        tied=tuple(writing.tied(contents.tensors)),
    )


def check_target(path: Path, target: Path, *, force: bool) -> None:
    """Refuse a target that is there, or that is the source.

    Raises:
        OutputError: it is.
    """
    with suppress(OSError):
        if target.samefile(path):
            raise OutputError(f"{target} is the file that is to be converted")
    if target.is_dir() or (os.path.lexists(target) and not target.is_file()):
        raise OutputError(f"{target} is there and is no plain file")
    if not force and os.path.lexists(target):
        raise OutputError(f"{target} is there already", hint="--force overwrites it.")


def opened(path: Path) -> Source:
    """Open a file of the user's.

    Raises:
        ConvertError: it cannot be read.
    """
    try:
        return Source.open(real(path), path.name)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConvertError(f"cannot read {path}: {why}") from error


def _cut(contents: Contents, below: str) -> None:
    from dataclasses import replace

    prefix = f"{below}."
    names = [*(one.name for one in contents.tensors), *(one.name for one in contents.refused)]
    if not any(name.startswith(prefix) for name in names):
        tops = dict.fromkeys(tensor.name.partition(".")[0] for tensor in contents.tensors)
        shown = ", ".join(printable(name) for name in [*tops][:5]) or "no tensor"
        raise ConvertError(
            f"no tensor stands below {printable(below)}",
            hint=f"What there is: {shown}{', …' if len(tops) > 5 else ''}.",
        )
    contents.tensors = [
        replace(tensor, name=tensor.name.removeprefix(prefix))
        for tensor in contents.tensors
        if tensor.name.startswith(prefix)
    ]
    contents.refused = [one for one in contents.refused if one.name.startswith(prefix)]
    contents.lose("", f"everything that does not stand below {printable(below)}")
    contents.kept = {
        name.removeprefix(prefix): value
        for name, value in contents.kept.items()
        if name.startswith(prefix)
    }


def _name_lone(contents: Contents) -> None:
    """Give a tensor that is the whole object, and so has no name, one that says what it is."""
    from dataclasses import replace

    if [tensor.name for tensor in contents.tensors] == [""]:
        name = "tensor" if contents.framework == "pt" else "array"
        contents.tensors = [replace(contents.tensors[0], name=name)]


def _complete(contents: Contents, path: Path, size: int, *, partial: bool) -> None:
    """Refuse what is not all there, or not all told apart."""
    if contents.refused and not partial:
        name, why = contents.refused[0]
        many = len(contents.refused)
        others = f", and {many - 1} more like it" if many > 1 else ""
        raise ConvertError(
            f"{path}: {name or 'its value'} cannot be taken: {why}{others}",
            hint="--partial leaves such tensors out and names them.",
        )
    if not contents.tensors:
        what = contents.lost[0][1] if contents.lost else "nothing"
        raise ConvertError(f"{path} ({contents.format}) holds no tensors, only {what}")
    twice = [n for n, count in Counter(t.name for t in contents.tensors).items() if count > 1]
    if twice:
        raise ConvertError(
            f"{path}: {printable(twice[0])} is the name of more than one tensor",
            hint="Rename it in the source: the result would hold one of them.",
        )
    total = sum(tensor.size for tensor in contents.tensors)
    if total > _ROOM * size + _FREE:
        raise ConvertError(
            f"{path}: its tensors take {total} bytes, a file of {size} shows them many times over",
            hint="It repeats a few numbers without end; such a model is not honest.",
        )


def _metadata(contents: Contents, kept: dict[str, str]) -> dict[str, str]:
    framework = (
        contents.framework if contents.framework in {"pt", "np", "tf", "flax", "mlx"} else "np"
    )
    return {"format": framework, **{k: v for k, v in kept.items() if k != "format"}}


def _write(
    tensors: list[Tensor],
    target: Path,
    form: str,
    metadata: dict[str, str],
    force: bool,
    progress: Callable[[int, int], None] | None,
    limits: Limits,
) -> None:
    total = 2 * sum(tensor.size for tensor in tensors)
    done = 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(done, total)

    check = writing.check_safetensors if form == "safetensors" else writing.check_npz
    write = writing.write_safetensors if form == "safetensors" else writing.write_npz
    check(tensors)
    beside = target.with_name(f".modelwarden-{os.getpid()}.tmp")
    try:
        with beside.open("xb") as out:
            write(out, tensors, metadata, tell)
            out.flush()
            os.fsync(out.fileno())
        with Source.open(beside, target.name) as written:
            writing.compare(written, limits.fresh(), tensors, metadata, tell)
            _clean(written, limits)
        _rename(beside, target, force=force)
    except (DamagedError, LimitExceededError) as error:
        raise ConvertError(f"the source could not be read to its end: {error}") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {target}: {why}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def put(result: Path, target: Path, *, force: bool) -> None:
    """Copy a finished file beside `target` and rename it there.

    Raises:
        OutputError: it cannot be written.
    """
    beside = target.with_name(f".modelwarden-{os.getpid()}.tmp")
    try:
        with beside.open("xb") as out, result.open("rb") as source:
            while piece := source.read(1 << 20):
                out.write(piece)
        _rename(beside, target, force=force)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {target}: {why}") from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _rename(beside: Path, target: Path, *, force: bool) -> None:
    if force:
        beside.replace(target)
        return
    try:
        os.link(beside, target)
    except FileExistsError:
        raise OutputError(f"{target} is there already", hint="--force overwrites it.") from None
    except OSError:  # a file system without links
        check_target(beside, target, force=False)
        beside.rename(target)


def scanned_clean(path: Path, name: str, limits: Limits) -> tuple[str, ...]:
    """Scan a result that others made; return why it could not be examined, if it could not.

    Raises:
        ConvertError: it is not clean.
    """
    with Source.open(path, name) as written:
        seen = examine(written, limits)
    bad = [finding for finding in seen.findings if finding.severity is not Severity.INFO]
    bad = [finding for finding in bad if finding.rule not in _NEEDS]
    if bad:
        raise ConvertError(f"the result is not clean: {bad[0].rule}: {bad[0].message}")
    return tuple(gap.why for gap in seen.gaps)


def _clean(written: Source, limits: Limits) -> None:
    """Scan the result like a stranger's file.

    Raises:
        ConvertError: something in it is not clean; nothing of it is kept.
    """
    seen = examine(written, limits)
    bad = [finding for finding in seen.findings if finding.severity is not Severity.INFO]
    if bad:
        raise ConvertError(
            f"the result would not be clean: {bad[0].message}",
            hint="--no-metadata leaves out values that are no tensors.",
        )
    if seen.gaps:
        raise UnequalError(f"the result could not be examined: {seen.gaps[0].why}")
