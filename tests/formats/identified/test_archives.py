import io
import zipfile

import pytest

from modelwarden.formats import Limits, Source
from modelwarden.formats.zip.reader import read


def build(members: dict[str, str]) -> Source:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return Source("file", buffer.getvalue())


@pytest.mark.parametrize(
    ("members", "kind", "producer"),
    [
        ({"model.ini": "[info]\nh2o_version = 3.46.0.1\n"}, "h2o-mojo", ("h2o", "3.46.0.1")),
    ],
)
def test_a_model_archive_is_named_and_is_a_gap(
    members: dict[str, str], kind: str, producer: tuple[str, str] | None
):
    view = read(build(members), Limits())

    assert view.format == kind
    assert (view.producer and (view.producer.name, view.producer.version)) == producer
    assert [gap.why for gap in view.gaps]
    assert [child.name for child in view.children] == list(members)


@pytest.mark.parametrize(
    ("member", "kind"),
    [
        ("x-1.0.dist-info/WHEEL", "wheel"),
        ("META-INF/MANIFEST.MF", "jar"),
        ("[Content_Types].xml", "office-document"),
    ],
)
def test_other_archives_are_named_and_their_members_examined(member: str, kind: str):
    view = read(build({member: "x"}), Limits())

    assert (view.format, view.gaps) == (kind, ())
    assert [child.name for child in view.children] == [member]
