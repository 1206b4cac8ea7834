"""Blocks of text in UTF-8: the ground under the CSV and JSON Lines readers."""

import codecs
from collections.abc import Iterable, Iterator
from typing import Final

from shopkeeper.core.errors import EmptySource, UnreadableSource

MAX_LINE: Final = 4_000_000
"""Longest line in bytes that is read as a row."""
_BOMS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def utf8_blocks(name: str, raw: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes without a byte order mark, and UTF-16 with such a mark turned into UTF-8.

    Raises
    ------
    EmptySource
        There are no bytes.
    UnreadableSource
        It is no text: it holds zero bytes, or broken UTF-16.
    """
    decoder: codecs.IncrementalDecoder | None = None
    first = True
    for block in raw:
        if first:
            encoding, mark = _byte_order_mark(block)
            decoder = codecs.getincrementaldecoder(encoding)() if encoding.startswith("utf-16") else None
            block = block[len(mark) :]
            _check_text(name, block, decoder)
            first = False
        yield block if decoder is None else _decoded(name, decoder, block)
    if first:
        raise EmptySource(f"{name} is empty.", hint="Check that it was written completely.")


def bounded(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The same, but a line that spans blocks is cut once it is longer than `MAX_LINE`: it is no row."""
    length = 0
    for block in blocks:
        if length > MAX_LINE:
            end = block.find(b"\n")
            if end < 0:
                continue
            block = block[end:]
        last = block.rfind(b"\n")
        length = length + len(block) if last < 0 else len(block) - last - 1
        yield block


def _byte_order_mark(block: bytes) -> tuple[str, bytes]:
    return next(
        ((encoding, mark) for mark, encoding in _BOMS.items() if block.startswith(mark)), ("utf-8", b"")
    )


def _check_text(name: str, block: bytes, decoder: codecs.IncrementalDecoder | None) -> None:
    if decoder is None and b"\x00" in block[:4096]:
        raise UnreadableSource(
            f"{name} is not a text file: it holds zero bytes.",
            hint="Give CSV, JSON Lines or Parquet, and name the format with --format if its suffix does not.",
        )


def _decoded(name: str, decoder: codecs.IncrementalDecoder, block: bytes) -> bytes:
    try:
        return decoder.decode(block).encode("utf-8")
    except UnicodeError:
        raise UnreadableSource(f"{name} is broken UTF-16.", hint="Save it again as UTF-8.") from None


def broken_encoding(name: str) -> UnreadableSource:
    """What is said of a file that is text in another encoding."""
    return UnreadableSource(
        f"{name} is not UTF-8: most of its lines with other than ASCII characters are broken.",
        hint="Convert it, for example with: iconv -f GBK -t UTF-8 FILE (or -f WINDOWS-1252).",
    )
