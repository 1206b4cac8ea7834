"""Where the records of a block of CSV begin and end, and how many fields each has; whole blocks at a time."""

import csv
import re
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
QUOTE: Final = ord('"')
NEWLINE: Final = ord("\n")
SEPARATORS: Final = (",", "\t", ";", "|")
_LONG: Final = 100_000


def _sound_record(separator: str) -> re.Pattern[bytes]:
    mark = re.escape(separator)
    field = f'(?:"(?:[^"]|"")*"|[^"{mark}]*)'
    return re.compile(f"{field}(?:{mark}{field})*\r?".encode())


_SOUND: Final = {separator: _sound_record(separator) for separator in SEPARATORS}


@dataclass(frozen=True, slots=True)
class Records:
    """Records of a block.

    Attributes
    ----------
    starts, ends
        Byte range of each record, its line end excluded.
    lines
        Lines before each record within the block, so 0 for the first.
    separators
        Separators outside quotes in each record.
    """

    starts: Positions
    ends: Positions
    lines: Positions
    separators: Positions


def find_records(block: bytes, separator: str, expected: int) -> Records:
    """Find the records of a block that ends with a line end.

    A line end or separator stands between fields if an even number of quotes comes before it. A record of
    several lines that has not the ``expected`` number of separators comes of a stray quote: its lines are
    told one by one.
    """
    data = np.frombuffer(block, np.uint8)
    newlines = np.flatnonzero(data == NEWLINE)
    quotes = np.flatnonzero(data == QUOTE)
    separators = _outside(np.flatnonzero(data == ord(separator)), quotes)
    ends = _outside(newlines, quotes)
    if not len(ends) or ends[-1] != len(block) - 1:
        ends = np.append(ends, len(block) - 1)
    starts = np.append(0, ends[:-1] + 1)
    counts = np.searchsorted(separators, ends) - np.searchsorted(separators, starts)
    lines = np.searchsorted(newlines, starts)
    records = Records(starts, ends, lines, counts)
    several = np.flatnonzero(np.searchsorted(newlines, ends) > lines)
    joined = [
        row
        for row in several.tolist()
        if counts[row] != expected or not _sound(block, records, row, separator)
    ]
    return _unjoined(records, joined, block, separator) if joined else records


def _sound(block: bytes, records: Records, row: int, separator: str) -> bool:
    """Whether every quote of a record opens or closes a whole field."""
    text = block[int(records.starts[row]) : int(records.ends[row])]
    return _SOUND[separator].fullmatch(text) is not None


def _unjoined(records: Records, joined: list[int], block: bytes, separator: str) -> Records:
    """Tell the lines of these records one by one."""
    extra: list[tuple[int, int, int, int]] = []
    for row in joined:
        start, line = int(records.starts[row]), int(records.lines[row])
        for text in block[start : int(records.ends[row])].split(b"\n"):
            extra.append((start, start + len(text), line, _separators(text, separator)))
            start, line = start + len(text) + 1, line + 1
    parts = np.array(extra, np.int64)
    whole = (records.starts, records.ends, records.lines, records.separators)
    columns = [
        np.concatenate([np.delete(column, joined), parts[:, place]]) for place, column in enumerate(whole)
    ]
    order = np.argsort(columns[0], kind="stable")
    return Records(*(column[order] for column in columns))


def _separators(line: bytes, separator: str) -> int:
    """Separators between the fields of a line; a quote within an unquoted field is a sign like any other."""
    if len(line) > _LONG:
        return line.count(separator.encode())
    return len(next(csv.reader([line.decode("utf-8", "replace")], delimiter=separator), [""])) - 1


def whole_records(block: bytes) -> int:
    """Length of the part of a block that ends with its last whole record; 0 if there is none."""
    last = block.rfind(b"\n")
    if last < 0 or QUOTE not in block:
        return last + 1
    data = np.frombuffer(block, np.uint8)
    ends = _outside(np.flatnonzero(data == NEWLINE), np.flatnonzero(data == QUOTE))
    return int(ends[-1]) + 1 if len(ends) else 0


def _outside(positions: Positions, quotes: Positions) -> Positions:
    if not len(quotes):
        return positions
    outside: Positions = positions[np.searchsorted(quotes, positions) % 2 == 0]
    return outside
