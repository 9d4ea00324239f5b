"""Every change is found: by the chain, and by heads that were kept elsewhere where it cannot be."""

from __future__ import annotations

import json
import random
import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("cryptography")

from ledger.keymaking import make_keys
from modelwarden.ledger import (
    HeadFile,
    LedgerError,
    Options,
    ProblemKind,
    Retention,
    Writer,
    heads_in,
    load_private,
    load_public,
    verify,
)
from modelwarden.ledger.chain import GENESIS, OWN, line_of
from modelwarden.ledger.heads import head_in


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return make_keys(tmp_path_factory.mktemp("keys"))


def written(folder, heads, key, count=40, **options):
    """Write a ledger of several segments whose heads go to a file."""
    options = {"segment_bytes": 1_500, "head_seconds": 0.0, **options}
    sink = HeadFile(heads, load_private(key) if key else None)
    with Writer(folder, Options(**options), heads=sink) as writer:
        for number in range(count):
            writer.append({"number": number, "text": "é"})
            if number % 8 == 0:
                writer.append({"sync": number}).result()
        assert writer.head_failures == 0
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory, keys):
    place = tmp_path_factory.mktemp("made")
    return written(place / "l", place / "heads.jsonl", keys[0])


@pytest.fixture(scope="module")
def heads(made):
    return heads_in(made.parent / "heads.jsonl")


@pytest.fixture
def copy(made, tmp_path):
    return shutil.copytree(made, tmp_path / "l")


def segments(folder):
    return sorted(folder.glob("*.log"))


def test_an_unchanged_ledger_holds_and_says_what_vouches_for_it(made, heads, keys):
    public = load_public(keys[1])

    alone = verify(made)
    inside = verify(made, key=public)
    outside = verify(made, heads=heads)
    signed = verify(made, key=public, heads=heads)

    assert [c.problems for c in (alone, inside, outside, signed)] == [(), (), (), ()]
    assert (alone.anchor, len(alone.open_ends)) == (None, 1)
    assert (inside.anchor.outside, inside.anchor.signed, len(inside.open_ends)) == (False, True, 1)
    assert (outside.anchor.outside, outside.anchor.signed, outside.open_ends) == (True, False, ())
    assert (signed.anchor.outside, signed.anchor.signed, signed.open_ends) == (True, True, ())
    assert signed.anchor.head.mark.lines == signed.lines
    assert alone.segments > 4


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_every_change_of_one_byte_is_found(data, made, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "edited"
    if not folder.exists():
        shutil.copytree(made, folder)
    path = data.draw(st.sampled_from(segments(folder)))
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != whole[at]))
    try:
        path.write_bytes(whole[:at] + bytes([byte]) + whole[at + 1 :])

        assert verify(folder).problems
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize("closed", [True, False])
def test_every_byte_of_the_last_lines_counts(made, tmp_path, closed):
    folder = shutil.copytree(made, tmp_path / "l")
    path = segments(folder)[-1]
    whole = path.read_bytes()
    if not closed:
        whole = whole[: whole.rindex(b"\n", 0, -1) + 1]
    lines = whole.splitlines(keepends=True)

    for at in range(len(whole) - len(lines[-1]) - 3, len(whole)):
        for flip in (1, 32, 128):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            assert verify(folder).problems, (at, flip)


def _change_lines(path, change, rng):
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(change(lines, rng))


def _delete(lines, rng):
    at = rng.randrange(len(lines) - 1)
    return lines[:at] + lines[at + 1 + rng.randrange(min(3, len(lines) - 1 - at)) :]


def _swap(lines, rng):
    a, b = rng.sample(range(len(lines)), 2)
    out = list(lines)
    out[a], out[b] = out[b], out[a]
    return out


def _repeat(lines, rng):
    at = rng.randrange(len(lines))
    return [*lines[: at + 1], *lines[at:]]


def _forge(lines, rng):
    """Put in a line that follows from the one before it, as only the next one shows."""
    at = rng.randrange(1, len(lines) - 1)
    forged, _ = line_of(lines[at - 1][:64], b" ", b'{"number":-1}')
    return [*lines[:at], forged, *lines[at:]]


@pytest.mark.parametrize("change", [_delete, _swap, _repeat, _forge])
@pytest.mark.parametrize("seed", range(15))
def test_a_line_that_is_gone_moved_repeated_or_put_in_is_found(copy, change, seed):
    rng = random.Random(seed)
    path = rng.choice(segments(copy))

    path.write_bytes(_change_lines(path, change, rng))

    assert {p.kind for p in verify(copy).problems} & {
        ProblemKind.BROKEN,
        ProblemKind.UNEXPECTED,
    }


def test_every_segment_but_the_last_is_missed(copy):
    for path in segments(copy)[:-1]:
        kept = path.rename(path.with_suffix(".away"))
        assert ProblemKind.MISSING in {p.kind for p in verify(copy).problems}
        kept.rename(path)
    assert verify(copy).problems == ()


def test_a_segment_twice_or_under_another_number_is_found(copy):
    first, second, *_, last = segments(copy)
    for name in (f"{len(segments(copy)) + 1:08d}.log", "00000001.log.bak", "copy.log"):
        for source in (first, last):
            extra = copy / name
            shutil.copy(source, extra)
            assert verify(copy).problems
            extra.unlink()
    data = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(data)
    assert verify(copy).problems


def test_an_end_that_was_cut_is_found_by_a_head_alone(copy, heads, keys):
    public = load_public(keys[1])
    last = segments(copy)[-1]
    cuts = {"a line": last, "a segment": None}
    whole = last.read_bytes()

    for what, path in cuts.items():
        if path is None:
            last.unlink()
        else:
            last.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 1])
        alone, held = verify(copy, key=public), verify(copy, key=public, heads=heads)
        assert (alone.problems, bool(alone.open_ends)) == ((), True), what
        assert ProblemKind.MISSING in {p.kind for p in held.problems}, what


def test_without_any_segment_a_head_still_says_what_is_missing(tmp_path, heads):
    (tmp_path / "l").mkdir()

    check = verify(tmp_path / "l", heads=heads)

    assert ProblemKind.MISSING in {p.kind for p in check.problems}
    with pytest.raises(LedgerError, match="no ledger"):
        verify(tmp_path / "l")


def rewritten(folder):
    """Write all of a ledger anew with one record changed: what whoever owns the host can do."""
    digest = GENESIS
    for path in segments(folder):
        out = []
        for line in path.read_bytes().splitlines():
            mark, body = line[64:65], line[65:].replace(b'{"number":3,', b'{"number":9,')
            facts = json.loads(body) if mark == OWN else {}
            if facts.get("type") == "open":
                facts["previous"] = digest.decode()
                body = json.dumps(facts, separators=(",", ":")).encode()
            made, digest = line_of(digest, mark, body)
            out.append(made)
        path.write_bytes(b"".join(out))


def test_a_ledger_that_was_written_anew_is_found_by_heads_inside_and_outside(copy, heads, keys):
    rewritten(copy)

    alone = verify(copy)
    assert {p.kind for p in alone.problems} == {ProblemKind.HEAD}  # the old ones do not fit
    outside = verify(copy, heads=heads[-1:])
    assert ProblemKind.BROKEN in {p.kind for p in outside.problems}
    assert outside.anchor is None


def test_a_rewritten_ledger_without_heads_inside_is_found_by_a_head(tmp_path):
    folder = tmp_path / "l"
    with Writer(folder) as writer:
        for number in range(9):
            writer.append({"number": number, "a": 0})
    lines = verify(folder).lines
    digest = segments(folder)[-1].read_bytes().splitlines()[-1][:64].decode()
    ledger = verify(folder).ledger
    text = {
        "schema": "modelwarden/ledger-head/1",
        "ledger": ledger,
        "lines": lines,
        "digest": digest,
        "time": "2026-01-01T00:00:00Z",
    }
    head = head_in(json.dumps(text))
    assert verify(folder, heads=[head]).open_ends == ()

    rewritten(folder)

    assert verify(folder).problems == ()
    assert [p.kind for p in verify(folder, heads=[head]).problems] == [ProblemKind.BROKEN]


def test_heads_of_another_key_or_ledger_count_as_problems(made, heads, keys, tmp_path):
    other = make_keys(tmp_path / "other")
    foreign = written(tmp_path / "l", tmp_path / "heads.jsonl", keys[0])

    wrong_key = verify(made, key=load_public(other[1]), heads=heads)
    wrong_ledger = verify(foreign, key=load_public(keys[1]), heads=heads[-1:])

    assert {p.kind for p in wrong_key.problems} == {ProblemKind.HEAD}
    assert {p.kind for p in wrong_ledger.problems} == {ProblemKind.HEAD}
    assert wrong_key.anchor is None


def test_an_unsigned_head_does_not_hold_for_a_key(tmp_path, keys):
    folder = written(tmp_path / "l", tmp_path / "heads.jsonl", None)

    check = verify(folder, key=load_public(keys[1]), heads=heads_in(tmp_path / "heads.jsonl"))

    assert {p.kind for p in check.problems} == {ProblemKind.HEAD}


def test_retirement_is_explained_by_the_chain_and_by_nothing_else(tmp_path, keys):
    place = tmp_path / "heads.jsonl"
    folder = written(
        tmp_path / "l", place, keys[0], count=200, retention=Retention(total_bytes=6_000)
    )
    public = load_public(keys[1])
    heads = heads_in(place)

    good = verify(folder, key=public, heads=heads)
    segments(folder)[0].unlink()
    less = verify(folder, key=public, heads=heads)

    assert (good.problems, good.open_ends) == ((), ())
    assert good.retired > 0
    assert ProblemKind.MISSING in {p.kind for p in less.problems}


def test_a_head_older_than_what_is_kept_vouches_for_nothing(tmp_path, keys):
    place = tmp_path / "heads.jsonl"
    folder = written(
        tmp_path / "l", place, keys[0], count=200, retention=Retention(total_bytes=6_000)
    )

    check = verify(folder, key=load_public(keys[1]), heads=heads_in(place)[:1])

    assert check.problems == ()
    assert check.open_ends


def test_a_live_ledger_is_checked_while_it_is_written(tmp_path):
    with Writer(tmp_path) as writer:
        writer.append({"number": 1})
        with (tmp_path / "00000001.log").open("ab") as stream:
            stream.write(b"half a li")
        check = verify(tmp_path)
        with (tmp_path / "00000001.log").open("r+b") as stream:
            stream.truncate(stream.seek(0, 2) - 9)

    assert (check.live, check.problems, check.torn) == (True, (), 0)
    assert verify(tmp_path).live is False


@settings(max_examples=200, deadline=None)
@given(junk=st.binary(max_size=400), at=st.integers(0, 3000))
def test_no_bytes_end_the_check_with_a_crash(junk, at, made, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / "junk"
    folder.mkdir(exist_ok=True)
    whole = segments(made)[1].read_bytes()
    (folder / "00000002.log").write_bytes(whole[:at] + junk)

    verify(folder)


@pytest.mark.parametrize(
    "opening",
    [
        b'{"type":"open","first":-5,"previous":"\\ud800","ledger":1}',
        b'{"type":"open","first":true,"previous":[],"ledger":"\\u001b[2J","segment":2}',
        b'{"type":"retired","lines":"x"}',
        b"[" * 5_000,
        b'{"first":1e999}',
    ],
)
def test_hostile_first_lines_are_problems(tmp_path, opening):
    line, _ = line_of(GENESIS, OWN, opening)
    (tmp_path / "00000002.log").write_bytes(line)

    assert verify(tmp_path).problems


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"{",
        b'{"schema":"modelwarden/ledger-head/1"}',
        b'{"schema":"modelwarden/ledger-head/1","ledger":"a","lines":0,"digest":"x","time":""}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_head_is_refused(tmp_path, text):
    path = tmp_path / "head"
    path.write_bytes(text)

    with pytest.raises(LedgerError):
        heads_in(path)


def test_keys_of_other_kinds_are_refused(tmp_path, keys):
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    curve = tmp_path / "ec.pem"
    curve.write_bytes(
        key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    )

    for load, path in ((load_private, curve), (load_private, keys[1]), (load_public, keys[0])):
        with pytest.raises(LedgerError):
            load(path)


def test_a_key_that_is_not_there_is_told_with_how_to_make_one(tmp_path):
    for load in (load_private, load_public):
        with pytest.raises(LedgerError, match="cannot read the key") as caught:
            load(tmp_path / "ledger.key")

        assert "openssl genpkey" in caught.value.hint


def test_a_head_that_cannot_be_kept_is_counted_and_the_records_go_on(tmp_path):
    sink = HeadFile(tmp_path / "gone" / "heads.jsonl", None)
    with Writer(tmp_path / "l", Options(head_seconds=0.0), heads=sink) as writer:
        writer.append({"number": 1}).result()
        writer.append({"number": 2}).result()

    assert writer.head_failures > 0
    assert verify(tmp_path / "l").problems == ()
