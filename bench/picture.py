"""results.svg: a bar for each contender, as long as its step takes, row by row."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from bench.verdicts import Result

LEFT, BAR, RIGHT, LINE = 300, 400, 150, 20
STYLE = """text{font:12px system-ui,sans-serif;fill:#444}.title{font-weight:600;fill:#111}.ours{fill:#0a7d5a}.peer{fill:#b8bec6}
@media(prefers-color-scheme:dark){text{fill:#bbb}.title{fill:#eee}.peer{fill:#5b6470}.ours{fill:#2fbf8f}}"""


def write_picture(path: Path, results: Sequence[Result], caption: str) -> None:
    """Draw the picture."""
    width = LEFT + BAR + RIGHT
    body, y = [], LINE
    for result in results:
        body += list(_group(result, y))
        y += LINE * (len(result.times) + 2)
    body.append(f'<text x="10" y="{y}">{escape(caption)}</text>')
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + LINE}" width="{width}" role="img">'
    title = "<title>Time of a training step, Postgrad and its peers</title>"
    path.write_text("\n".join([head, title, f"<style>{STYLE}</style>", *body, "</svg>"]) + "\n")


def _group(result: Result, top: int) -> Iterator[str]:
    fastest = result.fastest
    longest, first = max(fastest.values()), next(iter(fastest.values()))
    yield f'<text class="title" x="10" y="{top}">{escape(result.title)}</text>'
    for i, (name, seconds) in enumerate(sorted(fastest.items(), key=lambda pair: pair[1]), start=1):
        y, length = top + i * LINE, max(1.0, BAR * seconds / longest)
        kind = "ours" if name.startswith("postgrad") else "peer"
        yield f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect class="{kind}" x="{LEFT}" y="{y - 11}" width="{length:.1f}" height="14" rx="2"/>'
        yield f'<text x="{LEFT + length + 6:.1f}" y="{y}">{seconds * 1e6:,.0f} µs · {seconds / first:.2f}×</text>'
