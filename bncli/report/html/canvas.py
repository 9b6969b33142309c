"""What the charts of one column share: the sheet they are drawn on, and its axis of values."""

from __future__ import annotations

from bncli.report.html.axis import Axis
from bncli.shift.model import Picture

WIDTH, HEIGHT = 320, 170
LEFT, RIGHT, TOP, BASE = 36, 312, 8, 146


def across(picture: Picture) -> Axis:
    """The outer percents of both sides, from left to right."""
    return Axis.over(picture.low or 0.0, picture.high or 0.0, LEFT, RIGHT)
