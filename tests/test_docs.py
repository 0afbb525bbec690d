"""The documents tell of everything there is."""

import re
from pathlib import Path

import pytest

from service import errors
from service.api.errors import CODES, STATUS
from service.app import create_app
from service.settings import Settings
from tests.live import ROOT

API = (ROOT / "docs/api.md").read_text()
OPERATIONS = (ROOT / "docs/operations.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_told(name: str) -> None:
    """Each setting has its line in docs/operations.md."""
    assert f"| `POSTGRAD_{name.upper()}` |" in OPERATIONS


def test_no_setting_is_told_that_is_not_there() -> None:
    """The table names no setting that the program does not read."""
    told = re.findall(r"^\| `POSTGRAD_(\w+)`", OPERATIONS, re.MULTILINE)
    assert {name.lower() for name in told} == set(Settings.model_fields)


def test_the_defaults_that_are_told_are_those() -> None:
    """A default in the table is that of the program, sizes in MiB and GiB."""
    units = {"MiB": 2**20, "GiB": 2**30}
    told = re.findall(r"^\| `POSTGRAD_(\w+)` \| (?:`([\w.]+)`|(\d+) ([MG]iB)) \|", OPERATIONS, re.MULTILINE)
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert len(told) > len(defaults) / 2
    for name, plain, number, unit in told:
        there = defaults[name.lower()]
        assert there == int(number) * units[unit] if unit else str(there) in {plain, f"{plain}.0"}, name


def test_every_route_is_told_and_no_other() -> None:
    """The table of routes in docs/api.md is that of the application."""
    paths = create_app(Settings()).openapi()["paths"]
    there = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert set(re.findall(r"`((?:GET|POST|DELETE|PATCH|PUT) /[^`]*)`", API)) == there


def _codes() -> set[str]:
    raised = {error.code for error in STATUS if issubclass(error, errors.ServiceError)}
    return raised | set(CODES.values()) | {"not_ready"}


@pytest.mark.parametrize("code", sorted(_codes()))
def test_every_error_code_is_told(code: str) -> None:
    """Each code that a response may carry is in docs/api.md."""
    assert f"| `{code}` |" in API


def test_every_error_has_a_status() -> None:
    """No error of the service that a route can meet is without its line in the one table."""
    started = {errors.NewerDatabase, errors.DataDirectoryInUse, errors.NoKey}
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ServiceError)}
    assert kinds - {errors.ServiceError} - started == {kind for kind in STATUS if issubclass(kind, errors.ServiceError)}


@pytest.mark.parametrize("path", [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))], ids=lambda path: path.name)
def test_files_that_are_named_are_there(path: Path) -> None:
    """A file that a document names exists."""
    named = re.findall(r"`((?:core|service|tests|docs|migrations|examples)/[\w./-]+)`", path.read_text())
    assert not [name for name in named if not (ROOT / name).exists()]
