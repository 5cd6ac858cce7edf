"""Dataclasses that cost little to import: their methods are compiled when they are first called.

The decorator of the standard library compiles up to eight methods of each class while its module is imported, half a
millisecond a class; most commands call few of them.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError
from functools import partial
from itertools import chain
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["dataclass", "lazy_dataclass"]


@dataclasses.dataclass(frozen=True)
class _Options:
    frozen: bool
    slots: bool
    eq: bool
    order: bool
    shows: bool


def lazy_dataclass(
    cls: type | None = None,
    /,
    *,
    frozen: bool = False,
    slots: bool = False,
    eq: bool = True,
    order: bool = False,
    repr: bool = True,  # noqa: A002 - as there
) -> Any:
    """Make a class a dataclass, as `dataclasses.dataclass` does; its fields have no `hash`, `kw_only` or `InitVar`.

    Raises:
        TypeError: the class has a `__post_init__`, which would not be called.
    """

    def make(cls: type) -> type:
        return _made(cls, _Options(frozen, slots, eq, order, repr))

    return make if cls is None else make(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    dataclass = lazy_dataclass


def _made(cls: type, options: _Options) -> type:
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{cls.__qualname__}.__post_init__ would not be called")
    own = {name for name, value in cls.__dict__.items() if (name, value) != ("__hash__", None)}
    if cls.__doc__ is None:
        cls.__doc__ = cls.__name__  # or else the signature is worked out here and now
    cls = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    if options.slots:
        cls = _with_slots(cls, [field.name for field in dataclasses.fields(cls)])
    found = {name: _first(cls, name, build) for name, build in _compiled_methods(cls, options).items()}
    for name, method in {**found, **_shared_methods(options)}.items():
        if name not in own:
            setattr(cls, name, method)
    return cls


def _compiled_methods(cls: type, options: _Options) -> dict[str, Callable[[], Callable[..., Any]]]:
    fields = dataclasses.fields(cls)
    compared = [field.name for field in fields if field.compare]
    found: dict[str, Callable[[], Callable[..., Any]]] = {"__init__": partial(_init, cls, fields, options)}
    if options.eq:
        found["__eq__"] = partial(_comparison, cls, "__eq__", compared)
        if options.frozen:
            found["__hash__"] = partial(_hash, cls, compared)
    if options.order:
        found |= {name: partial(_comparison, cls, name, compared) for name in _SIGNS if name != "__eq__"}
    return found


def _shared_methods(options: _Options) -> dict[str, Any]:
    found: dict[str, Any] = {"__repr__": _repr} if options.shows else {}
    if options.eq and not options.frozen:
        found["__hash__"] = None
    if options.frozen:
        found |= {"__setattr__": _refuse_to_set, "__delattr__": _refuse_to_delete}
        if options.slots:
            found |= {"__getstate__": _state, "__setstate__": _set_state}
    return found


_SIGNS = {"__eq__": "==", "__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="}


def _with_slots(cls: type, names: list[str]) -> type:
    """Return the class anew, with slots for its fields: those of a class that exists cannot be changed."""
    inherited = set(chain.from_iterable(getattr(base, "__slots__", ()) for base in cls.__mro__[1:]))
    kept = {key: value for key, value in cls.__dict__.items() if key not in {*names, "__dict__", "__weakref__"}}
    kept["__slots__"] = tuple(name for name in names if name not in inherited)
    made = type(cls)(cls.__name__, cls.__bases__, kept)
    made.__qualname__ = cls.__qualname__
    return made


# -- methods that are compiled -----------------------------------------------------------------------------------


def _first(cls: type, name: str, build: Callable[[], Callable[..., Any]]) -> Callable[..., Any]:
    """Return a method that puts the compiled one in its place when it is called."""

    def first(self: Any, /, *args: Any, **values: Any) -> Any:
        method = build()
        setattr(cls, name, method)
        return method(self, *args, **values)

    first.__name__, first.__qualname__, first.__module__ = name, f"{cls.__qualname__}.{name}", cls.__module__
    return first


def _compiled(
    cls: type, name: str, parameters: str, body: list[str], known: dict[str, Any] | None = None
) -> Callable[..., Any]:
    found: dict[str, Any] = {}
    lines = "".join(f"    {line}\n" for line in body or ["pass"])
    exec(f"def {name}({parameters}):\n{lines}", known or {}, found)  # noqa: S102 - names of fields alone
    method: Callable[..., Any] = found[name]
    method.__qualname__, method.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
    return method


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...], options: _Options) -> Callable[..., Any]:
    known: dict[str, Any] = {"_missing_": MISSING, "_set_": object.__setattr__}
    parameters, body = ["self"], []
    for number, field in enumerate(fields):
        name = field.name
        value, default = name, ""
        if field.default_factory is not MISSING:
            known[f"_made{number}_"] = field.default_factory
            value, default = f"_made{number}_() if {name} is _missing_ else {name}", "=_missing_"
        elif field.default is not MISSING:
            known[f"_default{number}_"] = field.default
            default = f"=_default{number}_"
        if field.init:
            parameters.append(name + default)
        elif default:
            value = f"_made{number}_()" if f"_made{number}_" in known else f"_default{number}_"
        else:
            continue
        if not options.frozen:
            body.append(f"self.{name} = {value}")
        elif options.slots:
            known[f"_set{number}_"] = getattr(cls, name).__set__
            body.append(f"_set{number}_(self, {value})")
        else:
            body.append(f"_set_(self, {name!r}, {value})")
    return _compiled(cls, "__init__", ", ".join(parameters), body, known)


def _key(of: str, names: list[str]) -> str:
    return f"({''.join(f'{of}.{name}, ' for name in names)})"


def _hash(cls: type, names: list[str]) -> Callable[..., Any]:
    return _compiled(cls, "__hash__", "self", [f"return hash({_key('self', names)})"])


def _comparison(cls: type, name: str, names: list[str]) -> Callable[..., Any]:
    body = [
        "if other.__class__ is self.__class__:",
        f"    return {_key('self', names)} {_SIGNS[name]} {_key('other', names)}",
        "return NotImplemented",
    ]
    return _compiled(cls, name, "self, other", body)


# -- methods that all classes share ------------------------------------------------------------------------------


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _refuse_to_set(_self: Any, name: str, _value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
