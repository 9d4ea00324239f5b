"""`config-target`."""

from __future__ import annotations

from collections.abc import Iterator

from modelwarden.core import Evidence, Hit, Severity, rule
from modelwarden.formats.config.reader import ConfigFile

_KEYS = frozenset(("_target_", "_component_"))
_MODULES = frozenset(
    "asyncio builtins cffi code codeop commands cProfile ctypes dill distutils imp importlib "
    "joblib marshal multiprocessing nt os pdb pickle pip pkgutil platform posix profile pty pydoc "
    "runpy "
    "setuptools shelve shutil site socket ssl subprocess sys tempfile timeit trace types urllib "
    "webbrowser".split()
)


@rule(
    "config-target",
    title="A configuration calls a function that can run commands",
    severity=Severity.HIGH,
    reads=ConfigFile,
    references=("CWE-470", "CWE-94", "MITRE-ATLAS:AML.T0011"),
    weakness="custom_code_in_model",
)
def config_target(config: ConfigFile) -> Iterator[Hit]:
    """Flag `_target_` names (Hydra, NeMo) in modules that run commands or touch the system.

    Why: instantiating the configuration imports the name and calls it with the values beside it.

    Fix: do not instantiate the file; name only classes of the library that it configures.

    Blind spot: a function of a third-party library that runs commands is not known by its name.
    """
    for scalar in config.scalars:
        if scalar.key in _KEYS and scalar.value.partition(".")[0] in _MODULES:
            facts = {"path": scalar.path[:200], "target": scalar.value[:200]}
            yield Hit(f"calls {scalar.value[:120]!r}", Evidence(facts=facts, line=scalar.line))
