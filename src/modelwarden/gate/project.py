"""modelwarden.toml: read strictly, composed from the sections that the rooms own.

The file is the user's own code: it names what is run and what decides. So it is refused when it
lies inside what it puts under test, as it would if it came along with somebody else's model.
"""

from __future__ import annotations

import hashlib
import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from modelwarden.assess.config import (
    AssessConfig,
    parse_assess,
    parse_checks,
    parse_claims,
)
from modelwarden.core import ConfigError, InputError, Policy
from modelwarden.core.fields import Fields
from modelwarden.core.values import dataclass
from modelwarden.gate.walk import below, printable
from modelwarden.policy import parse
from modelwarden.targets.config import (
    DataConfig,
    FeaturesConfig,
    LimitsConfig,
    ModelConfig,
    ProjectConfig,
    parse_data,
    parse_features,
    parse_limits,
    parse_model,
    parse_project,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FILE = "modelwarden.toml"
_LARGEST = 1 << 20
_MOST_BESIDE = 10_000  # names in a folder that are looked at for the nearest
_SECTIONS = (
    "project",
    "model",
    "claims",
    "limits",
    "data",
    "features",
    "assess",
    "checks",
    "policy",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a modelwarden.toml says.

    Attributes:
        file: as the user named it. root: its folder, to which paths in it are relative.
        digest: `sha256:` of its bytes.
    """

    file: Path
    root: Path
    digest: str
    project: ProjectConfig
    model: ModelConfig
    limits: LimitsConfig
    data: DataConfig
    assess: AssessConfig
    features: FeaturesConfig
    policy: Policy

    def at(self, name: str) -> Path:
        """Return where a path of the file leads."""
        return self.root / name


def find(path: str | os.PathLike[str] = ".") -> Path:
    """Return the modelwarden.toml that a user means by a folder or a file.

    Raises:
        InputError: there is none.
    """
    place = Path(path)
    if place.is_dir():
        place = place / FILE
    if not place.is_file():
        raise InputError(
            f"no such file: {printable(str(place))}",
            hint="Write one with `modelwarden init`, or name the file or its folder.",
        )
    return place


def load(path: str | os.PathLike[str] = ".", *, served: bool = False) -> Project:
    """Read a modelwarden.toml, or that of a folder; every path that it names must be there.

    Args:
        path: of the file, or its folder.
        served: whether the model may be one that is only served, so that nothing is said of it.

    Raises:
        InputError: there is no such file.
        ConfigError: it cannot be read, is no TOML, or says something that it cannot say.
        PolicyError: likewise of `[policy]`.
    """
    import tomllib

    file = find(path)
    shown = printable(str(file))
    data = _bytes(file, shown)
    try:
        document = tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{shown}: not valid TOML: byte {error.start:,} is no UTF-8",
            hint=f"`check` takes a folder with a {FILE}, or that file in UTF-8; a model alone is "
            "for `modelwarden scan`.",
        ) from error
    except (ValueError, RecursionError) as error:
        what = " ".join(str(error).split())[:300]
        raise ConfigError(f"{shown}: not valid TOML: {what}") from error
    top = Fields(document, shown, failure=ConfigError)
    top.only(_SECTIONS)
    model = ModelConfig(adapter="http") if served and "model" not in document else None
    for section in ("project", "model", "data"):
        if section not in document and not (model and section == "model"):
            raise top.error(section, "is missing")
    project = parse_project(top.section("project"))
    loaded = Project(
        file=file,
        root=Path(os.path.realpath(file)).parent,
        digest=f"sha256:{hashlib.sha256(data).hexdigest()}",
        project=project,
        model=model or parse_model(top.section("model")),
        limits=parse_limits(top.section("limits")),
        data=parse_data(top.section("data"), project),
        assess=parse_assess(
            top.section("assess"), parse_claims(top), parse_checks(top.section("checks"))
        ),
        features=parse_features(top.section("features")),
        policy=parse(document.get("policy", {}), shown, place="policy"),
    )
    _check_paths(loaded, shown)
    _check_own(loaded, shown)
    return loaded


def _bytes(file: Path, shown: str) -> bytes:
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"cannot read {shown}: {reason}") from error
    if len(data) > _LARGEST:
        raise ConfigError(f"{shown}: larger than {_LARGEST} bytes, this is no modelwarden.toml")
    return data


def _paths(project: Project) -> Iterator[tuple[str, str]]:
    """Yield each key that names a file, with the path."""
    models = [("model", project.model)]
    if project.model.reference is not None:
        models.append(("model.reference", project.model.reference))
    for place, model in models:
        keys = {"path": model.path, "weights": model.weights, "card": model.card}
        keys |= {f"files[{number}]": name for number, name in enumerate(model.files)}
        for key in ("entry", "decide"):
            value = getattr(model, key)
            keys[key] = None if value is None else value.rpartition(":")[0]
        for key, value in keys.items():
            if value is not None:
                yield f"{place}.{key}", value
    for number, name in enumerate(project.assess.checks.modules):
        yield f"checks.modules[{number}]", name
    for key in ("train", "test", "current"):
        value = getattr(project.data, key)
        if value is not None:
            yield f"data.{key}", value


def _check_paths(project: Project, shown: str) -> None:
    for key, name in _paths(project):
        places = [project.at(name)]
        if key.endswith((".entry", ".decide", ".card")) and project.model.path is not None:
            places.append(project.at(project.model.path) / name)
        try:
            found = [place for place in places if place.exists()]
            usable = any(place.is_file() or place.is_dir() for place in found)
        except (OSError, ValueError):
            found, usable = [], False
        if not usable:
            why = "neither a file nor a folder" if found else "not there"
            raise ConfigError(
                f"{shown}: {key} names {printable(name)!r}, which is {why}",
                hint=f"{_nearest(places)}Paths are relative to {printable(str(project.root))}.",
            )


def _nearest(places: Iterable[Path]) -> str:
    """Return the name beside one of these places that is spelt most alike, as a question."""
    from difflib import get_close_matches

    for place in places:
        try:
            beside = sorted(entry.name for entry in islice(place.parent.iterdir(), _MOST_BESIDE))
        except (OSError, ValueError):
            continue
        near = get_close_matches(place.name, beside, n=1, cutoff=0.7)
        if near:
            return f"Did you mean {printable(near[0])!r}? "
    return ""


def _check_own(project: Project, shown: str) -> None:
    """Refuse a file that lies inside what it puts under test: it may be the stranger's own."""
    models = [project.model, project.model.reference]
    for model in models:
        places = () if model is None else model.places
        real = {name: os.path.realpath(project.at(name)) for name in places}
        for name, place in real.items():
            if below(os.path.realpath(project.file), [place]):
                raise ConfigError(
                    f"{shown} lies inside the model that it names ({printable(name)}), so it may"
                    " have come with it and is not used",
                    hint="modelwarden.toml is your own code: keep it outside of the model.",
                )
        for name in project.assess.checks.modules:
            if below(os.path.realpath(project.at(name)), [*real.values()]):
                raise ConfigError(
                    f"{shown}: the checks in {printable(name)} lie inside the model, so they may"
                    " have come with it and are not run",
                    hint="Your own checks run without a sandbox: keep them outside of the model.",
                )
