"""Lists in a terminal of any width."""

import io

import pytest
from rich.console import Console

from service.cli.show import datasets_table

DATA = {
    "id": "ds_01m869eqfjft9qk6sex1q3fhzq",
    "name": "a name that is rather long",
    "kind": "upload",
    "examples": 150,
    "features": ["a", "b"],
    "classes": ["setosa", "versicolor", "virginica"],
    "statistics": [{"mean": 0.0, "std": 1.0, "min": -1.0, "max": 1.0}] * 4,
    "created_at": "2026-01-02T03:04:05Z",
}


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_an_id_stays_whole(width: int) -> None:
    """In a narrow terminal whole columns are left out, so that an id can be copied into the next command."""
    terminal = Console(file=io.StringIO(), width=width)
    terminal.print(datasets_table([DATA], width))
    assert isinstance(terminal.file, io.StringIO)
    header, row = terminal.file.getvalue().splitlines()
    assert row.startswith(f"{DATA['id']}  a name")
    assert ("Created" in header) == (width == 200)
