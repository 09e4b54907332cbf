# SPDX-License-Identifier: Apache-2.0
"""The lineage of all known models: nodes and edges out of reports and declarations."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from parentage.web.permissions import Actor, require
from parentage.web.services.views import EdgeView, GraphView, NodeView
from parentage.web.tables import Model, Organisation, Relation, StoredReport

STRENGTH: Final[dict[str, int]] = {
    "identical": 4,
    "reused": 3,
    "correspondence": 2,
    "no-dependence-found": 1,
    "not-testable": 0,
}
"""What an edge between two models is called: the strongest of its modules."""

SHOWN: Final = ("identical", "reused", "correspondence")
"""Findings that draw an edge; that nothing was found draws none."""


def graph(db: Session, actor: Actor) -> GraphView:
    """All known models and what the latest report on each pair says.

    Four queries whatever the number of models; 5,000 models take well under a second.
    """
    require(actor, "lineage.read")
    latest = (
        select(
            Relation.candidate,
            Relation.reference,
            func.max(Relation.report_id).label("report"),
        )
        .group_by(Relation.candidate, Relation.reference)
        .subquery()
    )
    rows = db.execute(
        select(
            Relation.candidate,
            Relation.reference,
            Relation.report_id,
            Relation.module,
            Relation.share,
            Relation.parameters,
            Relation.finding,
        ).join(
            latest,
            (Relation.candidate == latest.c.candidate)
            & (Relation.reference == latest.c.reference)
            & (Relation.report_id == latest.c.report),
        )
    ).all()
    edges: dict[tuple[str, str], EdgeView] = {}
    sizes: dict[str, dict[str, int]] = {}
    for child, parent, report, module, share, parameters, finding in rows:
        sizes.setdefault(child, {})[module] = parameters
        sizes.setdefault(parent, {})
        if finding in SHOWN and child != parent:
            new = EdgeView(
                child=child,
                parent=parent,
                declared=False,
                finding=finding,  # type: ignore[arg-type]  # checked by the schema
                share=min(share, 1.0),
                modules=(module,),
                report_id=report,
            )
            edges[child, parent] = _joined(edges.get((child, parent)), new)
    nodes = _nodes(db, sizes)
    for node in _declared(db):
        child, parent = node
        if parent not in nodes:
            nodes[parent] = _known(parent, None)
        known = edges.get(node)
        edges[node] = (
            known.model_copy(update={"declared": True})
            if known is not None
            else EdgeView(
                child=child,
                parent=parent,
                declared=True,
                finding=None,
                share=None,
                modules=(),
                report_id=None,
            )
        )
    return GraphView(
        nodes=tuple(nodes[name] for name in sorted(nodes)),
        edges=tuple(edges[pair] for pair in sorted(edges)),
    )


def _joined(known: EdgeView | None, new: EdgeView) -> EdgeView:
    """Two modules of the same pair of models."""
    if known is None:
        return new
    words = [word for word in (new.finding, known.finding) if word is not None]
    return known.model_copy(
        update={
            "finding": max(words, key=lambda word: STRENGTH[word]),
            "share": min((known.share or 0.0) + (new.share or 0.0), 1.0),
            "modules": (*known.modules, *new.modules),
        }
    )


def _known(name: str, parameters: int | None) -> NodeView:
    return NodeView(
        id=name,
        name=name,
        model_id=None,
        organisation=None,
        family=None,
        released=None,
        parameters=parameters,
        finding=None,
    )


def _nodes(db: Session, sizes: dict[str, dict[str, int]]) -> dict[str, NodeView]:
    nodes = {
        name: _known(name, sum(modules.values()) or None)
        for name, modules in sizes.items()
    }
    newest = select(func.max(StoredReport.id)).group_by(StoredReport.candidate)
    found: dict[str, Any] = dict(
        db.execute(
            select(StoredReport.candidate, StoredReport.finding).where(
                StoredReport.id.in_(newest)
            )
        ).all()
    )
    entered = db.execute(
        select(
            Model.id, Model.name, Model.family, Model.released, Organisation.name
        ).outerjoin(Organisation, Organisation.id == Model.organisation_id)
    )
    for number, name, family, released, organisation in entered:
        known = nodes.get(name)
        nodes[name] = NodeView(
            id=name,
            name=name,
            model_id=number,
            organisation=organisation,
            family=family or None,
            released=released or None,
            parameters=None if known is None else known.parameters,
            finding=None,
        )
    return {
        name: node.model_copy(update={"finding": found[name]})
        if name in found
        else node
        for name, node in nodes.items()
    }


def _declared(db: Session) -> list[tuple[str, str]]:
    rows = db.execute(
        select(Model.name, Model.declared_base).where(Model.declared_base != "")
    )
    return [(name, base) for name, base in rows if name != base]
