"""Reading dataclasses from JSON values: strict, with the path of what is wrong in every message."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest

from core.errors import SpecError, dotted
from core.fields import Limits, hints, read, show, split


@dataclass(frozen=True, kw_only=True)
class Circle:
    """One alternative of a union."""

    kind: Literal["circle"] = "circle"
    radius: Annotated[float, Limits(gt=0, lt=10)] = 1.0


@dataclass(frozen=True, kw_only=True)
class Square:
    """The other one."""

    kind: Literal["square"] = "square"
    side: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A nested object which is not a union."""

    width: Annotated[int, Limits(ge=0, le=5)] = 1


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """One field of every sort."""

    shape: Circle | Square
    title: str | None = None
    copies: Annotated[int | None, Limits(ge=1, le=9)] = 1
    colour: Annotated[Literal["red", "blue"], Limits(doc="what it is drawn in")] = "red"
    filled: bool = False
    sizes: Annotated[tuple[int, ...], Limits(ge=1, le=4, max_length=3)] = ()
    frame: Frame = field(default_factory=Frame)
    reserved: Annotated[None, Limits(doc="always null")] = None


CIRCLE = {"kind": "circle"}


def test_missing_fields_get_their_defaults() -> None:
    """A field with a default may be left out."""
    assert read(Drawing, {"shape": CIRCLE}) == Drawing(shape=Circle())


def test_every_field_is_read() -> None:
    """Each sort of field is read from its JSON value, nested objects and the alternatives of a union included."""
    value = {
        "shape": {"kind": "square", "side": 3},
        "title": "a",
        "copies": 9,
        "colour": "blue",
        "filled": True,
        "sizes": [1, 4],
        "frame": {"width": 0},
        "reserved": None,
    }
    assert read(Drawing, value) == Drawing(
        shape=Square(side=3.0), title="a", copies=9, colour="blue", filled=True, sizes=(1, 4), frame=Frame(width=0)
    )


def test_an_integer_is_a_number() -> None:
    """An integer for a number becomes a float, so that equal specs are equal whichever way they were written."""
    drawing = read(Drawing, {"shape": {"kind": "circle", "radius": 3}})
    assert isinstance(drawing.shape, Circle)
    assert isinstance(drawing.shape.radius, float)


@pytest.mark.parametrize("name", ["title", "copies", "reserved"])
def test_null_is_read_where_it_is_allowed(name: str) -> None:
    """Null is a value of a field that allows it."""
    assert getattr(read(Drawing, {"shape": CIRCLE, name: None}), name) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        # names
        ({"colr": "red"}, "colr is not a known field, did you mean colour?"),
        ({"size": 1}, "size is not a known field, did you mean sizes?"),
        ({"xyz": 1}, "xyz is not a known field, expected shape, title, copies, colour, filled, sizes, frame, reserved"),
        ({"frame": {"height": 1}}, "frame.height is not a known field, expected width"),
        ({"shape": {"kind": "square", "radius": 1}}, "shape.radius is not a known field, expected kind, side"),
        # kinds
        ({"shape": {"kind": "star"}}, "shape.kind is 'star', must be one of circle, square"),
        ({"shape": {}}, "shape.kind is None, must be one of circle, square"),
        ({"shape": {"kind": ["circle"]}}, "shape.kind is ['circle'], must be one of circle, square"),
        ({"shape": "circle"}, "shape.kind is None, must be one of circle, square"),
        ({"colour": "green"}, "colour is 'green', must be one of red, blue"),
        ({"colour": ["red"]}, "colour is ['red'], must be one of red, blue"),
        # types
        ({"title": 1}, "title is 1, must be a string"),
        ({"copies": "1"}, "copies is '1', must be an integer"),
        ({"copies": 1.0}, "copies is 1.0, must be an integer"),
        ({"copies": True}, "copies is True, must be an integer"),
        ({"shape": CIRCLE | {"radius": True}}, "shape.radius is True, must be a number"),
        ({"shape": CIRCLE | {"radius": "1"}}, "shape.radius is '1', must be a number"),
        ({"filled": 1}, "filled is 1, must be true or false"),
        ({"filled": None}, "filled is None, must be true or false"),
        ({"frame": None}, "frame is None, must be an object"),
        ({"frame": [1]}, "frame is [1], must be an object"),
        ({"reserved": 0}, "reserved is 0, must be null"),
        # numbers
        ({"shape": CIRCLE | {"radius": math.nan}}, "shape.radius is nan, must be a finite number"),
        ({"shape": CIRCLE | {"radius": -math.inf}}, "shape.radius is -inf, must be a finite number"),
        ({"shape": {"kind": "square", "side": math.inf}}, "shape.side is inf, must be a finite number"),
        ({"shape": CIRCLE | {"radius": 0}}, "shape.radius is 0, must be greater than 0"),
        ({"shape": CIRCLE | {"radius": 10.0}}, "shape.radius is 10.0, must be less than 10"),
        ({"copies": 0}, "copies is 0, must be at least 1"),
        ({"copies": 10}, "copies is 10, must be at most 9"),
        ({"frame": {"width": -1}}, "frame.width is -1, must be at least 0"),
        # lists
        ({"sizes": 1}, "sizes is 1, must be a list"),
        ({"sizes": "12"}, "sizes is '12', must be a list"),
        ({"sizes": None}, "sizes is None, must be a list"),
        ({"sizes": [1, 1, 1, 1]}, "sizes has 4 items, must have at most 3"),
        ({"sizes": [0]}, "sizes[0] is 0, must be at least 1"),
        ({"sizes": [1, 5]}, "sizes[1] is 5, must be at most 4"),
        ({"sizes": [1, True]}, "sizes[1] is True, must be an integer"),
        ({"sizes": [[1]]}, "sizes[0] is [1], must be an integer"),
    ],
)
def test_a_bad_value_is_refused_with_its_path(change: dict[str, Any], message: str) -> None:
    """The message says where the value stands, what it is and what it must be."""
    with pytest.raises(SpecError) as caught:
        read(Drawing, {"shape": CIRCLE} | change)
    assert str(caught.value) == message


def test_a_missing_field_is_refused() -> None:
    """A field without a default must be given."""
    with pytest.raises(SpecError, match=r"^shape is missing$"):
        read(Drawing, {})


def test_the_whole_must_be_an_object() -> None:
    """At the top there is no path to name."""
    with pytest.raises(SpecError, match=r"^is \[\], must be an object$"):
        read(Drawing, [])


def test_an_integer_too_large_for_a_float_is_refused() -> None:
    """JSON knows integers of any size; one beyond the floats is out of range, not a crash."""
    with pytest.raises(SpecError, match=r"^copies is 10{56}…, must be at most 9$"):
        read(Drawing, {"shape": CIRCLE, "copies": 10**400})


def test_the_error_carries_path_and_problem() -> None:
    """The path is also there in parts, for machines."""
    with pytest.raises(SpecError) as caught:
        read(Drawing, {"shape": CIRCLE, "sizes": [1, 0]})
    assert caught.value.path == ("sizes", 1)
    assert caught.value.problem == "is 0, must be at least 1"


def test_a_path_given_by_the_caller_comes_first() -> None:
    """A part of a larger document is read with the path at which it stands."""
    with pytest.raises(SpecError, match=r"^drawings\[2\]\.frame is 1, must be an object$"):
        read(Drawing, {"shape": CIRCLE, "frame": 1}, ("drawings", 2))


def test_paths_are_written_as_people_do() -> None:
    """Names are joined by dots, positions stand in brackets."""
    assert dotted(("model", "hidden_sizes", 0)) == "model.hidden_sizes[0]"
    assert dotted((1, "a")) == "[1].a"
    assert dotted(()) == ""


def test_annotations_keep_their_limits() -> None:
    """The limits can be read off the class, so that the HTTP schema is made from the same line."""
    assert split(hints(Circle)["radius"]) == (float, Limits(gt=0, lt=10))
    assert split(hints(Square)["side"]) == (float, Limits())


def test_long_values_are_shortened() -> None:
    """A message does not repeat a whole upload."""
    assert show("a" * 1000) == "'" + "a" * 56 + "…"
