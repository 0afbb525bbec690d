"""Uploaded files: what becomes a dataset, what is refused with which words, and what cannot take the server down."""

import csv
import io
import random
import re
import struct
import tracemalloc
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np
import polars as pl
import pytest
from numpy.lib import format as npy

from core.data.dataset import Dataset
from service.errors import TooLarge, UploadError
from service.runs.uploads import UploadLimits, parquet_file, read_upload
from service.runs.uploads.parquet_child import unpack

SMALL = UploadLimits(max_rows=5, max_columns=4, max_cells=12, max_classes=3)


def read(content: bytes, filename: str = "data.csv", label: str | None = None, limits: UploadLimits | None = None) -> Dataset:
    """Read a file of this content from the disk, as the server does."""
    with TemporaryFile() as file:
        file.write(content)
        data = read_upload(file, filename, label, limits or UploadLimits())
    assert isinstance(data, Dataset)
    return data


def refused(content: bytes, filename: str = "data.csv", label: str | None = None) -> UploadError:
    """Return the error with which a file is refused."""
    with pytest.raises(UploadError) as caught:
        read(content, filename, label)
    return caught.value


def npz(**arrays: Any) -> bytes:
    """Return an NPZ file."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def array(shape: object, descr: object = "<f8", data: bytes = b"") -> bytes:
    """Return an .npy file whose header may lie."""
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"shape": shape, "fortran_order": False, "descr": descr})
    return file.getvalue() + data


def stored(value: Any) -> bytes:
    """Return an honest .npy file."""
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def parquet(**columns: Any) -> bytes:
    """Return a Parquet file."""
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


@contextmanager
def at_most(memory_bytes: int) -> Iterator[None]:
    """Fail if the block has more than so many bytes allocated at once."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < memory_bytes


X, Y = np.array([[1.0, 2.5], [-3.0, 4e-3]]), np.array(["b", "a"])
CSV = "a,b,label\n1,2.5,b\n-3,4e-3,a\n"


class TestCsv:
    """What a CSV file may look like, and where an error is."""

    @pytest.mark.parametrize(
        "text",
        [
            CSV,
            CSV.replace("\n", "\r\n"),
            CSV.replace(",", ";"),
            CSV.replace(",", "\t"),
            "\ufeff" + CSV,
            CSV.removesuffix("\n"),
            CSV + "\n\r\n  \n",
            '"a","b","label"\n"1","2.5","b"\n"-3","4e-3","a"\n',
            " a, b, label\n 1, 2.5, b\n -3, 4e-3, a\n",
            '"a",b,label\n1.0,+2.50,b\n-3.,.004,a',
        ],
    )
    def test_dialects(self, text: str) -> None:
        """Delimiters, line ends, a byte order mark, quotes and spaces do not change what is read."""
        dataset = read(text.encode())
        assert np.array_equal(dataset.X, X)
        assert dataset.X.dtype == np.float64
        assert dataset.y.tolist() == [1, 0]
        assert (dataset.classes, dataset.features) == (("a", "b"), ("a", "b"))

    def test_korean_and_quoted_labels(self) -> None:
        """Labels and names may be any text, delimiters and quotes included."""
        dataset = read('길이,"이름, ""종"""\n1,고양이\n2,"개, 큰"\n'.encode())
        assert dataset.features == ("길이",)
        assert dataset.classes == ("개, 큰", "고양이")

    @pytest.mark.parametrize(
        ("header", "asked", "found"),
        [
            ("a,b,c", None, "c"),
            ("a,label,c", None, "label"),
            ("Species,b,c", None, "Species"),
            ("y,target,c", None, "c"),
            ("y,target,c", "y", "y"),
            ("a,label,c", "a", "a"),
        ],
    )
    def test_label_column(self, header: str, asked: str | None, found: str) -> None:
        """The label is the column asked for, else the only one with a usual name, else the last."""
        names = header.split(",")
        dataset = read(f"{header}\n1,1,1\n2,2,2\n".encode(), label=asked)
        assert dataset.features == tuple(name for name in names if name != found)

    @pytest.mark.parametrize(
        ("texts", "classes"),
        [
            ("0 -3 10", (-3, 0, 10)),
            ("1.0 2.0 1", (1, 2)),
            ("1. 3.000", (1, 3)),
            ("007 1", ("007", "1")),
            ("+1 2", ("+1", "2")),
            ("1 a", ("1", "a")),
            ("1.5 a", ("1.5", "a")),
            ("True False", ("False", "True")),
            ("99999999999999999999 1", ("1", "99999999999999999999")),
        ],
    )
    def test_labels(self, texts: str, classes: tuple[object, ...]) -> None:
        """Labels become integers if all of them are, else they stay text."""
        content = "a,label\n" + "".join(f"1,{text}\n" for text in texts.split())
        assert read(content.encode()).classes == classes

    @pytest.mark.parametrize("text", ["1.5", "1e-3", "nan", "-inf"])
    def test_measured_labels(self, text: str) -> None:
        """Numbers that are not whole are no classes; the message names the first."""
        error = refused(f"a,label\n1,1\n1,2.0\n1,{text}\n".encode())
        assert (error.row, error.column) == (4, "label")
        assert "labels must be classes: strings or integers" in str(error)
        assert text in str(error)

    @pytest.mark.parametrize("cell", ["x", "1_000", "nan", "inf", "-Infinity", "1e999", "", "  ", "1,5", "0x1f", "12 3"])
    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_bad_numbers(self, cell: str, end: str) -> None:
        """A cell that is no finite number is named by line, column and content."""
        error = refused(f'a,b,label{end}1,2,x{end}1,"{cell}",y{end}'.encode())
        assert (error.row, error.column) == (3, "b")
        assert str(error).startswith("row 3, column 'b': expected a finite decimal number, got ")
        assert (repr(cell) if cell.strip() else "an empty cell") in str(error)

    def test_large_finite_numbers(self) -> None:
        """A row of the largest numbers is read; one whose squares would overflow is named by row and column."""
        assert read(b"a,b,label\n1e100,1e100,x\n0,0,y\n").X[0].tolist() == [1e100, 1e100]
        with pytest.raises(UploadError, match=r"row 3, column 'b': expected a number between .*, got '1e308'"):
            read(b"a,b,label\n0,0,y\n1,1e308,x\n")

    @pytest.mark.parametrize(
        ("content", "row", "words"),
        [
            (b"", None, "the file is empty"),
            (b"\n\n", None, "the file is empty"),
            (b"a,b,label\n", None, "the file has no examples"),
            (b"a,b,label\n\n\n", None, "the file has no examples"),
            (b"1,2,3\n4,5,6\n", 1, "the first line must be a header"),
            (b"5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,3.0,virginica\n", 1, "the first line must be a header"),
            (b"label\n1\n2\n", 1, "there is only the column 'label'"),
            (b"a|b|label\n1|2|x\n", 1, "separated by comma, semicolon or tab"),
            (b"a,,label\n1,2,x\n", 1, "the name of column 2 is empty"),
            (b"a,a,label\n1,2,x\n", 1, "the name 'a' of column 2 is that of another one too"),
            (b"a,label\n1,x\n1,2,x\n", 3, "expected 2 fields as in the header, got 3"),
            (b"a,label\n1,x\n1\n", 3, "expected 2 fields as in the header, got 1"),
            (b"a,label\n1,x\n\n1,y\n", 3, "the line is blank, but rows follow"),
            (b"a,label\n1,x\n1, \n", 3, "column 'label': the label is empty"),
            (b"a,label\n1,x\n1," + b"z" * 201 + b"\n", 3, "is longer than 200 characters"),
            (b'a,label\n1,x\n1,"y\nz"\n', 4, "holds control characters"),
            (b"a,label\n1,x\n1,\x1b[31m\n", 3, "holds control characters"),
            (b'a,label\n1,x\n1,"y\n2,z\n', 3, "this is not valid CSV"),
            (b'a,label\n1,x\n1,"y"z\n', 3, "this is not valid CSV"),
            ("a,label\n1,x\n1,café\n".encode("latin-1"), 3, "byte 0xe9 is not UTF-8"),
            (b"a,label\n1,x\n" * 1 + b"1,y\n" * 3000 + b"1,\0\n", 3003, "NUL bytes"),
            (b"a,label\r1,x\r2,y\r", 1, "lines must end with LF or CRLF"),
            (b"a,label\n1,x\n2,x\n", None, "there is only the class 'x'"),
        ],
    )
    def test_refusals(self, content: bytes, row: int | None, words: str) -> None:
        """Everything else that is wrong is said, with the line where an editor shows it."""
        error = refused(content)
        assert error.row == row
        assert words in str(error)

    def test_row_numbers_count_lines(self) -> None:
        """After a field over two lines the numbers are still those of an editor."""
        error = refused(b'a,label,c\n1,x,"3\n"\n1,y,z\n')
        assert (error.row, error.column) == (4, "c")

    def test_wrong_label_name(self) -> None:
        """The columns that exist are listed, but not all of ten thousand."""
        error = refused(CSV.encode(), label="nope")
        assert error.problems[0].path == ("label",)
        assert "'nope', the columns are 'a', 'b', 'label'" in str(error)
        many = refused(",".join(f"x{i}" for i in range(9000)).encode(), label="z" * 10_000)
        assert len(str(many)) < 300
        assert "and 8980 more" in str(refused(",".join(f"x{i}" for i in range(9000)).encode(), label="z"))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("a,label\n" + "1,x\n" * 6, "more than 5 rows, the limit max_rows of this server"),
            ("a,b,c,label\n" + "1,1,1,x\n" * 5, "more than 12 cells, the limit max_cells of this server"),
            ("a,b,c,d,e,label\n1,2,3,4,5,x\n", "more than 4 columns, the limit max_columns of this server"),
            (
                "a,label\n1,x\n1,y\n1,z\n1,w\n",
                "more than 3 classes, the limit max_classes of this server; labels must be classes",
            ),
        ],
    )
    def test_limits(self, content: str, words: str) -> None:
        """A file above a limit is refused with the name of the limit."""
        with pytest.raises(TooLarge, match=words):
            read(content.encode(), limits=SMALL)

    def test_20_000_columns(self) -> None:
        """Too many columns are refused by the header alone."""
        with pytest.raises(TooLarge, match="more than 10000 columns, the limit max_columns"):
            read(",".join(f"x{i}" for i in range(20_000)).encode())

    @pytest.mark.parametrize("content", [b"1" * 5_000_000, b'a,label\n"' + b"1234567,x\n" * 500_000, b"," * 5_000_000])
    def test_endless_records(self, content: bytes) -> None:
        """One line of 5 MB or an open quote is refused after 1 MiB, whatever the csv module would allow at the moment."""
        before = csv.field_size_limit(10**9)
        try:
            with at_most(40_000_000):
                error = refused(content)
            assert csv.field_size_limit() == 10**9
        finally:
            csv.field_size_limit(before)
        assert "a row may have at most 1 MiB" in str(error)

    def test_memory_is_bounded(self) -> None:
        """100 000 cells take little more than 8 bytes each, although their text and Python's floats are many times that."""
        content = ("a,b,c,d,label\n" + "".join(f"{i}.123456789012,1,2,3,{i % 7}\n" for i in range(25_000))).encode()
        with at_most(4_000_000):
            assert read(content).X.shape == (25_000, 4)


class Opens:
    """Opens a file for writing when it is unpickled."""

    def __init__(self, path: Path) -> None:
        """Remember the file."""
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        """Say to pickle how to make such an object."""
        return Path.write_text, (self.path, "unpickled")


def with_directory_size(content: bytes, size: int) -> bytes:
    """Let the directory of a zip file with one or more members lie about the unpacked size of the first."""
    at = content.index(b"PK\x01\x02") + 24
    return content[:at] + struct.pack("<L", size) + content[at + 4 :]


class TestNpz:
    """The arrays of an NPZ file, and the files that are made to do harm."""

    @pytest.mark.parametrize("dtype", ["<f8", ">f4", "f2", "i1", "<u8", "?", "g"])
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_numbers(self, dtype: str, order: Any) -> None:
        """Any real numbers become float64 in C order."""
        given = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype, order=order)
        dataset = read(npz(X=given, y=Y), "data.npz")
        assert np.array_equal(dataset.X, given)
        assert dataset.X.dtype == np.float64
        assert dataset.X.flags.c_contiguous
        assert dataset.features == ("x1", "x2", "x3")

    @pytest.mark.parametrize(
        ("y", "classes"),
        [
            (np.array(["b", "고양이"]), ("b", "고양이")),
            (np.array(["1", "0"]), ("0", "1")),
            (np.array([7, -1], ">i2"), (-1, 7)),
            (np.array([2.0, 1.0]), (1, 2)),
            (np.array([True, False]), (0, 1)),
        ],
    )
    def test_labels(self, y: Any, classes: tuple[object, ...]) -> None:
        """Labels keep their type; whole floats and booleans become integers. A label column y may be asked for."""
        dataset = read(npz(X=X, y=y), label="y")
        assert dataset.classes == classes
        assert [type(label) for label in dataset.classes] == [type(label) for label in classes]

    def test_names(self) -> None:
        """feature_names and class_names name the columns and the values of y; other arrays do not matter."""
        dataset = read(npz(X=X, y=[1, 0], feature_names=["f", "g"], class_names=["cat", "ant"], extra=np.zeros((2, 2, 2))))
        assert dataset.features == ("f", "g")
        assert [dataset.classes[k] for k in dataset.y] == ["ant", "cat"]

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({"X": X}, "must hold the arrays X and y, this one holds 'X.npy'"),
            ({"x": X, "y": Y}, "must hold the arrays X and y, this one holds 'x.npy, y.npy'"),
            ({"X": X, "y": ["a", "b", "c"]}, "y has the shape (3,), must have (2,)"),
            ({"X": X, "y": [[1, 2]]}, "y has the shape (1, 2), must have (N,)"),
            ({"X": [1.0, 2.0], "y": Y}, "X has the shape (2,), must have (N, D)"),
            ({"X": 1.0, "y": Y}, "X has the shape (), must have (N, D)"),
            ({"X": np.zeros((1,) * 60), "y": Y}, "1, must have (N, D)"),
            ({"X": X.astype(complex), "y": Y}, "X holds 'complex128', must hold numbers"),
            ({"X": X.astype(str), "y": Y}, "must hold numbers"),
            ({"X": X.astype("M8[s]"), "y": Y}, "must hold numbers"),
            ({"X": np.zeros(2, [("a", "f8")]), "y": Y}, "must hold numbers"),
            ({"X": X, "y": np.array([b"a", b"b"])}, "y holds '|S1', must hold integers or strings"),
            ({"X": X, "y": Y, "feature_names": ["f"]}, "feature_names has the shape (1,), must have (2,)"),
            ({"X": X, "y": Y, "feature_names": ["f", "f"]}, "the name 'f' of feature 2 is that of another one too"),
            ({"X": X, "y": Y, "feature_names": ["f", ""]}, "the name of feature 2 is empty"),
            ({"X": X, "y": Y, "class_names": ["f", "g"]}, "class_names goes with integers in y"),
            (
                {"X": X, "y": [0, 2], "class_names": ["f", "g"]},
                "row 2, column 'y': expected an index of class_names, 0 … 1, got 2",
            ),
            ({"X": X, "y": ["a", ""]}, "row 2, column 'y': the label is empty"),
            ({"X": X, "y": ["a", "\ud800"]}, "row 2, column 'y': the label '\\ud800' holds control characters"),
            ({"X": X, "y": [1.0, 1.5]}, "row 2, column 'y': labels must be classes"),
            ({"X": X, "y": [np.nan, 1.0]}, "row 1, column 'y': labels must be classes"),
            ({"X": X, "y": [1e300, 1.0]}, "row 1, column 'y': labels must be classes"),
            ({"X": [[1, 2], [3, np.nan]], "y": Y}, "row 2, column 'x2': expected a finite number, got nan"),
            (
                {"X": [[1, 2], [-np.inf, 3]], "y": Y, "feature_names": ["f", "g"]},
                "row 2, column 'f': expected a finite number, got -inf",
            ),
            ({"X": X, "y": [1, 1]}, "there is only the class 1"),
            ({"X": np.zeros((0, 2)), "y": np.zeros(0, int)}, "the file has no examples"),
            ({"X": np.zeros((2, 0)), "y": Y}, "there are 2 examples of 0 features"),
        ],
    )
    def test_refusals(self, arrays: dict[str, Any], words: str) -> None:
        """Arrays of another kind, shape or content are refused with what was expected and what came."""
        assert words in str(refused(npz(**arrays)))

    def test_label_is_always_y(self) -> None:
        """No other array can be asked for as the label."""
        assert refused(npz(X=X, y=Y), label="target").problems[0].path == ("label",)

    @pytest.mark.parametrize(
        ("arrays", "words"),
        [
            ({"X": np.zeros((6, 1)), "y": np.arange(6)}, "max_rows"),
            ({"X": np.zeros((1, 5)), "y": [0]}, "max_columns"),
            ({"X": np.zeros((5, 3)), "y": np.arange(5)}, "max_cells"),
            ({"X": np.zeros((4, 1)), "y": np.arange(4)}, "max_classes"),
            ({"X": np.zeros((2, 1)), "y": [0, 1], "class_names": list("abcd")}, "max_classes"),
            ({"X": np.zeros((2, 1)), "y": ["a" * 50, "b"]}, "max_cells"),
        ],
    )
    def test_limits(self, arrays: dict[str, Any], words: str) -> None:
        """A file above a limit is refused with the name of the limit."""
        with pytest.raises(TooLarge, match=words):
            read(npz(**arrays), limits=SMALL)

    @pytest.mark.parametrize(
        "shape",
        [
            (10**9, 100),
            (10**18, 10**18),
            (10**9, 0),
            (0, 10**9),
            (1_000_000, 21),
            (10**6, 10**4),
            (20_000_000, 1),
            (10**4000, 10**4000),
        ],
    )
    def test_bomb_of_a_header(self, shape: tuple[int, ...]) -> None:
        """A header of 128 bytes that demands gigabytes is refused before anything is allocated."""
        content = zipped({"X.npy": array(shape), "y.npy": stored(Y)})
        with at_most(2_000_000), pytest.raises(TooLarge):
            read(content)

    @pytest.mark.parametrize("name", ["y", "feature_names", "class_names"])
    @pytest.mark.parametrize(
        ("shape", "descr"), [((10**9,), "<U0"), ((10**9,), "<U1"), ((2,), "<U400000000"), ((10**12,), "<U9")]
    )
    def test_bomb_of_strings(self, name: str, shape: tuple[int, ...], descr: str) -> None:
        """Strings are limited in number and in bytes, before anything is allocated."""
        content = zipped({"X.npy": stored(X), "y.npy": stored(np.array([0, 1])), f"{name}.npy": array(shape, descr)})
        with at_most(2_000_000), pytest.raises((TooLarge, UploadError)):
            read(content)

    @pytest.mark.parametrize("shape", [(-1, 2), (2, -2), (-2, -2)])
    def test_negative_shape(self, shape: tuple[int, ...]) -> None:
        """A negative shape is a shape that X must not have."""
        assert "X has the shape" in str(refused(zipped({"X.npy": array(shape), "y.npy": stored(Y)})))

    def test_header_that_demands_more_than_there_is(self) -> None:
        """The size in the header must be the size in the zip directory."""
        message = str(refused(zipped({"X.npy": array((2, 2), data=bytes(31)), "y.npy": stored(Y)})))
        assert "X of shape (2, 2) takes 160 bytes, the zip file declares 159" in message

    @pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    @pytest.mark.parametrize("there", [0, 31, 33, 40_000_000])
    def test_zip_that_lies(self, compression: int, there: int) -> None:
        """A directory that agrees with the header, but not with the data, is found out while reading, in bounded memory."""
        honest = zipped({"X.npy": array((2, 2), data=bytes(there)), "y.npy": stored(Y)}, compression)
        content = with_directory_size(honest, 160)
        with at_most(2_000_000):
            assert "damaged" in str(refused(content))

    def test_deflated_bomb(self) -> None:
        """40 MB of zeros in 40 kB are read no further than the header needs."""
        content = zipped({"X.npy": bytes(40_000_000), "y.npy": stored(Y)})
        with at_most(2_000_000):
            assert "damaged" in str(refused(content))

    @pytest.mark.parametrize("name", ["X", "y", "feature_names", "class_names"])
    def test_nothing_is_unpickled(self, name: str, tmp_path: Path) -> None:
        """An array of objects is refused, and its pickle is not run."""
        evil = np.array([Opens(tmp_path / "ran"), Opens(tmp_path / "ran")], object)
        assert f"{name} holds pickled objects" in str(refused(npz(**({"X": X, "y": Y} | {name: evil}))))
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        "body", ["-" * 9_000 + "1", "(" * 9_000, "[" * 90 + "]" * 90, "1" * 5_000, "{}", "{'a': 1}", "\\d", ""]
    )
    def test_headers_that_make_the_parser_fail(self, body: str) -> None:
        """Whatever Python's parser says to a header, MemoryError included, is an UploadError."""
        text = body.encode() + b"\n"
        header = npy.magic(1, 0) + struct.pack("<H", len(text)) + text
        assert re.search("damaged|header of X", str(refused(zipped({"X.npy": header, "y.npy": stored(Y)}))))

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (zipped({"xl/workbook.xml": b"<a/>", "[Content_Types].xml": b"<a/>"}), "save it as CSV"),
            (zipped({"X.npy": stored(X), "y.npy": stored(Y), "readme.txt": b""}), "and nothing else"),
            (zipped({"X.npy": stored(X), "y.npy": stored(Y)} | {f"{i}.npy": b"" for i in range(15)}), "up to 16 different"),
            (zipped({"X.npy": stored(X), "y.npy": stored(Y)}, zipfile.ZIP_BZIP2), "must be stored or deflated"),
            (zipped({"X.npy": stored(X), "y.npy": stored(Y)}, zipfile.ZIP_LZMA), "must be stored or deflated"),
            (zipped({f"{i}.npy": b"" for i in range(2_000)}), "has a directory of"),
            (npz(X=X, y=Y)[:-30], "cut off"),
            (npz(X=X, y=Y) + b"more", "cut off"),
            (b"PK\x03\x04", "cut off"),
            (zipped({}), "empty or damaged zip file"),
        ],
    )
    def test_zip_files_that_are_not_npz(self, content: bytes, words: str) -> None:
        """Workbooks, other archives and cut files are refused, a directory of many entries before it is read."""
        assert words in str(refused(content))

    def test_duplicate_and_encrypted_members(self) -> None:
        """Two members of one name, and a member marked as encrypted, are refused."""
        content = npz(X=X, y=Y, z=Y)
        assert "different" in str(refused(content.replace(b"z.npy", b"y.npy")))
        at = content.index(b"PK\x01\x02") + 8
        assert "not encrypted" in str(refused(content[:at] + b"\x01" + content[at + 1 :]))


class TestParquet:
    """The columns of a Parquet file, and files that would end the process."""

    def test_types(self) -> None:
        """Numbers and booleans become float64, the label column is found as in CSV."""
        content = parquet(a=[1, -3], label=["b", "a"], b=[2.5, 4e-3], c=[True, False])
        dataset = read(content, "data.parquet")
        assert np.array_equal(dataset.X, [[1, 2.5, 1], [-3, 4e-3, 0]])
        assert dataset.features == ("a", "b", "c")
        assert dataset.classes == ("a", "b")
        assert dataset.y.tolist() == [1, 0]

    @pytest.mark.parametrize(
        ("labels", "y", "classes"),
        [
            (pl.Series([7, -1, 7], dtype=pl.Int8), [7, -1, 7], None),
            (pl.Series([1.0, 2.0, 1.0], dtype=pl.Float32), [1, 2, 1], None),
            (pl.Series([True, False, True]), [1, 0, 1], None),
            (pl.Series(["b", "a", "b"]), [0, 1, 0], ["b", "a"]),
            (pl.Series(["개", "1", "개"], dtype=pl.Categorical), [0, 1, 0], ["개", "1"]),
            (pl.Series(["q", "p", "q"], dtype=pl.Enum(["p", "r", "q"])), [0, 1, 0], ["q", "p"]),
        ],
    )
    def test_labels(self, labels: pl.Series, y: list[int], classes: list[str] | None) -> None:
        """Integers, whole floats, booleans, strings and categories are labels."""
        arrays = unpack(io.BytesIO(parquet(a=[1, 2, 3], what=labels, z=[1, 2, 3])), "what", UploadLimits())
        assert arrays["y"].tolist() == y
        assert arrays["feature_names"].tolist() == ["a", "z"]
        assert classes == (arrays["class_names"].tolist() if "class_names" in arrays else None)

    @pytest.mark.parametrize(
        ("columns", "row", "column", "words"),
        [
            ({"a": [1, 2], "y": [None, "x"]}, 1, "y", "expected a value, got null"),
            ({"a": ["p", "q"], "y": [0, 1]}, None, "a", "features must be numbers or booleans, got 'String'"),
            ({"a": [[1], [2]], "y": [0, 1]}, None, "a", "features must be numbers or booleans, got 'List(Int64)'"),
            ({"a": [], "y": []}, None, "a", "features must be numbers or booleans, got 'Null'"),
            ({"a": [1, 2], "y": [0.5, 1]}, 1, "y", "labels must be classes"),
            ({"a": [1, 2], "y": ["x", ""]}, 2, "y", "the label is empty"),
            ({"a": [1, 2], "y": ["x", "y" * 10**6]}, 2, "y", "is longer than 200 characters"),
            ({"a": [1, 2], "y": [[1], [2]]}, None, "y", "labels must be integers, strings or booleans"),
            ({"y": [0, 1]}, None, None, "at least 2 are needed"),
            ({" ": [0, 1], "y": [0, 1]}, None, None, "the name of column 1 is empty"),
        ],
    )
    def test_refusals_of_the_child(self, columns: dict[str, Any], row: int | None, column: str | None, words: str) -> None:
        """What cannot be features and labels is refused with row and column."""
        with pytest.raises(UploadError, match=re.escape(words)) as caught:
            unpack(io.BytesIO(parquet(**columns)), None, UploadLimits())
        assert (caught.value.row, caught.value.column) == (row, column)

    @pytest.mark.parametrize(
        ("columns", "label", "row", "column", "words"),
        [
            ({"a": [1, None], "y": [0, 1]}, None, 2, "a", "row 2, column 'a': expected a value, got null"),
            ({"a": [1.0, float("nan")], "y": [0, 1]}, None, 2, "a", "row 2, column 'a': expected a finite number, got nan"),
            ({"a": [1, 2], "y": [3, 3]}, None, None, None, "there is only the class 3, at least 2 are needed"),
            ({"a": [1, 2], "y": [0, 1]}, "nope", None, None, "there is no column 'nope', the columns are 'a', 'y'"),
        ],
    )
    def test_refusals(
        self, columns: dict[str, Any], label: str | None, row: int | None, column: str | None, words: str
    ) -> None:
        """A refusal comes out of the child process with all it carries, and what is left to check is checked here."""
        error = refused(parquet(**columns), label=label)
        assert (error.row, error.column) == (row, column)
        assert str(error) == words
        assert error.problems[0].path == ("label" if label else "file",)

    def test_limits(self) -> None:
        """A file above a limit is refused with the name of the limit, by its metadata where that says it."""
        with pytest.raises(TooLarge, match="more than 5 rows, the limit max_rows of this server"):
            read(parquet(a=[1.0] * 6, y=[0, 1] * 3), limits=SMALL)
        with pytest.raises(TooLarge, match="max_classes"):
            unpack(io.BytesIO(parquet(a=[1, 2, 3, 4], y=list("pqrs"))), None, SMALL)

    def test_a_file_that_aborts_the_process_that_unpacks_it(self) -> None:
        """A page that declares -17 values makes polars abort ("memory allocation of 2305843009213693952 bytes failed")."""
        file = io.BytesIO()
        frame = pl.DataFrame({"a": [True, None] * 8, "y": [0, 1] * 8})
        frame.write_parquet(file, compression="uncompressed", statistics=False)
        page, evil = b",\x15\x20\x15\x00\x15\x06\x15\x06", b",\x15\x21\x15\x00\x15\x06\x15\x06"
        assert page in file.getvalue()
        assert "damaged" in str(refused(file.getvalue().replace(page, evil)))

    def test_a_file_that_takes_too_long(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Unpacking ends after a time."""
        monkeypatch.setattr(parquet_file, "TIMEOUT_SECONDS", 0.01)
        assert "takes more than 0.01 s to unpack" in str(refused(parquet(a=[1, 2], y=[0, 1])))


@pytest.mark.parametrize(
    ("content", "filename", "words"),
    [
        (CSV.encode(), "data.npz", "'data.npz' is called so, but its content is of another kind"),
        (CSV.encode(), "DATA.PARQUET", "'DATA.PARQUET' is called so"),
        (b"\x1f\x8b\x08\0", "data.csv.gz", "compressed with gzip"),
        (stored(X), "data.npy", "a single array"),
        (CSV.encode("utf-16"), "data.csv", "UTF-16"),
        (b"\x7fELF\0\0", "data.csv", "is binary: only CSV, NPZ, Parquet and text files are read"),
        (b"PAR1", "data.parquet", "damaged or not Parquet"),
    ],
)
def test_files_of_another_kind(content: bytes, filename: str, words: str) -> None:
    """What a file is decides its content; what it cannot be is said."""
    assert words in str(refused(content, filename))


@pytest.mark.parametrize("content", [CSV.encode(), npz(X=X, y=Y), parquet(a=[1.0, -3.0], b=[2.5, 4e-3], label=["b", "a"])])
@pytest.mark.parametrize("max_size", [1, 1 << 20])
def test_spooled_files(content: bytes, max_size: int) -> None:
    """The file of a form is read wherever it stands and whether or not it was rolled over to the disk."""
    with SpooledTemporaryFile(max_size) as file:
        file.write(content)
        dataset = read_upload(cast("BinaryIO", file), "data", None, UploadLimits())
    assert isinstance(dataset, Dataset)
    assert np.array_equal(dataset.X, X)
    assert [dataset.classes[k] for k in dataset.y] == ["b", "a"]


def mutated(content: bytes, rng: random.Random) -> bytes:
    """Change, repeat or cut a few bytes."""
    data = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(data)), rng.randint(1, 8)
        match rng.randrange(16):
            case 0:
                del data[max(at, 8) :]
            case 1 | 2 | 3:
                data[at:at] = data[max(0, at - 20) : at + 20]
            case 4 | 5 | 6 | 7:
                data[at] ^= 1 << rng.randrange(8)
            case 8 | 9 | 10 | 11:
                data[at] = rng.choice(b"\"\n\r,;\t\0_.-e1[](){}'<>")
            case _:
                data[at : at + length] = rng.randbytes(length)
    return bytes(data)


def outcome(content: bytes) -> str:
    """Read a file; let every error pass but the two that may be. Return the message, empty if the file is a good dataset."""
    try:
        dataset = read(content)
    except (UploadError, TooLarge) as error:
        return str(error)
    assert np.isfinite(dataset.X).all()
    assert len(dataset) == len(dataset.X)
    return ""


NUMBERS = np.random.default_rng(3).normal(size=(30, 3))
VALID = {
    "csv": ("a,b,c,label\n" + "".join(f"{a},{b},{c},k{i % 3}\n" for i, (a, b, c) in enumerate(NUMBERS))).encode(),
    "npz": npz(X=NUMBERS, y=np.arange(30) % 3, feature_names=["a", "b", "c"], class_names=["p", "q", "r"]),
    "stored npz": zipped({"X.npy": stored(NUMBERS), "y.npy": stored(np.array(["p", "q", "r"] * 10))}, zipfile.ZIP_STORED),
    "npy": stored(NUMBERS),
    "parquet": parquet(a=NUMBERS[:, 0], b=[True, False] * 15, label=["p", "q", "r"] * 10),
}


@pytest.mark.parametrize(("kind", "number"), [("csv", 100), ("npz", 65), ("stored npz", 60), ("npy", 67), ("parquet", 8)])
def test_mutations(kind: str, number: int) -> None:
    """Damaged files are datasets or refusals, never another error and never the end of the process."""
    seed = 20240607
    print(f"seed {seed}, {number} mutations of {kind}")  # noqa: T201 - pytest shows it when the test fails
    rng = random.Random(seed)
    contents = [mutated(VALID[kind], rng) for _ in range(number)]
    if kind == "npy":  # damaged arrays in a zip file that is sound, so that no check sum saves us
        contents = [zipped({"X.npy": content, "y.npy": stored(np.arange(30) % 3)}) for content in contents]
    with ThreadPoolExecutor(2) as threads:
        messages = list(threads.map(outcome, contents))
    assert any(messages)
    assert all(len(message.encode()) < 1000 for message in messages)
