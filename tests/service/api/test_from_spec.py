"""The HTTP schemas are derived from the core's specs: both accept and refuse the same values."""

import dataclasses
import math
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

import pytest
from fastapi import FastAPI
from pydantic import TypeAdapter, ValidationError

from core.errors import SpecError
from core.fields import Limits, hints, read, split
from core.spec import (
    Balanced,
    ClassWeightsSpec,
    Constant,
    EarlyStopping,
    Mlp,
    ModelSpec,
    OptimizerSpec,
    PerClass,
    ScheduleSpec,
    Sgd,
    Spiral,
    StepDecay,
    SyntheticSpec,
    Target,
    Text,
    Training,
)
from service.api.from_spec import FromSpec, schema_of
from service.api.schemas import RunCreate
from service.app import create_app
from service.domain import StoredDataset
from service.settings import Settings

UNIONS = (SyntheticSpec, ModelSpec, OptimizerSpec)
Spec = Any  # a dataclass; mypy knows neither that every class is hashable nor what these take
SPECS: list[Spec] = [
    *(spec for union in (*UNIONS, ScheduleSpec) for spec in get_args(union)),
    Training,
    EarlyStopping,
    Target,
    *get_args(ClassWeightsSpec),
    StoredDataset,
    Text,
]
FIELDS = [pytest.param(spec, name, id=f"{spec.__name__}-{name}") for spec in SPECS for name in hints(spec)]
REQUIRED: dict[Spec, dict[str, Any]] = {
    StoredDataset: {"id": "ds_1"},
    Text: {"text": "ab"},
    StepDecay: {"every": 10},
    Target: {"value": 0.5},
    PerClass: {"weights": [1.0]},
}

LEAST: dict[Spec, dict[str, Any]] = {
    EarlyStopping: {},
    Target: REQUIRED[Target],
    Constant: {"kind": "constant"},
    Balanced: {"kind": "balanced"},
}
"""The shortest value of each field that is a spec itself; of a union, of its first member."""


def bare_type(spec: Spec, name: str) -> tuple[Any, Limits, bool]:
    """Return the type of a field without null, its limits, and whether it takes null."""
    bare, limits = split(hints(spec)[name])
    members = [member for member in get_args(bare) if member is not NoneType]
    optional = bare is NoneType or NoneType in get_args(bare)
    return (members[0] if optional and members else bare), limits, optional


def beside(limits: Limits, kind: type) -> Iterator[tuple[Any, bool]]:
    """Yield values on, just inside and just beyond each bound, and whether they are allowed."""

    def next_to(bound: float, towards: float) -> Any:
        return int(bound) + (1 if towards > bound else -1) if kind is int else math.nextafter(bound, towards)

    for bound, outside, allowed in (
        (limits.ge, -math.inf, True),
        (limits.gt, -math.inf, False),
        (limits.le, math.inf, True),
        (limits.lt, math.inf, False),
    ):
        if bound is not None:
            yield kind(bound), allowed
            yield next_to(bound, outside), False
            yield next_to(bound, -outside), True


def probes(spec: Spec, name: str) -> Iterator[tuple[Any, bool]]:
    """Yield values for a field and whether they are allowed."""
    bare, limits, optional = bare_type(spec, name)
    yield None, optional
    yield {}, bare is EarlyStopping  # all its fields have defaults; a schedule needs its kind
    if bare is int or bare is float:
        yield from beside(limits, bare)
        yield from (("1", False), (True, False), (math.nan, False), (math.inf, False), (-math.inf, False), (2**63, False))
        yield from ((10**400, False), (1e308, False), (0.5, bare is float and limits.problem(0.5) is None))
        yield 1.0, bare is float and limits.problem(1.0) is None
        yield 1, limits.problem(1) is None
    elif bare is bool:
        yield from ((True, True), (False, True), (0, False), (1, False), ("true", False))
    elif bare is str:
        yield from (("", True), ("ds_1", True), (1, False), (["ds_1"], False))
    elif get_origin(bare) is Literal:
        yield from ((choice, True) for choice in get_args(bare))
        yield from (("", False), (str(get_args(bare)[0]).upper(), False), (0, False))
    elif get_origin(bare) is tuple:
        item = get_args(bare)[0]
        yield from (([value], allowed) for value, allowed in beside(limits, item))
        yield from (
            ([], True),
            ([1.0], item is float),
            (["1"], False),
            ([None], False),
            ([[1]], False),
            (1, False),
            ("11", False),
        )
        most = limits.max_length or 0
        yield from (([1] * most, True), ([1] * (most + 1), False))
    else:
        least = LEAST.get(bare)
        assert least is not None, f"no probes for {bare}"
        yield from ((least, True), ({**least, "colour": 1}, False), ({"kind": "sudden"}, False), ([least], False))
        yield from ((0, False), (False, False), ("", False))


def core_takes(spec: Spec, value: dict[str, Any]) -> Any:
    """Return the spec that the core reads, or None."""
    try:
        return read(spec, value)
    except SpecError:
        return None


def http_takes(spec: Spec, value: dict[str, Any]) -> Any:
    """Return the spec that a request with this value gives, or None."""
    taker: TypeAdapter[Any] = TypeAdapter(Annotated[spec, FromSpec()])
    try:
        return taker.validate_python(value)
    except ValidationError:
        return None


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """Make an application, which is not started."""
    return create_app(Settings(data_dir=tmp_path_factory.mktemp("app"), database_url=None, workers=0))


@pytest.mark.parametrize("spec", SPECS)
def test_same_fields_and_defaults(spec: Spec) -> None:
    """A request has the fields of the core's spec, in its order, with its defaults."""
    fields = {field.name: field for field in dataclasses.fields(spec)}
    schema = schema_of(spec).model_fields
    assert list(schema) == list(fields)
    for name, field in fields.items():
        assert schema[name].is_required() == (field.default is dataclasses.MISSING)
        if not schema[name].is_required():
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            assert schema[name].default == default
    assert read(spec, schema_of(spec)(**REQUIRED.get(spec, {})).model_dump()) == read(spec, REQUIRED.get(spec, {}))


@pytest.mark.parametrize(("spec", "name"), FIELDS)
def test_same_limits(spec: Spec, name: str) -> None:
    """On, inside and beyond each bound, and for each wrong type, core and HTTP agree on what is allowed."""
    for value, allowed in probes(spec, name):
        plain = {**REQUIRED.get(spec, {}), name: value}
        by_core, by_http = core_takes(spec, plain), http_takes(spec, plain)
        assert (by_core is not None) == allowed, f"core: {name} = {value!r}"
        assert (by_http is not None) == allowed, f"http: {name} = {value!r}"
        assert by_core == by_http


@pytest.mark.parametrize("spec", SPECS)
def test_unknown_field(spec: Spec) -> None:
    """Neither core nor HTTP takes a field that it does not know."""
    plain = {**REQUIRED.get(spec, {}), "colour": "red"}
    assert core_takes(spec, plain) is http_takes(spec, plain) is None


@pytest.mark.parametrize("spec", SPECS)
def test_json_numbers_stay_numbers(spec: Spec) -> None:
    """An integer is a number: where the core takes a float, HTTP takes 1 as well, and both read it as 1.0."""
    for name in hints(spec):
        bare, limits, _ = bare_type(spec, name)
        plain = {**REQUIRED.get(spec, {}), name: 1}
        if bare is float and limits.problem(1) is None:
            for taken in (core_takes(spec, plain), http_takes(spec, plain)):
                assert isinstance(getattr(taken, name), float)


def test_request_hands_on_the_cores_specs() -> None:
    """What a request becomes is the core's frozen dataclasses, not a copy of them."""
    body = {"dataset": {"kind": "spiral"}, "model": {"kind": "mlp", "hidden_sizes": [5]}}
    request = RunCreate.model_validate(body).to_request()
    assert request.dataset == Spiral()
    assert request.spec.model == Mlp(hidden_sizes=(5,))
    assert request.spec.optimizer == Sgd()
    assert request.spec.training == Training()


def test_kind_chooses_the_spec() -> None:
    """`kind` decides which spec of a union is meant; it must be there and be known."""
    for union, part in ((SyntheticSpec, "dataset"), (ModelSpec, "model"), (OptimizerSpec, "optimizer")):
        for spec in get_args(union):
            body = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, part: {"kind": spec().kind}}
            assert getattr(RunCreate.model_validate(body), part) == spec()
        wrongs: list[Any] = [{}, {"kind": "forest"}, {"kind": None}, {"kind": ["sgd"]}, []]
        for wrong in wrongs:
            body = {"dataset": {"kind": "spiral"}, "model": {"kind": "softmax"}, part: wrong}
            with pytest.raises(ValidationError):
                RunCreate.model_validate(body)


@pytest.mark.parametrize(("spec", "name"), FIELDS)
def test_openapi_documents_meaning_and_bounds(app: FastAPI, spec: Spec, name: str) -> None:
    """The API's documentation has the meaning, the default and the bounds of each field, as the core has them."""
    documented = app.openapi()["components"]["schemas"][spec.__name__]["properties"][name]
    bare, limits, optional = bare_type(spec, name)
    assert documented.get("description", "") == limits.doc
    assert name == "kind" or limits.doc, "a field without an explanation"
    default = next(field.default for field in dataclasses.fields(spec) if field.name == name)
    if default is not dataclasses.MISSING and default is not None:
        assert documented["default"] == (list(default) if isinstance(default, tuple) else default)
    shown = documented["anyOf"][0] if optional and "anyOf" in documented else documented
    shown = shown["items"] if get_origin(bare) is tuple else shown
    bounds = {"minimum": limits.ge, "exclusiveMinimum": limits.gt, "maximum": limits.le, "exclusiveMaximum": limits.lt}
    assert {key: shown.get(key) for key in bounds} == bounds
    if limits.max_length is not None:
        assert documented["maxItems"] == limits.max_length
    if get_origin(bare) is Literal and name != "kind":
        assert documented["enum"] == list(get_args(bare))


@pytest.mark.parametrize("spec", SPECS)
def test_openapi_documents_the_spec(app: FastAPI, spec: Spec) -> None:
    """The API's documentation says what each spec is, and that it takes no other fields."""
    documented = app.openapi()["components"]["schemas"][spec.__name__]
    assert documented["description"] == spec.__doc__
    assert documented["additionalProperties"] is False
