"""Filters and orders in the database mean what they mean in Python."""

import json
import random
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.dialects import postgresql

from service.domain import Run, RunStatus, StopReason
from service.errors import InvalidInput
from service.query import Attribute, Comparison, Field, Metric, Ordering, Param, Span, Tag, cursor, parse_filter, parse_order
from service.query.parse import NUMERIC, STATUS, TEXTUAL
from service.query.terms import EPOCH, MILLISECOND
from service.runs.search import search
from service.store import deletion, runs
from service.store.migrate import upgrade
from service.store.runs import Filters
from service.store.search import Sorting, condition
from service.store.tables import runs as table
from service.store.unit import Database
from tests.service.records import queue_run

MOST = 10**9
SEED = 4
NAMES = [None, "a", "A", "a%b", "a_b", "it's", 'say "x"', "*", "[a]", "größe", "\\", "`", "a" * 200, "'; DROP TABLE runs; --"]
KEYS = ["k", "it's", 'say "x"', "a.b", "\\", "$", "[0]", "größe", "`"]
NUMBERS = [0.0, -0.0, 1, 0.1, 0.30000000000000004, 1e-05, 1e300, 5e-324, 2.5, 1 / 3, -7, 123456789.123456789]
LISTS = [[], [100], [100, 50, 25]]
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {status: status.upper() for status in RunStatus}


def _random_row(rng: random.Random) -> dict[str, Any]:
    """Return columns of a run, with all that can be filtered by."""

    def some(values: list[Any]) -> Any:
        return rng.choice(values)

    def moment() -> datetime:
        return START + timedelta(microseconds=some([0, 1, 999, 1000, 1500, 10**9]))

    def summary() -> dict[str, Any]:
        return {"last": some([None, *NUMBERS]), "best": some([None, *NUMBERS]), "best_step": some([None, 0, 7])}

    svm = {"kind": "svm", "margin": some(NUMBERS)}
    mlp = {"kind": "mlp", "hidden_sizes": some(LISTS), "reg": some(NUMBERS)}
    sgd = {"kind": "sgd", "learning_rate": some(NUMBERS), "nesterov": some([True, False]), "clip": some([None, 5.0])}
    training = {"batch_size": some([None, 32, "32"]), "early_stopping": some([None, {"patience": some([1, 20])}])}
    return {
        "name": some(NAMES),
        "status": some(list(RunStatus)),
        "stop_reason": some([None, *StopReason]),
        "tags": {key: some(NAMES[1:]) for key in rng.sample(KEYS, rng.randint(0, 4))},
        "metrics": {name: summary() for name in rng.sample(["loss", "val_loss", "train_accuracy"], rng.randint(0, 3))},
        "spec": {"version": 1, "model": some([svm, mlp]), "optimizer": sgd, "training": training},
        "dataset": some([{"kind": "spiral", "noise": some(NUMBERS)}, {"kind": "stored", "id": "ds_1"}]),
        "created_at": moment(),
        "started_at": some([None, moment()]),
        "finished_at": some([None, moment()]),
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Database, list[Run]]]:
    """Keep 120 runs of all sorts."""
    url = f"sqlite:///{tmp_path_factory.mktemp('search') / 'test.sqlite3'}"
    upgrade(url)
    database, rng = Database(url), random.Random(SEED)
    template = queue_run(database)

    def fill(db: Any) -> None:
        for number in range(120):
            runs.add(db, Run(**{**vars(template), "id": f"run_{number:03}", "last_event": 0}), None)
            db.execute(update(table).where(table.c.id == f"run_{number:03}").values(**_random_row(rng)))
        deletion.remove(db, template.id, [RunStatus.QUEUED])

    database.write(fill)
    stored = database.read(lambda db: runs.page(db, Filters(), after=None, limit=1000, newest_first=False, most_bytes=MOST))
    yield database, stored.rows
    database.close()


def _value(run: Run, field: Field, *, numeric: bool) -> Any:
    """Say what a field of a run is, in Python."""
    known = {
        "run_id": run.id,
        "run_name": run.name,
        "status": run.status,
        "stop_reason": run.stop_reason,
        "created_at": run.created_at,
        "start_time": run.started_at or run.created_at,
        "end_time": run.finished_at,
    }
    match field:
        case Attribute(name):
            return known[name]
        case Metric(series, part):
            return run.metrics.get(series, {}).get(part)
        case Tag(key):
            return run.tags.get(key)
        case Param(path):
            return _param(run, path, numeric=numeric)


def _param(run: Run, path: tuple[str, ...], *, numeric: bool) -> Any:
    value: Any = {**run.spec, "dataset": run.dataset}
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if numeric:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if isinstance(value, str | None) else json.dumps(value)


def _like(text: str, pattern: str, flags: int = 0) -> bool:
    sql = {"%": ".*", "_": "."}
    return re.fullmatch("".join(sql.get(sign, re.escape(sign)) for sign in pattern), text, flags | re.DOTALL) is not None


def _holds(run: Run, wanted: Comparison) -> bool:
    """Say whether a condition holds, in Python."""
    value: Any = wanted.value
    has = _value(run, wanted.field, numeric=isinstance(value, int | float))
    if wanted.operator in ("IS NULL", "IS NOT NULL"):
        return (has is None) == (wanted.operator == "IS NULL")
    if has is None:
        return False
    if isinstance(value, Span):  # what was not given as finely as the clock, is compared as coarsely
        has, value = (has - EPOCH) // value.width, (value.start - EPOCH) // value.width
    tests: dict[str, Callable[[], bool]] = {
        "=": lambda: has == value,
        "!=": lambda: has != value,
        "<": lambda: has < value,
        "<=": lambda: has <= value,
        ">": lambda: has > value,
        ">=": lambda: has >= value,
        "LIKE": lambda: _like(has, value),
        "ILIKE": lambda: _like(has, value, re.IGNORECASE),
        "IN": lambda: has in value,
        "NOT IN": lambda: has not in value,
    }
    return tests[wanted.operator]()


SOME = ("run_007", "mlp", "ds_1", "[100, 50, 25]", "true", "0.1", "1e-05")
texts = st.sampled_from([*NAMES[1:], *KEYS, *RunStatus, *StopReason, *SOME])
signs = st.sampled_from(["%", "_", "a", "A", "*", "?", "[", "]", "'", "\\", "e", "1", "."])
patterns = st.lists(signs, max_size=4).map("".join) | texts
numbers = st.sampled_from(NUMBERS) | st.floats(-10, 10)
spans = st.integers(0, 2000).map(lambda us: Span(START + timedelta(microseconds=us), timedelta(microseconds=1))) | st.integers(
    -1, 3
).map(lambda ms: Span(START + ms * MILLISECOND, MILLISECOND))
metrics = st.builds(Metric, st.sampled_from(["loss", "val_loss", "grad_norm"]), st.sampled_from(["last", "best", "best_step"]))
PATHS = [
    "model.kind", "model.margin", "model.reg", "model.hidden_sizes", "optimizer.learning_rate", "optimizer.nesterov",
    "optimizer.clip", "training.batch_size", "training.early_stopping.patience", "dataset.kind", "dataset.noise", "dataset.id",
]  # fmt: skip
params = st.sampled_from([Param(tuple(path.split("."))) for path in PATHS])
tags = st.builds(Tag, st.sampled_from([*KEYS, "other"]))
words = st.sampled_from([Attribute(name) for name in ("run_id", "run_name", "status", "stop_reason")])
times = st.sampled_from([Attribute(name) for name in ("created_at", "start_time", "end_time")])
fields = st.one_of(metrics, params, tags, words, times)


def _made(of: Any, operators: tuple[str, ...], values: Any) -> st.SearchStrategy[Comparison]:
    return st.builds(Comparison, of, st.sampled_from(operators), values)


comparisons = st.one_of(
    _made(metrics | params, NUMERIC, numbers),
    _made(times, NUMERIC, spans),
    _made(tags | params | words, ("=", "!="), texts),
    _made(tags | params | words, ("LIKE", "ILIKE"), patterns),
    _made(tags | params | words, ("IN", "NOT IN"), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    _made(fields, ("IS NULL", "IS NOT NULL"), st.none()),
)


def _sensible(one: Comparison) -> bool:
    """Whether a status is compared with one."""
    named = one.value if isinstance(one.value, tuple) else (one.value,)
    return one.field != STATUS or one.operator not in ("=", "!=", "IN", "NOT IN") or set(named) <= set(RunStatus)


keep = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


class TestFilter:
    """Filters."""

    @settings(keep, max_examples=400)
    @given(wanted=st.lists(comparisons.filter(_sensible), min_size=1, max_size=2))
    def test_means_what_it_means_in_python(self, stored: tuple[Database, list[Run]], wanted: list[Comparison]) -> None:
        """A filter, written as a text, finds those runs for which each condition holds."""
        database, everything = stored
        where = parse_filter(" and ".join(map(str, wanted)))
        found = search(database, Filters(where=where), (), after=None, limit=1000, most_bytes=MOST, newest_first=False).runs
        assert [run.id for run in found] == [run.id for run in everything if all(_holds(run, one) for one in wanted)]

    def test_every_operator_finds_and_leaves_out(self, stored: tuple[Database, list[Run]]) -> None:
        """The comparison above is of something: each operator has hits and misses in these runs."""
        database, everything = stored
        for text in (
            *(f"metrics.loss {sign} 0.1" for sign in NUMERIC),
            *(f"start_time {sign} {(START - EPOCH) // MILLISECOND + 1}" for sign in NUMERIC),
            *(f"name {sign} 'a'" for sign in TEXTUAL[:2]),
            "name LIKE '%a%'", "name ILIKE 'A'", "tags.`it's` IN ('a', 'A')", "model.kind NOT IN ('svm')", "tags.k IS NULL",
            "training.batch_size IS NOT NULL", "optimizer.nesterov = 'true'", "model.hidden_sizes = '[100, 50, 25]'",
            "optimizer.learning_rate = '1e-05'", "status = 'failed'", "training.batch_size = 32", "training.batch_size = '32'",
        ):  # fmt: skip
            found = search(
                database, Filters(where=parse_filter(text)), (), after=None, limit=1000, most_bytes=MOST, newest_first=False
            ).runs
            assert 0 < len(found) < len(everything), text

    def test_status_in_the_words_of_the_client(self, stored: tuple[Database, list[Run]]) -> None:
        """A client that has other words for a status filters by them."""
        database, everything = stored
        filters = Filters(where=parse_filter("status LIKE 'F%'"), words=WORDS)
        found = search(database, filters, (), after=None, limit=1000, most_bytes=MOST, newest_first=False).runs
        assert [run.id for run in found] == [run.id for run in everything if run.status is RunStatus.FAILED]
        assert found

    def test_a_pattern_of_nothing_but_wildcards_is_quick(self, stored: tuple[Database, list[Run]]) -> None:
        """A pattern made to be slow is not."""
        database, _ = stored
        where = parse_filter("name LIKE '" + "%a" * 2000 + "%b'")
        assert search(database, Filters(where=where), (), after=None, limit=10, most_bytes=MOST, newest_first=True).runs == []


def _sort_key(run: Run, keys: tuple[Ordering, ...]) -> list[Any]:
    """Say where a run stands, in Python: lists that compare as the runs do."""
    return [
        (True,) if value is None else (False, _Backwards(value) if key.descending else value)
        for key in keys
        for numeric in ((True, False) if isinstance(key.field, Param) else (False,))
        for value in [_value(run, key.field, numeric=numeric)]
    ]


class _Backwards:
    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: "_Backwards") -> bool:
        return bool(other.value < self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Backwards) and other.value == self.value

    __hash__ = None  # type: ignore[assignment]


class TestOrder:
    """Orders and their pages."""

    @settings(keep, max_examples=60)
    @given(
        keys=st.lists(st.builds(Ordering, fields, st.booleans()), min_size=1, max_size=3),
        size=st.integers(7, 60),
        newest=st.booleans(),
    )
    def test_pages_are_the_order_of_python(
        self, stored: tuple[Database, list[Run]], keys: list[Ordering], size: int, *, newest: bool
    ) -> None:
        """Page by page, every run comes once, in the order that Python sorts them into; those without a value last."""
        database, everything = stored
        parsed, walked, after = parse_order(list(map(str, keys))), [], None
        while True:
            page = search(database, Filters(), parsed, after=after, limit=size, most_bytes=MOST, newest_first=newest)
            walked += [run.id for run in page.runs]
            after = page.next_after
            if after is None:
                break
            assert len(page.runs) == size
        expected = sorted(everything[::-1] if newest else everything, key=lambda run: _sort_key(run, parsed))
        assert walked == [run.id for run in expected]

    def test_pages_hold_while_runs_change(self, database: Database) -> None:
        """A run that changes or goes between pages makes no other be repeated or skipped, even if the page ended with it."""
        made = [queue_run(database).id for _ in range(9)]
        losses = dict(zip(made, (0.1, 0.2, 0.3, 0.3, 0.3, 0.6, 0.7, 0.8, 0.9), strict=True))

        def learn(run_id: str, loss: float) -> None:
            values = {"metrics": {"loss": {"last": loss, "best": loss, "best_step": 0}}}
            database.write(lambda db: db.execute(update(table).where(table.c.id == run_id).values(**values)))

        for run_id, loss in losses.items():
            learn(run_id, loss)
        keys = parse_order(["metrics.loss"])
        first = search(database, Filters(), keys, after=None, limit=4, most_bytes=MOST, newest_first=False)
        assert [run.id for run in first.runs] == made[:4]
        learn(made[3], 5.0)  # the last one of the page goes to the end
        learn(made[0], 0.0)
        database.write(lambda db: deletion.remove(db, made[1], [RunStatus.QUEUED]))
        second = search(database, Filters(), keys, after=first.next_after, limit=4, most_bytes=MOST, newest_first=False)
        assert [run.id for run in second.runs] == made[4:8]
        database.write(lambda db: deletion.remove(db, made[7], [RunStatus.QUEUED]))
        third = search(database, Filters(), keys, after=second.next_after, limit=4, most_bytes=MOST, newest_first=False)
        assert [run.id for run in third.runs] == [made[8], made[3]]
        assert third.next_after is None


def test_postgresql_has_a_counterpart() -> None:
    """Every condition and every order can be written for PostgreSQL, without a function of SQLite's."""
    texts = ["metrics.loss < 1", "model.kind = 'a'", "model.reg = 1", "tags.`a'b` = 'x'", "name LIKE 'a%'", "end_time > 5"]
    texts.append("tags.k ILIKE 'A'")
    conditions = [condition(one) for text in texts for one in parse_filter(text)]
    sorting = Sorting(parse_order(["metrics.loss DESC", "model.reg", "tags.k", "name", "end_time"]), newest_first=True)
    conditions.append(sorting.after([1.0, None, "x", "y", "z", START], "run_1"))
    for one in [*conditions, *sorting.clauses()]:
        sql = str(one.compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
        assert not re.search(r"json_extract|json_type\b|json_each|GLOB|->(?!>)", sql), sql


def test_a_cursor_holds_only_for_its_order() -> None:
    """A place written for one order is refused by another, and so is whatever was not written by us."""
    keys = parse_order(["metrics.loss", "end_time", "model.reg"])
    place = cursor.write(keys, [0.1, START, None, "x"], "run_1")
    assert cursor.read(place, keys, "after") == ([0.1, START, None, "x"], "run_1")
    with pytest.raises(InvalidInput, match="after is not what a page of this order gave"):
        cursor.read(place, parse_order(["metrics.loss DESC", "end_time", "model.reg"]), "after")


@pytest.mark.parametrize(
    "made",
    [
        "", "x", "[]", "{}", "[[],[],1]", '["NAME",[],"run_1"]', '["NAME",["0.1"],"run_1"]', '["NAME",[NaN],"run_1"]',
        '["NAME",[true],"run_1"]', '["NAME",[0.1],7]', f'["NAME",[{2**63}],"run_1"]', '["NAME",[1],"run_\\ud800"]',
        '["NAME",[1],"run_\\u0000"]', "[" * 9000, '["NAME",[{}],"run_1"]', '["NAME",[1],"run_1",2]', '["name",[1],"run_1"]',
        '[["NAME"],[1],"run_1"]', "9" * 5000,
    ],
)  # fmt: skip
def test_a_made_up_cursor_is_refused(made: str) -> None:
    """Nothing but what was written by us reaches the database."""
    keys = parse_order(["metrics.loss"])
    made = made.replace("NAME", cursor.name_of(keys))
    for text in (made, "at_" + urlsafe_b64encode(made.encode()).decode().rstrip("="), "at_" + made):
        with pytest.raises(InvalidInput, match="after is not what a page of this order gave"):
            cursor.read(text, keys, "after")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "2026-13-01", ""])
def test_a_made_up_time_is_refused(moment: str) -> None:
    """A time that is none, or that leaves the calendar in UTC, is no more a place than any other text."""
    keys = parse_order(["created_at"])
    place = cursor.PREFIX + urlsafe_b64encode(json.dumps([cursor.name_of(keys), [moment], "run_1"]).encode()).decode()
    with pytest.raises(InvalidInput, match="after is not what a page of this order gave"):
        cursor.read(place, keys, "after")


def test_a_cursor_of_the_longest_values_is_taken() -> None:
    """However long names, tags and keys are, the place after a run fits into what `after` takes."""
    keys = parse_order([f"tags.`{'k' * 4900}{number}`" for number in range(5)])
    place = cursor.write(keys, ["\U0001f600" * 500] * 5, "run_" + "0" * 26)
    assert len(place) < 20_000
    assert cursor.read(place, keys, "after")[0][0] == "\U0001f600" * 500
