"""Classes whose methods are compiled late behave as those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from itertools import product

import pytest

from pgmg.model.lazy_dataclass import lazy_dataclass

OPTIONS = [
    {"frozen": frozen, "slots": slots, "order": order, "repr": shows}
    for frozen, slots, order, shows in product((False, True), repeat=4)
]
VALUES = [(1, "a"), (1, "b"), (2, "a"), (1, "a", ["x"]), (1, "a", ["x"], 5)]


def made(how, options):
    """Return a class, and one derived from it, as one of the two decorators makes them."""

    @how(**options)
    class Base:
        number: int
        name: str
        parts: list[str] = dataclasses.field(default_factory=list)
        size: int = 3
        hidden: int = dataclasses.field(default=0, init=False, repr=False, compare=False)
        own: list[int] = dataclasses.field(default_factory=list, init=False)

        def total(self) -> int:
            return self.number + self.size

    @how(**options)
    class Derived(Base):
        more: str = "more"

    return Base, Derived


def outcome(what):
    """Return what happens; of an error its kind, and what it is about without the place of the class."""
    try:
        return what()
    except Exception as error:
        return type(error), str(error).split(".")[-1]


def behaviour(cls, options):
    objects = [cls(*values) for values in VALUES]
    yield [one == other for one in objects for other in objects], [one != 5 for one in objects]
    yield outcome(lambda: min(objects).number)
    yield outcome(lambda: objects[0] < objects[1])
    yield outcome(lambda: objects[0] >= 5)
    yield outcome(lambda: hash(objects[0]))
    yield [repr(one) if options["repr"] else None for one in objects]
    yield [dataclasses.asdict(one) for one in objects]
    yield outcome(cls)
    yield outcome(lambda: cls(1, "a", other=3))
    yield outcome(lambda: setattr(objects[0], "number", 7))
    yield objects[0].number
    yield outcome(lambda: delattr(objects[2], "size"))
    yield dataclasses.replace(objects[1], size=9).size, copy.deepcopy(objects[3]) == objects[3]
    yield hasattr(objects[0], "__dict__"), cls.__match_args__, objects[3].total()
    yield objects[0].own is not objects[1].own, objects[0].parts is not objects[1].parts, cls(1, "a").hidden
    yield cls.__doc__ is not None, cls.__qualname__.rpartition(".")[2]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_class_behaves_as_that_of_the_standard_library(options):
    standard, lazy = (
        [list(behaviour(cls, options)) for cls in made(how, options)] for how in (dataclasses.dataclass, lazy_dataclass)
    )
    assert lazy == standard


@lazy_dataclass(frozen=True, slots=True)
class Pickled:
    """Stands in the module, where pickle finds it."""

    number: int
    name: str = "n"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pickled) and self.number == other.number

    def __hash__(self) -> int:
        return self.number


def test_an_object_can_be_pickled_and_a_method_of_its_own_stays():
    assert pickle.loads(pickle.dumps(Pickled(3))) == Pickled(3)
    assert Pickled(3, "x") == Pickled(3, "y")
    assert hash(Pickled(3)) == 3


def test_methods_are_compiled_when_they_are_first_called():
    @lazy_dataclass(slots=True)
    class Late:
        number: int

    first = Late.__init__
    one = Late(1)
    assert Late.__init__ is not first
    first(one, 2)  # who has kept the method that was there before may go on to use it
    assert one == Late(2)


def test_what_would_not_be_called_is_refused():
    with pytest.raises(TypeError, match="__post_init__"):

        @lazy_dataclass
        class Late:
            def __post_init__(self) -> None:
                """Would set what the fields do not hold."""
