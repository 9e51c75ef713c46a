"""Counting the steps of a computation, for tests that double an input and bound what that costs.

A line of Python is a step. What a regular expression does on its way through a text cannot be counted, so its runs are
counted by themselves: code that must be linear makes none, or as many for a long text as for a short one. Trying a
pattern at one place (``match``) is no run.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any

#: Twice the input may take this many times the steps, and this many lines more: Python collects garbage now and then.
DOUBLE, NOW_AND_THEN = 2.5, 200


@dataclass(slots=True)
class Steps:
    """Lines of Python that were run, and runs of regular expressions over a text."""

    lines: int = 0
    runs: int = 0


def steps_of(call: Callable[[], object]) -> Steps:
    """Return the steps that ``call`` takes in this thread."""
    steps = Steps()

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        steps.lines += event == "line"
        return trace

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        if event == "c_call" and isinstance(getattr(arg, "__self__", None), re.Pattern):
            steps.runs += arg.__name__ != "match"

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.settrace(before[0])
        sys.setprofile(before[1])
    return steps


def assert_linear(call: Callable[[int], object], size: int, *, may_run: bool = False) -> None:
    """Assert that ``call`` takes no more than twice the steps for an input of twice the ``size``.

    It runs no regular expression over a text, or, if it ``may_run`` some, as many for the longer input.
    """
    call(1)  # What is done once for all is done now.
    assert may_run or not steps_of(partial(call, 1)).runs, "a regular expression is run, whose steps cannot be counted"
    small, large = (steps_of(partial(call, size)) for size in (size, 2 * size))
    allowed = small.runs if may_run else 0
    assert large.runs <= allowed, f"regular expressions ran {small.runs} times, and {large.runs} for twice the text"
    most = DOUBLE * small.lines + NOW_AND_THEN
    assert large.lines <= most, f"{small.lines} lines, and {large.lines} for twice the text"
