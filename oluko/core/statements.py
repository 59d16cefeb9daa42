"""The few statements that run for every payment and every webhook, composed once instead of each time.

The ORM takes several times as long to compose a statement as the database takes to run it. Here the texts are plain SQL
that both databases speak, or are made once from a model; values go through the model's fields as ever. For anything
that does not run hundreds of times a second the ORM is the better tool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from itertools import batched
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Field, ForeignKey, Model
from django.utils import timezone

from oluko.core.database import turn_to_write

# What a statement takes on an old SQLite.
_VALUES = 999
# The type of value that a column of such a field holds. Whole numbers are left to the field, which tells PostgreSQL
# how large they may be.
_OWN: dict[str, type] = {"CharField": str, "TextField": str, "UUIDField": UUID, "DateTimeField": datetime}

type Taker = Callable[[Any, BaseDatabaseWrapper], Any]


class Row:
    """A new row of a model: all columns but an automatic id, as the driver takes them, the unnamed with their defaults.

    Names are the model's attributes, `booking_id` for a foreign key. Made before a transaction, it is not made in it:
    instances of models take several times as long, and others wait meanwhile. Raises TypeError for a name that is none.
    """

    __slots__ = ("model", "values")

    def __init__(self, model: type[Model], **named: object) -> None:
        database = connections[DEFAULT_DB_ALIAS]
        self.model = model
        self.values = [
            take(named.pop(name) if name in named else default(), database) for name, default, take in _takers(model)
        ]
        if named:
            raise TypeError(f"{model.__name__} has no {', '.join(named)}.")

    def put(self, name: str, value: object) -> None:
        """Give a column another value: what is known only in the transaction, as its instant."""
        database = connections[DEFAULT_DB_ALIAS]
        for place, (column, _, take) in enumerate(_takers(self.model)):
            if column == name:
                self.values[place] = take(value, database)
                return
        raise TypeError(f"{self.model.__name__} has no {name}.")


def insert(rows: Sequence[Row], *, unless_known: str = "", returning: str = "") -> list[tuple[Any, ...]]:
    """Insert rows of one model; the columns `returning` of those that went in.

    `unless_known` names a unique column: a row whose value there is known already is left out, and not returned.
    Raises IntegrityError as the ORM does.
    """
    made: list[tuple[Any, ...]] = []
    if not rows:
        return made
    model, database = rows[0].model, connections[DEFAULT_DB_ALIAS]
    for some in batched(rows, _VALUES // len(rows[0].values)):
        with database.cursor() as cursor:
            cursor.execute(
                _insertion(model, len(some), unless_known, returning), [value for row in some for value in row.values]
            )
            if returning:
                made += cursor.fetchall()
    return made


def change(sql: str, *values: object) -> int:
    """Run one UPDATE of standard SQL; how many rows it changed."""
    database = connections[DEFAULT_DB_ALIAS]
    with turn_to_write(), database.cursor() as cursor:
        cursor.execute(sql, [_adapted(value, database) for value in values])
        return int(cursor.rowcount)


def changed(sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one UPDATE of standard SQL that ends in RETURNING; what it returns of the rows that it changed."""
    database = connections[DEFAULT_DB_ALIAS]
    with turn_to_write(), database.cursor() as cursor:
        cursor.execute(sql, [_adapted(value, database) for value in values])
        return list(cursor.fetchall())


def placeholders(number: int) -> str:
    """The places of so many values in a statement, for IN (…) or a row of VALUES."""
    return ", ".join(["%s"] * number)


def read[M: Model](model: type[M], where: str, *values: object, lock: bool = False) -> list[M]:
    """Whole rows of one model by a condition in standard SQL; locked until the transaction ends if so wanted."""
    names = _names(model)
    rows = read_values(model, names, where, *values, lock=lock)
    return [model.from_db(DEFAULT_DB_ALIAS, names, row) for row in rows]


def read_values(
    model: type[Model], names: tuple[str, ...], where: str, *values: object, lock: bool = False
) -> list[list[Any]]:
    """As `read`, but only the values of these attributes: for what runs while others wait."""
    database = connections[DEFAULT_DB_ALIAS]
    # SQLite has no such lock and needs none: its transactions of ours come one after the other.
    locking = f" {database.ops.for_update_sql(no_key=True)}" if lock and database.features.has_select_for_update else ""
    with database.cursor() as cursor:
        cursor.execute(_selection(model, names, where) + locking, [_adapted(value, database) for value in values])
        rows = cursor.fetchall()
    return [_converted(model, names, row, database) for row in rows]


def _converted(
    model: type[Model], names: tuple[str, ...], row: Sequence[Any], database: BaseDatabaseWrapper
) -> list[Any]:
    values = list(row)
    for place, column, converters in _converters(model, names):
        for convert in converters:
            values[place] = convert(values[place], column, database)
    return values


@cache
def _converters(model: type[Model], names: tuple[str, ...]) -> list[tuple[int, Any, list[Any]]]:
    """What the ORM does with the values of a model's columns, by their places; most need nothing."""
    columns = [field.get_col(model._meta.db_table) for field in _fields(model, names)]
    found = [(connection.ops.get_db_converters(each) + each.get_db_converters(connection)) for each in columns]
    return [(place, columns[place], converters) for place, converters in enumerate(found) if converters]


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in model._meta.concrete_fields)


def _fields(model: type[Model], names: tuple[str, ...]) -> list[Field[Any, Any]]:
    of_name = {field.attname: field for field in model._meta.concrete_fields}
    return [of_name[name] for name in names]


@cache
def _takers(model: type[Model]) -> list[tuple[str, Callable[[], Any], Taker]]:
    """Of each column: its attribute, what gives its default, and what takes its value."""
    return [(field.attname, _default_of(field), _taker(field)) for field in _columns(model)]


def _default_of(field: Field[Any, Any]) -> Callable[[], Any]:
    moment = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return timezone.now if moment else field.get_default


def _taker(field: Field[Any, Any]) -> Taker:
    """What takes a column's value for the driver. What is of the column's own type skips its checks."""
    values = field.target_field if isinstance(field, ForeignKey) else field
    own = _OWN.get(values.get_internal_type())
    if own is None:
        return field.get_db_prep_save

    def take(value: Any, database: BaseDatabaseWrapper) -> Any:
        if value is None or isinstance(value, own):
            return _adapted(value, database)
        return field.get_db_prep_save(value, database)

    return take


@cache
def _columns(model: type[Model]) -> list[Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not field.db_returning]


@cache
def _insertion(model: type[Model], rows: int, unless_known: str, returning: str) -> str:
    names = [f'"{field.column}"' for field in _columns(model)]
    row = f"({', '.join(['%s'] * len(names))})"
    text = f'INSERT INTO "{model._meta.db_table}" ({", ".join(names)}) VALUES {", ".join([row] * rows)}'  # noqa: S608
    known = f" ON CONFLICT ({unless_known}) DO NOTHING" if unless_known else ""
    return text + known + (f" RETURNING {returning}" if returning else "")


@cache
def _selection(model: type[Model], names: tuple[str, ...], where: str) -> str:
    columns = ", ".join(f'"{field.column}"' for field in _fields(model, names))
    return f'SELECT {columns} FROM "{model._meta.db_table}" WHERE {where}'  # noqa: S608


def _adapted(value: object, database: BaseDatabaseWrapper) -> Any:
    """A value as the database's driver takes it, as a field of the model would hand it over."""
    if isinstance(value, UUID):
        return value if database.features.has_native_uuid_field else value.hex
    return database.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value
