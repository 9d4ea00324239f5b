"""Results as garak, promptfoo and Inspect write them, made by code."""

from __future__ import annotations

import json
import zipfile


def garak(folder, *, entries=None, end=True, fails=3):
    lines = [
        {
            "entry_type": "start_run setup",
            "_config.version": "0.17.1",
            "plugins.target_type": "rest",
            "plugins.target_name": "shop",
        },
        {"entry_type": "init", "garak_version": "0.17.1", "run": "r"},
    ]
    probe, detector = "encoding.InjectBase64", "encoding.DecodeMatch"
    for seq in range(5):
        scores = [1.0 if 2 * seq + i < fails else 0.0 for i in range(2)]
        attempt = {"entry_type": "attempt", "uuid": f"u{seq}", "probe_classname": probe}
        lines.append({**attempt, "status": 1, "detector_results": {}})
        lines.append({**attempt, "status": 2, "detector_results": {detector: scores}})
    counts = {"passed": 10 - fails, "fails": fails, "nones": 0, "total_evaluated": 10}
    lines.append({"entry_type": "eval", "probe": probe, "detector": detector, **counts})
    lines += entries or []
    if end:
        lines += [{"entry_type": "completion", "run": "r"}, {"entry_type": "digest", "eval": {}}]
    path = folder / "garak.r.report.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def promptfoo(folder, *, plugins=True, stats=None, extra=()):
    results = []
    for number in range(6):
        failed, lost = number < 2, number == 5
        meta = {"pluginId": "prompt-extraction", "strategyId": "base64"} if plugins else {}
        results.append(
            {
                "id": f"id{number}",
                "success": not failed and not lost,
                "failureReason": 2 if lost else int(failed),
                "error": "timed out" if lost else None,
                "gradingResult": None if lost else {"pass": not failed, "score": 1 - failed},
                "provider": {"id": "openai:chat:shop", "label": ""},
                "testCase": {"metadata": meta, "description": "greets"},
                "prompt": {"raw": "…"},
            }
        )
    told = stats or {"successes": 3, "failures": 2, "errors": 1}
    document = {
        "evalId": "eval-1",
        "results": {"version": 3, "results": [*results, *extra], "stats": told},
        "metadata": {"promptfooVersion": "0.120.1"},
    }
    path = folder / "results.json"
    path.write_text(json.dumps(document))
    return path


def inspect(folder, *, status="success", samples=None):
    made = [
        {"id": i, "epoch": 1, "scores": {"match": {"value": "C" if i < 7 else "I"}}, "error": None}
        for i in range(10)
    ]
    document = {
        "version": 2,
        "status": status,
        "eval": {
            "task": "injection",
            "model": "openai/shop",
            "packages": {"inspect_ai": "0.3.285"},
        },
        "samples": made if samples is None else samples,
    }
    path = folder / "log.json"
    path.write_text(json.dumps(document))
    return path


def inspect_archive(folder, *, header="header.json", samples=3, told=None, extra=None):
    document = {
        "version": 2,
        "status": "success",
        "eval": {"task": "injection", "model": "openai/shop", "packages": {}},
        "results": {"total_samples": samples if told is None else told},
    }
    if header != "header.json":
        document = {key: document[key] for key in ("version", "eval")}
    path = folder / "log.eval"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(samples):
            value = {"harmful": 1, "refused": "I"} if i else {"harmful": 0, "refused": "C"}
            sample = {"id": i, "epoch": 1, "scores": {"judge": {"value": value}}, "error": None}
            archive.writestr(f"samples/{i}_epoch_1.json", json.dumps(sample))
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
        if header:
            archive.writestr(header, json.dumps(document))
    return path


def promptfoo_lines(folder, *, more=""):
    document = json.loads(promptfoo(folder).read_text())
    lines = [
        json.dumps({**one, "testIdx": i, "promptIdx": 0})
        for i, one in enumerate(document["results"]["results"])
    ]
    path = folder / "results.jsonl"
    path.write_text("\n".join(lines) + "\n" + more)
    return path
