"""Knows what the database has of attachments: comments, owners, privileges and default privileges (rule 1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.database.catalog_details import Privileges
from pgmg.model.lazy_dataclass import dataclass
from pgmg.model.naming.names import CHILD_KINDS, RELATIONS, ROUTINES, TYPES, Kind, ObjectName
from pgmg.model.naming.roles import EVERYBODY, role_meant
from pgmg.model.sources.facts import CommentFacts, DefaultScope, FiringFacts, GrantFacts, OwnerFacts
from pgmg.model.sources.firing import Firing
from pgmg.planning.compare.privileges import ObjectAcl, every, initial_privileges, satisfied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pgmg.model.database.catalog_details import DriftEvidence
    from pgmg.model.database.snapshot import LiveObject, Snapshot
    from pgmg.planning.resolve.declared import Declared

_KINDS = {
    "tables": Kind.TABLE,
    "sequences": Kind.SEQUENCE,
    "functions": Kind.FUNCTION,
    "types": Kind.TYPE,
    "schemas": Kind.SCHEMA,
    "large objects": Kind.OTHER,
}
"""Kinds by the words of ALTER DEFAULT PRIVILEGES."""


def kind_of_scope(scope: DefaultScope) -> Kind:
    """Return which kind of object default privileges are about."""
    return _KINDS[scope.objects]


def _objects_of(kind: Kind) -> str | None:
    """Return the word of ALTER DEFAULT PRIVILEGES for a kind of object."""
    if kind is Kind.SEQUENCE:
        return "sequences"
    if kind in RELATIONS:
        return "tables"
    if kind in ROUTINES:
        return "functions"
    if kind in TYPES:
        return "types"
    return "schemas" if kind is Kind.SCHEMA else None


@dataclass(frozen=True, slots=True)
class LiveAttachments:
    """The attachments that the database has. `owners` are the declared ones: owners are set before grants."""

    snapshot: Snapshot
    evidence: DriftEvidence
    owners: Mapping[ObjectName, str]
    expected: frozenset[ObjectName] | None = None
    """What is declared, or created by pending migrations; None where migrations may create anything."""

    @classmethod
    def of(
        cls,
        declared: Mapping[ObjectName, Declared],
        snapshot: Snapshot,
        evidence: DriftEvidence,
        expected: frozenset[ObjectName] | None = None,
    ) -> LiveAttachments:
        """Return the live attachments beside what is declared."""
        owners = {
            name.parent: facts.role
            for name, one in declared.items()
            if name.kind is Kind.OWNER and isinstance(facts := one.source.facts, OwnerFacts) and name.parent is not None
        }
        return cls(snapshot, evidence, owners, expected)

    def role(self, word: str) -> str:
        """Return the name of the role that a name or a key word means."""
        server = self.snapshot.server
        return role_meant(word, server.user, server.session_user or server.user)

    def object(self, name: ObjectName) -> LiveObject | None:
        """Return the object that an attachment is about, if the database has it."""
        return self.snapshot.objects.get(name) or self.snapshot.others.get(name)

    def is_unknown(self, name: ObjectName) -> bool:
        """Say whether an attachment is about something that neither exists nor will: or it is the server's own."""
        about = name.parent if name.kind in CHILD_KINDS and name.parent is not None else name
        return self.expected is not None and about not in self.expected and self.object(about) is None

    def acl(self, name: ObjectName) -> ObjectAcl | None:
        """Return the privileges on an object, as its declared owner leaves them; None where it is not there."""
        live = self.object(name)
        if live is None:
            return None
        acl = ObjectAcl(self.evidence.privileges.get(name, ()), live.owner)
        return acl.given_to(self.role(self.owners[name])) if name in self.owners else acl

    def initial(self, name: ObjectName, grantee: str) -> frozenset[str]:
        """Return what a role may do with an object of this kind in this schema that our role has just created."""
        user, objects = self.snapshot.server.user, _objects_of(name.kind)
        live = self.object(name)
        own = live.owner if live is not None else user
        acls = self.evidence.default_acls
        everywhere, here = (acls.get((user, schema, objects or "")) for schema in (None, name.schema or ""))
        if everywhere is None and here is None:
            return initial_privileges(name.kind, grantee, own, None)
        base = initial_privileges(name.kind, grantee, own, everywhere)
        return base | initial_privileges(name.kind, grantee, own, here or ())

    def firing(self, name: ObjectName) -> Firing:
        """Return when a trigger, rule or event trigger fires; one that is yet to be created fires as usual."""
        return self.evidence.firing.get(name, Firing.ORIGIN)

    def default_acl(self, scope: DefaultScope) -> ObjectAcl:
        """Return the default privileges in force for a scope, without those that hold in every schema."""
        creator = self.role(scope.creator or "CURRENT_USER")
        found = self.evidence.default_acls.get((creator, scope.schema, scope.objects))
        if found is not None:
            return ObjectAcl(found, creator)
        if scope.schema is not None:
            return ObjectAcl((), creator)
        kind, version = kind_of_scope(scope), self.snapshot.server.version_num
        own = [Privileges(creator, creator, privilege, grantable=False) for privilege in every(kind, version)]
        given = initial_privileges(kind, EVERYBODY, creator, None)
        others = [Privileges(creator, EVERYBODY, privilege, grantable=False) for privilege in given]
        return ObjectAcl((*own, *others), creator)

    def is_there(self, declared: Declared) -> bool:
        """Say whether anything of an attachment is in the database already."""
        parent = declared.name.parent
        match declared.source.facts:
            case CommentFacts(text=text):
                return text is None or parent in self.evidence.comments
            case OwnerFacts() | FiringFacts():
                return parent is not None and self.object(parent) is not None
            case _:
                return self.holds(declared)

    def holds(self, declared: Declared) -> bool:
        """Say whether the database has an attachment as it is declared."""
        name, parent, version = declared.name, declared.name.parent, self.snapshot.server.version_num
        match declared.source.facts:
            case CommentFacts(text=text):
                return parent is not None and self.evidence.comments.get(parent) == text
            case OwnerFacts(role=role):
                live = self.object(parent) if parent is not None else None
                return live is not None and live.owner == self.role(role)
            case FiringFacts(firing=firing):
                return parent is not None and self.firing(parent) is firing
            case GrantFacts(scope=DefaultScope() as scope) as facts:
                acl = self.default_acl(scope)
                return satisfied(facts, self.role(scope.grantee), kind_of_scope(scope), version, acl)
            case GrantFacts() as facts if parent is not None:
                found = self.acl(parent)
                return found is not None and satisfied(facts, name.detail or "", parent.kind, version, found)
            case _:
                return False
