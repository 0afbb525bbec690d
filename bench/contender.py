"""A contender in a process of its own."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from bench.timing import Timer, timed

SPAWN = get_context("spawn")


@dataclass(frozen=True)
class Contender:
    """Who ("module.Class" in bench.peers), what work it is given, made in its own process, and with which variables."""

    peer: str
    work: Callable[[], Any]
    env: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def running(contenders: Mapping[str, Contender]) -> Iterator[dict[str, Timer]]:
    """Start all contenders; they wait for their turns, and end with the block."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(_process(contender)) for name, contender in contenders.items()}


@contextmanager
def _process(contender: Contender) -> Iterator[Timer]:
    here, there = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(there, contender), daemon=True)
    before = dict(os.environ)
    os.environ.update(contender.env)
    process.start()
    os.environ.clear()
    os.environ.update(before)
    there.close()

    def timer(n: int) -> float:
        here.send(n)
        return here.recv()

    try:
        yield timer
    finally:
        here.close()
        process.join()


def _serve(connection: Connection, contender: Contender) -> None:
    """Make the work, then time as many steps as are asked for, until the other side hangs up."""
    _use_one_core()
    module, _, name = contender.peer.partition(".")
    peer = getattr(import_module(f"bench.peers.{module}"), name)(contender.work())
    timer = peer.time if hasattr(peer, "time") else timed(peer.steps)
    try:
        while True:
            connection.send(timer(connection.recv()))
    except EOFError:
        return


def _use_one_core() -> None:
    """Stay on one core: XLA uses a second one in spite of its flag (959 instead of 1,202 µs on the large net)."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def alone(work: Callable[..., Any], *args: Any) -> Any:
    """Call a function in a fresh process and return what it returns."""
    with SPAWN.Pool(1) as pool:
        return pool.apply(work, args)
