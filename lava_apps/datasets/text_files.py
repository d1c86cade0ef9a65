"""Files of text, whatever they are packed with and however they are encoded."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from lava_apps.datasets.mnist import DataError

_PACKED: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
# The mark of UTF-32 begins with that of UTF-16, so it is looked for before it.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXPORT = "save it as CSV (UTF-8) first"
_NO_TEXT = {
    b"PK\x03\x04": f"is an Excel workbook, or another zip file; {_EXPORT}",
    b"\xd0\xcf\x11\xe0": f"is an old Excel workbook; {_EXPORT}",
    b"PAR1": f"is a Parquet file; {_EXPORT}",
    b"\x93NUMPY": f"is an array of numpy; {_EXPORT}",
    b"%PDF": f"is a PDF; {_EXPORT}",
    b"\x28\xb5\x2f\xfd": "is packed with zstd; unpack it first",
}
_BLOCK = 2**16  # bytes that are looked at


@dataclass(frozen=True)
class TextFile:
    """A file that holds text.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    encoding : str
        Of the text.
    unpack : callable
        Opens it for reading, in binary or as text.
    """

    path: Path
    encoding: str
    unpack: Callable[..., Any]

    @contextmanager
    def open(self) -> Iterator[TextIO]:
        """Open it for reading.

        Yields
        ------
        file
            Its text; every kind of line end is a line feed.

        Raises
        ------
        DataError
            For what cannot be read or decoded, also while it is being read.
        """
        try:
            with self.unpack(self.path, "rb") as binary:
                yield TextIOWrapper(binary, encoding=self.encoding)
        except UnicodeError:
            raise self._undecodable() from None
        except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
            raise DataError(f"{self.path}: cannot be read ({error})") from None

    def _undecodable(self) -> DataError:
        remedy = "--encoding NAME says what it is, such as cp1252 or latin-1"
        if self.encoding in ("utf-8", "utf-8-sig"):
            with self.unpack(self.path, "rb") as binary:
                for number, line in enumerate(binary, start=1):
                    try:
                        line.decode("utf-8")
                    except UnicodeDecodeError as error:
                        byte = f"the byte {line[error.start]:#04x}"
                        where = f"line {number} is no UTF-8 text (it holds {byte})"
                        return DataError(f"{self.path}: {where}; {remedy}")
        return DataError(f"{self.path}: is no text in {self.encoding}; {remedy}")


def find_text(path: Path, encoding: str | None) -> TextFile:
    """Find out how a file is packed and encoded.

    Parameters
    ----------
    path : pathlib.Path
        A file of text, plain or packed with gzip, bzip2 or xz.
    encoding : str or None
        Of the text. None: the one that its first bytes show for certain, else UTF-8.

    Returns
    -------
    TextFile
        The file, unread.

    Raises
    ------
    DataError
        For what is no file of text, or an encoding that is unknown or not the file's.
    """
    if path.exists() and not path.is_file():
        raise DataError(
            f"{path}: cannot be read; it is no file, but a folder or a pipe"
        )
    try:
        with path.open("rb") as plain:
            unpack = next((u for m, u in _PACKED.items() if _starts(plain, m)), open)
        with unpack(path, "rb") as binary:
            begin = binary.read(_BLOCK)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise DataError(f"{path}: cannot be read ({error})") from None
    for mark, problem in _NO_TEXT.items():
        if begin.startswith(mark):
            raise DataError(f"{path}: {problem}")
    return TextFile(path, _find_encoding(path, begin, encoding), unpack)


def _starts(file: Any, mark: bytes) -> bool:
    file.seek(0)
    return bool(file.read(len(mark)) == mark)


def _find_encoding(path: Path, begin: bytes, given: str | None) -> str:
    marked = next((e for mark, e in _MARKS if begin.startswith(mark)), None)
    if given is not None:
        try:
            "".encode(given)
        except (LookupError, UnicodeError, ValueError):
            known = "such as utf-8, utf-16, latin-1 or cp1252"
            raise DataError(f"--encoding: {given!r} is unknown; {known}") from None
        name = codecs.lookup(given).name
        if marked and not name.startswith(marked.removesuffix("-sig")):
            problem = f"begins with the mark of {marked.removesuffix('-sig')}"
            raise DataError(f"{path}: {problem}, --encoding says {given}")
        return marked or name
    if marked:
        return marked
    if b"\0" not in begin:
        return "utf-8"
    # Text holds no zeros; that of UTF-16 has them in every other byte only.
    first, second = begin[0::2].count(0), begin[1::2].count(0)
    if first and second:
        raise DataError(f"{path}: holds bytes that are no text")
    return "utf-16-be" if first else "utf-16-le"
