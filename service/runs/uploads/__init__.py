"""Uploaded files become datasets: CSV, NPZ or Parquet, told apart by their content, or a text, told by its name."""

from pathlib import PurePath
from typing import BinaryIO

from core.data.dataset import Dataset
from core.data.text import Corpus
from service.errors import UploadError
from service.runs.uploads.csv_file import read_csv
from service.runs.uploads.npz_file import read_npz
from service.runs.uploads.parquet_file import read_parquet
from service.runs.uploads.rules import MAX_NAME_CHARS, UploadLimits, short
from service.runs.uploads.text_file import is_text, read_text

__all__ = ["UploadLimits", "read_upload"]

NPZ, PARQUET = b"PK\x03\x04", b"PAR1"
REFUSED = {
    b"PK": "is an empty or damaged zip file",
    b"\x1f\x8b": "is compressed with gzip: unpack it first",
    b"\x93NUMPY": "is a single array (.npy): save X and y together with numpy.savez",
    b"\xff\xfe": "is text in UTF-16: save it as UTF-8",
    b"\xfe\xff": "is text in UTF-16: save it as UTF-8",
}


def read_upload(source: BinaryIO, filename: str, label: str | None, limits: UploadLimits) -> Dataset | Corpus:
    """Read labelled examples, or a text, from a seekable file, whose size in bytes the caller has limited.

    `label` names the label column of a CSV or Parquet file. Without it that is the only column called label, class, target,
    species or y (in any case), or else the last. Features are named by the file; in an NPZ file without names x1 … xD.
    Raise UploadError for a file that cannot be used, with row and column where they are known, and TooLarge above a limit.
    """
    if label is not None and len(label) > MAX_NAME_CHARS:
        raise UploadError(f"there is no column {short(label)}", field="label")
    source.seek(0)
    head = source.read(4096)
    source.seek(0)
    if is_text(filename, label):
        _refuse_other_kinds({magic: what for magic, what in REFUSED.items() if not magic.isascii()}, head, filename)
        return read_text(source)
    if head.startswith(NPZ):
        return read_npz(source, label, limits)
    if head.startswith(PARQUET):
        return read_parquet(source, label, limits)
    _refuse_other_kinds(REFUSED, head, filename)
    if b"\0" in head:
        raise UploadError(f"{short(filename)} is binary: only CSV, NPZ, Parquet and text files are read")
    return read_csv(source, label, limits)


def _refuse_other_kinds(refused: dict[bytes, str], head: bytes, filename: str) -> None:
    """Raise UploadError if the first bytes of a file, or its name, tell of a kind that is not read."""
    what = next((what for magic, what in refused.items() if head.startswith(magic)), None)
    if what is None and PurePath(filename.lower()).suffix in (".npz", ".parquet"):
        what = "is called so, but its content is of another kind"
    if what:
        raise UploadError(f"{short(filename)} {what}")
