"""Measure a hub's load: stored bills of materials held against an index that is new.

    python benchmarks/reevaluate.py FEED [--boms 5000] [--packages 100] [--fail]

FEED is OSV data; `../shared/data/advisories/pypa-osv-full.jsonl.gz` where the shared data is. Each
bill draws packages that the records are about by a Zipf law, as fleets do, at versions that the
records list; a tenth of the packages is private. `distinct` draws every package at a version of
its own, so that nothing is shared: the worst case, for which there is no target. Prints JSON; with
--fail the process ends with 1 when the target is missed, or when a bill is told anything else than
a scan of it would find.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from modelwarden.dependencies.build import build
from modelwarden.dependencies.feeds import records
from modelwarden.dependencies.fleet import Stored, reevaluate
from modelwarden.dependencies.index import Index
from modelwarden.dependencies.match import match
from modelwarden.dependencies.packages import Package
from modelwarden.dependencies.purls import parse, purl_of

SECONDS = 60.0


def versions(feed: Path) -> dict[str, list[str]]:
    """Return the versions that records list, by package, the most recorded packages first."""
    found: dict[str, dict[str, None]] = {}
    weight: dict[str, int] = {}
    for record in records(feed):
        for affected in record.get("affected", []):
            name = affected["package"]["name"]
            weight[name] = weight.get(name, 0) + 1
            found.setdefault(name, {}).update(dict.fromkeys(affected.get("versions") or []))
    names = sorted((n for n in found if found[n]), key=lambda n: -weight[n])
    return {name: list(found[name]) for name in names}


def fleet(known: dict[str, list[str]], boms: int, packages: int, seed: int) -> list[Stored]:
    """Return bills as fleets have them: a few packages and versions are everywhere."""
    draw = random.Random(seed)
    names = list(known)
    weights = [1 / (rank + 10) for rank in range(len(names))]
    made = []
    for number in range(boms):
        chosen = draw.choices(names, weights, k=packages * 2)
        purls = []
        for name in list(dict.fromkeys(chosen))[: packages - packages // 10]:
            listed = known[name]
            at = min(int(draw.expovariate(1 / 5)), len(listed) - 1)
            purls.append(purl_of("pypi", name, listed[-1 - at]))
        purls += [purl_of("pypi", f"corp-{number}-{n}", "1.0") for n in range(packages // 10)]
        made.append(Stored(f"bom-{number}", tuple(purls)))
    return made


def distinct(known: dict[str, list[str]], boms: int, packages: int, seed: int) -> list[Stored]:
    """Return bills that share no package at one version."""
    draw = random.Random(seed)
    names = list(known)
    made = []
    for number in range(boms):
        purls = [
            purl_of("pypi", name, f"{draw.choice(known[name])}+build{number}.{at}")
            for at, name in enumerate(draw.choices(names, k=packages))
        ]
        made.append(Stored(f"bom-{number}", tuple(purls)))
    return made


def straight(bom: Stored, index: Index) -> set[frozenset[str]]:
    """Return the weaknesses of one bill as a scan of it finds them."""
    packages = [
        Package(name=p.name, version=p.version, path="b", stated=purl)
        for purl in bom.purls
        for p in [parse(purl)]
    ]
    return {frozenset(m.names) for m in match(packages, index).matches}


def measure(made: list[Stored], index_path: Path) -> dict[str, float]:
    began, cpu = time.perf_counter(), time.process_time()
    weaknesses = 0
    with Index(index_path) as index:
        for result in reevaluate(made, index):
            weaknesses += len(result.matches)
    return {
        "wall_seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "packages": sum(len(bom.purls) for bom in made),
        "weaknesses": weaknesses,
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("feed", type=Path)
    parser.add_argument("--boms", type=int, default=5_000)
    parser.add_argument("--packages", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fail", action="store_true")
    options = parser.parse_args()
    kinds: dict[str, Callable[..., list[Stored]]] = {"fleet": fleet, "distinct": distinct}
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index.sqlite")
        build(records(options.feed), index)
        known = versions(options.feed)
        told: dict[str, object] = {"python": platform.python_version(), "seed": options.seed}
        over = False
        for kind, make in kinds.items():
            made = make(known, options.boms, options.packages, options.seed)
            told[kind] = measured = measure(made, index)
            over |= kind == "fleet" and measured["wall_seconds"] > SECONDS
            with Index(index) as opened:
                sample = made[:20]
                results = list(reevaluate(sample, opened))
                wrong = [
                    bom.id
                    for bom, result in zip(sample, results, strict=True)
                    if {frozenset(m.names) for m in result.matches} != straight(bom, opened)
                ]
            over |= bool(wrong)
            told[f"{kind}_differ_from_a_scan"] = wrong
    print(json.dumps({**told, "target_seconds": SECONDS}, indent=1))
    return 1 if options.fail and over else 0


if __name__ == "__main__":
    sys.exit(main())
