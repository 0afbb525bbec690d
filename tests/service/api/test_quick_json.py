"""Large JSON bodies mean what small ones mean."""

import re

import httpx
import pytest

from service.api.quick_json import LARGE_BYTES
from tests.service.api.conftest import Api

PADDING = b" " * LARGE_BYTES
RUN = b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}, "training": {"steps": %s}}'
BODIES = {
    "as it should be": RUN % b"5",
    "twice the same key": b'{"dataset": {"kind": "xor"}, "model": {"kind": "svm"}, "model": {"kind": "softmax"}}',
    "NaN": RUN % b"NaN",
    "Infinity": RUN % b"-Infinity",
    "beyond floats": RUN % b"1e400",
    "beyond 64 bits": RUN % b"18446744073709551616",
    "too many digits": RUN % (b"1" * 5000),
    "half a surrogate pair": RUN % b'"\\ud800"',
    "NUL": RUN % b'"\\u0000"',
    "no UTF-8": RUN % b'"\xff"',
    "a comma too many": RUN % b"5,",
    "an end too early": b'{"dataset": ',
    "nested": RUN % (b"[" * 300 + b"]" * 300),
    "nested too deeply": RUN % (b"[" * 100_000),
    "an underscore": RUN % b"1_0",
    "a leading zero": RUN % b"05",
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_large_body_is_answered_as_a_small_one(idle: Api, body: bytes) -> None:
    """Status, code and what is wrong are the same, whichever parser reads it; places in the body move by the padding."""
    small, large = (_ask(idle, padding + body) for padding in (b"", PADDING))
    assert large.status_code == small.status_code
    assert _told(large) == _told(small)


def _ask(idle: Api, body: bytes) -> httpx.Response:
    return idle.post("/v1/runs/validate", content=body, headers={"Content-Type": "application/json"})


def _told(answer: httpx.Response) -> object:
    said = answer.json()
    if answer.status_code == 200:
        return said
    return said["code"], re.sub(r"at character \d+", "", said["detail"]), said.get("errors")
