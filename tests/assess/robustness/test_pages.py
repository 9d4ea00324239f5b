"""The stage on pages: what it delivers is proven, by its own file."""

from __future__ import annotations

import base64
from dataclasses import replace

import duckdb
import numpy as np

from assess.fakes import Labels, context, spec
from modelwarden.assess.config import AssessConfig, RobustnessConfig
from modelwarden.assess.robustness.stage import run
from modelwarden.attacks.html.proof import prove
from modelwarden.redteam.phishing.pages import sample
from modelwarden.targets.data import DataSet
from modelwarden.targets.frames import Frame
from modelwarden.targets.spec import Modality


def test_every_win_on_a_page_is_proven_as_it_comes_from_the_file(tmp_path):
    pages = sample(8, 2)
    x = np.empty(4, object)
    x[:] = [page.html for page in pages.pages]
    y = np.array([int('type="password"' in html) for html in x.tolist()])
    test = DataSet("test", x, y, Frame((), ()), source="pages")
    target = Labels(
        replace(spec(), modality=Modality.HTML),
        lambda inputs: np.array([int('type="password"' in html) for html in inputs.tolist()]),
    )
    settings = AssessConfig(robustness=RobustnessConfig(queries=16, samples=4))
    made = context(target, test, None, assess=settings)
    made = replace(made, project=replace(made.project, modality=Modality.HTML))

    result = run(made)

    (file,) = result.attachments
    (tmp_path / file.name).write_bytes(base64.b64decode(file.data))
    query = f"select x, x_adv, y, success from '{tmp_path / file.name}'"
    rows = duckdb.sql(query).fetchall()
    assert len(rows) == 4
    for before, after, truth, success in rows:
        assert success == (truth == 1)
        assert prove(before, after) == ()
        assert (before == after) == (not success)
