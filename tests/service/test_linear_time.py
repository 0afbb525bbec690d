"""Time to refuse or read hostile text is linear in its size.

Each size is measured in CPU time of the thread, as the least of several, and is large enough to take 10 ms. The exponent of
growth over a fourfold size is 1 for linear work and 2 for quadratic work; the bound stands between.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable
from io import BytesIO
from time import thread_time

import pytest
from starlette.requests import Request
from starlette.types import Message

from core.fields import printable, unknown
from service.api import etags, negotiate, prefer
from service.api.invalid import field_error
from service.errors import ServiceError
from service.query import cursor, parse, tokens
from service.runs.uploads.csv_file import read_csv
from service.runs.uploads.rules import UploadLimits, check_names

BOUND = 1.5
LEAST_SECONDS = 0.01
LARGEST = 1 << 19
STEP = 4


def seconds(work: Callable[[int], object], size: int, times: int = 3) -> float:
    """Return the least CPU time of some calls; what the work refuses counts as done."""
    least = math.inf
    for _ in range(times):
        started = thread_time()
        with contextlib.suppress(ServiceError, ValueError):
            work(size)
        least = min(least, thread_time() - started)
    return least


def exponent(work: Callable[[int], object]) -> float:
    """Return the exponent of growth; 0 if even the largest size takes next to nothing."""
    size = 256
    while seconds(work, size, times=1) < LEAST_SECONDS:
        if size >= LARGEST:
            return 0.0
        size *= 2
    return math.log(seconds(work, STEP * size) / seconds(work, size), STEP)


def is_linear(work: Callable[[int], object]) -> bool:
    """Tell whether one of three measurements grows as linear work does: a busy machine disturbs some of them."""
    return any(exponent(work) < BOUND for _ in range(3))


def quadratic(size: int) -> int:
    """Look at every pair."""
    return sum(1 for i in range(size) for _ in range(i))


def linear(size: int) -> int:
    """Look at every one."""
    return sum(1 for _ in range(size))


def test_the_measure_tells_linear_from_quadratic() -> None:
    """A quadratic function exceeds the bound, and a linear one does not."""
    assert is_linear(linear)
    assert not is_linear(quadratic)


FILTERS: dict[str, Callable[[int], str]] = {
    "digits, then a letter": lambda n: "1" * n + "x",
    "digits and a point, then a letter": lambda n: "1" * n + "." + "1" * n + "x",
    "exponent": lambda n: "1e" + "1" * n + "x",
    "digits of a comparison": lambda n: "seed = " + "1" * n + "x",
    "name, then a sign": lambda n: "a" * n + "..",
    "names with dots": lambda n: "a." * n,
    "single quotes": lambda n: "'" * (2 * n + 1),
    "double quotes": lambda n: '"' * (2 * n + 1),
    "back quotes": lambda n: "`" * (2 * n + 1),
    "quoted parts": lambda n: "`a`." * n + "`",
    "quoted letters, then a letter": lambda n: "`" + "a" * n + "`x",
    "quote that stays open": lambda n: "name = '" + "a" * n,
    "spaces, then a sign": lambda n: " " * n + "!",
    "comparisons": lambda n: "name = 'a' AND " * n,
    "list": lambda n: "status IN (" + "'queued', " * n,
    "brackets": lambda n: "(" * n,
}


@pytest.mark.parametrize("text", FILTERS.values(), ids=FILTERS)
@pytest.mark.parametrize("read", [parse.parse_filter, lambda text: parse.parse_order([text])], ids=["filter", "order_by"])
def test_filter_and_order(monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object], text: Callable[[int], str]) -> None:
    """The grammar is linear by itself, not by its limit of length."""
    monkeypatch.setattr(tokens, "MAX_LENGTH", 1 << 30)
    assert is_linear(lambda n: read(text(n)))


HEADER = b"x,y\n1,1\n2,2\n"
TABLES: dict[str, Callable[[int], bytes]] = {
    "line ends": lambda n: HEADER + b"\n" * n,
    "line ends of Windows": lambda n: HEADER + b"\r\n" * n,
    "lines of a space": lambda n: HEADER + b" \n" * n,
    "blank quotes": lambda n: HEADER + b'""\n' * n,
    "no-break spaces": lambda n: HEADER + b"\xc2\xa0\n" * n,
    "only line ends": lambda n: b"\n" * n,
    "quotes": lambda n: HEADER + b'"' * n,
    "names": lambda n: b",".join(b"c%d" % i for i in range(n)) + b"\n",
    "rows": lambda n: HEADER + b"1,2\n" * n,
    "a long cell": lambda n: HEADER + b"1" * n + b",x\n",
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_csv(table: Callable[[int], bytes]) -> None:
    """No text of a table takes more than linear time."""
    assert is_linear(lambda n: read_csv(BytesIO(table(n)), None, UploadLimits()))


@pytest.mark.parametrize("line", [b"\n", b" \n", b'""\n', b"\xc2\xa0\n"])
def test_thirty_megabytes_of_blank_lines_take_a_moment(line: bytes) -> None:
    """Rows end at the first blank line; the rest is not read a line at a time, which took 83 s."""
    source = BytesIO(HEADER + line * (30_000_000 // len(line)))
    started = thread_time()
    try:
        read_csv(source, None, UploadLimits())
    except ServiceError as error:
        assert "blank, but rows follow" in str(error)  # noqa: PT017 (blank lines of other signs are refused)
    assert thread_time() - started < 5


def extra(n: int) -> object:
    """Describe an unknown key of n letters."""
    name = "k" * n
    return field_error({"type": "extra_forbidden", "loc": ("body", name), "input": name, "msg": "no"}, {name: name})


def request(headers: list[tuple[bytes, bytes]]) -> Request:
    """Return a request with these headers."""
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers})


def form(body: bytes) -> None:
    """Read a multipart body in pieces of 64 KiB."""
    pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)]

    async def receive() -> Message:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    async def read() -> None:
        scope = {**request([(b"content-type", b"multipart/form-data; boundary=b")]).scope, "method": "POST"}
        try:
            async with Request(scope, receive).form(max_files=10, max_fields=10):
                pass
        except Exception as error:  # noqa: BLE001 (whatever it refuses, it shall do so soon)
            assert type(error).__name__ in {"HTTPException", "MultiPartException"}  # noqa: PT017

    asyncio.run(read())


FILE = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
WORDS: dict[str, Callable[[int], object]] = {
    "cursor": lambda n: cursor.read("at_" + "A" * n, parse.parse_order([]), "after"),
    "printable": lambda n: printable("a" * n + "\x85"),
    "unknown name": lambda n: unknown("k" * n, ("kind", "name")),
    "feature names": lambda n: check_names([f"c{i}" for i in range(n)], "column"),
    "unknown key of a body": extra,
    "Accept, ranges": lambda n: negotiate.wanted(request([(b"accept", b"a/b;q=0.1," * n)]), ("text/csv", "a/b")),
    "Accept, semicolons": lambda n: negotiate.wanted(request([(b"accept", b"a/b" + b"; " * n)]), ("a/b",)),
    "Accept, quality": lambda n: negotiate.wanted(request([(b"accept", b"a/b;q=1" + b" " * n + b"x")]), ("a/b",)),
    "If-Match, quotes": lambda n: etags.check("", '"' * (2 * n + 1)),
    "If-Match, weak": lambda n: etags.check("", 'W/"' * n),
    "Prefer": lambda n: prefer.WAIT.fullmatch("wait" + " " * n + "=" + " " * n + "x"),
    "multipart, content": lambda n: form(FILE + b"a" * n + b"\r\n--b--\r\n"),
    "multipart, line ends": lambda n: form(FILE + b"\r\n" * n + b"--b--\r\n"),
    "multipart, near boundaries": lambda n: form(FILE + b"\r\n--" * n + b"\r\n--b--\r\n"),
    "multipart, parts": lambda n: form((FILE + b"\r\n") * n),
    "multipart, header": lambda n: form(b"--b\r\nX: " + b"a" * n),
}


@pytest.mark.parametrize("work", WORDS.values(), ids=WORDS)
def test_words_of_requests(work: Callable[[int], object]) -> None:
    """Names, headers, forms and the errors that name them."""
    assert is_linear(work)
