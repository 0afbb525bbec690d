"""The page at / and its files: as they are served, and as they are written."""

import gzip
import json
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from service.api import web
from service.api.errors import TITLES
from service.app import create_app
from service.settings import Settings
from tests.live import ROOT
from tests.service.api.conftest import Api

WEB = ROOT / "service/web"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
FILES = sorted(str(path.relative_to(WEB)) for path in WEB.rglob("*") if path.suffix in TYPES)
MODULES = [name for name in FILES if name.endswith(".js")]
LANGUAGE = re.compile(r"""^ {2}"([\w.]+)":\s+("(?:[^"\\]|\\.)*"),$""", re.MULTILINE)
PLURALS = (".one", ".other")


@pytest.fixture
def plotly() -> str:
    """Return the address of plotly.js."""
    return f"/web/plotly/{version('plotly')}/plotly.min.js"


def test_page(idle: Api, plotly: str) -> None:
    """The page is HTML that names the plotly.js there is, and is asked for again each time."""
    page = idle.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert f'href="{plotly}"' in page.text
    assert "@" not in page.text
    assert idle.get("/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    assert idle.head("/").headers["etag"] == page.headers["etag"]


def test_page_runs_and_loads_nothing_else(idle: Api) -> None:
    """The policy allows files of this server only, and neither scripts nor styles that stand in a page; nor are there any."""
    page = idle.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy
    assert not re.findall(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", page.text)
    links = re.findall(r"""(?:src|href)="([^"#]+)\"""", page.text)
    assert len(links) > 5
    for link in links:
        assert link.startswith("/")
        assert idle.get(link).status_code == 200, link


@pytest.mark.parametrize("name", FILES)
def test_files(idle: Api, name: str) -> None:
    """Each file comes as what it is, with an ETag, and is not sent again to who has it."""
    answer = idle.get(f"/web/{name}")
    assert answer.content == (WEB / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[Path(name).suffix]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-cache"
    again = idle.get(f"/web/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert idle.head(f"/web/{name}").headers["content-length"] == str(len(answer.content))


@pytest.mark.parametrize(
    "path",
    [
        *("", "js", "js/", "index.html", "js/nothing.js", "/js/main.js", "js/../js/main.js", "../api/web.py", "%2e%2e/app.py"),
        *("..%2fapp.py", "js/main.js%00", "//etc/passwd", "plotly/0.0.0/plotly.min.js", "plotly/../js/main.js"),
    ],
)
def test_what_is_no_file(idle: Api, path: str) -> None:
    """Only names of files of the page are answered, as they are; no other path leads anywhere."""
    connection = HTTPConnection(idle.base_url.host, idle.base_url.port, timeout=30)  # it sends a path as it is
    connection.request("GET", f"/web/{path}")
    answer = connection.getresponse()
    assert answer.status == 404
    assert json.load(answer)["code"] == "not_found"
    connection.close()


def test_plotly(idle: Api, plotly: str) -> None:
    """plotly.js is kept forever under its version, and comes compressed to who can take that."""
    packed = idle.get(plotly, headers={"Accept-Encoding": "gzip"})
    bare = idle.get(plotly, headers={"Accept-Encoding": "identity"})
    for answer in (packed, bare):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["vary"] == "Accept-Encoding"
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in bare.headers
    assert packed.content == bare.content
    assert "plotly.js v" in bare.text[:200]
    assert int(packed.headers["content-length"]) < len(bare.content) / 3


def test_plotly_is_compressed_once(idle: Api, plotly: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first who ask for it at the same time share the work."""
    done: list[float] = []

    def compress(*args: Any, **more: Any) -> bytes:
        done.append(time.monotonic())
        time.sleep(0.5)
        return plain(*args, **more)

    plain = gzip.compress
    monkeypatch.setattr(gzip, "compress", compress)
    web.plotly_gzip.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: idle.get(plotly).content, range(8)))
    assert len(done) == 1
    assert len(set(answers)) == 1


def test_plotly_adds_no_style(idle: Api, plotly: str) -> None:
    """plotly.js makes style elements in two places only, and the page keeps it from both by an element of their id."""
    text, library = idle.get(plotly).text, (WEB / "js/charts/library.js").read_text()
    assert text.count('createElement("style")') == 2
    assert "no-inline-styles" in text
    for name in ("plotly.js-style-global", re.findall(r"""getElementById\("([0-9a-f]{64})"\)""", text)[0]):
        assert f'"{name}"' in library


def test_plotly_by_head(idle: Api, plotly: str) -> None:
    """HEAD tells the same length without the file, compressed or not."""
    for encoding in ("gzip", "identity"):
        head, whole = (idle.request(method, plotly, headers={"Accept-Encoding": encoding}) for method in ("HEAD", "GET"))
        assert head.headers["content-length"] == whole.headers["content-length"]


def test_the_package_of_plotly_is_not_imported(idle: Api, plotly: str) -> None:
    """Importing it takes longer than the server needs to start."""
    assert idle.get("/").status_code == idle.get(plotly).status_code == 200
    assert "plotly" not in sys.modules


@pytest.mark.parametrize("name", MODULES)
def test_a_module_stays_short(name: str) -> None:
    """A module of the page has at most 200 lines."""
    assert len((WEB / name).read_text().splitlines()) <= 200


@pytest.mark.parametrize("name", MODULES)
def test_what_is_imported_is_there(name: str) -> None:
    """Every import of a module leads to a file of the page."""
    text = (WEB / name).read_text()
    named = re.findall(r"""(?:from|import|import\()\s*"(\.[^"]+)\"""", text)
    assert not [there for there in named if not (WEB / name).parent.joinpath(there).is_file()]
    assert not re.findall(r"""(?:from|import)\s+"[^."][^"]*";""", text)  # no bare names: nobody resolves them


def test_every_route_has_a_view() -> None:
    """Each view that the router names is there."""
    views = set(re.findall(r"""^ {2}\["/[^"]*", "(\w+)"\],$""", (WEB / "js/router.js").read_text(), re.MULTILINE))
    assert views == {path.stem for path in (WEB / "js/views").glob("*.js")}


@pytest.mark.parametrize("name", ["index.html", *FILES])
def test_no_other_host_is_named(name: str) -> None:
    """No file refers to another host; the name of SVG is a name, and our own default address stands in snippets."""
    text = (WEB / name).read_text().replace("http://www.w3.org/2000/svg", "").replace("http://127.0.0.1:8000", "")
    assert not re.findall(r"""(?:https?|wss?)://\w""", text)
    assert not re.findall(r"""(?:src|href)=["']//|\burl\(|@import""", text)


def words(language: str) -> dict[str, str]:
    """Return the texts of a language by their keys; every line of its files is one of them."""
    found: dict[str, str] = {}
    for path in sorted((WEB / "js/lang" / language).glob("*.js")):
        text = path.read_text()
        pairs = LANGUAGE.findall(re.sub(r",?\n {4,}", " ", text).replace(":\n", ": "))
        assert len(pairs) == len(re.findall(r"""^ {2}"[^"]+":""", text, re.MULTILINE)), (
            f"{path.name}: one text a line, in double quotes, with a comma"
        )
        assert not [key for key, _ in pairs if key in found]
        found |= {key: json.loads(value) for key, value in pairs}
    return found


def test_both_languages_say_all() -> None:
    """English and Korean have the same keys with the same placeholders, and no text is empty."""
    english, korean = words("en"), words("ko")
    assert set(english) == set(korean)
    assert len(english) > 150
    for key, text in english.items():
        assert text.strip()
        assert korean[key].strip()
        if not key.endswith(PLURALS):  # "one more" may leave the number out
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", korean[key])), key


def test_every_text_that_is_asked_for_is_there() -> None:
    """Each key that a module asks for by name has a text."""
    english = words("en")
    there = set(english) | {key.rpartition(".")[0] for key in english if key.endswith(PLURALS)}
    for name in MODULES:
        asked = set(re.findall(r"""\b(?:t|words)\(\s*"(\w+\.[\w.]+)\"""", (WEB / name).read_text()))
        assert asked <= there, name


def test_titles_of_problems_are_those_of_the_server() -> None:
    """Each code that the documents name has its title here, and no other."""
    documented = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    told = {key.removeprefix("problem."): text for key, text in words("en").items() if key.startswith("problem.")}
    assert told == {code: TITLES[int(status)] for code, status in documented}


def test_each_language_is_merged() -> None:
    """A file of texts that nobody imports says nothing."""
    for language in ("en", "ko"):
        merged = (WEB / f"js/lang/{language}.js").read_text()
        names = {path.name for path in (WEB / "js/lang" / language).glob("*.js")}
        assert names == set(re.findall(rf"""from "\./{language}/(\w+\.js)";""", merged))
        assert merged.count("...") == len(names)


def _texts(schemas: dict[str, Any], name: str, seen: set[str]) -> set[str]:
    """Return the labels and descriptions that the form of a schema shows, those of the schemas in it included."""
    seen.add(name)
    schema = schemas[name]
    fields = {key: field for key, field in schema.get("properties", {}).items() if "const" not in field}
    found = {key.replace("_", " ").capitalize() for key in fields}
    found |= {text for field in (schema, *fields.values()) if (text := field.get("description"))}
    for inner in set(re.findall(r"'#/components/schemas/(\w+)'", str(schema))) - seen:
        found |= _texts(schemas, inner, seen)
    return found


def test_the_form_is_translated() -> None:
    """Each label and description of the form of a run has its Korean, and there is none for what is no longer said."""
    korean = (WEB / "js/form/korean.js").read_text()
    pairs = re.findall(r"""^ {2}(?:"((?:[^"\\]|\\.)*)"|(\w+)):\s+"[^"]+",$""", korean, re.MULTILINE)
    told = {quoted or bare for quoted, bare in pairs}
    assert told == _texts(create_app(Settings()).openapi()["components"]["schemas"], "RunCreate", set())


def test_the_document_is_made_once() -> None:
    """However many ask at once, also beside the thread that "/" sets to it, all get the same and finished document."""
    app = create_app(Settings())
    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(lambda _: app.openapi(), range(4))
    assert all(other is first for other in others)
    assert first["security"] == [{}, {"key": []}]


def test_the_wheel_has_the_page() -> None:
    """What is installed has every file of the page."""
    packed = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"service/web/{name}" for name in ("index.html", *FILES)} <= packed
