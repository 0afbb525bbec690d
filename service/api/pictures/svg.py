"""Elements of SVG as text, and the page that they stand on."""

import re
from html import escape
from unicodedata import east_asian_width

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LIGHT = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito, 2008: for every eye
DARK = ("#56b4e9", "#ff8c42", "#2ec79b", "#e39bc4", "#f0b429", "#3d8fd1")  # the same hues, light enough on black
COLOURS = len(LIGHT)


def _style(ink: str, title: str, paper: str, grid: str, axis: str, colours: tuple[str, ...]) -> str:
    plain = f".paper{{fill:{paper}}}text{{fill:{ink}}}.title{{fill:{title}}}.grid{{stroke:{grid}}}.axis{{stroke:{axis}}}"
    series = "".join(
        f".line{i}{{stroke:{colour}}}.dot{i}{{fill:{colour};stroke:{paper}}}"
        f".ring{i}{{stroke:{colour}}}.area{i}{{fill:{colour}}}"
        for i, colour in enumerate(colours)
    )
    return plain + series


STYLE = (
    "text{font:12px system-ui,'DejaVu Sans',sans-serif}.title{font-weight:600;font-size:14px}.panel{font-weight:600}"
    ".grid,.axis{fill:none;stroke-width:1;shape-rendering:crispEdges}"
    "[class^=line]{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}"
    "[class^=dot]{stroke-width:.8}[class^=ring]{fill:none;stroke-width:1.5}[class^=area]{fill-opacity:.28;shape-rendering:crispEdges}"
    + _style("#57606a", "#1f2328", "#fff", "#e8eaed", "#9aa2ab", LIGHT)
    + "@media(prefers-color-scheme:dark){"
    + _style("#a3acb7", "#f0f3f6", "#0f1318", "#262c34", "#626b76", DARK)
    + "}"
)


def text(content: str, x: float, y: float, kind: str = "", anchor: str = "start") -> str:
    """Write text, its start, middle or end at x."""
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{num(x)}" y="{num(y)}"{kind} text-anchor="{anchor}">{clean(content)}</text>'


def path(data: str, kind: str, more: str = "", title: str = "") -> str:
    """Draw a path; its title is shown under the mouse."""
    inner = f"<title>{clean(title)}</title>" if title else ""
    return f'<path class="{kind}"{more} d="{data}">{inner}</path>'


def num(value: float) -> str:
    """Write a coordinate: a tenth of a pixel is enough."""
    return f"{value:.1f}".removesuffix(".0")


def clean(content: str) -> str:
    """Make any text fit to stand in XML."""
    return escape(NOT_XML.sub("\ufffd", content))


def shorten(content: str, width: int) -> str:
    """Cut text to a number of columns; Chinese, Japanese and Korean characters take two."""
    used = 0
    for i, character in enumerate(content):
        used += 2 if east_asian_width(character) in "WF" else 1
        if used > width:
            return content[: max(0, i - 1)] + "…"
    return content


def document(title: str, width: int, height: int, body: list[str]) -> str:
    """Put the parts of a picture on a page, with its title over them."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">'
        f"<title>{clean(title)}</title><style>{STYLE}</style>"
        f'<rect class="paper" width="{width}" height="{height}"/>'
    )
    heading = text(shorten(title, (width - 40) // 8), 16, 26, "title")
    return "\n".join([head, heading, *body, "</svg>\n"])
