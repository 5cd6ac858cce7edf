"""Reads from the catalog the details that planning asks for: dependents, facts, and columns of changed views."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.catalog.reading.catalog_queries import Row, addresses, set_path
from pgmg.catalog.reading.closure import (
    closure_of,
    definition_queries,
    definitions_from,
    dependencies_of,
    members,
    read_definitions,
    read_dependencies,
)
from pgmg.catalog.sessions.question_batch import try_queries
from pgmg.catalog.wording.shapes import DescribedQueries, descriptions, read_shapes
from pgmg.model.database.catalog_details import CatalogDetails, CatalogQueries, Closure, LiveFacts
from pgmg.model.database.snapshot import Address, Snapshot

if TYPE_CHECKING:
    import psycopg


def read_catalog_details(
    conn: psycopg.Connection[Row], snapshot: Snapshot, questions: CatalogQueries
) -> CatalogDetails:
    """Ask everything in two round trips, however many objects change.

    Where the connection keeps plans, in four: to plan these queries takes longer than two round trips do.
    """
    if not questions.seeds:
        return CatalogDetails()
    live, back = snapshot.by_address, snapshot.server.setting
    is_apart = conn.prepare_threshold is not None
    shapes = read_shapes(conn, questions.shapes) if is_apart else {}
    asked = addresses(address for _, address in questions.facts)
    first = (("closure", addresses(questions.seeds)), ("facts", asked), ("extension_dependents", ()))
    together = () if is_apart else questions.shapes
    outcomes, (below, rows, extended) = try_queries(conn, descriptions(together), first, back)
    described = DescribedQueries(together, outcomes)
    dependencies = dependencies_of(below)
    wanted = members(dependencies, questions.seeds, live)
    outcomes, answers = try_queries(conn, described.typed_rows, definition_queries(wanted), back)
    shapes |= described.shapes(outcomes)
    definitions = definitions_from(wanted, answers, live)
    facts = {Address(c, o): LiveFacts(Address(c, o), values) for c, o, values in rows}
    extension_dependents: dict[Address, tuple[str, ...]] = {}
    for classid, objid, statement in extended:
        extension_dependents[Address(classid, objid)] = (
            *extension_dependents.get(Address(classid, objid), ()),
            statement,
        )
    return CatalogDetails(
        closure=closure_of(dependencies, definitions),
        facts={name: facts[address] for name, address in questions.facts if address in facts},
        shapes=shapes,
        extension_dependents=extension_dependents,
    )


def read_closure(conn: psycopg.Connection[Row], snapshot: Snapshot, seeds: frozenset[Address] | None = None) -> Closure:
    """Return everything that depends on the seeds: by default on any object of the snapshot that no extension owns."""
    live = snapshot.by_address
    if seeds is None:
        seeds = frozenset(address for address, known in live.items() if known.extension is None)
    dependencies = read_dependencies(conn, seeds)
    definitions = read_definitions(conn, members(dependencies, seeds, live), live)
    set_path(conn, snapshot.server.setting)
    return closure_of(dependencies, definitions)
