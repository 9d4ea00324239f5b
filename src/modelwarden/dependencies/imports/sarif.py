"""SARIF of the same tools: the ids stand in the rules, the packages in the messages.

SARIF has no place for a package, so each tool words it its own way. What cannot be told from a
message is counted and becomes a gap.

Source: SARIF 2.1.0; the SARIF writers of osv-scanner, Trivy and Grype
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from modelwarden.dependencies.imports.result import Reading, Table
from modelwarden.dependencies.manifests.catalog import kind_of
from modelwarden.dependencies.manifests.text import table, tables, texts

_ID = re.compile(
    r"(?:CVE-\d{4}-\d{4,}|GHSA(?:-[23456789cfghjmpqrvwx]{4}){3}|PYSEC-\d{4}-\d+|OSV-\d{4}-\d+"
    r"|MAL-\d{4}-\d+|GO-\d{4}-\d+|RUSTSEC-\d{4}-\d+|(?:DSA|DLA|USN|ELSA|RHSA|RLSA|ALSA|ALAS2?|TEMP)"
    r"-[0-9A-Za-z:.-]+)",
    re.IGNORECASE,
)
# Named groups: name, version, kind (of package), word (of severity), fixed, also (other ids).
_MESSAGES = (
    re.compile(
        r"Package '(?P<name>[^'\s]+)@(?P<version>[^'@\s]+)' is vulnerable to '[^']*'"
        r"(?P<also> \(also known as [^)]*\))?"
    ),
    re.compile(
        r"Package: (?P<name>\S+)\nInstalled Version: (?P<version>\S+)"
        r"(?:.*?\nFixed Version: (?P<fixed>[^\n]*))?",
        re.DOTALL,
    ),
    re.compile(
        r"A (?P<word>\w+) vulnerability in (?P<kind>[\w-]+) package: (?P<name>\S+),"
        r" version (?P<version>\S+) was"
    ),
    re.compile(
        r"reports (?P<name>\S+) at version (?P<version>\S+)\s+which would result in a vulnerable"
        r" \((?P<kind>[^)]*)\)"
    ),
)
_LEVELS = {"error": "high", "warning": "medium", "note": "low"}
_LONGEST = 4_000  # characters of a message that are looked at


def take(document: Table, reading: Reading) -> None:
    """Read a log."""
    for run in tables(document.get("runs")):
        driver = table(table(run.get("tool")).get("driver"))
        reading.by(driver.get("name"), driver.get("version"))
        rules = list(tables(driver.get("rules")))
        known = {str(rule.get("id")): rule for rule in rules}
        for call in tables(run.get("invocations")):
            if call.get("executionSuccessful") is False:
                reading.gap("the run that it tells of did not end well")
        for result in tables(run.get("results")):
            if any(True for _ in tables(result.get("suppressions"))):
                reading.ignored += 1
            else:
                _result(result, _rule_of(result, rules, known), reading)


def _rule_of(result: Table, rules: Sequence[Table], known: Mapping[str, Table]) -> Table:
    index = result.get("ruleIndex")
    if isinstance(index, int) and 0 <= index < len(rules):
        return rules[index]
    return known.get(str(result.get("ruleId")), {})


def _result(result: Table, rule: Table, reading: Reading) -> None:
    message = str(table(result.get("message")).get("text", ""))[:_LONGEST]
    found = next((m for pattern in _MESSAGES if (m := pattern.search(message))), None)
    if found is None:
        reading.unread["packages"] += 1
        return
    said = found.groupdict()
    id_ = str(result.get("ruleId") or rule.get("id") or "")
    if said.get("kind") is not None:  # Grype adds the package to the id
        id_ = id_.removesuffix(f"-{said['name']}")
    target = _target(result)
    kind = said.get("kind") or ("pypi" if target and kind_of(target) else None)
    purls = list(texts(table(rule.get("properties")).get("purls")))
    package = reading.package(
        said["name"],
        said["version"],
        kind=kind,
        purl=purls[0] if len(purls) == 1 else None,
        target=target,
    )
    others = [m[0] for text in texts(rule.get("deprecatedIds")) if (m := _ID.match(text))]
    reading.strike(
        package,
        id_,
        aliases=[one for one in (*others, *_ID.findall(said.get("also") or "")) if one != id_],
        summary=table(rule.get("shortDescription")).get("text"),
        word=said.get("word") or _word(result, rule),
        rated=[(_score(rule), None)],
        fixed=(said.get("fixed") or "").split(","),
    )


def _target(result: Table) -> str:
    for location in tables(result.get("locations")):
        place = table(table(location.get("physicalLocation")).get("artifactLocation"))
        if isinstance(uri := place.get("uri"), str):
            return uri.removeprefix("file://")
    return ""


def _score(rule: Table) -> float | None:
    try:
        return float(str(table(rule.get("properties")).get("security-severity")))
    except ValueError:
        return None


def _word(result: Table, rule: Table) -> str | None:
    """Return the severity in a word, where there is no score to take it from."""
    properties = table(rule.get("properties"))
    if _score(rule) is not None:
        return None
    stated = properties.get("security-severity")
    if isinstance(stated, str):
        return stated
    tags = [tag.lower() for tag in texts(properties.get("tags"))]
    named = next((tag for tag in tags if tag in {"critical", "high", "medium", "low"}), None)
    level = result.get("level") or table(rule.get("defaultConfiguration")).get("level")
    return named or _LEVELS.get(str(level))
