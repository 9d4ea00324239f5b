import datetime as dt
import json

import pytest

from cli.command import command
from ledger.test_writer import numbers
from modelwarden.ledger import LedgerError, Options, Retention, Writer
from modelwarden.ledger.ship import (
    FileSink,
    HttpSink,
    OtlpSink,
    S3Sink,
    ShipError,
    Shipper,
    sink_of,
)
from monitor.serving import Taker


def written(folder, start, count, **options):
    with Writer(folder, Options(**options)) as ledger:
        for number in range(start, start + count):
            ledger.append({"time": "2030-01-01T00:00:00.000Z", "number": number})


def records(data):
    return [json.loads(line[65:])["number"] for line in data.splitlines() if line[64:65] == b" "]


def test_what_is_new_is_sent_once_over_segments_and_restarts(tmp_path):
    folder, copy, position = tmp_path / "l", tmp_path / "copy.log", tmp_path / "position"
    for start in (0, 40, 80):
        written(folder, start, 40, segment_bytes=2000)
        Shipper(folder, FileSink(copy), position).ship()
    again = Shipper(folder, FileSink(copy), position)

    assert again.ship() == 0
    assert records(copy.read_bytes()) == list(range(120)) == numbers(folder)
    whole = b"".join(p.read_bytes() for p in sorted(folder.glob("*.log")))
    assert copy.read_bytes() == whole


def test_a_sink_that_is_down_loses_nothing(tmp_path):
    folder, taker = tmp_path / "l", Taker()
    written(folder, 0, 30)
    with taker as url:
        shipper = Shipper(folder, HttpSink(f"{url}/logs", "t0ken"), tmp_path / "position")
        taker.status = 503
        with pytest.raises(ShipError, match="answers 503") as raised:
            shipper.ship()
        taker.status = 200
        shipper.ship()

    (_, headers, first), (_, _, second) = taker.asked
    assert first == second
    assert records(second) == list(range(30))
    assert {k.lower(): v for k, v in headers.items()}["authorization"] == "Bearer t0ken"
    assert "t0ken" not in str(raised.value)


def test_a_position_that_cannot_be_written_is_refused_before_anything_is_sent(tmp_path):
    folder, copy = tmp_path / "l", tmp_path / "copy.log"
    written(folder, 0, 3)

    with pytest.raises(LedgerError, match="cannot write the position"):
        Shipper(folder, FileSink(copy), tmp_path / "nowhere" / "position")
    ran = command("ledger", "ship", folder, "--to", copy, "--position", tmp_path)

    assert (ran.code, "no position of a shipper" in ran.line) == (2, True)
    assert not copy.exists()


@pytest.mark.parametrize("count", [1, 60])
def test_the_position_of_another_ledger_is_refused_and_loses_no_line(tmp_path, count):
    position = tmp_path / "position"
    written(tmp_path / "first", 100, 30)
    Shipper(tmp_path / "first", FileSink(tmp_path / "copy.log"), position).ship()
    written(tmp_path / "second", 0, count)

    with pytest.raises(LedgerError, match="another ledger"):
        Shipper(tmp_path / "second", FileSink(tmp_path / "copy.log"), position).ship()

    position.unlink()
    Shipper(tmp_path / "second", FileSink(tmp_path / "second.log"), position).ship()
    assert records((tmp_path / "second.log").read_bytes()) == list(range(count))


def test_what_retention_removed_before_it_was_sent_is_counted(tmp_path):
    folder, copy, position = tmp_path / "l", tmp_path / "copy", tmp_path / "position"
    written(folder, 0, 10, segment_bytes=500)
    Shipper(folder, FileSink(copy), position).ship()
    written(folder, 10, 60, segment_bytes=500, retention=Retention(total_bytes=1500))

    shipper = Shipper(folder, FileSink(copy), position)
    shipper.ship()

    assert shipper.skipped > 0


def test_records_are_logs_of_opentelemetry(tmp_path):
    folder, taker = tmp_path / "l", Taker()
    written(folder, 0, 3)
    with taker as url:
        Shipper(folder, OtlpSink(url), tmp_path / "position").ship()

    ((path, _, body),) = taker.asked
    assert path == "/v1/logs"
    (scope,) = json.loads(body)["resourceLogs"][0]["scopeLogs"]
    kept = [r for r in scope["logRecords"] if '"number"' in r["body"]["stringValue"]]
    assert [json.loads(r["body"]["stringValue"])["number"] for r in kept] == [0, 1, 2]
    seconds = dt.datetime(2030, 1, 1, tzinfo=dt.UTC).timestamp()
    assert kept[0]["timeUnixNano"] == str(int(seconds) * 10**9)


def test_objects_are_put_into_a_bucket_under_the_same_name_again(tmp_path):
    folder, taker = tmp_path / "l", Taker()
    written(folder, 0, 3)
    with taker as url:
        for position in ("a", "b"):
            sink = S3Sink(url=f"{url}/bucket/x", key="k", secret="s3cret")
            Shipper(folder, sink, tmp_path / position).ship()

    assert [path for path, _, _ in taker.asked] == ["/bucket/x/00000001-000000000000.jsonl"] * 2
    headers = {k.lower(): v for k, v in taker.asked[0][1].items()}
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=k/")
    assert "s3cret" not in str(headers)


def test_a_request_is_signed_as_the_store_signs_it():
    """Worked by hand from the steps of the specification, with hashlib alone."""
    import hashlib
    import hmac

    sink = S3Sink(url="https://h/b", key="AK", secret="SK", region="eu")
    now = dt.datetime(2030, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
    digest = hashlib.sha256(b"x").hexdigest()
    canonical = (
        "PUT\n/b/o.jsonl\n\nhost:h\n"
        f"x-amz-content-sha256:{digest}\nx-amz-date:20300102T030405Z\n\n"
        f"host;x-amz-content-sha256;x-amz-date\n{digest}"
    )
    told = (
        "AWS4-HMAC-SHA256\n20300102T030405Z\n20300102/eu/s3/aws4_request\n"
        + hashlib.sha256(canonical.encode()).hexdigest()
    )
    key = b"AWS4SK"
    for part in (b"20300102", b"eu", b"s3", b"aws4_request"):
        key = hmac.digest(key, part, "sha256")

    headers = sink.signed("https://h/b/o.jsonl", b"x", now)

    assert headers["authorization"].endswith(hmac.digest(key, told.encode(), "sha256").hex())


def test_a_position_inside_of_the_ledger_and_a_strange_sink_are_refused(tmp_path):
    written(tmp_path / "l", 0, 1)

    with pytest.raises(LedgerError, match="lies in the ledger"):
        Shipper(tmp_path / "l", FileSink(tmp_path / "x"), tmp_path / "l" / "position")
    with pytest.raises(LedgerError, match="kafka"):
        sink_of("kafka://host/topic", {})
    with pytest.raises(LedgerError, match="AWS_ACCESS_KEY_ID"):
        sink_of("s3+https://host/bucket", {})
