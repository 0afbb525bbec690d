"""The file of a database, without SQLAlchemy: a server looks for it before it loads that."""

from pathlib import Path
from urllib.parse import unquote


def file_of(url: str) -> Path:
    """Return the database file of a `sqlite:///…` URL, links resolved."""
    return Path(unquote(url.partition("///")[2].partition("?")[0])).resolve()
