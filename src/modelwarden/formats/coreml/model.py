"""Core ML models: what they need from the application, and which files they name.

Field numbers are those of `Model.proto`, `NeuralNetwork.proto`, `MIL.proto`, `CustomModel.proto`
and `LinkedModel.proto` of coremltools 9. A model may hold others (a pipeline), a network may hold
networks (loops and branches), and a program holds blocks in operations: all of them are walked.
"""

from __future__ import annotations

from modelwarden.core import GapKind
from modelwarden.core.values import dataclass
from modelwarden.formats.identified.protobuf import COREML
from modelwarden.formats.limits import LimitExceededError, Limits
from modelwarden.formats.network import Network, NetworkNotes, made_by
from modelwarden.formats.protobuf import LEN, VARINT
from modelwarden.formats.protowalk import Message, Schema, messages
from modelwarden.formats.source import Source
from modelwarden.formats.view import DamagedError

_NETWORK = {1: "Layer", 10: ""}
# Kinds of model that hold numbers and words only.
_PLAIN = (
    *(300, 301, 302, 304, 400, 401, 402, 404, 501, 560, 600, 601, 602, 603, 604, 606, 607, 609),
    *(610, 900, 2000, 2001, 2002, 2003, 2004, 2005, 2006),
)
_SCHEMA: Schema = {
    "Model": {
        1: "",
        2: "Description",
        10: "",
        200: "Piped",
        201: "Piped",
        202: "Pipeline",
        303: "Network",
        403: "Network",
        500: "Network",
        502: "Program",
        555: "CustomModel",
        556: "Linked",
        3000: "Serialized",
        **dict.fromkeys(_PLAIN, ""),
    },
    "Serialized": {1: "", 2: ""},
    "Description": {20: "Function", 100: "Metadata"},
    "Function": {1: ""},
    "Metadata": {1: "", 2: "", 3: "", 4: "", 100: "Entry"},
    "Entry": {1: "", 2: ""},
    "Piped": {1: "Pipeline"},
    "Pipeline": {1: "Model", 2: ""},
    "Network": _NETWORK,
    "Layer": {1: "", 500: "CustomLayer", 605: "Branch", 615: "Loop"},
    "Branch": {1: "Network", 2: "Network"},
    "Loop": {3: "Network", 4: "Network"},
    "CustomLayer": {10: "", 40: ""},
    "CustomModel": {10: "", 40: ""},
    "Linked": {1: "LinkedFile"},
    "LinkedFile": {1: "Parameter", 2: "Parameter"},
    "Parameter": {1: ""},
    "Program": {1: "", 2: "Functions", 4: "Attribute"},
    "Functions": {1: "", 2: "ProgramFunction"},
    "ProgramFunction": {2: "", 3: "Specialization", 4: "Attribute"},
    "Specialization": {1: "", 2: "Block"},
    "Block": {3: "Operation", 4: "Attribute"},
    "Operation": {1: "", 2: "Input", 3: "Named", 4: "Block", 5: "Attribute"},
    "Named": {1: "", 2: "Type"},
    "Type": {1: "TensorType", 2: "ListType", 3: "TupleType", 4: "DictionaryType", 5: "StateType"},
    "TensorType": {4: "Attribute"},
    "ListType": {1: "Type"},
    "TupleType": {1: "Type"},
    "DictionaryType": {1: "Type", 2: "Type"},
    "StateType": {1: "Type"},
    "Input": {1: "", 2: "Argument"},
    "Argument": {1: "Binding"},
    "Binding": {2: "Value"},
    "Attribute": {1: "", 2: "Value"},
    "Value": {2: "Type", 3: "Immediate", 5: "Blob"},
    "Immediate": {2: "Tuple", 3: "Tuple", 4: "Dictionary"},
    "Tuple": {1: "Value"},
    "Dictionary": {1: "Pair"},
    "Pair": {1: "Value", 2: "Value"},
    "Blob": {1: "", 2: ""},
}
_ROOM = "@model_path/"
_SPECIFICATION = 10
_ABOUT = {1: "description", 2: "version", 3: "author", 4: "license"}
_CUSTOM = {"CustomLayer": "layer", "CustomModel": "model"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CoremlModel(Network):
    """One model.

    Attributes:
        blobs: offsets in files of weights that it refers to, each once.
    """

    blobs: int = 0


def sniff(source: Source) -> bool:
    """Tell whether the outermost message is a model."""
    return COREML.sniff(source)


def read(source: Source, limits: Limits) -> CoremlModel:
    """Walk the whole model; what cannot be read is a gap, the rest is kept."""
    notes = NetworkNotes(source)
    blobs = 0
    try:
        for one in messages(source, limits, _SCHEMA, "Model", notes):
            blobs += one.kind == "Blob"
            if one.kind in {"Metadata", "Entry"}:
                _describe(source, one, notes)
            else:
                _look(source, one, notes)
    except LimitExceededError as over:
        notes.note(str(over), GapKind.OVER_LIMIT)
    try:
        producer = COREML.produced(source)
    except DamagedError:  # the walk has noted it
        producer = None
    return CoremlModel(
        source=source,
        format="coreml",
        producer=producer,
        gaps=tuple(notes.gaps),
        inventory=made_by(source, producer),
        metadata=tuple(notes.metadata),
        faults=tuple(notes.faults),
        operators=tuple(notes.kinds.values()),
        places=tuple(notes.places),
        blobs=blobs,
    )


def _look(source: Source, one: Message, notes: NetworkNotes) -> None:
    """Write down what one message says."""
    if one.kind == "Model":
        _model(one, notes)
    elif one.kind in _CUSTOM:
        named = one.text(source, 10)
        if not named:
            notes.fault("custom", "", f"a custom {_CUSTOM[one.kind]} without a class", one.at)
        notes.operator(named, _CUSTOM[one.kind], one.at, foreign=True)
    elif one.kind == "Operation":
        named = one.text(source, 1)
        notes.operator(named, "operation", one.at, foreign=named == "custom_layer")
    elif one.kind == "Parameter" and one.text(source, 1):
        notes.place("a linked model", one.text(source, 1), one.at)
    elif one.kind == "Blob":
        _blob(source, one, notes)
    elif one.kind == "Serialized":
        why = "a model that is packed in a way that is not public"
        notes.note(why, GapKind.UNSUPPORTED, one.at)


def _describe(source: Source, one: Message, notes: NetworkNotes) -> None:
    """Keep what a model says of itself."""
    if one.kind == "Entry":
        notes.describe(one.text(source, 1), one.text(source, 2), one.at)
        return
    for number, key in _ABOUT.items():
        if value := one.text(source, number):
            notes.describe(key, value, one.at)


def _model(one: Message, notes: NetworkNotes) -> None:
    version = one.number(1)
    kinds = {f.number for f in one.fields if f.wire == LEN and f.number >= 200}
    if not one.path and not 0 < version <= 99:
        notes.fault("version", "", f"version {version} of the specification", one.at)
    elif version > _SPECIFICATION:
        why = f"version {version} of the specification is newer than what is examined"
        notes.note(why, GapKind.UNSUPPORTED, one.at)
    if len(kinds) > 1:
        notes.fault("kind", "", f"a model of {len(kinds)} kinds at once", one.at)
    if unknown := [number for number in one.others if number >= 200]:
        why = f"a kind of model that is not known (field {unknown[0]})"
        notes.note(why, GapKind.UNSUPPORTED, one.at)
    elif not kinds:
        notes.fault("kind", "", "a model of no kind", one.at)


def _blob(source: Source, one: Message, notes: NetworkNotes) -> None:
    path, offset = one.text(source, 1), one.number(2)
    notes.place("weights", path.removeprefix(_ROOM), one.at)
    if offset % 64 or any(f.wire != VARINT for f in one.fields if f.number == 2):
        notes.fault("offset", path, f"weights at {offset}, which no writer aligns so", one.at)
