"""Import rules, sizes and habits are tests too."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("core", "service", "migrations") for path in (ROOT / folder).rglob("*.py"))
PICKLES = {"pickle", "joblib", "cloudpickle", "marshal", "shelve", "dill"}


def _names(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_imports_go_down_only() -> None:
    """The layers of docs/flow.md hold, for our modules and for the libraries."""
    run = subprocess.run([Path(sys.executable).parent / "lint-imports"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


@pytest.mark.parametrize("path", SOURCES, ids=_names)
def test_a_module_stays_short(path: Path) -> None:
    """A module fits a reader's head: at most 300 lines, and functions at most 45."""
    text = path.read_text()
    assert len(text.splitlines()) <= 300
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    assert "versions" in path.parts or not [name for name, lines in lengths.items() if lines > 45]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("path", SOURCES, ids=_names)
def test_nothing_is_unpickled(path: Path) -> None:
    """No module can be made to run code by stored bytes; of an NPZ, arrays of objects are refused."""
    assert not PICKLES & set(_imports(path))
    assert "allow_pickle=True" not in path.read_text()


@pytest.mark.parametrize("module", ["service.app", "service.cli", "service.executors.local", "core.train"])
def test_importing_starts_nothing(module: str, tmp_path: Path) -> None:
    """An import makes no file, no thread and no database connection."""
    code = f"import threading, {module}; assert threading.active_count() == 1, threading.enumerate()"
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_worker_needs_neither_the_api_nor_the_command_line() -> None:
    """What a worker process imports stays small."""
    heavy = {"fastapi", "typer", "rich", "httpx", "polars", "alembic", "onnx", "safetensors"}
    code = (
        "import sys, service.__main__, service.executors.worker;"
        f"print(*{{name.partition('.')[0] for name in sys.modules}} & {heavy})"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
