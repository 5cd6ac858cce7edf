"""Makes the steps for comments, grants, owners and default privileges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pgmg.model.naming.names import PROPERTY_KINDS, Kind, ObjectName
from pgmg.model.plans.plan import Action, ChangeKind
from pgmg.model.sources.facts import GrantFacts
from pgmg.planning.kinds.comments_and_grants import removal
from pgmg.planning.kinds.rules import AlterInPlace
from pgmg.planning.steps.nodes import MadeNodes, Phase

if TYPE_CHECKING:
    from pgmg.model.sources.source import SourceObject
    from pgmg.planning.compare.changes import ObjectComparison
    from pgmg.planning.steps.slot_steps import SlotSteps

_DESCRIBES = {Kind.COMMENT: Action.COMMENT, Kind.GRANT: Action.GRANT}


class Descriptions:
    """Adds the nodes to the steps of a slot."""

    def __init__(self, steps: SlotSteps) -> None:
        self._steps, self._context = steps, steps.context
        self._decisions, self._lifetimes = steps.decisions, steps.lifetimes

    def describe_all(self) -> None:
        """Add what comments, grants, owners and default privileges need after everything else."""
        self._repeat_for_other_objects()
        for difference in self._context.changed:
            if difference.name.kind in PROPERTY_KINDS:
                self.describe(difference, Phase.COMMENTS_GRANTS)

    def describe(self, difference: ObjectComparison, phase: Phase) -> None:
        """Set or take back a comment, a grant, an owner, default privileges."""
        name, change = difference.name, difference.change
        if change is None or name in self._context.missing:
            return
        if change is ChangeKind.DELETED:
            missing = self._context.missing_columns(name)
            previous = self._decisions.previous.get(name)
            action, statements = removal(name, previous, self._context.attachments, missing)
            if name.parent is not None:
                is_gone = self._goes(name.parent, name.kind)
            else:
                is_gone = previous is not None and self._has_no_schema(previous)
            if statements and not is_gone:
                self._steps.removals.append(self._steps.node(phase, action, name, statements, "no longer declared"))
            return
        assert difference.declared is not None
        strategy = self._decisions.strategies.get(name)
        if isinstance(strategy, AlterInPlace) and strategy.statements:
            source = difference.declared.source
            node = self._steps.node(phase, strategy.action, name, strategy.statements, change.value, source=source)
            self._steps.made[name].append(MadeNodes(node, node))

    def _repeat_for_other_objects(self) -> None:
        """Repeat comments and grants whose object, or column, is another one since migrations gave its name away."""
        if not self._context.timeline.statements:
            return
        for name, declared in self._context.resolved.declared.items():
            difference = self._context.differences.get(name)
            if name.kind not in PROPERTY_KINDS or difference is None or difference.change is not None:
                continue
            reason = self._why_repeated(name, declared.source)
            if reason is None:
                continue
            statements = (*declared.source.settings, declared.source.sql)
            action = _DESCRIBES.get(name.kind, Action.ALTER)
            node = self._steps.node(Phase.COMMENTS_GRANTS, action, name, statements, reason, source=declared.source)
            self._steps.made[name].append(MadeNodes(node, node))

    def _why_repeated(self, name: ObjectName, source: SourceObject) -> str | None:
        assert name.parent is not None
        facts = source.facts
        columns = [item.column for item in facts.privileges] if isinstance(facts, GrantFacts) else []
        about = name.parent
        if about.kind is Kind.COLUMN and about.parent is not None:
            columns.append(about.name)
            about = about.parent
        if self._is_another(about):
            return f"{about.display_name} is another object now"
        if any(column is not None and self._is_another_column(about, column) for column in columns):
            return f"a column of {about.display_name} is another one now"
        return None

    def _is_another(self, name: ObjectName) -> bool:
        """Say whether a name belongs to another object than before the migrations."""
        timeline = self._context.timeline
        before = timeline.state(0).holder(name)
        if before is None or before == timeline.final.holder(name):
            return False
        return timeline.final.holder(name) is not None or timeline.history.declared_as(name) is not None

    def _is_another_column(self, name: ObjectName, column: str) -> bool:
        holder = self._context.timeline.state(0).holder(name)
        return holder is not None and self._context.timeline.history.columns.is_reused(holder, column)

    def _goes(self, name: ObjectName, kind: Kind) -> bool:
        """Say whether what a comment or grant was about is dropped, or (a comment) recreated without it."""
        inner = name.parent if name.kind in (Kind.COLUMN, Kind.CONSTRAINT) and name.parent is not None else name
        if kind is Kind.COMMENT and self._is_dropped(inner):
            return True
        is_known = self._context.attachments.object(inner) is not None or inner in self._context.resolved.declared
        return self._context.is_deleted(inner) or not is_known

    def _has_no_schema(self, source: SourceObject) -> bool:
        """Say whether the schema of default privileges does not exist."""
        scope = source.facts.scope if isinstance(source.facts, GrantFacts) else None
        schema = None if scope is None else scope.schema
        return schema is not None and ObjectName(Kind.SCHEMA, schema) not in self._context.resolved.snapshot.others

    def _is_dropped(self, name: ObjectName) -> bool:
        live = self._context.resolved.snapshot.objects.get(name)
        return live is not None and live.address in self._lifetimes.drop_keys
