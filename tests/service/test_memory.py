"""How much memory there is, and that it is given back."""

import gc
import os
import subprocess
import sys
import weakref
from pathlib import Path

import pytest

from service import memory

GIB = 1 << 30


class Kept:
    """Something that can be watched."""


def _fail(error: Exception) -> None:
    kept = Kept()
    WATCHED.append(weakref.ref(kept))
    raise error


WATCHED: list["weakref.ref[Kept]"] = []


def test_the_frames_of_an_error_are_let_go() -> None:
    """What the functions held is gone, though the error is part of a circle and nothing has been collected."""
    WATCHED.clear()
    gc.disable()
    try:
        try:
            try:
                _fail(ValueError("first"))
            except ValueError as first:
                _fail(KeyError(first))
        except KeyError as error:
            circle = [error]
            circle.append(circle)  # type: ignore[arg-type]  # that is the circle
            memory.release_frames(error)
        assert [kept() for kept in WATCHED] == [None, None]
    finally:
        gc.enable()


def test_the_limit_of_the_process_counts() -> None:
    """It is the least of what the machine has and what the process may have."""
    assert 0 < memory.available_bytes() <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30));"
        "from service.settings import Settings; from service import memory; s = Settings();"
        "print(memory.available_bytes(), s.max_costly_requests, s.workers, s.worker_memory_bytes, s.max_bodies_bytes)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [int(word) for word in told.split()] == [GIB, 1, 1, GIB // 4, GIB // 16]


def test_the_limit_of_a_control_group_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its own and of those around it; `max` is none."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "OWN", tmp_path / "own")
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "own").write_text("0::/outer/inner\n")
    before = memory.available_bytes()
    (inner / "memory.max").write_text("max\n")
    assert memory.available_bytes() == before
    (tmp_path / "outer" / "memory.max").write_text("1048576\n")
    assert memory.available_bytes() == 1048576
    version_1 = tmp_path / "memory" / "one"
    version_1.mkdir(parents=True)
    (version_1 / "memory.limit_in_bytes").write_text("65536\n")
    (tmp_path / "own").write_text("4:memory:/one\n0::/\n")
    assert memory.available_bytes() == 65536
