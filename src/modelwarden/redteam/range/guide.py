"""The folder of an exercise: a guide, a campaign for each step, and what an attacker brings."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from modelwarden.core import InputError, Json, OutputError
from modelwarden.redteam.range.exercises import Exercise, Stand, Step, debrief_hint
from modelwarden.redteam.range.served import Lineup, Served
from modelwarden.targets.frames import Frame, Inputs, Labels

_LABEL = "label"
_BATCHES = {Stand.FIREWALL: 1}  # rows of a request; a firewall refuses requests as a whole
_ADDRESSES, _BEYOND = "addresses.txt", "campaign-addresses.toml"


def campaign_file(stand: Stand) -> str:
    """Return the name of the campaign of a step."""
    return "campaign.toml" if stand is Stand.OPEN else f"campaign-{stand}.toml"


def check(folder: Path) -> None:
    """Refuse a place that cannot become the folder of an exercise.

    Raises:
        InputError: it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is no folder", hint="Name another with --folder.")


def written(
    exercise: Exercise, lineup: Lineup, folder: Path, urls: Mapping[Stand, str]
) -> tuple[Path, ...]:
    """Write the folder of an exercise; what a player made there is left alone.

    Args:
        exercise: that is played.
        lineup: its models and data.
        folder: is made where it is not there.
        urls: of the servers of each stand, without a path.

    Raises:
        InputError: the folder is a file.
        OutputError: it cannot be written.
    """
    check(folder)
    files = {"GUIDE.md": "\n".join(_guide(exercise, lineup, folder, urls)).encode()}
    files |= _files("seeds", lineup.seeds, lineup.y, lineup.plain, exercise.suffix)
    files |= _files("sample", lineup.sample, lineup.sample_y, lineup.plain, exercise.suffix)
    for step in exercise.steps:
        if step.stand in urls:
            made = _campaign(exercise, step, lineup, urls[step.stand])
            files[campaign_file(step.stand)] = made.encode()
    if exercise.suffix == "html":
        files |= _by_address(exercise, lineup, urls[Stand.HARDENED])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            beside = place.with_name(f".{place.name}.tmp")
            beside.write_bytes(data)
            beside.replace(place)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {folder}: {why}", hint="Name another --folder.") from error
    return tuple(folder / name for name in files)


def _files(stem: str, inputs: Inputs, y: Labels, model: Served, suffix: str) -> dict[str, bytes]:
    """Return inputs as files by name: one of all, or one of each page in a folder of its class."""
    if suffix != "html" or isinstance(inputs, Frame):
        return {f"{stem}.{suffix}": _data(inputs, y, model)}
    pages = zip(inputs.tolist(), y.tolist(), strict=True)
    return {
        f"{stem}/{model.classes[one]}/{i:03d}.html": str(page).encode()
        for i, (page, one) in enumerate(pages)
    }


def _is_array(inputs: Inputs) -> bool:
    return not isinstance(inputs, Frame) and inputs.dtype.kind != "O"


def _data(inputs: Inputs, y: Labels, model: Served) -> bytes:
    names = [model.classes[i] for i in y.tolist()]
    if _is_array(inputs) and not isinstance(inputs, Frame):
        stream = io.BytesIO()
        np.savez_compressed(stream, x=inputs, y=y)
        return stream.getvalue()
    frame = inputs if isinstance(inputs, Frame) else Frame(("text",), (inputs,))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*frame.names, _LABEL])
    columns = [column.tolist() for column in frame.columns]
    writer.writerows(zip(*columns, names, strict=True))
    return text.getvalue().encode()


def _campaign(exercise: Exercise, step: Step, lineup: Lineup, url: str) -> str:
    sections = _sections(exercise, step.stand, lineup, url)
    return _document(step.task, campaign_file(step.stand), sections, exercise.attacks)


def _by_address(exercise: Exercise, lineup: Lineup, url: str) -> dict[str, bytes]:
    """Return the addresses of the pages, and a campaign that changes these alone."""
    from modelwarden.redteam.phishing.kind import address_in

    listed = "\n".join(address_in(str(page)) for page in np.asarray(lineup.seeds)) + "\n"
    sections = _sections(exercise, Stand.HARDENED, lineup, url)
    sections["campaign"] = sections["campaign"] | {"name": f"range {exercise.name}, addresses"}
    sections["knowledge"] = {"access": "scores"}  # the sample is of pages
    sections["seeds"] = {
        "path": _ADDRESSES,
        "kind": "urls",
        "label": lineup.hardened.classes[int(lineup.y[0])],
    }
    task = (
        "Beyond the last step: the page stays as it is, and its address changes below its domain."
    )
    attacks: list[Mapping[str, Json]] = [{"name": "url-edits", "queries": 16}]
    made = _document(task, _BEYOND, sections, attacks)
    return {_ADDRESSES: listed.encode(), _BEYOND: made.encode()}


def _sections(
    exercise: Exercise, stand: Stand, lineup: Lineup, url: str
) -> dict[str, dict[str, Json]]:
    suffix = exercise.suffix
    name = "" if suffix == "html" else f".{suffix}"
    model = lineup.hardened if stand is Stand.HARDENED else lineup.plain
    classes = [int(c) for c in model.classes] if suffix == "npz" else list(model.classes)
    place = f"{url}/v2/models/{model.name}"
    if exercise.protocol == "mlflow":
        place = f"{url}/{model.name}" if stand is not Stand.FIREWALL else url
    sections: dict[str, dict[str, Json]] = {
        "campaign": {
            "name": f"range {exercise.name}, {stand}",
            "goal": "evade",
            **({} if exercise.to is None else {"to": exercise.to}),
            "authorised_by": "the practice range: a model of my own, on this machine",
            "seed": 0,
        },
        "target": {
            "name": f"{model.name} ({stand})",
            "url": place,
            "protocol": exercise.protocol,
            "allowed_hosts": ["127.0.0.1"],
            "classes": classes,
        },
        "budget": {"rows": 20_000, "seconds": 300, "batch": _BATCHES.get(stand, 32)},
        "knowledge": {"access": "scores", "sample": f"sample{name}"},
        # A folder tells classes by its folders, an npz by its y.
        "seeds": {"path": f"seeds{name}", **({"label": _LABEL} if suffix == "csv" else {})},
    }
    if exercise.features:
        sections["features"] = dict(exercise.features)
    return sections


def _document(
    task: str,
    file: str,
    sections: Mapping[str, Mapping[str, Json]],
    attacks: Sequence[Mapping[str, Json]],
) -> str:
    lines = [f"# {task}", f"# modelwarden redteam {file}", ""]
    for name, table in sections.items():
        lines += [f"[{name}]", *_pairs(table), ""]
    for attack in attacks:
        lines += ["[[attack]]", *_pairs(attack), ""]
    return "\n".join(lines)


def _pairs(table: Mapping[str, Json]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{key} = {_toml(value)}"


def _toml(value: Json) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def _guide(
    exercise: Exercise, lineup: Lineup, folder: Path, urls: Mapping[Stand, str]
) -> Iterator[str]:
    yield f"# {exercise.title}"
    yield ""
    yield exercise.story
    yield ""
    plain, hardened = lineup.plain, lineup.hardened
    yield (
        f"The model: accuracy {plain.accuracy:.3f} on inputs that it was not trained on. "
        f"Its hardened twin: {hardened.accuracy:.3f}. You have {len(lineup.y)} seeds that both "
        f"are right about, and {len(lineup.sample_y)} inputs like those that they were trained on."
    )
    yield ""
    yield (
        "Leave the range running in its own terminal and type these in a second one. A campaign "
        "judges the model and not you: FAIL and exit code 1 say that something got past. Your "
        "score appears in the range's terminal."
    )
    for number, step in enumerate(exercise.steps, start=1):
        if step.stand not in urls:
            continue
        yield ""
        yield f"## Step {number}: {_TITLES[step.stand]} ({step.points} points)"
        yield ""
        yield step.task
        if _BATCHES.get(step.stand) == 1:
            yield (
                "Each request holds one row, as a firewall refuses whole requests: what it does to "
                "one row is then told by that row."
            )
        yield ""
        yield f"    {command(folder, step.stand)}"
        yield ""
        yield debrief_hint(step)
    yield ""
    yield f"Stuck? `modelwarden range {exercise.name} --hint`"
    yield ""
    yield "## What to take home"
    yield ""
    yield from (f"- {lesson}" for lesson in exercise.lessons)
    yield ""


def command(folder: Path, stand: Stand) -> str:
    """Return the command line of a step."""
    return f"modelwarden redteam {folder / campaign_file(stand)} --output {folder / stand}"


_TITLES = {
    Stand.OPEN: "the model as it stands",
    Stand.FIREWALL: "the same model behind a firewall",
    Stand.HARDENED: "a model that was built for it",
}
