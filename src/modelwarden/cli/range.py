"""`modelwarden range`: vulnerable models on this machine, and exercises with a score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from modelwarden.cli.options import form_option
from modelwarden.cli.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwarden.redteam.range.exercises import Exercise
    from modelwarden.redteam.range.play import MakeWall, Play
    from modelwarden.redteam.range.score import Mark

_PORT = 8750
_LOOK = 1.0  # seconds between two looks at the folder


@click.command()
@click.argument("name", required=False)
@click.option("--hint", is_flag=True, help="Tell the hints of the exercise, and serve nothing.")
@click.option(
    "--run", "play", is_flag=True, help="Run all campaigns of the exercise, and tell the score."
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where guide, campaigns and results go; default range-NAME.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65_534),
    help=f"Of the models, the firewall takes the next; default {_PORT}, with --run a free one.",
)
@click.option("--no-firewall", is_flag=True, help="Leave the steps behind the firewall out.")
@form_option("Of the list and of the score.", forms=("text", "json"))
def range(  # noqa: A001 -- the command's own word
    name: str | None,
    hint: bool,
    play: bool,
    folder: Path | None,
    port: int | None,
    no_firewall: bool,
    form: str,
) -> int:
    """Practise attacks and defences on small models that are made to fall.

    Without NAME: the exercises. With NAME: its models are served on this machine alone, until
    Ctrl-C, and a folder with a guide and ready campaigns is written.
    """
    from modelwarden.redteam.range.exercises import exercise_named

    if name is None:
        if hint or play or folder is not None or port is not None:
            raise click.UsageError("name an exercise: modelwarden range lists them")
        click.echo(_listed(form))
        return 0
    exercise = exercise_named(name)
    if hint:
        click.echo(_hints(exercise))
        return 0
    one_thread()
    from modelwarden.cli.profile import require_numpy
    from modelwarden.redteam.range.play import Play

    require_numpy()
    chosen = port if port is not None else 0 if play else _PORT
    place = folder or Path(f"range-{exercise.name}")
    wall = None if no_firewall else _walls()
    click.echo("modelwarden: training the models, a few seconds", err=True)
    with Play(exercise, place, port=chosen, make_wall=wall) as game:
        if not play:
            _served(game)
            return 0
        marks = _played(game)
        click.echo(_scored(game, marks, form))
        return 0 if all(mark.reached for mark in marks) else 1


def _walls() -> MakeWall:
    from modelwarden.cli.walls import wall

    return wall


def _listed(form: str) -> str:
    from modelwarden.redteam.range.exercises import EXERCISES

    if form == "json":
        import json

        exercises = [
            {
                "name": e.name,
                "title": e.title,
                "protocol": e.protocol,
                "steps": [
                    {"stand": str(s.stand), "task": s.task, "points": s.points} for s in e.steps
                ],
            }
            for e in EXERCISES
        ]
        return json.dumps({"schema": "modelwarden/range/1", "exercises": exercises}, indent=2)
    lines = ["Exercises, each about ten minutes:", ""]
    for exercise in EXERCISES:
        stands = ", ".join(step.stand for step in exercise.steps)
        lines += [f"  {exercise.name:<9} {exercise.title}", f"  {'':<9} steps: {stands}"]
    return "\n".join([*lines, "", "Begin: modelwarden range NAME"])


def _hints(exercise: Exercise) -> str:
    lines = [exercise.title]
    for number, step in enumerate(exercise.steps, start=1):
        lines += ["", f"Step {number} ({step.stand}): {step.task}"]
        lines += [f"  {at}. {hint}" for at, hint in enumerate(step.hints, start=1)]
    return "\n".join(lines)


def _served(game: Play) -> None:
    """Serve until Ctrl-C or SIGTERM; tell each step's score when its report appears."""
    import signal
    import threading

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo("\n".join(_welcome(game)), err=True)
    told: dict[str, str] = {}
    while not stop.wait(_LOOK):
        for mark in game.marks():
            if mark.result is not None and told.get(mark.step.stand) != mark.said:
                told[mark.step.stand] = mark.said
                click.echo(_line(mark))
    click.echo(_scored(game, game.marks(), "text"))


def _welcome(game: Play) -> list[str]:
    from modelwarden.redteam.range.guide import command

    exercise = game.exercise
    lines = [f"modelwarden: {exercise.title}", f"  models    {game.server.url}"]
    if game.wall is not None:
        lines.append(f"  firewall  {game.wall.url}, before the model as it stands")
    lines += [f"  guide     {game.folder / 'GUIDE.md'}", "", "In a second terminal:"]
    lines += [
        f"  {number}. {command(game.folder, step.stand)}"
        for number, step in enumerate(exercise.steps, start=1)
        if step.stand in game.urls
    ]
    return [*lines, "", "Ctrl-C ends the exercise and tells the score."]


def _played(game: Play) -> Sequence[Mark]:
    """Run the campaigns one after another."""
    from modelwarden import __version__
    from modelwarden.redteam import load, run
    from modelwarden.redteam.range.guide import campaign_file

    for step in game.exercise.steps:
        if step.stand in game.urls:
            click.echo(f"modelwarden: step {step.stand}", err=True)
            _cleared(game.folder / step.stand)
            campaign = load(game.folder / campaign_file(step.stand))
            run(campaign, output=game.folder / step.stand, version=__version__)
    return game.marks()


def _cleared(folder: Path) -> None:
    """Remove what an earlier run of the step left; another folder is left alone."""
    import shutil

    from modelwarden.core import OutputError

    try:
        if (folder / "transcript.jsonl").is_file():
            shutil.rmtree(folder)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot replace {folder}: {why}") from error


def _scored(game: Play, marks: Sequence[Mark], form: str) -> str:
    total = sum(mark.points for mark in marks)
    whole = sum(mark.step.points for mark in marks)
    if form == "json":
        import json

        steps = [
            {
                "stand": str(mark.step.stand),
                "points": mark.points,
                "of": mark.step.points,
                "said": mark.said,
                "rate": None if mark.result is None else mark.result.rate,
                "n": None if mark.result is None else mark.result.n,
                "seen": game.seen(mark.step.stand),
            }
            for mark in marks
        ]
        document = {
            "schema": "modelwarden/range/1",
            "exercise": game.exercise.name,
            "points": total,
            "of": whole,
            "steps": steps,
        }
        return json.dumps(document, indent=2)
    lines = [_line(mark) for mark in marks]
    return "\n".join([*lines, f"score: {total} of {whole}"])


def _line(mark: Mark) -> str:
    sign = "✓" if mark.reached else "·"
    return f"{sign} {mark.step.stand:<9} {mark.points:>3} of {mark.step.points:<3} {mark.said}"
