"""A ``ShiftReport`` for people and for machines: one file a format, all reading the same model.

    machine.py    ``to_json``: the documented schema, version 1
    formats.py    every format for a file, by name: adding one is a module and a line
    heat.py       the timeline on a terminal; overtime.py: in words and as JSON
    groups_table.py  the groups on a terminal; groupwise.py: in words
    markdown.py   for a pull request; markdown_parts.py: its joint part and its timeline
    html/         a page with charts, whole in one file
    junit.py      for the test view of a CI system; junit_parts.py: its joint part and its timeline
    terminal.py   the verdict, then tables, then what the numbers mean
    table.py      which columns a table has and which give way when the screen is narrow
    cells.py      one number as a short text
    words.py      sentences that several formats say
    sparkline.py  a histogram as a line of block characters
    escape.py     names and values are untrusted: nothing of theirs reaches a screen raw

Decisions. Formats compute nothing: what they show stands in the report. Column names, values
and file names go through ``escape.printable`` in every format meant for eyes.
"""
