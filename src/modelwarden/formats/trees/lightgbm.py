"""LightGBM models as text, and the JSON that `dump_model` writes.

    tree / header / blank / Tree=0 … / end of trees / feature_importances: / parameters: …

LightGBM jumps from tree to tree by the sizes in the header and follows children, features and sets
of categories as they are written: all of them are held to their bounds here.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelwarden.core.patterns import lazily
from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.lines import lines
from modelwarden.formats.nested import Each, Members, Node, feed_json
from modelwarden.formats.trees.shape import bad_child
from modelwarden.formats.view import DamagedError

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_BEGIN = lazily(rb"tree\r?\n(?:\w+(?:=.*)?\r?\n)*?(?:version|num_class|max_feature_idx)=")
# What is loaded from memory needs not begin with the kind of the model.
_HEADED = lazily(rb"(?m)^(?:max_feature_idx|num_tree_per_iteration|tree_sizes)=[-\d]")
_WHOLE = lazily(rb"(?:-?\d{1,10}(?: +|$))*+")
_PARAMETER = lazily(rb"\[(\w+): (.*)\]")
_IMPORTANCE = lazily(rb"\S*=[-+.\deE]+|feature[_ ]importances:")
# Before 2.3 the trees ended where the importances began.
_MARKS = (b"Tree=", b"end of trees", b"feature importances:", b"feature_importances:")
_LEAVES = 1 << 22
_COUNTED = ("threshold", "decision_type", "split_feature", "left_child", "right_child")
_NEEDED = frozenset(
    b"num_leaves num_cat split_feature threshold decision_type left_child right_child leaf_value"
    b" cat_boundaries cat_threshold is_linear num_features leaf_features leaf_coeff".split()
)
_HEADER, _TREES, _IMPORTANCES, _PARAMETERS, _END = range(5)


@dataclass(frozen=True, slots=True, kw_only=True)
class LightgbmModel(PlainModel):
    """One model.

    Attributes:
        objective: as in the file. trees: how many. leaves: in all trees. features: of its rows.
    """

    objective: str = ""
    trees: int = 0
    leaves: int = 0
    features: int = 0


def sniff(source: Source) -> bool:
    """Tell whether the first lines are those of a model."""
    head = source.head
    return _BEGIN.match(head) is not None or (
        b"\x00" not in head and _HEADED.search(head) is not None
    )


def read(source: Source, limits: Limits) -> LightgbmModel:
    """Read a model written as text."""
    walk = _Walk(source, limits)
    if walk.notes.attempt(walk.run):
        walk.whole()
    return walk.view()


class _Walk:
    """One walk over the lines of a file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source = source
        self.limits = limits
        self.notes = Notes(source)
        self.part = _HEADER
        self.header: dict[str, bytes] = {}
        self.tree: dict[str, bytes] = {}
        self.begins = array("q")
        self.end = 0
        self.leaves = 0
        self.features = 0

    def run(self) -> None:
        """Take line after line."""
        for at, line in lines(self.source, self.limits):
            if self.part < _IMPORTANCES:
                self.structure(at, line)
            elif self.part == _PARAMETERS:
                self.parameter(at, line)
            elif line == b"parameters:" and self.part == _IMPORTANCES:
                self.part = _PARAMETERS
            elif self.part == _IMPORTANCES and _IMPORTANCE.fullmatch(line):
                pass
            elif line.strip() and not line.startswith(b"pandas_categorical:"):
                return self.notes.behind(at)
        if self.part < _IMPORTANCES:
            raise DamagedError("the trees do not end", self.source.size)
        return None

    def structure(self, at: int, line: bytes) -> None:
        """Take a line of the header or of a tree."""
        if line.startswith(_MARKS):
            self.end_tree()
            if self.part == _HEADER:
                self.features = (_number(self.header.get("max_feature_idx")) or 0) + 1
            self.part = _TREES
            if line.startswith(b"Tree="):
                self.begins.append(at)
            else:
                self.end, self.part = at, _IMPORTANCES
        elif line:
            key, equals, value = line.partition(b"=")
            name = key.decode("utf-8", "replace")
            if self.part == _HEADER and len(self.header) < 1000:
                self.header[name] = value
            elif self.part == _TREES and key in _NEEDED and name not in self.tree:
                self.tree[name] = value
            elif self.part == _TREES and key in _NEEDED:
                self.notes.fault("invalid", self.name(), f"{self.name()}: {name} twice", at)
            elif self.part == _TREES and (not equals or not key.isascii()):
                self.notes.fault("invalid", self.name(), f"{self.name()}: a line of no field", at)

    def parameter(self, at: int, line: bytes) -> None:
        """Take a line of the settings with which the model was made."""
        if line == b"end of parameters":
            self.part = _END
        elif (found := _PARAMETER.fullmatch(line)) and found[2]:
            self.notes.describe(_text(found[1]), _text(found[2]), at)

    # --- one tree -----------------------------------------------------------------------------

    def name(self) -> str:
        """Return what the tree is called."""
        return f"tree {len(self.begins) - 1}"

    def end_tree(self) -> None:
        """Hold the tree that was read to its bounds."""
        if not self.begins:
            return None
        tree, self.tree = self.tree, {}
        leaves, sets = _number(tree.get("num_leaves")), _number(tree.get("num_cat"))
        if leaves is None or sets is None or not 1 <= leaves <= _LEAVES or sets < 0:
            return self.bad(f"{leaves} leaves and {sets} sets of categories announced")
        self.leaves += leaves
        if _count(tree.get("leaf_value")) != leaves:
            return self.bad(f"{_count(tree.get('leaf_value'))} values for {leaves} leaves")
        if leaves > 1:
            for key in _COUNTED:
                if (count := _count(tree.get(key))) != leaves - 1:
                    return self.bad(f"{count} of {key} for {leaves - 1} nodes")
            self.nodes(tree, leaves, sets)
        if _number(tree.get("is_linear")):
            self.linear(tree, leaves)
        return None

    def nodes(self, tree: dict[str, bytes], leaves: int, sets: int) -> None:
        """Look at children, features and categories."""
        numbers = {name: _numbers(tree.get(name)) for name in _COUNTED if name != "threshold"}
        for name, found in numbers.items():
            if found is None:
                return self.bad(f"{name} are not all whole numbers")
        left, right, asked, kinds = (
            numbers[name] or ()
            for name in ("left_child", "right_child", "split_feature", "decision_type")
        )
        if why := bad_child(left, right, leaves=leaves):
            return self.bad(why)
        if min(asked) < 0 or max(asked) >= self.features:
            wrong = min(asked) if min(asked) < 0 else max(asked)
            return self.bad(f"it asks for the feature {wrong} of {self.features}")
        if sets or any(kind & 1 for kind in kinds):
            return self.categories(tree, kinds, sets)
        return None

    def categories(self, tree: dict[str, bytes], kinds: Sequence[int], sets: int) -> None:
        """Look at the sets of categories: slices of one array of bits."""
        borders, bits = _numbers(tree.get("cat_boundaries")), _count(tree.get("cat_threshold"))
        if borders is None or len(borders) != sets + 1:
            return self.bad(f"{len(borders or ())} borders of {sets} sets of categories")
        if borders[0] < 0 or borders[-1] > bits or list(borders) != sorted(borders):
            return self.bad(f"a set of categories leaves the {bits} words that there are")
        for kind, threshold in zip(kinds, tree["threshold"].split(), strict=True):
            if kind & 1 and not 0 <= _floor(threshold) < sets:
                return self.bad(f"it asks for the set of categories {_text(threshold)} of {sets}")
        return None

    def linear(self, tree: dict[str, bytes], leaves: int) -> None:
        """Look at the features of the linear models in the leaves."""
        counts, asked = _numbers(tree.get("num_features")), _numbers(tree.get("leaf_features"))
        if counts is None or asked is None or len(counts) != leaves or min(counts) < 0:
            return self.bad("its leaves have no count of features each")
        if not sum(counts) == len(asked) == _count(tree.get("leaf_coeff")):
            return self.bad(f"{len(asked)} features in its leaves, {sum(counts)} announced")
        if len(asked) and (min(asked) < 0 or max(asked) >= self.features):
            return self.bad(f"a leaf asks for a feature that is none of the {self.features}")
        return None

    def bad(self, why: str) -> None:
        """Note that a tree leaves its bounds."""
        self.notes.fault("reference", self.name(), f"{self.name()}: {why}", self.begins[-1])

    # --- all of it ----------------------------------------------------------------------------

    def whole(self) -> None:
        """Hold the header against the trees."""
        self.sizes()
        outputs, classes = (
            _number(self.header.get(name)) for name in ("num_tree_per_iteration", "num_class")
        )
        if classes is None or classes < 1 or (outputs is not None and outputs != classes):
            why = f"{outputs} outputs for {classes} classes"
            self.notes.fault("reference", "header", why, 0)
        elif len(self.begins) % classes:
            why = f"{len(self.begins)} trees for {classes} outputs"
            self.notes.fault("invalid", "header", why, 0)
        for name in ("feature_names", "feature_infos"):
            if name in self.header and (count := _count(self.header[name])) != self.features:
                why = f"{count} {name} for {self.features} features"
                self.notes.fault("invalid", "header", why, 0)

    def sizes(self) -> None:
        """Hold the sizes of trees, by which LightGBM jumps, to where the trees are."""
        if "tree_sizes" not in self.header:
            return None
        sizes = _numbers(self.header["tree_sizes"])
        if sizes is None or len(sizes) != len(self.begins):
            why = f"{len(sizes or ())} sizes of {len(self.begins)} trees"
            return self.notes.fault("reference", "tree_sizes", why, 0)
        at = self.begins[0] if self.begins else 0
        for index, (size, begin) in enumerate(zip(sizes, self.begins, strict=True)):
            if at != begin:
                why = f"tree {index} is said to begin at {at}, and begins at {begin}"
                return self.notes.fault("reference", "tree_sizes", why, begin)
            at += size
        if not 0 <= self.end - at <= 2:
            why = f"the trees are said to end at {at}, and end at {self.end}"
            self.notes.fault("invalid", "tree_sizes", why, 0)
        return None

    def view(self) -> LightgbmModel:
        """Return what was seen."""
        return LightgbmModel(
            source=self.source,
            format="lightgbm",
            producer=producer("lightgbm"),
            gaps=tuple(self.notes.gaps),
            children=tuple(self.notes.children),
            metadata=tuple(self.notes.metadata),
            faults=tuple(self.notes.faults),
            objective=_text(self.header.get("objective", b"")),
            trees=len(self.begins),
            leaves=self.leaves,
            features=self.features,
        )


def _text(raw: bytes) -> str:
    return raw[: 1 << 14].decode("utf-8", "replace")


def _number(raw: bytes | None) -> int | None:
    found = _numbers(raw)
    return found[0] if found is not None and len(found) == 1 else None


def _numbers(raw: bytes | None) -> array[int] | None:
    """Return whole numbers that fit 32 bits, or None when there is anything else."""
    if raw is None or not _WHOLE.fullmatch(raw.strip(b" ")):
        return None
    try:
        return array("i", map(int, raw.split()))
    except OverflowError:
        return None


def _count(raw: bytes | None) -> int:
    return len(raw.split()) if raw is not None else 0


def _floor(raw: bytes) -> int:
    try:
        return int(float(raw))
    except (ValueError, OverflowError):
        return -1


# --- JSON -----------------------------------------------------------------------------------------


class _Dump:
    """The reader of what `dump_model` writes."""

    @staticmethod
    def read(source: Source, limits: Limits) -> LightgbmModel:
        """Read a dump: a tree of nodes in nodes."""
        dump = _Gathered(source)
        if dump.notes.attempt(lambda: feed_json(source, dump.root(), limits)):
            dump.whole()
        return LightgbmModel(
            source=source,
            format="lightgbm-json",
            producer=producer("lightgbm"),
            gaps=tuple(dump.notes.gaps),
            faults=tuple(dump.notes.faults),
            objective=dump.top.text("objective"),
            trees=dump.trees.count,
            leaves=dump.leaves,
            features=(dump.top.number("max_feature_idx") or 0) + 1,
        )


DUMP = _Dump()


class _Gathered:
    """What a dump shows."""

    def __init__(self, source: Source) -> None:
        self.notes = Notes(source)
        self.top = Members()
        self.trees = Each(self.tree)
        self.widest, self.widest_at, self.leaves = -1, 0, 0

    def root(self) -> Node:
        return Each(self.model)

    def model(self, at: int) -> Node:
        self.top = Members(at, tree_info=lambda _: self.trees)
        return self.top

    def tree(self, at: int) -> Node:
        return _JsonTree(at, self)

    def node(self, at: int) -> Node:
        return _JsonNode(at, self)

    def whole(self) -> None:
        """Hold the features that nodes ask for to their number."""
        if not self.leaves:
            self.notes.fault("invalid", "trees", "no tree has a leaf", 0)
        features = (self.top.number("max_feature_idx") or 0) + 1
        if self.widest >= features:
            why = f"a node asks for the feature {self.widest} of {features}"
            self.notes.fault("reference", "trees", why, self.widest_at)


class _JsonTree(Members):
    """One tree, and how many leaves stood before it."""

    __slots__ = ("before", "dump")

    def __init__(self, at: int, dump: _Gathered) -> None:
        super().__init__(at, tree_structure=dump.node)
        self.dump, self.before = dump, dump.leaves

    def closed(self, at: int) -> None:
        said, there = self.values.get("num_leaves"), self.dump.leaves - self.before
        if said is not None and said != there:
            why = f"a tree of {there} leaves says that it has {str(said)[:40]}"
            self.dump.notes.fault("invalid", "trees", why, self.at)


class _JsonNode(Members):
    """One node of a tree."""

    __slots__ = ("children", "dump")

    def __init__(self, at: int, dump: _Gathered) -> None:
        super().__init__(at, left_child=dump.node, right_child=dump.node)
        self.dump, self.children = dump, 0

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        made = super().opened(name, at, array=array)
        self.children += made is not None
        return made

    def closed(self, at: int) -> None:
        dump, feature = self.dump, self.number("split_feature")
        if "leaf_value" in self.values:
            dump.leaves += 1
        elif feature is None or feature < 0:
            why = f"a node asks for the feature {feature}"
            dump.notes.fault("reference", "trees", why, self.at)
        elif self.children != 2:
            why = f"a node that splits has {self.children} of two children"
            dump.notes.fault("invalid", "trees", why, self.at)
        elif feature > dump.widest:
            dump.widest, dump.widest_at = feature, self.at
