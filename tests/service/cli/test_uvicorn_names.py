"""Another uvicorn is refused with a sentence, and not by the first request."""

import tomllib

import pytest
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from service.cli import uvicorn_names
from tests.live import ROOT


def test_what_is_tested_is_what_is_installed() -> None:
    """The bound in pyproject.toml is the one that the sentence names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"uvicorn{uvicorn_names.TESTED}" in project["dependencies"]


def test_the_installed_one_has_all_names() -> None:
    """The check holds with the version of the lock."""
    uvicorn_names.check()


@pytest.mark.parametrize(("kind", "name"), [(HttpToolsProtocol, "_start_asgi_task"), (FlowControl, "resume_reading")])
def test_a_missing_method_is_named(monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
    """The sentence names the version, what it lacks, and what to install."""
    monkeypatch.delattr(kind, name)
    with pytest.raises(ImportError, match=rf"uvicorn [\d.]+ has no {kind.__name__}\.{name}, .*: install uvicorn>="):
        uvicorn_names.check()


def test_a_missing_attribute_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attributes that no method of the class sets are missing too."""
    monkeypatch.setitem(uvicorn_names.NEEDED, HttpToolsProtocol, "cycle pipeline_of_another_version")
    with pytest.raises(ImportError, match=r"HttpToolsProtocol\.pipeline_of_another_version"):
        uvicorn_names.check()
