"""Pairs of faces in campaigns: read from files, attacked in the sandbox, written down, refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from modelwarden.core import InputError
from modelwarden.redteam import campaign_of, run
from modelwarden.redteam.faces.kind import FACES
from modelwarden.redteam.kinds.kind import Given
from redteam.faces.people import MATCHER, pairs, person


def given(path, **options):
    return Given(path=path, shown=path.name, label="label", options=options)


def saved(path, picture):
    Image.fromarray(picture.transpose(1, 2, 0)).save(path)


def test_a_folder_of_people_is_paired(tmp_path):
    for who in range(3):
        (tmp_path / f"p{who}").mkdir()
        for look in range(2):
            saved(tmp_path / f"p{who}" / f"{look}.png", person(who, look))

    seeds = FACES.read(given(tmp_path))

    assert seeds.inputs.shape == (6, 2, 3, 40, 40)
    assert seeds.y.tolist() == ["same", "different"] * 3
    assert seeds.names[1] == "p0/0.png as p1/0.png"
    assert "check of function" in seeds.notes[0]


def test_a_csv_names_pairs_and_size_brings_them_to_one(tmp_path):
    saved(tmp_path / "a.png", person(1))
    saved(tmp_path / "b.png", person(2, side=80))
    (tmp_path / "pairs.csv").write_text("probe,reference,label\na.png,b.png,different\n")

    seeds = FACES.read(given(tmp_path / "pairs.csv", size=32))

    assert seeds.inputs.shape == (1, 2, 3, 32, 32)
    assert seeds.y.tolist() == ["different"]


def test_an_npz_may_have_channels_last_and_numbers_for_labels(tmp_path):
    x, y = pairs(2, 2)
    np.savez(tmp_path / "p.npz", x=x.transpose(0, 1, 3, 4, 2), y=(y == "same").astype(int))

    seeds = FACES.read(given(tmp_path / "p.npz"))

    assert np.array_equal(seeds.inputs, x)
    assert seeds.y.tolist() == y.tolist()


def test_bad_seeds_are_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.npz").write_bytes(b"PK\x03\x04")
    np.savez(tmp_path / "flat.npz", x=np.zeros((3, 4)))
    np.savez(tmp_path / "label.npz", x=pairs(1, 1)[0], y=np.array(["same", "twin"]))
    (tmp_path / "no.csv").write_text("a,b\n1,2\n")
    (tmp_path / "gone.csv").write_text("probe,reference\nx.png,y.png\n")

    for name in ("empty", "no.npz", "flat.npz", "label.npz", "no.csv", "gone.csv"):
        with pytest.raises(InputError) as told:
            FACES.read(given(tmp_path / name))
        assert "\n" not in told.value.message
    with pytest.raises(InputError, match=r"seeds\.size"):
        FACES.read(given(tmp_path / "gone.csv", size=2))


def document(**attack):
    return {
        "campaign": {"name": "gate", "goal": "evade", "authorised_by": "the tests", "seed": 1},
        "target": {"entry": "match.py:verify", "classes": ["different", "same"]},
        "seeds": {"path": "pairs.npz", "kind": "faces", "label": "label"},
        "attack": [attack],
    }


def test_a_campaign_against_a_matcher_in_the_sandbox_keeps_what_it_promises(tmp_path):
    x, y = pairs(4, 2)
    np.savez(tmp_path / "pairs.npz", x=x, y=y)
    (tmp_path / "match.py").write_text(MATCHER)
    made = document(name="face-noise", queries=150, eps=60, jpeg=90)

    done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out", trust=True)

    assert "endpoint-evaded" in {f.rule for f in done.report.findings}
    folders = sorted((tmp_path / "out" / "evasions").iterdir())
    assert folders
    for folder in folders:
        before, after = FACES.load(folder)
        assert FACES.checks(before, after, {}) == ()
        assert (folder / "changed.png").is_file()
        assert (folder / "reference.png").is_file()
    notes = " ".join(done.report.run.notes)
    assert "check of function" in notes


def test_glasses_and_light_are_told_apart_in_the_evasions(tmp_path):
    x, y = pairs(4, 0)
    np.savez(tmp_path / "pairs.npz", x=x, y=y)
    (tmp_path / "match.py").write_text(MATCHER)
    made = document(name="face-light", queries=100)

    done = run(campaign_of(made, root=tmp_path), output=tmp_path / "out", trust=True)

    assert done.evasions
    text = (tmp_path / "out" / "evasions" / done.evasions[0] / "evasion.json").read_text()
    assert any(name in text for name in ("turn", "nearer", "right", "contrast", "down"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"jpeg": 0}, "quality"),
        ({"region": [1, 2]}, "four numbers"),
        ({"norm": "l3"}, "unknown norm 'l3'"),
        ({"quality": 3}, "unknown key attack.quality"),
    ],
)
def test_options_of_attacks_are_checked(tmp_path, options, said):
    np.savez(tmp_path / "pairs.npz", x=pairs(2, 1)[0], y=pairs(2, 1)[1])
    (tmp_path / "match.py").write_text(MATCHER)

    made = campaign_of(document(name="face-sticker", **options), root=tmp_path)
    with pytest.raises(InputError) as told:
        run(made, output=tmp_path / "out", trust=True)
    assert said in told.value.message
