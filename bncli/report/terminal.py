"""The shift report for people: verdict first, worst columns next, then what the numbers mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill

from rich.console import Console, RenderableType
from rich.text import Text

from bncli.report import cells, words
from bncli.report.groups_table import by_group
from bncli.report.heat import over_time
from bncli.report.jointly import jointly
from bncli.report.table import CATEGORICAL, NUMERIC, STYLES, TEMPORAL, Screen, columns_table
from bncli.shift.model import Column, Origin, ShiftReport

DEFAULT_ROWS = 20
_LISTED = 10


def print_shift(report: ShiftReport, console: Console, most: int | None = DEFAULT_ROWS) -> None:
    """Print the report; ``most`` rows of columns, None for all (``--all``).

    Colour follows the console, and so NO_COLOR; pictures and arrows follow its encoding.
    """
    screen = Screen(console.width, console.encoding)
    for part in Terminal(report, screen, most).parts():
        console.print(part, highlight=False, markup=False, emoji=False)


@dataclass(frozen=True, slots=True)
class Terminal:
    """One report on one screen, as parts from top to bottom."""

    report: ShiftReport
    screen: Screen
    most: int | None = DEFAULT_ROWS

    def parts(self) -> Iterator[RenderableType]:
        yield self._verdict()
        yield self._sides()
        yield from self._gate()
        shown = self.report.columns[: self.most]
        yield from self._tables(shown)
        yield from self._rest(len(shown))
        yield from jointly(self.report, self.screen)
        yield from by_group(self.report.groups, self.screen, self.most)
        yield from self._over_time()
        yield from self._lists(shown)
        if shown:
            yield Text("")
            yield from (Text(line, style="dim") for line in words.meaning(self.report, shown))

    def _verdict(self) -> Text:
        blind = words.too_few(self.report) == self.report.compared
        style = "" if blind else STYLES[self.report.verdict]
        return Text(words.verdict(self.report), f"bold {style}")

    def _sides(self) -> Text:
        sides = map(self._origin, (self.report.train, self.report.test))
        return Text(f" {self.screen.arrow} ".join(sides))

    def _origin(self, side: Origin) -> str:
        return f"{self.screen.text(side.name)} ({cells.count(side.rows)} rows)"

    def _gate(self) -> Iterator[Text]:
        gate = self.report.gate
        if gate.failed:
            yield Text(f"gate reached: {self._joined(gate.failed)}", "bold red")
        elif gate.rules:
            yield Text(f"gate passed: {self._joined(gate.rules)}", "green")

    def _tables(self, shown: Sequence[Column]) -> Iterator[RenderableType]:
        """One table a kind, the one with the worst column first."""
        fields = {"numeric": NUMERIC, "categorical": CATEGORICAL, "temporal": TEMPORAL}
        for kind in dict.fromkeys(column.kind for column in shown):
            rows = [column for column in shown if column.kind == kind]
            yield Text("")
            yield columns_table(fields[kind], rows, self.screen)

    def _rest(self, shown: int) -> Iterator[Text]:
        rest = self.report.columns[shown:]
        if rest:
            parts = words.severities(rest)
            yield Text(f"and {len(rest)} more columns: {parts} (--all shows them)")

    def _over_time(self) -> Iterator[Text]:
        if self.report.timeline is not None:
            yield Text("")
            yield from over_time(self.report.timeline, self.screen, self.most)

    def _lists(self, shown: Sequence[Column]) -> Iterator[Text]:
        """What stands beside the tables, each list cut with a count of the rest."""
        report, schema = self.report, self.report.schema
        changed = [
            f"{one.name} ({one.train} {self.screen.arrow} {one.test})"
            for one in schema.type_changed
        ]
        lists = {
            "notes": [_note(column) for column in shown if column.notes],
            "too few rows": [
                f"{one.label}: {words.why_too_few(one, report)}"
                for one in shown
                if one.too_few_rows
            ],
            words.repeating(report): [
                f"{one.label}: {'; '.join(one.measured.cautions)}" for one in words.cautioned(shown)
            ],
            "not compared, because": [f"{one.name}: {one.reason}" for one in report.not_compared],
            "only in training": list(schema.only_train),
            "only in test": list(schema.only_test),
            "type changed": changed,
        }
        for title, entries in lists.items():
            if entries:
                yield Text("")
                yield from self._listed(title, entries)

    def _listed(self, title: str, entries: Sequence[str]) -> Iterator[Text]:
        yield Text(f"{title} ({len(entries)})", "bold")
        for entry in entries[:_LISTED]:
            yield self._entry(self.screen.text(entry, 300))
        if len(entries) > _LISTED:
            yield Text(f"  and {len(entries) - _LISTED} more")

    def _entry(self, shown: str) -> Text:
        """A long one goes on below its own words, not below the next entry's first."""
        if not shown.strip():
            return Text(f"  {shown}")
        width = self.screen.width
        return Text(fill(shown, width, initial_indent="  ", subsequent_indent="    "))

    def _joined(self, texts: Iterable[str]) -> str:
        return self.screen.text(", ".join(texts))


def _note(column: Column) -> str:
    reasons = f" ({', '.join(column.reasons)})" if column.reasons else ""
    return f"{column.label}: {'; '.join(column.notes)}{reasons}"
