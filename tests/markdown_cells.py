"""Reads Markdown tables back, strictly."""

from __future__ import annotations


def body(table: str) -> list[list[str]]:
    """The cells of the rows of a table, all of which have as many as its head."""
    lines = table.split("\n")
    assert all(line[0] == line[-1] == "|" for line in lines)
    head, rule, *rows = ([cell.strip() for cell in line[1:-1].split("|")] for line in lines)
    assert {len(row) for row in (head, rule, *rows)} == {len(head)}
    assert all(set(cell) <= {"-", ":"} for cell in rule)
    return rows
