"""PMML: fields and functions that a model uses, held to those that it declares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from modelwarden.core import Producer
from modelwarden.formats.identified.kind import producer

if TYPE_CHECKING:
    from modelwarden.formats.described import Notes

_MOST = 200_000
_TEXT = 1 << 16
_MODELS = frozenset(
    "AnomalyDetectionModel AssociationModel BayesianNetworkModel BaselineModel ClusteringModel"
    " GaussianProcessModel GeneralRegressionModel MiningModel NaiveBayesModel NearestNeighborModel"
    " NeuralNetwork RegressionModel RuleSetModel SequenceModel Scorecard SupportVectorMachineModel"
    " TextModel TimeSeriesModel TreeModel DeepNetwork".split()
)
# Elements that declare a field, and those that use one, with the attribute that names it.
_DECLARE = frozenset("DataField DerivedField OutputField ParameterField ResultField".split())
_USE = {
    "MiningField": "name",
    "FieldRef": "field",
    "SimplePredicate": "field",
    "SimpleSetPredicate": "field",
    "NormContinuous": "field",
    "NormDiscrete": "field",
    "Discretize": "field",
    "CategoricalPredictor": "name",
    "NumericPredictor": "name",
}
_FUNCTIONS = frozenset(
    "+ - * / min max sum avg median product log10 ln sqrt abs exp pow threshold floor ceil round"
    " isMissing isNotMissing isValid isNotValid equal notEqual lessThan lessOrEqual greaterThan"
    " greaterOrEqual and or not isIn isNotIn if uppercase lowercase stringLength substring"
    " trimBlanks concat replace matches formatNumber formatDatetime dateDaysSinceYear"
    " dateSecondsSinceYear dateSecondsSinceMidnight modulo rint expm1 hypot ln1p log1p sin asin"
    " sinh cos acos cosh tan atan tanh atan2 stdNormalCDF stdNormalPDF stdNormalIDF normalCDF"
    " normalPDF normalIDF erf cbrt sign x-atan2 x-cos x-cosh x-sin x-sinh x-tan x-tanh"
    " lag".split()
)
_SCRIPT = frozenset("script javascript groovy python rscript code lambda".split())
_CODE = re.compile(
    r"\b(?:import \w+|def \w+\(|eval ?\(|exec ?\(|__import__|lambda\b[^:]{0,80}:"
    r"|Runtime\.getRuntime|ProcessBuilder|new ActiveXObject|require\(['\"])"
)


class Pmml:
    """Gathers what a model declares and uses."""

    def __init__(self, notes: Notes) -> None:
        """Write what is wrong to `notes`."""
        self.notes = notes
        self.declared: set[str] = set()
        self.used: dict[str, int] = {}
        self.functions: set[str] = set()
        self.called: dict[str, int] = {}
        self.by: Producer | None = None
        self.fields: int | None = None
        self.data_fields = 0
        self.open: list[str] = []
        self.kept: list[str] = []
        self.length = 0

    def start(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Take an element."""
        self.open.append(name)
        self.kept, self.length = [], 0
        if name in _DECLARE:
            self.data_fields += name == "DataField"
            self.keep(self.declared, attributes.get("name", ""))
        elif name == "DefineFunction":
            self.keep(self.functions, attributes.get("name", ""))
        elif name == "Apply":
            self.use(self.called, attributes.get("function", ""), at)
        elif name in _USE:
            self.use(self.used, attributes.get(_USE[name], ""), at)
        elif name in _MODELS:
            pass
        elif name == "Application" and self.by is None:
            self.by = producer(attributes.get("name", ""), attributes.get("version"))
        elif name == "DataDictionary":
            said = attributes.get("numberOfFields", "")
            self.fields = int(said) if re.fullmatch(r"[0-9]{1,9}", said) else None
        else:
            self.other(name, attributes, at)

    def other(self, name: str, attributes: Mapping[str, str], at: int) -> None:
        """Look at what is no part of the model itself."""
        if name == "TableLocator":
            self.notes.fault("path", name, "a table of the model is read from elsewhere", at)
        elif name.lower() in _SCRIPT:
            self.notes.fault("code", name, f"the element {name[:80]!r} holds code", at)
        elif name in ("Extension", "Header", "Timestamp"):
            for key, value in attributes.items():
                self.describe(f"{name}.{key}", value, at)

    def text(self, text: str) -> None:
        """Take text."""
        if self.length < _TEXT and self.open and self.open[-1] in ("Annotation", "Extension"):
            self.kept.append(text)
            self.length += len(text)

    def end(self, name: str) -> None:
        """Take the end of an element."""
        self.open.pop()
        if self.kept:
            self.describe(name, "".join(self.kept), 0)
            self.kept = []

    def describe(self, key: str, value: str, at: int) -> None:
        """Keep a text that a model carries beside itself; code in it is told."""
        if value.strip():
            self.notes.describe(key[:300], value[: 1 << 14], at)
            if found := _CODE.search(value[:_TEXT]):
                why = f"{key[:80]!r} holds code: {found[0][:80]!r}"
                self.notes.fault("code", key, why, at)

    def keep(self, into: set[str], name: str) -> None:
        """Keep a name that is declared."""
        if len(into) < _MOST:
            into.add(name)

    def use(self, into: dict[str, int], name: str, at: int) -> None:
        """Keep a name that is used, and where."""
        if len(into) < _MOST:
            into.setdefault(name, at)

    def whole(self) -> None:
        """Hold what is used to what is declared."""
        if self.fields is not None and self.fields != self.data_fields:
            why = f"{self.fields} fields announced, {self.data_fields} declared"
            self.notes.fault("invalid", "DataDictionary", why, 0)
        for name, at in self.used.items():
            if name not in self.declared and len(self.declared) < _MOST:
                self.notes.fault("invalid", name, f"the field {name[:120]!r} is not declared", at)
        for name, at in self.called.items():
            if name not in self.functions and name not in _FUNCTIONS:
                why = f"the function {name[:120]!r} is none of PMML"
                self.notes.fault("code", name, why, at)
