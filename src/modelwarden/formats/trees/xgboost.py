"""XGBoost models as JSON and as UBJSON: one walk over both, tree by tree.

    {learner: {attributes, feature_names, feature_types, gradient_booster: {name, model: {
        gbtree_model_param, tree_info, trees: [{tree_param, left_children, …}]}},
        learner_model_param, objective}, version}

Nothing but the arrays of one tree is held at a time. What XGBoost trusts in them (children,
features, categories) is held to its bounds; what it checks itself is told as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from modelwarden.core.values import dataclass
from modelwarden.formats.described import Notes, PlainModel
from modelwarden.formats.identified.kind import producer
from modelwarden.formats.nested import (
    Counted,
    Each,
    Members,
    Node,
    Numbers,
    Scalar,
    feed_json,
    feed_ubjson,
)
from modelwarden.formats.trees.shape import bad_child

if TYPE_CHECKING:
    from modelwarden.formats.limits import Limits
    from modelwarden.formats.source import Source

_UBJSON = re.compile(rb"\{(?:[iU]\x07|I\0\x07|l\0{3}\x07|L\0{7}\x07)(?:learner|version)|\{[$#]")
_NODES = 1 << 22
_PER_NODE = (
    "left_children",
    "right_children",
    "parents",
    "split_indices",
    "split_conditions",
    "default_left",
)
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")


@dataclass(frozen=True, slots=True, kw_only=True)
class XgboostModel(PlainModel):
    """One model.

    Attributes:
        objective, booster: names. trees: how many. nodes: in all trees. features: of its rows.
    """

    objective: str = ""
    booster: str = ""
    trees: int = 0
    nodes: int = 0
    features: int = 0


class _Tree(Members):
    """One tree; its arrays are looked at when it ends."""

    __slots__ = ("arrays", "model")

    def __init__(self, at: int, model: _Model) -> None:
        super().__init__(at, tree_param=lambda at: model.part("tree_param", at))
        self.model = model
        self.arrays: dict[str, Numbers | Counted] = {}

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        if not array:
            return super().opened(name, at, array=array)
        whole = name in _CATEGORIES or (name in _PER_NODE and name != "split_conditions")
        self.arrays[name] = made = Numbers(at) if whole else Counted(at)
        return made

    def closed(self, at: int) -> None:
        self.model.tree(self)

    def numbers(self, name: str) -> Sequence[int]:
        """Return the numbers of an array, none when it is absent."""
        found = self.arrays.get(name)
        return found.values if isinstance(found, Numbers) else ()

    def length(self, name: str) -> int | None:
        """Return the length of an array, or None when it is absent."""
        found = self.arrays.get(name)
        if isinstance(found, Numbers):
            return len(found.values)
        return None if found is None else found.count


class _Model:
    """What is gathered from one file."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self.limits = limits
        self.notes = Notes(source)
        self.parts: dict[str, Members] = {}
        self.info = Numbers()
        self.rounds: Numbers | None = None
        self.places: set[int] = set()
        self.drops = Counted()
        self.dropped = False
        self.weights = Counted()
        self.version: list[int] = []
        self.trees = self.nodes = self.widest = 0
        self.widest_at: int | None = None

    def root(self) -> Node:
        """Return the node for what stands at the top of the file."""
        return _Top(self)

    def part(self, name: str, at: int, **parts: Callable[[int], Node]) -> Members:
        """Make, and keep, the node of one object of which the scalars matter."""
        self.parts[name] = made = Members(at, **parts)
        return made

    def learner(self, at: int) -> Node:
        """Describe the object `learner`."""
        return self.part(
            "learner",
            at,
            attributes=lambda at: _Attributes(at, self.notes),
            gradient_booster=lambda at: self.part(
                "booster", at, model=self.forest, gbtree=self.nested, weight_drop=self.dart
            ),
            learner_model_param=lambda at: self.part("model_param", at),
            objective=lambda at: self.part("objective", at),
            generic_param=lambda at: self.part("generic_param", at),
        )

    def settings(self) -> bool:
        """Tell whether these are the settings of a booster (`save_config`), without a model."""
        models = ("gbtree_param", "forest", "gbtree", "weights")
        return (
            "generic_param" in self.parts
            and not self.trees
            and not any(name in self.parts for name in models)
        )

    def nested(self, at: int) -> Node:
        """Describe the forest of a booster that drops trees."""
        return self.part("gbtree", at, model=self.forest)

    def dart(self, at: int) -> Node:
        """Count the weights of trees."""
        self.dropped = True
        self.drops = Counted(at)
        return self.drops

    def forest(self, at: int) -> Node:
        """Describe the object `model` of a booster."""

        def info(at: int) -> Node:
            self.info = Numbers(at)
            return self.info

        def rounds(at: int) -> Node:
            self.rounds = Numbers(at)
            return self.rounds

        def weights(at: int) -> Node:
            self.weights = Counted(at)
            return self.weights

        return self.part(
            "forest",
            at,
            gbtree_model_param=lambda at: self.part("gbtree_param", at),
            iteration_indptr=rounds,
            tree_info=info,
            trees=lambda _: Each(lambda at: _Tree(at, self)),
            weights=weights,
        )

    # --- one tree -----------------------------------------------------------------------------

    def tree(self, tree: _Tree) -> None:
        """Hold one tree to its bounds."""
        index, at = self.trees, tree.at
        self.trees += 1
        self.place(tree.number("id"), at)
        param = self.parts.pop("tree_param", None)
        nodes = param.number("num_nodes") if param else None
        if nodes is None or not 1 <= nodes <= _NODES:
            return self.wrong(index, f"{nodes} nodes announced", at)
        self.limits.spend(operations=nodes)
        self.nodes += nodes
        for name in _PER_NODE:
            if (length := tree.length(name)) != nodes:
                count = "no" if length is None else length
                return self.wrong(index, f"{count} {name} of {nodes} nodes", at)
        for name, made in tree.arrays.items():
            if isinstance(made, Numbers) and made.bad is not None:
                return self.wrong(index, f"{name} are not all whole numbers", made.bad)
        self.shape(index, tree)
        self.split(index, tree, param.number("num_feature") if param else None)
        self.categories(index, tree, nodes)
        return None

    def place(self, number: int | None, at: int) -> None:
        """Keep the place that a tree says it has; XGBoost leaves the others empty."""
        if number is None:  # the first releases did not say
            return
        if not 0 <= number < 1 << 24 or number in self.places:
            self.bad(self.trees - 1, f"its place is {number}, which no tree can have, or two", at)
        else:
            self.places.add(number)

    def shape(self, index: int, tree: _Tree) -> None:
        """Look at the children."""
        left = tree.numbers("left_children")
        inner = [child != -1 for child in left]  # XGBoost does not ask whether a node is deleted
        if why := bad_child(left, tree.numbers("right_children"), inner):
            self.bad(index, why, tree.arrays["left_children"].at)

    def split(self, index: int, tree: _Tree, features: int | None) -> None:
        """Look at the features that a tree asks for."""
        left = tree.numbers("left_children")
        asked = [
            feature
            for feature, child in zip(tree.numbers("split_indices"), left, strict=True)
            if child != -1
        ]
        if not asked:
            return
        at = tree.arrays["split_indices"].at
        if min(asked) < 0 or (features and max(asked) >= features):
            wrong = min(asked) if min(asked) < 0 else max(asked)
            self.bad(index, f"it asks for the feature {wrong} of {features}", at)
        elif max(asked) >= self.widest:
            self.widest, self.widest_at = max(asked) + 1, at

    def categories(self, index: int, tree: _Tree, nodes: int) -> None:
        """Look at the sets of categories, each a slice of one array."""
        begins, sizes = tree.numbers("categories_segments"), tree.numbers("categories_sizes")
        of, all_ = tree.numbers("categories_nodes"), tree.numbers("categories")
        at = tree.arrays["categories"].at if "categories" in tree.arrays else tree.at
        if not len(begins) == len(sizes) == len(of):
            self.bad(index, "its sets of categories do not fit each other", at)
        elif any(not 0 <= node < nodes for node in of):
            self.bad(index, "a set of categories is of a node that is not there", at)
        elif any(b < 0 or n < 1 or b + n > len(all_) for b, n in zip(begins, sizes, strict=True)):
            self.bad(index, f"a set of categories leaves the {len(all_)} that there are", at)
        elif len(all_) and (min(all_) < 0 or max(all_) >= 1 << 24):
            self.bad(index, f"a category of {min(all_) if min(all_) < 0 else max(all_)}", at)

    def bad(self, index: int, why: str, at: int) -> None:
        """Note that a tree leaves its bounds."""
        self.notes.fault("reference", f"tree {index}", f"tree {index}: {why}", at)

    def wrong(self, index: int, why: str, at: int | None) -> None:
        """Note that a tree contradicts itself, which XGBoost refuses."""
        self.notes.fault("invalid", f"tree {index}", f"tree {index}: {why}", at)

    # --- all of it ----------------------------------------------------------------------------

    def whole(self) -> None:
        """Hold the parts of the model against one another."""
        if self.settings():
            return
        booster = self.booster()
        needed = {"gbtree": "gbtree_param", "dart": "gbtree", "gblinear": "forest"}
        if needed.get(booster) not in self.parts or "model_param" not in self.parts:
            self.notes.fault("invalid", "learner", f"the parts of a booster {booster!r} lack", 0)
        announced = self.number("gbtree_param", "num_trees")
        if booster != "gblinear" and announced != self.trees:
            why = f"{announced} trees announced, {self.trees} there"
            self.notes.fault("invalid", "trees", why)
        if booster != "gblinear" and len(self.info.values) != self.trees:
            why = f"{len(self.info.values)} outputs named for {self.trees} trees"
            self.notes.fault("invalid", "trees", why, self.info.at)
        outputs = self.outputs()
        wrong = [group for group in self.info.values if not 0 <= group < outputs]
        if wrong:
            why = f"a tree is of the output {wrong[0]} of {outputs}"
            self.notes.fault("reference", "trees", why, self.info.at)
        self.order()
        features = self.number("model_param", "num_feature") or 0
        if not features:
            self.notes.fault("invalid", "learner", "rows of no features", 0)
        if features and self.widest > features:
            why = f"a tree asks for the feature {self.widest - 1} of {features}"
            self.notes.fault("reference", "trees", why, self.widest_at)
        if (self.dropped or booster == "dart") and self.drops.count != self.trees:
            why = f"{self.drops.count} weights for {self.trees} trees"
            self.notes.fault("reference", "weights", why, self.drops.at)
        if booster == "gblinear" and self.weights.count != (features + 1) * outputs:
            why = f"{self.weights.count} weights for {features} features and {outputs} outputs"
            self.notes.fault("reference", "weights", why, self.weights.at)

    def number(self, part: str, name: str) -> int | None:
        """Return a number of one of the objects that were kept."""
        return self.parts[part].number(name) if part in self.parts else None

    def order(self) -> None:
        """Hold the places and the rounds of trees to how many there are."""
        if self.places and max(self.places) >= self.trees:
            why = f"a tree has the place {max(self.places)} of {self.trees}"
            self.notes.fault("reference", "trees", why, self.info.at)
        if self.rounds is not None:
            begins = list(self.rounds.values)
            if begins[:1] != [0] or begins[-1] != self.trees or begins != sorted(begins):
                why = f"its rounds do not go from tree 0 to tree {self.trees}"
                self.notes.fault("reference", "trees", why, self.rounds.at)

    def view(self, format_: str, walk: Callable[[], None]) -> XgboostModel:
        """Walk the file, and return what was seen."""
        if self.notes.attempt(walk):
            self.whole()
        version = ".".join(map(str, self.version[:3]))
        return XgboostModel(
            source=self.notes.source,
            format=format_,
            producer=producer("xgboost", version or None),
            gaps=tuple(self.notes.gaps),
            children=tuple(self.notes.children),
            metadata=tuple(self.notes.metadata),
            faults=tuple(self.notes.faults),
            objective=self.objective(),
            booster=self.booster(),
            trees=self.trees,
            nodes=self.nodes,
            features=self.number("model_param", "num_feature") or 0,
        )

    def outputs(self) -> int:
        """Return how many outputs the trees may add to."""
        classes = self.number("model_param", "num_class") or 0
        return max(1, classes, self.number("model_param", "num_target") or 0)

    def booster(self) -> str:
        """Return the name of the booster."""
        return self.parts["booster"].text("name") if "booster" in self.parts else ""

    def objective(self) -> str:
        """Return the name of the objective."""
        return self.parts["objective"].text("name") if "objective" in self.parts else ""


class _Top(Node):
    """What stands at the top of the file: one object."""

    __slots__ = ("model",)

    def __init__(self, model: _Model) -> None:
        self.model = model

    def opened(self, name: str, at: int, *, array: bool) -> Node | None:
        model = self.model
        return Members(at, learner=model.learner, version=lambda _: _Version(model.version))


class _Version(Node):
    """Three numbers."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: list[int]) -> None:
        self.numbers = numbers

    def items(self, items: Sequence[Scalar], at: int) -> None:
        self.numbers += [int(n) for n in items[:3] if isinstance(n, int) and 0 <= n < 10_000]


class _Attributes(Node):
    """Texts that the user set."""

    __slots__ = ("notes",)

    def __init__(self, at: int, notes: Notes) -> None:
        del at
        self.notes = notes

    def pairs(self, pairs: Sequence[tuple[str, Scalar]], at: int) -> None:
        for name, value in pairs:
            self.notes.describe(name[:300], str(value)[: 1 << 14], at)


def read(source: Source, limits: Limits) -> XgboostModel:
    """Read a model written as JSON; XGBoost takes no notice of what stands behind it."""
    model = _Model(source, limits)

    def walk() -> None:
        if feed_json(source, model.root(), limits) > 1:
            model.notes.fault("trailing", "", "another value stands behind the model")

    return model.view("xgboost-json", walk)


class _Ubjson:
    """The reader of UBJSON."""

    @staticmethod
    def sniff(source: Source) -> bool:
        """Tell whether an object with a learner in it begins here."""
        return _UBJSON.match(source.head) is not None

    @staticmethod
    def read(source: Source, limits: Limits) -> XgboostModel:
        """Read a model; what stands behind it is looked into."""
        model = _Model(source, limits)
        return model.view(
            "xgboost-ubj", lambda: model.notes.behind(feed_ubjson(source, model.root(), limits))
        )


UBJSON = _Ubjson()
