"""Queries whose SQL is put together once, for those that every rendering of a page makes.

Note [What a query costs]
    The ORM puts a query's SQL together anew each time. For a query with a few joins and subqueries that takes ten times
    as long as the database takes to answer it, and a term's page is made of such queries. So they are put together
    once, with stand-ins for the values, and asked again with other values. Querysets stay what they are written as.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar

from django.db import connections
from django.db.models import QuerySet

Row = TypeVar("Row")
One = str | bytes | int
Value = One | Collection[str] | Collection[bytes] | Collection[int]

# As far from any primary key as the databases' integers go; letters that no slug and no name begins with.
_NUMBERS = -(2**62)
_LETTERS = "\x00stands for "


class Prepared(Generic[Row]):
    """A query of some named values: texts, bytes, whole numbers, or collections of them, which it compares with
    ``__in`` or one by one.

    ``make`` is called with stand-ins, and returns a queryset in which each is a value of a filter, unchanged. The
    queryset must not depend on anything else. What it prefetches is asked for as ever.
    """

    def __init__(self, make: Callable[..., QuerySet[Any, Row]]) -> None:
        self._make = make
        self._plans: dict[tuple[Any, ...], _Plan[Row]] = {}

    def __call__(self, **values: Value) -> list[Row]:
        """Return the rows for these values. One query, and those of what is prefetched."""
        given = {name: _padded(value) for name, value in values.items()}
        shape = tuple(
            (name, type(value), len(value) if isinstance(value, tuple) else 0) for name, value in given.items()
        )
        plan = self._plans.get(shape)
        if plan is None:
            # Two threads may each make one; they are alike.
            plan = self._plans[shape] = _planned(self._make, given)
        return plan.ask(given)


@dataclass(frozen=True, slots=True)
class _Plan(Generic[Row]):
    """A queryset with its SQL, and for each parameter whence its value comes: a name, and a place in a collection."""

    queryset: QuerySet[Any, Row]
    compiler: Any
    sql: str
    parameters: tuple[Any, ...]
    sources: dict[int, tuple[str, int | None]]
    converters: dict[int, Any]

    def ask(self, values: dict[str, Any]) -> list[Row]:
        found = list(self.parameters)
        for place, (name, number) in self.sources.items():
            found[place] = values[name] if number is None else values[name][number]
        queryset = self.queryset.all()
        queryset.query.get_compiler = partial(self._compiler, tuple(found))  # type: ignore[method-assign]  # of this one queryset
        return list(queryset)

    def _compiler(self, parameters: tuple[Any, ...], using: str, *_: Any, **__: Any) -> Any:
        compiler = copy(self.compiler)
        compiler.connection = connections[using]  # of this thread
        compiler.as_sql = lambda *_, **__: (self.sql, parameters)
        compiler.get_converters = lambda *_: self.converters
        return compiler


def _planned(make: Callable[..., QuerySet[Any, Row]], values: dict[str, Any]) -> _Plan[Row]:
    numbers = count()

    def stand_in(value: One) -> One:
        number = next(numbers)
        if isinstance(value, int):
            return _NUMBERS - number
        letters = f"{_LETTERS}{number}"
        return letters if isinstance(value, str) else letters.encode()

    stand_ins = {
        name: tuple(map(stand_in, value)) if isinstance(value, tuple) else stand_in(value)
        for name, value in values.items()
    }
    sources: dict[Any, tuple[str, int | None]] = {}
    for name, standing in stand_ins.items():
        if isinstance(standing, tuple):
            sources.update({each: (name, number) for number, each in enumerate(standing)})
        else:
            sources[standing] = (name, None)
    queryset = make(**stand_ins)
    compiler = queryset.query.get_compiler(queryset.db)
    sql, parameters = compiler.as_sql()
    # Psycopg wraps bytes, for which it takes them bare as well.
    bare = [getattr(each, "obj", each) for each in parameters]
    if missing := sources.keys() - set(bare):
        raise ValueError(f"{sources[missing.pop()][0]!r} doesn't stand in the query as it is.")
    places = {place: sources[each] for place, each in enumerate(bare) if each in sources}
    converters = compiler.get_converters([column[0] for column in compiler.select[: compiler.col_count]])
    return _Plan(queryset, compiler, sql, tuple(parameters), places, converters)


def _padded(value: Value) -> Any:
    """Return a collection as a tuple of one of a few lengths, so that there are few queries; its last value again."""
    if isinstance(value, str | bytes | int):
        return value
    found = tuple(value)
    length = 1 << (len(found) - 1).bit_length() if found else 0
    return found + found[-1:] * (length - len(found))
