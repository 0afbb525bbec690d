"""Values inside JSON columns, in the words of each database.

SQLAlchemy's own `column[path]` is not enough: on SQLite it makes 1 of true, a number of what may be a text, and its path
breaks at a quote in a key.
"""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Double, Text, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class JsonNumber(FunctionElement[float]):
    """The number at a path of plain names in a JSON column; NULL if there is none or it is no number."""

    type = Double()
    inherit_cache = True
    name = "json_number"

    def __init__(self, column: ColumnElement[Any], path: tuple[str, ...]) -> None:
        super().__init__(column, literal("$." + ".".join(path)), literal("{" + ",".join(path) + "}"))


class JsonText(JsonNumber):
    """The value at a path of plain names as a text: a text without quotes, anything else as JSON; NULL if it is null."""

    type = Text()  # type: ignore[assignment]
    inherit_cache = True
    name = "json_text"


class JsonMember(FunctionElement[str]):
    """The text under a key, which may be any, of an object of texts."""

    type = Text()
    inherit_cache = True
    name = "json_member"

    def __init__(self, column: ColumnElement[Any], key: str) -> None:
        super().__init__(column, literal(key))


class Like(FunctionElement[bool]):
    """Whether a text is like a pattern with % and _, large and small letters being different."""

    type = Boolean()
    inherit_cache = True
    name = "like"

    def __init__(self, text: ColumnElement[Any], pattern: str) -> None:
        glob = "".join({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}.get(sign, sign) for sign in pattern)
        super().__init__(text, literal(pattern), literal(glob))


class ILike(Like):
    """The same, large and small letters being one (on SQLite, those of ASCII)."""

    inherit_cache = True
    name = "ilike"


@compiles(JsonNumber, "sqlite")
def _number_sqlite(element: JsonNumber, compiler: SQLCompiler, **kw: Any) -> str:
    column, path, _ = _written(element, compiler, kw)
    return f"CASE WHEN json_type({column}, {path}) IN ('integer', 'real') THEN json_extract({column}, {path}) END"


@compiles(JsonNumber, "postgresql")
def _number_postgresql(element: JsonNumber, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, path = _written(element, compiler, kw)
    value = f"CAST({column} #>> CAST({path} AS TEXT[]) AS DOUBLE PRECISION)"
    return f"CASE WHEN json_typeof({column} #> CAST({path} AS TEXT[])) = 'number' THEN {value} END"


@compiles(JsonText, "sqlite")
def _text_sqlite(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    column, path, _ = _written(element, compiler, kw)
    return (
        f"CASE json_type({column}, {path}) WHEN 'null' THEN NULL WHEN 'text' THEN json_extract({column}, {path}) "
        f"WHEN 'array' THEN replace({column} -> {path}, ',', ', ') ELSE {column} -> {path} END"
    )  # of a list, SQLite drops the spaces


@compiles(JsonText, "postgresql")
def _text_postgresql(element: JsonText, compiler: SQLCompiler, **kw: Any) -> str:
    column, _, path = _written(element, compiler, kw)
    return f"({column} #>> CAST({path} AS TEXT[]))"


@compiles(JsonMember, "sqlite")
def _member_sqlite(element: JsonMember, compiler: SQLCompiler, **kw: Any) -> str:
    column, key = _written(element, compiler, kw)
    return f"(SELECT value FROM json_each({column}) WHERE key = {key})"  # noqa: S608 (a column and a bound value)


@compiles(JsonMember, "postgresql")
def _member_postgresql(element: JsonMember, compiler: SQLCompiler, **kw: Any) -> str:
    column, key = _written(element, compiler, kw)
    return f"({column} ->> CAST({key} AS TEXT))"


@compiles(Like, "sqlite")
def _like_sqlite(element: Like, compiler: SQLCompiler, **kw: Any) -> str:
    text, _, glob = _written(element, compiler, kw)
    return f"({text} GLOB {glob})"  # its LIKE takes A for a


@compiles(Like, "postgresql")
def _like_postgresql(element: Like, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern, _ = _written(element, compiler, kw)
    return f"({text} LIKE {pattern} ESCAPE '')"


@compiles(ILike, "sqlite")
def _ilike_sqlite(element: ILike, compiler: SQLCompiler, **kw: Any) -> str:
    text, _, glob = _written(element, compiler, kw)
    return f"(lower({text}) GLOB lower({glob}))"


@compiles(ILike, "postgresql")
def _ilike_postgresql(element: ILike, compiler: SQLCompiler, **kw: Any) -> str:
    text, pattern, _ = _written(element, compiler, kw)
    return f"({text} ILIKE {pattern} ESCAPE '')"


def _written(element: FunctionElement[Any], compiler: SQLCompiler, kw: dict[str, Any]) -> list[str]:
    return [compiler.process(clause, **kw) for clause in element.clauses]
