"""The shift report as a page: ``shift --html``, one file that opens anywhere and asks for nothing.

    page.py        the parts, the templates, the Content-Security-Policy
    columns.py     a row of the table and a section for each column
    answers.py     the questions on top
    histogram.py   with functions.py the charts of a column, as paths
    canvas.py      with axis.py and times.py the scales they are drawn on
    bars.py        parts of a whole, and both sides of a share
    grouped.py     the groups
    heat.py        the timeline; together.py: the joint part; provenance.py: where figures come from
    templates/     the page, its style and its script

Decisions.

*Charts are inline SVG made here, not drawn by a library in the browser.* Both were built for the
weather report (12 columns) and for 100 numeric ones, uPlot 1.6.32 being the smallest library that
fits. SVG against uPlot, Chromium 156, median of five loads side by side: 124 against 162 kB (23
against 44 gzipped) and 0.25 against 0.43 s for the weather; 782 against 680 kB and 0.48 against
0.51 s for 100 columns; opening all of the 100 takes 0.8 against 4.3 s. uPlot is smaller beyond some
sixty columns and nowhere quicker. Its canvases are empty without JavaScript, print as pixels, and
say nothing to a screen reader, where SVG is text. So each chart is a few paths in whole units.

*A closed section waits in a* ``noscript``. Without a script the browser shows it as it is; with one
it is kept as a text until the section is opened or printed. A page of 1,000 columns (7.7 MB) has
31,000 elements then instead of 218,000, and loads in 2.5 s where it took 4.2 s on a busy machine
(``tests/bench/page.py`` measures again).

*The page has a policy* that names its one style and its one script by their hashes and allows no
request at all. So nothing of it stands in an attribute: bars are SVG, colours are classes.
"""

from __future__ import annotations

from bncli.report.html.page import to_html

__all__ = ["to_html"]
