"""Links lead somewhere, decisions are numbered, and commands are run by a test or say why not."""

import re
from pathlib import Path

import pytest

from tests.live import ROOT
from tests.tour import STEP

DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/**/*.md"))]
TOLD = [ROOT / name for name in ("README.md", "docs/cli.md", "docs/clients.md")]  # test_readme.py runs them
RUN = {*TOLD, *ROOT.glob("docs/api/*.md")}  # and test_api_pages.py these
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SHOWN = {"json", "text", ""}


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a document."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link names a file that is there, and a heading in it."""
    broken = []
    for target in re.findall(r"\]\((?!https?://)([^)\s]+)\)", FENCE.sub("", path.read_text())):
        name, _, anchor = target.partition("#")
        file = (path.parent / name) if name else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            broken.append(target)
    assert broken == []


def test_anchors_are_those_of_headings() -> None:
    """A comment in a block of commands is no heading."""
    assert anchors("# The API\n```sh\n# no heading\n```\n## Hosts, browsers, `x`") == {"the-api", "hosts-browsers-x"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_commands_are_run_or_say_why_not(path: Path) -> None:
    """Each block of commands is run by a test, or stands below `<!-- not run: why -->`; no other kind of block holds any."""
    text = path.read_text()
    if path not in RUN:
        assert [block["code"] for block in STEP.finditer(text) if not block["mark"]] == []
    assert [block["code"] for block in STEP.finditer(text) if block["kind"] == "js" and not block["mark"]] == []
    kinds = re.findall(r"^```(\w*)\n.*?^```$", text, re.MULTILINE | re.DOTALL)
    assert set(kinds) <= SHOWN | {"sh", "python", "js"}


def test_decisions_are_numbered_and_listed() -> None:
    """Each decision has the next number, bears it in its title, and stands in the list."""
    pages = sorted(page for page in (ROOT / "docs/decisions").glob("*.md") if page.name != "README.md")
    numbers = [f"{i:04}" for i in range(1, len(pages) + 1)]
    assert [page.name[:4] for page in pages] == numbers
    assert [re.findall(r"^# (\d{4}) ", page.read_text()) for page in pages] == [[number] for number in numbers]
    listed = re.findall(r"^\| \[(\d{4})\]\(([\w-]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text(), re.MULTILINE)
    assert listed == [(page.name[:4], page.name) for page in pages]


def test_every_page_of_the_api_is_listed() -> None:
    """docs/api.md links to each page in docs/api."""
    linked = set(re.findall(r"^\| \[[^]]+\]\(api/([\w-]+\.md)\)", (ROOT / "docs/api.md").read_text(), re.MULTILINE))
    assert linked == {page.name for page in (ROOT / "docs/api").glob("*.md")}
