"""Decides what happens to each object: changed in place, made again, dropped, restored, or refused (rules 3 to 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pgmg.errors import RefusedChange
from pgmg.model.names import ABOUT_PARENT, DESCRIPTIVE, ROUTINES, Kind, ObjectName
from pgmg.model.plan import Action, ChangeKind, Learned, PlanOptions
from pgmg.model.snapshot import Address, Answers, Evidence
from pgmg.model.source import Effect, Migration, SourceObject
from pgmg.planning.changes import Difference
from pgmg.planning.course import Course, courses
from pgmg.planning.growth import read_anew
from pgmg.planning.kinds import judge
from pgmg.planning.kinds.base import Case, ColumnUse, InPlace, Refuse, Remake, Verdict
from pgmg.planning.reach import RETYPE_HINDERS, Reach, reach
from pgmg.planning.renewed import Renewed, renewed
from pgmg.planning.resolve import Use
from pgmg.planning.survey import Survey, previous_source
from pgmg.planning.taken import taken_away
from pgmg.planning.web import Web
from pgmg.source.text import or_replace

_JUDGED = frozenset({ChangeKind.MODIFIED, ChangeKind.DRIFTED, ChangeKind.ADOPTED})


@dataclass(slots=True)
class Fates:
    """All decisions. `dropped` maps what goes because of the code to whether it must be dropped by name."""

    web: Web
    differences: Mapping[ObjectName, Difference]
    changed: tuple[Difference, ...]
    """Those about which something is to be done."""
    courses: tuple[Course, ...]
    """What is called what before each pending migration, and after the last."""
    verdicts: dict[ObjectName, Verdict] = field(default_factory=dict)
    previous: dict[ObjectName, SourceObject] = field(default_factory=dict)
    roots: dict[Address, str] = field(default_factory=dict)
    dropped: dict[Address, bool] = field(default_factory=dict)
    spare: frozenset[tuple[Address, Address]] = frozenset()
    reaches: tuple[Reach, ...] = ()
    anew: Renewed = field(default_factory=Renewed)
    """Names that mean another object once pending migrations have run."""
    taken: frozenset[Address] = frozenset()
    """What pending migrations take away."""
    made_by_migrations: frozenset[ObjectName] = frozenset()

    def deleted(self, name: ObjectName) -> bool:
        """Say whether the object is no longer declared."""
        difference = self.differences.get(name)
        return difference is not None and difference.change is ChangeKind.DELETED


def decide(
    survey: Survey,
    found: Sequence[Difference],
    evidence: Evidence,
    answers: Answers,
    options: PlanOptions,
    learned: Learned,
) -> Fates:
    """Decide everything that does not depend on order.

    Raises:
        RefusedChange: a change cannot be made, or not without being told to.
    """
    stations = courses(survey.snapshot.addresses, survey.resolver, survey.pending)
    web = Web(answers.closure, survey.snapshot.by_address, stations[-1].dropped)
    fates = Fates(web, {d.name: d for d in found}, tuple(d for d in found if d.change is not None), stations)
    fates.made_by_migrations = _made_by_migrations(survey, learned)
    hindered = {m.name: _hindered(m.name, learned, web) for m in survey.pending}
    fates.anew = renewed(survey.pending, survey.resolver, survey.snapshot.objects, survey.declared)
    fates.taken = taken_away(survey.pending, stations, survey.resolver, web)
    fates.reaches = tuple(
        reach(
            m, web, survey.resolver, survey.declared, course, options.recreate, fates.anew,
            _used_by(m, needs, learned), hindered[m.name], learned.refused,
        )
        for m, course, needs in zip(survey.pending, fates.courses, survey.needs, strict=False)
    )  # fmt: skip
    _judge_all(fates, survey, evidence, answers, options, learned)
    refusals = {name: verdict for name, verdict in fates.verdicts.items() if isinstance(verdict, Refuse)}
    if refusals:
        raise RefusedChange(
            "\n\n".join(v.message for v in refusals.values()),
            hint="\n".join(v.hint for v in refusals.values()),
            blame=tuple(refusals),
        )
    for name in read_anew(survey, fates.verdicts, fates.differences, answers):
        fates.verdicts[name] = _anew(name, survey, learned)
    _find_roots(fates, survey, learned)
    _spread(fates, survey)
    return fates


def _used_by(migration: Migration, needs: Iterable[Use], learned: Learned) -> set[ObjectName]:
    waits = {on for name, on in learned.waits if name.kind is Kind.MIGRATION and name.name == migration.name}
    return {use.object for use in needs} | waits


def _anew(name: ObjectName, survey: Survey, learned: Learned) -> Verdict:
    if name.kind is Kind.MATERIALIZED_VIEW or name in learned.refused:
        return Remake("its `*` is read anew")
    return InPlace(Action.REPLACE, (or_replace(survey.declared[name].source.sql),), "its `*` is read anew")


def _hindered(migration: str, learned: Learned, web: Web) -> list[Address]:
    """Return what was found in a migration's way, unless an earlier group has made it again since."""
    found = (Address(*address) for name, address in learned.hindered if name == migration)
    return [address for address in found if address in web.definitions]


def _made_by_migrations(survey: Survey, learned: Learned) -> frozenset[ObjectName]:
    """Return declared objects that a pending migration itself creates, alters or drops (rule 7.4)."""
    found = set(learned.made)
    for migration in survey.pending:
        for alteration in migration.alterations:
            if not alteration.effect.is_slight:
                names = (*survey.resolver.altered(alteration), *survey.resolver.became(alteration))
                found.update(n for n in names if n in survey.declared)
    return frozenset(found)


# -- in place or again --------------------------------------------------------------------------


def _judge_all(
    fates: Fates, survey: Survey, evidence: Evidence, answers: Answers, options: PlanOptions, learned: Learned
) -> None:
    remade: set[ObjectName] = {d.name for d in fates.changed if d.change in (ChangeKind.DELETED, ChangeKind.MISSING)}
    for affected in fates.reaches:
        remade |= {fates.web.name(a) for a in fates.web.above(affected.roots)}
        remade |= set(affected.altered)
    for difference in _by_use(fates):
        name = difference.name
        always = name.kind in DESCRIPTIVE
        if difference.declared is None or (difference.change not in _JUDGED and not (always and difference.change)):
            continue
        before = previous_source(difference)
        if before is not None:
            fates.previous[name] = before
        if name in fates.made_by_migrations and difference.live is None:
            continue
        verdict = judge(_case(difference, before, remade, fates, survey, evidence, answers, options, learned))
        if name in learned.refused and isinstance(verdict, InPlace) and name.kind not in ABOUT_PARENT:
            verdict = Remake("the server does not take the change in place")
        if isinstance(verdict, Refuse) and name in fates.made_by_migrations:
            continue  # judged after the migration (rule 7.4)
        if isinstance(verdict, Remake):
            remade.add(name)
        fates.verdicts[name] = verdict
    for difference in fates.changed:
        if difference.change is ChangeKind.DELETED and (before := previous_source(difference)) is not None:
            fates.previous[difference.name] = before


def _by_use(fates: Fates) -> list[Difference]:
    """Put what is used before what uses it, as far as there is no cycle; what does not change need not be there."""
    pool = fates.differences
    done: dict[ObjectName, Difference] = {}

    for start in fates.changed:
        stack = [(start.name, False)]
        on_way: set[ObjectName] = set()
        while stack:
            name, finished = stack.pop()
            if finished:
                done.setdefault(name, pool[name])
                continue
            if name in done or name in on_way:
                continue
            on_way.add(name)
            stack.append((name, True))
            declared = pool[name].declared
            if declared is not None:
                stack.extend((use.object, False) for use in declared.uses if use.object in pool)
    return list(done.values())


def _case(  # noqa: PLR0913, PLR0917 - one call gathers all that a kind may ask for
    difference: Difference,
    before: SourceObject | None,
    remade: set[ObjectName],
    fates: Fates,
    survey: Survey,
    evidence: Evidence,
    answers: Answers,
    options: PlanOptions,
    learned: Learned,
) -> Case:
    assert difference.declared is not None
    assert difference.change is not None
    name, source = difference.name, difference.declared.source
    about = name.parent if name.kind in ABOUT_PARENT else None
    live_about = survey.snapshot.objects.get(about) if about is not None else None
    known = answers.facts.get(name)
    address = difference.live.address if difference.live else None
    return Case(
        name=name,
        source=source,
        change=difference.change,
        live=difference.live,
        spell=lambda type_: survey.resolver.type(type_, source.settings),
        facts=known.values if known else {},
        previous=before,
        shape=answers.shapes.get(name),
        upstream=any(use.object in remade and use.hard for use in difference.declared.uses),
        column_uses=_column_uses(address, name, fates, survey) if address else (),
        definition=fates.web.definitions.get(address) if address else None,
        comment=evidence.comments.get(about) if about is not None else None,
        privileges=evidence.privileges.get(about, ()) if about is not None else (),
        owner=live_about.owner if live_about else None,
        vanished=frozenset(column for other, column in learned.vanished if other == name),
        user=survey.snapshot.server.user,
        version_num=survey.snapshot.server.version_num,
        altered_by_migration=name in fates.made_by_migrations,
        options=options,
    )


def _column_uses(address: Address, type_: ObjectName, fates: Fates, survey: Survey) -> tuple[ColumnUse, ...]:
    """Return the table columns that hold values of a type, directly or inside other types.

    They are those, and are called, as pending migrations leave them: all, or those before the first that needs the
    type. What a migration itself makes of the type is none of this.
    """
    early = (n for n, needs in enumerate(survey.needs) if any(use.object == type_ for use in needs))
    course = fates.courses[0 if type_ in fates.made_by_migrations else next(early, -1)]
    web, found, queue, seen = fates.web, [], [address], {address}
    while queue:
        current = queue.pop()
        for link in web.dependents(current):
            name = web.name(link.dependent)
            if name.kind is Kind.TABLE and link.own_column is not None:
                now = course.column_now(name, link.dependent, link.own_column)
                if now is not None:
                    found.append(ColumnUse(*now, link.own_type or "", current != address))
            elif name.kind in (Kind.TYPE, Kind.DOMAIN) and link.dependent not in seen:
                seen.add(link.dependent)
                queue.append(link.dependent)
    return tuple(sorted(found, key=lambda use: (str(use.table), use.column)))


# -- what goes ------------------------------------------------------------------------------------


def _find_roots(fates: Fates, survey: Survey, learned: Learned) -> None:
    live = survey.snapshot.objects
    taken = _taken_by_migrations(survey)
    for name, verdict in fates.verdicts.items():
        if isinstance(verdict, Remake) and name in live:
            fates.roots[live[name].address] = verdict.reason
        if isinstance(verdict, InPlace) and verdict.shakes and name in live:
            for address in _shaken_by_conversion(live[name].address, fates.web):
                fates.roots.setdefault(address, f"{name.bare} is converted")
    for difference in fates.changed:
        if difference.change is ChangeKind.DELETED and difference.live is not None and difference.name not in taken:
            fates.roots[difference.live.address] = "no longer declared"
        if difference.change is ChangeKind.NEW and difference.name.kind in ROUTINES:
            for address in _users_of_overloads(difference.name, fates, survey):
                fates.roots.setdefault(address, f"{difference.name.bare} is a new overload")
    for name, other in learned.dropped_with:
        if Address(*other) in fates.web.definitions:
            fates.roots.setdefault(Address(*other), f"depends on {name.bare}")


def _taken_by_migrations(survey: Survey) -> set[ObjectName]:
    """Return what pending migrations themselves drop, rename or move: nothing is left to drop after them."""
    effects = (Effect.DROP, Effect.RENAME, Effect.SET_SCHEMA)
    alterations = (a for m in survey.pending for a in m.alterations if a.effect in effects)
    return {name for alteration in alterations for name in survey.resolver.altered(alteration)}


def _shaken_by_conversion(address: Address, web: Web) -> list[Address]:
    """Return what stands in the way while a type's table columns are converted: its users, and the columns' views."""
    found = []
    for link in web.dependents(address):
        name = web.name(link.dependent)
        if name.kind is not Kind.TABLE:
            found += [link.dependent] if not web.vanishes(link.dependent, address) else []
            continue
        found += [
            other.dependent
            for other in web.dependents(link.dependent)
            if other.column == link.own_column and web.name(other.dependent).kind in RETYPE_HINDERS
        ]
    return found


def _users_of_overloads(name: ObjectName, fates: Fates, survey: Survey) -> list[Address]:
    """Return declared views and routines that call another overload of a new routine's name (rule 5.3)."""
    users = []
    for other, live in survey.snapshot.objects.items():
        if other.overloads(name):
            users += [
                link.dependent
                for link in fates.web.dependents(live.address)
                if not link.automatic and fates.web.name(link.dependent) in survey.declared
            ]
    return users


def _spread(fates: Fates, survey: Survey) -> None:
    """Add everything that depends on a root, except what lets go of it by its own change in place."""
    wide = set(fates.web.above(fates.roots))
    by_name = {fates.web.name(address): address for address in wide}
    places = {_place(name) for name in by_name}
    spare = set()
    for name, verdict in fates.verdicts.items():
        address = by_name.get(name)
        if address is None or address in fates.roots or not isinstance(verdict, InPlace) or not verdict.statements:
            continue
        if not any(_place(used) in places for used in _needed_for(name, survey)):
            spare |= {(address, link.on) for link in fates.web.needs(address) if link.on in wide}
    fates.spare = frozenset(spare)
    fates.dropped = fates.web.above(fates.roots, fates.spare)


def _place(name: ObjectName) -> tuple[object, ...]:
    """Return what only one object can have at a time: a view may stand where a materialized view stood."""
    return name.schema, name.name, name.arguments, name.parent


def _needed_for(name: ObjectName, survey: Survey) -> Iterable[ObjectName]:
    """Return what an object's new source uses, and what that in turn cannot be without."""
    queue = dict.fromkeys(use.object for use in survey.declared[name].uses)
    waiting = list(queue)
    while waiting:
        declared = survey.declared.get(waiting.pop())
        new = [u.object for u in declared.uses if u.hard and u.object not in queue] if declared else []
        queue |= dict.fromkeys(new)
        waiting += new
    return queue
