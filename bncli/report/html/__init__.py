"""The shift report as a page: ``shift --html``, one file that opens anywhere and asks for nothing.

page.py        the parts, the templates, the Content-Security-Policy
columns.py     a row of the table and a section for each column
answers.py     the questions on top
drawings.py    histogram, distribution functions and quantile pairs, as paths; axis.py: scales
bars.py        parts of a whole, and both sides of a share
heat.py        the timeline; together.py: the joint part; provenance.py: where figures come from
templates/     the page, its style and its script
"""

from __future__ import annotations

from bncli.report.html.page import to_html

__all__ = ["to_html"]
