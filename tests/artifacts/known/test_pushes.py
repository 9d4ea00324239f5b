"""Where scripts push the repository to."""

from __future__ import annotations

import pytest

from modelwarden.artifacts.known.pushes import Pushes, shown

ELSEWHERE = "git@e.invalid:m/x.git"


def told(script: str) -> list[str]:
    pushes = Pushes()
    return [what for line in script.splitlines() if (what := pushes.take(line)) is not None]


@pytest.mark.parametrize(
    "script",
    [
        f"git push --mirror {ELSEWHERE}",
        f"git -C /w push {ELSEWHERE} HEAD:b",
        f"git remote add b {ELSEWHERE}\ngit push --mirror",
        f"git remote set-url --push origin {ELSEWHERE} && git push origin main",
        f"git config remote.b.url {ELSEWHERE}; git push b main",
        f"if true; then git push -q {ELSEWHERE} main; fi",
        f"git init -q; git add -A; git push --all {ELSEWHERE}",
    ],
)
def test_an_address_of_its_own_is_told(script: str):
    assert told(script)


@pytest.mark.parametrize(
    "script",
    [
        "git push",
        "git push origin main --tags",
        "git push --mirror",
        "git push ../backup.git main",
        'git push "https://x:$T@github.com/${GITHUB_REPOSITORY}" main',
        "git push git@e.invalid:m/x.git main:gh-pages",
        "git clone git@e.invalid:m/x.git && git push git@e.invalid:m/x.git main",
        "git clone --mirror git@a.invalid:m/x.git\ngit push --mirror git@b.invalid:m/x",
        "git init && git push git@e.invalid:m/built.git main",
        f"echo git push {ELSEWHERE}",
        f"git remote add b {ELSEWHERE}\ngit fetch b",
    ],
)
def test_where_it_came_from_and_what_was_built_is_not(script: str):
    assert not told(script)


def test_what_logs_in_is_not_shown():
    assert shown("https://x:s3cret@e.invalid/m/x") == "https://e.invalid/m/x"
