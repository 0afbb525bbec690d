"""The grammar of filters and orders: what is written parses to itself, and what is wrong is shown where it is."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import SERIES, RunStatus
from service.errors import InvalidInput
from service.query import Attribute, Comparison, Field, Metric, Ordering, Param, Span, Tag, parse_filter, parse_order
from service.query.parse import MAX_CONDITIONS, NULLS, NUMERIC, STATUS, TEXTUAL
from service.query.terms import ATTRIBUTES, EPOCH, METRIC_PARTS, MILLISECOND, PARAMS

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
numbers = st.one_of(st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False))
moments = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (timezones)
spans = st.one_of(
    moments.map(lambda moment: Span(moment, timedelta(microseconds=1))),
    st.integers(0, 10**13).map(lambda ms: Span(EPOCH + ms * MILLISECOND, MILLISECOND)),
)
metrics = st.builds(Metric, st.sampled_from(SERIES), st.sampled_from(METRIC_PARTS))
params = st.builds(Param, st.sampled_from(sorted(PARAMS)))
tags = st.builds(Tag, texts.filter(lambda key: key != "mlflow.runName"))
attributes = {
    kind: st.builds(Attribute, st.sampled_from([n for n, k in ATTRIBUTES.items() if k == kind])) for kind in ("text", "time")
}


def _comparisons(
    fields: st.SearchStrategy[Field], operators: tuple[str, ...], values: st.SearchStrategy[object]
) -> st.SearchStrategy[Comparison]:
    return st.builds(Comparison, fields, st.sampled_from(operators), values)


words = attributes["text"].filter(lambda one: one != STATUS)
comparisons = st.one_of(
    _comparisons(metrics | params, NUMERIC, numbers),
    _comparisons(attributes["time"], NUMERIC, spans),
    _comparisons(tags | params | words, TEXTUAL[:4], texts),
    _comparisons(tags | params | words, TEXTUAL[4:], st.lists(texts, min_size=1, max_size=4).map(tuple)),
    _comparisons(st.just(STATUS), TEXTUAL[:2], st.sampled_from(list(RunStatus))),
    _comparisons(st.just(STATUS), TEXTUAL[2:4], texts),
    _comparisons(st.just(STATUS), TEXTUAL[4:], st.lists(st.sampled_from(list(RunStatus)), min_size=1).map(tuple)),
    _comparisons(st.one_of(metrics, params, tags, *attributes.values()), NULLS, st.none()),
)


@given(st.lists(comparisons, max_size=6))
def test_a_filter_parses_to_itself(conditions: list[Comparison]) -> None:
    """Whatever conditions are written as a text, they are read back as they were."""
    assert parse_filter(" AND ".join(map(str, conditions))) == tuple(conditions)


@given(st.lists(st.builds(Ordering, st.one_of(metrics, params, tags, *attributes.values()), st.booleans()), max_size=5))
def test_an_order_parses_to_itself(keys: list[Ordering]) -> None:
    """Whatever keys are written as texts, they are read back as they were."""
    assert parse_order([str(key) for key in keys]) == tuple(keys)


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            [*"'\"`.()=<>!,-%_ \t\0", "and", "in", "not", "is", "null", "like", "tags", "metrics", "loss", "1e3", "x"]
        ),
        max_size=15,
    ).map("".join)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes anything else happen than a filter or InvalidInput."""
    try:
        conditions = parse_filter(text)
    except InvalidInput:
        return
    assert parse_filter(" AND ".join(map(str, conditions))) == conditions


SAME = [
    ("metrics.val_accuracy>.9 and model.kind='mlp'", "metrics.val_accuracy > 0.9 AND model.kind = 'mlp'"),
    ("metric.`loss` < 1", "metrics.loss < 1"),
    ("`metrics`.loss.last < 1", "metrics.loss < 1"),
    ("params.`optimizer.learning_rate` <= 1e-3", "optimizer.learning_rate <= 0.001"),
    ('param."model.kind" = "mlp"', "model.kind = 'mlp'"),
    ("parameters.model.kind liKE 'm%'", "model.kind LIKE 'm%'"),
    ("tags.mlflow.runName = 'a'", "run_name = 'a'"),
    ("attributes.`Run name` = 'a'", "run_name = 'a'"),
    ("name = 'it''s'", "run_name = 'it''s'"),
    ('name = "it\'s"', "run_name = 'it''s'"),
    ("tags.a.b != ''", "tags.`a.b` != ''"),
    ('tags."a b" is  not\tnull', "tags.`a b` IS NOT NULL"),
    ("tags.`it``s` = 'a'", "tags.`it``s` = 'a'"),
    ("attr.id in ('run_1','run_2')", "run_id IN ('run_1', 'run_2')"),
    ("status NOT\nIN ('failed')", "status NOT IN ('failed')"),
    ("created > 1700000000123", "start_time > 1700000000123"),
    ("finished_at = '2026-01-31T13:00:00+01:00'", "end_time = '2026-01-31T12:00:00+00:00'"),
    ("created_at >= '2026-01-31'", "created_at >= '2026-01-31T00:00:00+00:00'"),
    ("tags.größe = '大'", "tags.`größe` = '大'"),
    (" \t\n", ""),
]


@pytest.mark.parametrize(("text", "same"), SAME)
def test_other_spellings(text: str, same: str) -> None:
    """What MLflow's users write in one way or the other is one thing."""
    assert " AND ".join(map(str, parse_filter(text))) == same


REFUSED = [
    (
        "loss < 1",
        1,
        "expected an attribute, one of run_id, run_name, status, stop_reason, created_at, start_time, end_time, got loss",
    ),
    ("metrics.val_acc > 0.9", 1, "expected a series, one of loss, data_loss"),
    ("metrics.loss.worst > 0.9", 1, "expected a series"),
    ("model.knid = 'mlp'", 1, "expected a field of a run such as model.kind or"),
    ("params.kind = 'mlp'", 1, "expected a field of a run such as "),
    ("spec.model = 'a'", 1, "expected a field that begins with one of model, optimizer, training, dataset, metrics"),
    ("metrics.loss > 'x'", 16, "expected a number for metrics.loss, got 'x'"),
    (
        "metrics.loss LIKE 'x'",
        14,
        "expected a comparator for metrics.loss, one of =, !=, <, <=, >, >=, IS NULL, IS NOT NULL, got LIKE",
    ),
    ("metrics.loss = NaN", 16, "expected a number for metrics.loss, got NaN"),
    ("metrics.loss < 1e999", 16, "expected a finite number, got 1e999"),
    ("metrics.loss <", 15, "expected a number for metrics.loss, got the end"),
    ("metrics.loss", 13, "expected a comparator"),
    ("metrics.loss == 1", 15, "expected a number for metrics.loss, got ="),
    ("metrics.loss ! 1", 14, "expected a field, a comparator or a value, got '! 1'"),
    ("metrics.loss < 1 or metrics.loss > 2", 18, "expected AND or the end (conditions are only joined by AND), got or"),
    ("metrics.loss < 1 metrics.loss > 2", 18, "expected AND or the end"),
    ("metrics.loss < 1 and", 21, "expected a field such as metrics.loss or model.kind, got the end"),
    ("and metrics.loss < 1", 1, "expected an attribute"),
    ("(metrics.loss < 1)", 1, "expected a field such as metrics.loss or model.kind, got ("),
    (
        "status = 'FINISHED'",
        10,
        "expected a status, one of queued, running, paused, succeeded, failed, cancelled, got 'FINISHED'",
    ),
    ("status IN ('failed', 'done')", 22, "expected a status"),
    ("(" * 4000, 1, "expected a field"),
    ("tags.x = 1", 10, "expected a text in quotes for tags.`x`, got 1"),
    ("tags.x = y", 10, "expected a text in quotes"),
    (
        "tags.x < 'y'",
        8,
        "expected a comparator for tags.`x`, one of =, !=, LIKE, ILIKE, IN, NOT IN, IS NULL, IS NOT NULL, got <",
    ),
    ("tags.x = 'y", 10, "expected ' at the end of what begins here, got the end"),
    ("tags.`x = 'y'", 1, "expected a field, a comparator or a value, got \"tags.`x = 'y'\""),
    ("tags.x IN 'y'", 11, "expected a list such as ('a', 'b') for tags.`x`, got 'y'"),
    ("tags.x IN ()", 12, "expected a text in single quotes, got )"),
    ("tags.x IN ('y'", 15, "expected , or ), got the end"),
    ("tags.x IN ('y',)", 16, "expected a text in single quotes, got )"),
    ("tags.x IS", 8, "expected a comparator"),
    ("tags.x IS NOT 3", 8, "expected a comparator"),
    ("model.kind < 'mlp'", 12, "expected a comparator for a text, one of =, !=, LIKE, ILIKE, IN, NOT IN, got <"),
    ("model.kind LIKE 3", 12, "expected a comparator for a number, one of =, !=, <, <=, >, >=, got LIKE"),
    (
        "start_time > 'yesterday'",
        14,
        "expected a time, in milliseconds since 1970 or as '2026-01-31T12:00:00Z', got 'yesterday'",
    ),
    ("start_time > 1e300", 14, "expected a time"),
    ("start_time > 253402300800000", 14, "expected a time"),
    ("end_time < '9999-12-31T23:59:59.999999'", 12, "expected a time"),
    ("name = 'a'; DROP TABLE runs", 11, "expected a field, a comparator or a value, got '; DROP TABLE runs'"),
    ("name = ''; DROP TABLE runs --'", 10, "expected a field"),
    ("name = 'a\0b'", 10, "'\\x00' cannot stand in it"),
    ("name = '\ud800'", 9, "'\\ud800' cannot stand in it"),
    ("name = '\x7f'", 9, "'\\x7f' cannot stand in it"),
]


@pytest.mark.parametrize(
    ("text", "at", "problem"), REFUSED, ids=lambda value: str(value)[:30].encode("ascii", "replace").decode()
)
def test_says_where_and_what(text: str, at: int, problem: str) -> None:
    """A mistake is named with its first character, what was expected there and what came."""
    with pytest.raises(InvalidInput, match=re.escape(f"filter, at character {at}: {problem}")) as caught:
        parse_filter(text)
    assert caught.value.problems[0].path == ("query", "filter")


def test_limits() -> None:
    """A filter that is too long is refused as a whole, and so are too many conditions and keys."""
    with pytest.raises(InvalidInput, match="filter has 10000 characters, must have at most 5000"):
        parse_filter("a" * 10_000)
    condition = "metrics.loss < 1"
    assert len(parse_filter(" and ".join([condition] * MAX_CONDITIONS))) == MAX_CONDITIONS
    with pytest.raises(InvalidInput, match="filter has more than 50 conditions"):
        parse_filter(" and ".join([condition] * (MAX_CONDITIONS + 1)))
    with pytest.raises(InvalidInput, match="order_by has 6 keys, must have at most 5"):
        parse_order(["metrics.loss"] * 6)


def test_an_order_is_refused_like_a_filter() -> None:
    """A key of an order is a field with ASC, DESC or nothing."""
    with pytest.raises(InvalidInput, match="order_by, at character 14: expected ASC, DESC or the end, got up"):
        parse_order(["metrics.loss up"])
    with pytest.raises(
        InvalidInput, match=r"order_by, at character 1: expected a field such as metrics\.loss or model\.kind, got the end"
    ):
        parse_order([""])
