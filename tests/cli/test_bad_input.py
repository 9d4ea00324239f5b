"""Every bad input has its one clear line or gap, and its exit code, through the real command."""

from __future__ import annotations

import datetime as dt
import io
import os
import resource
import socket
import stat
import subprocess
import sys
import zipfile

import pytest

from cli.command import HARMFUL, HARMLESS, command, scan


@pytest.fixture
def model(tmp_path):
    """A folder with one harmless model, and nothing else."""
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "model.pkl").write_bytes(HARMLESS)
    return folder / "model.pkl"


def zipped(members: dict[str, bytes], method=zipfile.ZIP_DEFLATED) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return held.getvalue()


# --- paths that cannot be used: exit 2 and one line --------------------------------------------


def test_a_missing_path_is_an_input_error(tmp_path):
    ran = scan(tmp_path / "nowhere.pkl")

    assert ran.code == 2
    assert "no such file or folder" in ran.line
    assert ran.out == ""


def test_one_missing_path_among_good_ones_is_an_input_error(model):
    ran = scan(model, model.with_name("nowhere.pkl"))

    assert ran.code == 2
    assert "nowhere.pkl" in ran.line


def test_no_path_at_all_is_a_usage_error():
    ran = command("scan")

    assert ran.code == 2
    assert "Missing argument" in ran.line


def test_an_over_long_name_is_an_input_error():
    ran = scan("a" * 5000)

    assert ran.code == 2
    assert "file name too long" in ran.line
    assert len(ran.line) < 400


def test_a_name_with_a_line_break_cannot_write_a_second_line():
    ran = scan("no\nsuch\x1b[31mthing")

    assert ran.code == 2
    assert "no\\nsuch\\x1b[31mthing" in ran.line or "no such\\x1b[31mthing" in ran.line


# --- things that hold nothing: never a pass -----------------------------------------------------


@pytest.mark.parametrize("name", ["model.pkl", "empty", "model.safetensors"])
def test_a_file_of_0_bytes_is_a_gap(tmp_path, name):
    (tmp_path / name).touch()

    ran = scan(tmp_path / name)

    assert ran.code == 3
    assert ran.gaps() == [(name, "unreadable", "the file is empty: 0 bytes hold no model")]


def test_an_empty_model_in_a_folder_is_a_gap_and_an_empty_marker_file_is_none(model):
    model.with_name("broken.pt").touch()
    model.with_name("__init__.py").touch()

    ran = scan(model.parent)

    assert ran.code == 3
    assert [what for what, _, _ in ran.gaps()] == ["broken.pt"]
    assert len(ran.report["coverage"]) == 3


@pytest.mark.parametrize("inner", [[], ["sub/deeper"]])
def test_a_folder_without_files_is_incomplete(tmp_path, inner):
    for name in inner:
        (tmp_path / "void" / name).mkdir(parents=True)
    (tmp_path / "void").mkdir(exist_ok=True)

    ran = scan(tmp_path / "void")

    assert ran.code == 3
    assert [(what, kind) for what, kind, _ in ran.gaps()] == [("void", "not-assessable")]
    assert "nothing was examined" in ran.gaps()[0][2]


@pytest.mark.parametrize("held", ["link", "marker", "git"])
def test_a_folder_with_nothing_to_examine_is_incomplete(tmp_path, held):
    if held == "link":
        (tmp_path / "loop").symlink_to(tmp_path)
    elif held == "marker":
        (tmp_path / "__init__.py").touch()
    else:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "index").write_bytes(b"DIRC" + bytes(28))

    ran = scan(tmp_path)

    assert ran.code == 3
    assert ran.gaps() == [(tmp_path.name, "not-assessable", "nothing in it could be examined")]


# --- things that may not be read ----------------------------------------------------------------


def test_a_file_that_may_not_be_read_is_a_gap(tmp_path):
    (tmp_path / "secret.pkl").write_bytes(HARMLESS)
    (tmp_path / "secret.pkl").chmod(0)

    ran = scan(tmp_path, bound=True)

    assert ran.code == 3
    assert ran.gaps() == [("secret.pkl", "unreadable", "cannot be opened: permission denied")]
    assert ran.report["coverage"][0]["status"] == "failed"


def test_a_folder_that_may_not_be_listed_is_a_gap(tmp_path):
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "model.pkl").write_bytes(HARMFUL)
    (tmp_path / "closed").chmod(0)

    ran = scan(tmp_path, bound=True)

    assert ran.code == 3
    assert ran.gaps() == [
        ("closed", "unreadable", "the folder cannot be listed: permission denied")
    ]


def test_a_file_that_fails_while_it_is_read_is_a_gap():
    # Reading /proc/self/mem at offset 0 fails with EIO for everyone, root as well.
    ran = scan("/proc/self/mem")

    assert ran.code == 3
    assert "yet it holds bytes" in ran.gaps()[0][2]


# --- things that are no files -------------------------------------------------------------------


def test_a_pipe_in_a_folder_is_a_gap_and_does_not_hang(model):
    os.mkfifo(model.with_name("pipe.pkl"))

    ran = scan(model.parent)

    assert ran.code == 3
    assert ran.gaps() == [("pipe.pkl", "unsupported", "a named pipe is not examined")]


def test_a_pipe_named_as_path_is_a_gap_that_tells_of_stdin(tmp_path):
    os.mkfifo(tmp_path / "pipe")

    ran = scan(tmp_path / "pipe")

    assert ran.code == 3
    assert "give it on stdin and name it -" in ran.gaps()[0][2]


def test_a_socket_and_a_device_are_gaps(tmp_path):
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "s"))

        in_folder, device = scan(tmp_path), scan("/dev/zero")

    assert (in_folder.code, device.code) == (3, 3)
    assert "a socket is not examined" in in_folder.gaps()[0][2]
    assert "a character device is not examined" in device.gaps()[0][2]


# --- stdin --------------------------------------------------------------------------------------


def test_a_pipe_on_stdin_is_read(tmp_path):
    ran = scan("-", input=HARMFUL)

    assert ran.code == 1
    assert ran.report["findings"][0]["location"]["path"] == "stdin"
    assert ran.report["subject"]["kind"] == "artifact"


def test_an_empty_stdin_is_incomplete():
    ran = scan("-", input=b"")

    assert ran.code == 3
    assert ran.gaps() == [("stdin", "unreadable", "the file is empty: 0 bytes hold no model")]


def test_a_closed_stdin_is_an_input_error():
    done = subprocess.run(
        f"{sys.executable} -m modelwarden scan - <&-",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "stdin" in done.stderr


# --- archives that lie --------------------------------------------------------------------------


def test_a_truncated_archive_is_never_a_pass(tmp_path):
    whole = zipped({f"m{n}.pkl": os.urandom(2000) for n in range(5)})
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])

    ran = scan(tmp_path / "cut.zip")

    assert ran.code in {1, 3}
    assert ran.gaps()


def test_a_bomb_by_ratio_is_stopped(tmp_path):
    (tmp_path / "bomb.zip").write_bytes(zipped({"zeros.pkl": bytes(64 << 20)}))

    ran = scan(tmp_path / "bomb.zip")

    assert ran.code in {1, 3}
    assert any(kind == "over-limit" for _, kind, _ in ran.gaps())


def test_a_bomb_by_depth_is_stopped(tmp_path):
    data = HARMFUL
    for _ in range(40):
        data = zipped({"inner.zip": data})
    (tmp_path / "deep.zip").write_bytes(data)

    ran = scan(tmp_path / "deep.zip")

    assert ran.code in {1, 3}
    assert any(kind == "over-limit" for _, kind, _ in ran.gaps())


def test_a_bomb_by_count_is_stopped(tmp_path):
    names = {f"{n:06x}": b"" for n in range(100_002)}
    (tmp_path / "many.zip").write_bytes(zipped(names, zipfile.ZIP_STORED))

    ran = scan(tmp_path / "many.zip")

    assert ran.code in {1, 3}
    assert any(kind == "over-limit" for _, kind, _ in ran.gaps())


# --- names --------------------------------------------------------------------------------------


def test_a_name_that_is_not_utf_8_is_shown_escaped(model):
    model.rename(model.with_name(os.fsdecode(b"bad\xff\xfe.pkl")))

    ran = scan(model.parent)

    assert ran.code == 0
    assert [line["path"] for line in ran.report["coverage"]] == ["bad\\xff\\xfe.pkl"]


def test_a_name_that_acts_on_terminals_is_shown_escaped(model):
    model.rename(model.with_name("a\x1b[2J\n‮.pkl"))

    ran = command("scan", os.fspath(model.parent))

    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "‮" not in ran.out


def test_a_path_longer_than_the_system_allows_is_a_gap(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        deeper = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("model.pkl", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)

    ran = scan(tmp_path)

    assert ran.code == 3
    assert "longer than the system allows" in ran.gaps()[0][2]


# --- symbolic links -----------------------------------------------------------------------------


def test_a_symlink_loop_ends(model):
    model.with_name("loop").symlink_to(model.parent)
    model.with_name("self").symlink_to("self")
    model.with_name("other.pkl").symlink_to("model.pkl")

    ran = scan(model.parent)

    assert ran.code == 0
    assert [line["path"] for line in ran.report["coverage"]] == ["model.pkl"]
    assert any("symbolic links lead inside" in note for note in ran.report["run"]["notes"])


def test_a_link_out_of_the_folder_is_not_followed(model, tmp_path):
    (tmp_path / "outside.pkl").write_bytes(HARMFUL)
    model.with_name("link.pkl").symlink_to(tmp_path / "outside.pkl")

    ran = scan(model.parent)

    assert ran.code == 3
    assert ran.report["findings"] == []
    assert ran.gaps()[0][:2] == ("link.pkl", "unreadable")
    assert "out of the scanned folder is not followed" in ran.gaps()[0][2]


def test_a_link_that_the_user_names_is_followed(model, tmp_path):
    (tmp_path / "link.pkl").symlink_to(model)

    assert scan(tmp_path / "link.pkl").code == 0


def test_a_module_in_the_scanned_folder_is_not_imported(model, tmp_path):
    for name in ("click", "json", "yaml", "modelwarden_rules"):
        text = f"open({str(tmp_path / 'ran')!r}, 'w')"
        model.with_name(f"{name}.py").write_text(text)

    scan(model.parent, cwd=model.parent)

    assert not (tmp_path / "ran").exists()


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "jsn"], "unknown format 'jsn' (Did you mean 'json'?)"),
        (["--fail-on", "hihg"], "unknown severity 'hihg' (Did you mean 'high'?)"),
        (["--engine", "rai"], "unknown engine 'rai' (Did you mean 'ray'?)"),
        (["--jobs", "0"], "'--jobs'"),
        (["--jobs", "many"], "'--jobs'"),
        (["--plugins", "nowhere"], "unknown plugin 'nowhere'"),
        (["--advisories", "osv.zip"], "there is no advisory index at osv.zip"),
        (["--advisories", "osv.zip", "--no-deps"], "--no-deps leaves out"),
        (["--cache", "c", "--no-hash"], "excludes --no-hash"),
        (["--formt", "json"], "No such option"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_line_and_exit_2(model, arguments, said):
    ran = command("scan", os.fspath(model), *arguments)

    assert ran.code == 2
    assert said in ran.line
    assert ran.out == ""


def test_an_unknown_command_names_the_nearest():
    ran = command("scna", "x")

    assert ran.code == 2
    assert "Did you mean 'scan'?" in ran.line


@pytest.mark.parametrize("place", ["nowhere/report.json", ".", "model.pkl/report.json"])
def test_an_output_that_cannot_be_written_is_exit_2_and_leaves_nothing(model, place):
    before = sorted(model.parent.iterdir())

    ran = scan(model, "--output", model.parent / place)

    assert ran.code == 2
    assert "cannot write" in ran.line
    assert sorted(model.parent.iterdir()) == before


def test_an_output_in_a_folder_that_is_not_writable_is_exit_2(tmp_path):
    (tmp_path / "model.pkl").write_bytes(HARMLESS)
    (tmp_path / "closed").mkdir(mode=0o500)

    ran = scan(tmp_path / "model.pkl", "--output", tmp_path / "closed" / "r.json", bound=True)

    assert ran.code == 2
    assert "permission denied" in ran.line
    assert not list((tmp_path / "closed").iterdir())


def test_a_full_disk_is_exit_2():
    ran = scan("/proc/version", "--output", "/dev/full")

    assert ran.code == 2
    assert "no space left" in ran.line


def test_a_value_of_a_whole_page_is_shown_by_its_ends(model, tmp_path):
    (tmp_path / "p.toml").write_text(f'[policy]\nfail_on = "a{"x" * 100_000}z"\n')

    ran = scan(model, "--policy", tmp_path / "p.toml")

    assert ran.code == 2
    assert "fail_on names an unknown severity 'axxx" in ran.line
    assert "xz'" in ran.line
    assert "Known: critical" in ran.line
    assert len(ran.line) < 1000


def test_an_output_replaces_an_older_report_as_a_whole(model, tmp_path):
    (tmp_path / "report.json").write_text("old")

    ran = scan(model, "--output", tmp_path / "report.json")

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (tmp_path / "report.json").read_text().startswith("{")
    assert stat.S_IMODE((tmp_path / "report.json").stat().st_mode) & 0o600 == 0o600


# --- policies -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fail_on = ", "not valid TOML"),
        ("fail_on = 'hihg'", "unknown severity 'hihg' (Did you mean 'high'?)"),
        ("fial_on = 'high'", "unknown key 'fial_on' (Did you mean 'fail_on'?)"),
        ("[[waiver]]\nrule = 'r'", "waiver[0].reason is missing"),
    ],
)
def test_a_broken_policy_is_exit_2_and_names_the_key(model, tmp_path, text, said):
    (tmp_path / "policy.toml").write_text(text)

    ran = scan(model, "--policy", tmp_path / "policy.toml")

    assert ran.code == 2
    assert said in ran.line


def waiver(report: dict, expires: dt.date) -> str:
    fingerprint = report["findings"][0]["fingerprint"]
    return (
        f'[[policy.waiver]]\nfingerprint = "{fingerprint}"\nreason = "sandboxed"\n'
        f'owner = "ml"\nexpires = {expires}\n'
    )


def test_a_waiver_passes_until_it_expires_and_fails_the_gate_after(model, tmp_path):
    model.write_bytes(HARMFUL)
    policy = tmp_path / "policy.toml"
    found = scan(model).report
    today = dt.datetime.now(dt.UTC).date()

    policy.write_text(waiver(found, today + dt.timedelta(days=2)))
    held = scan(model, "--policy", policy)
    policy.write_text(waiver(found, today - dt.timedelta(days=2)))
    expired = scan(model, "--policy", policy)

    assert (held.code, held.report["suppressed"]) == (0, 1)
    assert expired.code == 1
    assert "waiver" in {reason["kind"] for reason in expired.report["verdict"]["reasons"]}


def test_a_policy_inside_the_scanned_folder_is_ignored_and_said_so(model):
    model.write_bytes(HARMFUL)
    found = scan(model).report
    future = dt.date(2999, 1, 1)
    model.with_name("modelwarden.toml").write_text(waiver(found, future))
    model.with_name("waivers.toml").write_text(waiver(found, future))

    ran = scan(model.parent, cwd=model.parent)

    assert ran.code == 1
    assert ran.report["suppressed"] == 0
    notes = [n for n in ran.report["run"]["notes"] if "looks like a policy" in n]
    assert [note.split()[0] for note in notes] == ["modelwarden.toml", "waivers.toml"]


@pytest.mark.parametrize("option", ["--policy", "--cache"])
def test_what_decides_about_a_scan_may_not_lie_below_it(model, option):
    inside = model.with_name("inside")
    if option == "--policy":
        inside.write_text("fail_on = 'critical'")

    ran = scan(model.parent, option, inside)

    assert ran.code == 2
    assert "lies below a scanned path" in ran.line


def test_a_link_from_outside_does_not_bring_a_policy_from_below(model, tmp_path):
    model.with_name("policy.toml").write_text("fail_on = 'critical'")
    (tmp_path / "policy.toml").symlink_to(model.with_name("policy.toml"))

    ran = scan(model.parent, "--policy", tmp_path / "policy.toml")

    assert ran.code == 2


# --- the end ------------------------------------------------------------------------------------


def test_a_closed_stdout_is_exit_2_and_one_line(model):
    done = subprocess.run(
        f"{sys.executable} -m modelwarden scan {model} >&-",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("modelwarden: cannot write to stdout: it is closed")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_went_away_under_the_command_is_one_line(tmp_path):
    words = f"mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec"

    ran = subprocess.run(
        ["/bin/sh", "-c", f"{words} {sys.executable} -P -m modelwarden scan {tmp_path}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == (
        "modelwarden: the folder that this was started in is not there any more"
        " (Change to another.)\n"
    )


def test_a_reader_that_goes_away_is_no_error(model):
    done = subprocess.run(
        f"{sys.executable} -m modelwarden scan {model} --format json | true",
        shell=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.stderr == ""


def test_exit_codes_take_precedence_as_promised(model):
    model.with_name("evil.pkl").write_bytes(HARMFUL)
    os.mkfifo(model.with_name("pipe"))

    failing_with_gaps = scan(model.parent)
    with_usage_error = scan(model.parent, "--jobs", "0")

    assert (failing_with_gaps.code, with_usage_error.code) == (1, 2)


def test_a_report_does_not_overwrite_the_file_that_it_is_about(tmp_path):
    model = tmp_path / "model.pkl"
    model.write_bytes(HARMLESS)

    result = command("scan", str(model), "--output", str(tmp_path / "." / "model.pkl"))

    assert result.code == 2
    assert model.read_bytes() == HARMLESS


# --- sparse files, and too little memory ---------------------------------------------------------


def sparse(path):
    with path.open("wb") as stream:
        stream.truncate(40 << 30)


def test_a_sparse_file_is_a_gap_of_a_scan_and_not_read_to_its_end(model):
    sparse(model.with_name("big.bin"))

    ran = scan(model.parent)

    assert ran.code == 3
    (line,) = [line for line in ran.report["coverage"] if line["path"] == "big.bin"]
    assert line["sha256"] is None
    assert any("holes" in gap["why"] for gap in ran.report["gaps"])


@pytest.fixture
def project(tmp_path):
    """A project whose model answers from a rule."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "predict.py").write_text("def predict(rows):\n    return [0] * len(rows)\n")
    rows = "\n".join(f"{i % 7},{i % 2}" for i in range(200))
    (tmp_path / "test.csv").write_text(f"a,y\n{rows}\n")
    (tmp_path / "modelwarden.toml").write_text(
        '[project]\nname = "it"\ntask = "binary"\nmodality = "tabular"\n'
        '[model]\npath = "model"\nadapter = "callable"\nentry = "model/predict.py:predict"\n'
        '[data]\ntest = "test.csv"\nlabel = "y"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("name", "why"), [("model/big.bin", "holes"), ("test.csv", "no data set of a known form")]
)
def test_a_sparse_file_in_a_project_is_one_clear_line(project, name, why):
    sparse(project / name)

    ran = command("check", project, "--stage", "performance")

    assert ran.code == 2
    assert why in ran.line
    assert name.rpartition("/")[2] in ran.line


@pytest.mark.parametrize("mebibytes", [120, 180, 250, 350, 470])
def test_too_little_address_space_is_one_clear_line_and_no_interrupt(project, mebibytes):
    limit = mebibytes << 20
    order = [sys.executable, "-m", "modelwarden", "check", project, "--stage", "performance"]

    done = subprocess.run(
        order,
        capture_output=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )

    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert f"limited to {mebibytes} MiB" in line
    assert "ulimit -v" in line
