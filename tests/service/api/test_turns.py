"""Turns of costly requests: shared out among owners, given up by who goes."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from core.evaluate import TextEvaluator
from core.types import never
from service.actor import NOBODY, Permission
from service.api.turns import Turns
from service.errors import Busy, TooManyRequests
from service.runs import api_keys, evaluate
from tests.service.api.conftest import Api, serving

TEXT = "the quick brown fox jumps over the lazy dog. " * 400


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Line:
    """Requests that have a turn until they are told to end."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.ends: dict[str, asyncio.Event] = {}
        self.gone: dict[str, asyncio.Future[None]] = {}

    def ask(self, name: str) -> None:
        """Ask for a turn; the owner is the first letter."""
        self.ends[name] = asyncio.Event()
        self.gone[name] = asyncio.get_running_loop().create_future()
        self.tasks[name] = asyncio.create_task(self._have(name))

    async def _have(self, name: str) -> None:
        async with self._turns.turn(name[0], self.gone[name]):
            self.inside.append(name)
            await self.ends[name].wait()
        self.inside.remove(name)

    async def end(self, name: str) -> None:
        """Let one end."""
        self.ends[name].set()
        await self.tasks[name]
        await _settle()


def test_one_turn_is_left_for_another_owner() -> None:
    """Whoever asks first and most has all but one."""

    async def check() -> None:
        line = Line(Turns(4, 100))
        for i in range(6):
            line.ask(f"a{i}")
        await _settle()
        assert line.inside == ["a0", "a1", "a2"]
        line.ask("b0")
        await _settle()
        assert line.inside == ["a0", "a1", "a2", "b0"]
        for name in ("a0", "a1", "a2", "b0", "a3", "a4", "a5"):
            await line.end(name)
        assert line.inside == []

    asyncio.run(check())


def test_owners_take_turns() -> None:
    """Of those who wait, one that has few turns goes before one that has many, whenever they came."""

    async def check() -> None:
        line = Line(Turns(2, 100))
        for name in ("a0", "b0", "a1", "a2", "c0", "b1"):
            line.ask(name)
        await _settle()
        order = list(line.inside)
        while line.inside:
            await line.end(line.inside[0])
            order += [name for name in line.inside if name not in order]
        assert order == ["a0", "b0", "a1", "b1", "c0", "a2"]

    asyncio.run(check())


def test_nobody_may_have_all() -> None:
    """A server without keys has one owner of everything."""

    async def check() -> None:
        turns = Turns(3, 100)
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        async with turns.turn(NOBODY, never), turns.turn(NOBODY, never), turns.turn(NOBODY, never):
            pass

    asyncio.run(check())


def test_who_goes_loses_the_place() -> None:
    """A client that has gone, or a request that is cancelled, is passed over, and its turn is not lost."""

    async def check() -> None:
        line = Line(Turns(1, 100))
        for name in ("a0", "b0", "c0", "d0"):
            line.ask(name)
        await _settle()
        line.gone["b0"].set_result(None)
        line.tasks["c0"].cancel()
        await _settle()
        with pytest.raises(Busy):
            await line.tasks["b0"]
        await line.end("a0")
        assert line.inside == ["d0"]
        await line.end("d0")
        line.ask("e0")
        await _settle()
        assert line.inside == ["e0"]
        await line.end("e0")

    asyncio.run(check())


def test_the_line_of_an_owner_has_an_end() -> None:
    """One more is refused with the limit and its setting; other owners wait on."""

    async def check() -> None:
        line = Line(Turns(1, 2))
        for name in ("a0", "a1", "a2", "a3", "b0"):
            line.ask(name)
        await _settle()
        with pytest.raises(TooManyRequests, match=r"at most 2 \(POSTGRAD_MAX_COSTLY_WAITING_PER_KEY\)"):
            await line.tasks["a3"]
        for name in ("a0", "a1", "a2", "b0"):
            line.ends[name].set()
        await asyncio.gather(*(line.tasks[name] for name in ("a0", "a1", "a2", "b0")))

    asyncio.run(check())


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, dict[str, dict[str, str]]]]:
    """Run a server with two owners; the first has a run of text."""
    with serving(tmp_path_factory.mktemp("turns"), workers=1, commit_interval_seconds=0.05) as api:
        database = api.app.state.parts.database
        headers = {}
        for name, scope in (("admin", Permission.ADMIN), ("a", Permission.TRAIN), ("b", Permission.TRAIN)):
            _, secret = api_keys.create(database, api_keys.KeyRequest(name=name, scopes=[scope]))
            headers[name] = {"Authorization": f"Bearer {secret}"}
        yield api, headers


def _text_run(api: Api) -> str:
    model = {"kind": "char_rnn", "hidden_size": 300}
    body = {"dataset": {"kind": "text", "text": TEXT}, "model": model, "training": {"steps": 1}}
    run_id: str = api.post("/v1/runs", json=body).json()["id"]
    assert api.wait(run_id, "succeeded")
    return run_id


def test_an_evaluation_ends_with_its_client(
    two: tuple[Api, dict[str, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has gone computes no more, and holds no turn: another owner's preview is not held up."""
    api, headers = two
    api.headers.update(headers["a"])
    run_id = _text_run(api)
    calls: list[float] = []
    asked = threading.Event()

    class Slow(TextEvaluator):
        def __call__(self, interrupted: Callable[[], bool] = never) -> Any:
            def slow() -> bool:
                calls.append(time.monotonic())
                asked.set()
                time.sleep(0.05)
                return bool(interrupted())

            return super().__call__(slow)

    monkeypatch.setattr(evaluate, "TextEvaluator", Slow)
    clients = [httpx.Client(base_url=api.base_url, headers=headers["a"], timeout=0.5) for _ in range(6)]

    def measure(client: httpx.Client) -> None:
        with client, pytest.raises(httpx.ReadTimeout):
            client.post(f"/v1/runs/{run_id}/evaluate", json={"dataset": {"kind": "text", "text": TEXT * 20}})

    threads = [threading.Thread(target=measure, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    assert asked.wait(30)
    preview = {"parameters": {"kind": "moons"}, "limit": 1}
    answer = httpx.post(f"{api.base_url}/v1/datasets/preview", headers=headers["b"], json=preview)
    assert answer.status_code == 200
    for thread in threads:
        thread.join()
    deadline = time.monotonic() + 30
    while time.monotonic() - calls[-1] < 1:
        assert time.monotonic() < deadline, "it goes on"
        time.sleep(0.1)
    assert api.post(f"/v1/runs/{run_id}/evaluate", json={}).status_code == 200


def test_a_stream_of_text_takes_a_seat(two: tuple[Api, dict[str, dict[str, str]]]) -> None:
    """It counts among the streams of its key, and gives its seat back when the client goes."""
    api, headers = two
    api.headers.update(headers["a"])
    run_id = _text_run(api)
    watch = api.app.state.parts.watch
    seats = watch._seats
    stream = {**headers["a"], "Accept": "text/event-stream"}
    with (
        httpx.Client(base_url=api.base_url, headers=stream) as client,
        client.stream("POST", f"/v1/runs/{run_id}/generate", json={"length": 10_000}) as answer,
    ):
        line = next(line for line in answer.iter_lines() if line.startswith("data:"))
        assert json.loads(line.removeprefix("data:"))["text"]
        assert watch._seats == seats - 1
    deadline = time.monotonic() + 30
    while watch._seats != seats:
        assert time.monotonic() < deadline, "the seat is not given back"
        time.sleep(0.05)
