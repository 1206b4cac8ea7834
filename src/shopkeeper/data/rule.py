"""What a cleaning rule says it did."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What one rule did.

    Attributes
    ----------
    rule
        Stable name.
    rows
        Rows it changed or left out.
    words
        The same in words, ``{rows}`` standing for their number.
    """

    rule: str
    rows: int
    words: str

    @property
    def sentence(self) -> str:
        """What was done, in words."""
        return self.words.format(rows=f"{self.rows:,}")

    def plus(self, rows: int) -> "RuleReport":
        """The same rule with more rows."""
        return replace(self, rows=self.rows + rows)
