"""Values are compared with what the standard library makes of the same class."""

import copy
import dataclasses
import pickle
from dataclasses import field

import pytest

from modelwarden.core.values import dataclass


@dataclass(frozen=True, slots=True)
class Point:
    """A value with all kinds of fields."""

    x: int
    y: int = 2
    marks: tuple[str, ...] = ()
    seen: list[int] = field(default_factory=list, compare=False, repr=False)
    late: str = field(default="l", kw_only=True)
    inner: int = field(init=False, default=7)


@dataclass(slots=True)
class Tally:
    """A value that changes."""

    rows: int = 0

    def __post_init__(self) -> None:
        self.rows += 1


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Thing:
    """Equal to itself alone."""

    name: str


@dataclass(frozen=True, slots=True)
class Own:
    """Says itself how it is shown and compared."""

    name: str

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Own)

    def __hash__(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Loop:
    """Can hold itself."""

    items: list[object]


def twin(name: str, options: dict[str, bool]) -> type:
    """Return the same class, made by the standard library."""
    marks = {"x": 1, "seen": field(default_factory=list, compare=False, repr=False)}
    notes = {"a": int, "x": int, "seen": list}
    return dataclasses.dataclass(**options)(type(name, (), {"__annotations__": notes, **marks}))


OPTIONS = [
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "kw_only": True},
    {"frozen": True, "slots": True, "eq": False},
    {"slots": True},
    {"slots": True, "eq": False},
    {"slots": True, "order": True},
    {"frozen": True},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_class_looks_as_the_standard_library_makes_it(options):
    standard = twin("T", options)
    notes = {"a": int, "x": int, "seen": list}
    marks = {"x": 1, "seen": field(default_factory=list, compare=False, repr=False)}
    ours = dataclass(**options)(type("T", (), {"__annotations__": notes, **marks}))

    def shown(cls):
        one, other = cls(a=1), cls(a=1, x=1, seen=[3])
        params = cls.__dataclass_params__
        return (
            repr(one),
            one == other,
            cls.__match_args__,
            [(f.name, f.default, f.kw_only, f.compare) for f in dataclasses.fields(cls)],
            dataclasses.asdict(other),
            dataclasses.replace(other, x=5).x,
            (params.init, params.repr, params.eq, params.frozen),
            cls.__hash__ is None,
            cls.__hash__ is object.__hash__,
            getattr(cls, "__slots__", None),
        )

    assert shown(ours) == shown(standard)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_an_heir_looks_as_the_standard_library_makes_it(options):
    def heirs(make):
        def body(**notes):
            return {"__annotations__": notes, "__doc__": "A value."}

        base = make(**options)(type("B", (), {**body(a=int, s=list), "s": field(repr=False)}))
        heir = type("H", (base,), {**body(b=int, a=str), "b": 2, "a": "x"})
        try:
            return base, make(**{**options, "kw_only": True})(heir)
        except TypeError as error:
            return base, str(error)

    def shown(base, heir):
        if isinstance(heir, str):
            return heir
        one, other = heir(s=[]), heir(s=[], a="y", b=3)
        seen = [repr(one), one == other, one == heir(s=[]), heir.__match_args__]
        seen += [[(f.name, f.kw_only, f.repr) for f in dataclasses.fields(heir)]]
        seen += [heir.__hash__ is None, dataclasses.asdict(other), base(a="a", s=[]) == one]
        for change in (lambda: setattr(one, "a", 1), lambda: delattr(one, "b")):
            try:
                seen.append(change())
            except AttributeError as error:
                seen.append((type(error), str(error)))
        return seen

    assert shown(*heirs(dataclass)) == shown(*heirs(dataclasses.dataclass))


def test_a_frozen_value_has_no_heir_that_changes():
    with pytest.raises(TypeError, match="cannot inherit non-frozen"):

        @dataclass(slots=True)
        class Changes(Point):
            name: str = "n"


def test_equal_values_hash_alike_and_differ_from_other_classes():
    assert hash(Point(1)) == hash(Point(1, seen=[9]))
    assert Point(1) != Point(2)
    assert Empty() == Empty()
    assert hash(Empty()) == hash(Empty())
    assert Point(1) != Empty()
    assert Thing("a") != Thing("a")


def test_a_frozen_value_refuses_changes():
    point = Point(1)

    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        point.x = 3
    with pytest.raises(dataclasses.FrozenInstanceError, match="'x'"):
        del point.x
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.other = 3


def test_each_value_has_its_own_default_list():
    first, second = Point(1), Point(1)

    first.seen.append(3)

    assert second.seen == []
    assert first.inner == 7


@pytest.mark.parametrize("value", [Point(1, 3, ("a",), late="x"), Empty(), Tally(4), Own("n")])
def test_a_value_survives_pickle_and_copy(value):
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.copy(value) == value
    assert copy.deepcopy(value) == value


def test_what_a_class_defines_itself_stays():
    assert (repr(Own("n")), hash(Own("n")), Own("a") == Own("b")) == ("own", 1, True)


def test_a_value_may_change_after_it_was_made():
    tally = Tally()

    tally.rows += 1

    assert (tally.rows, Tally(4).rows) == (2, 5)


def test_a_value_that_holds_itself_can_be_shown():
    loop = Loop([])

    loop.items.append(loop)

    assert repr(loop) == "Loop(items=[...])"


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        Point()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        Point(1, z=3)


def test_a_class_that_derives_from_a_value_is_a_value():
    @dataclass(frozen=True, slots=True)
    class Named(Point):
        name: str = "n"

    assert Named(1) == Named(1)
    assert repr(Named(1)).endswith("name='n')")
    with pytest.raises(dataclasses.FrozenInstanceError):
        Named(1).name = "m"
