"""The tables of defaults in docs/models.md are those of the specs."""

import json
import re
from dataclasses import MISSING, fields
from typing import Any, get_args

import pytest

from core.initializers import INITIALIZERS
from core.spec import ModelSpec, OptimizerSpec, ScheduleSpec
from tests.live import ROOT

DOC = (ROOT / "docs/models.md").read_text()
SPECS = {spec.kind: spec for union in (ModelSpec, OptimizerSpec, ScheduleSpec) for spec in get_args(union)}
REQUIRED = "required"


def tables() -> dict[str, dict[str, Any]]:
    """Return the tables of defaults in the document, by the kind in their first header."""
    found = re.findall(r"^\| `(\w+)` \| default \|\n\|---\|---\|\n((?:\|.*\|\n?)+)", DOC, re.MULTILINE)
    return {kind: dict(_row(line) for line in rows.strip().splitlines()) for kind, rows in found}


def _row(line: str) -> tuple[str, Any]:
    name, value = (cell.strip() for cell in line.strip("|").split("|"))
    return name.strip("`"), value if value == REQUIRED else json.loads(value.strip("`"))


def defaults(spec: type) -> dict[str, Any]:
    """Return the defaults of a spec as JSON values."""
    return {
        field.name: REQUIRED if field.default is MISSING else json.loads(json.dumps(field.default))
        for field in fields(spec)
        if field.name != "kind"
    }


def test_every_spec_has_its_table() -> None:
    """Each model, optimizer and schedule has a table, and no table is of something else."""
    assert set(tables()) == set(SPECS)


@pytest.mark.parametrize("kind", SPECS)
def test_the_table_is_the_spec(kind: str) -> None:
    """Each field is in the table with its default, of the same type, and no other."""
    told, there = tables()[kind], defaults(SPECS[kind])
    assert told == there
    assert {name: type(value) for name, value in told.items()} == {name: type(value) for name, value in there.items()}


def test_every_initializer_is_told() -> None:
    """Each way to draw initial weights is in the document."""
    for name in INITIALIZERS:
        assert f"| `{name}` | $" in DOC
