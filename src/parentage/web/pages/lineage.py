# SPDX-License-Identifier: Apache-2.0
"""The lineage graph, and the table that says the same without it."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from parentage.report.language import Language, marked
from parentage.report.words import label
from parentage.verdict.finding import ACCUSING
from parentage.web.asking import Asker, Db, action
from parentage.web.pages.rendering import language_of, render
from parentage.web.services import lineage
from parentage.web.services.views import EdgeView, GraphView, NodeView, Page, View

router = APIRouter(include_in_schema=False)

ROWS: Final = 50
SOURCE: Final = "/api/v1/lineage"

KINDS: Final = {
    "found": marked("found, not declared"),
    "both": marked("declared and found"),
    "declared": marked("declared"),
    "correspondence": marked("correspondence"),
}


@dataclass(frozen=True)
class Parent:
    """A model that another descends from, and how that is known."""

    name: str
    kind: str
    words: str
    edge: EdgeView


class Row(View):
    """A model in the table."""

    node: NodeView
    parents: tuple[Parent, ...]
    children: int


@router.get("/lineage", openapi_extra=action("lineage.read"))
def page(
    request: Request, db: Db, actor: Asker, q: str = "", offset: int = 0
) -> HTMLResponse:
    """The page."""
    graph = lineage.graph(db, actor)
    return render(
        request,
        "lineage.html",
        actor,
        section="lineage",
        graph=graph,
        rows=rows_of(graph, language_of(request), q, offset),
        query=q[:200],
        source=SOURCE,
        modules={
            name: label(name, language_of(request))
            for name in sorted({m for e in graph.edges for m in e.modules})
        },
    )


def rows_of(
    graph: GraphView, lang: Language, query: str = "", offset: int = 0
) -> Page[Row]:
    """A part of the table: models by number of descendants that a query names."""
    nodes = {node.id: node for node in graph.nodes}
    joined = join(graph)
    parents: dict[str, list[Parent]] = defaultdict(list)
    children: Counter[str] = Counter()
    for (child, parent), (edge, kind) in joined.items():
        if child in nodes and parent in nodes:
            words = lang(KINDS[kind])
            parents[child].append(Parent(nodes[parent].name, kind, words, edge))
            children[parent] += 1
    wanted = query.lower().split()
    found = [
        node
        for node in graph.nodes
        if all(
            word in f"{node.name} {node.organisation or ''}".lower() for word in wanted
        )
    ]
    found.sort(key=lambda node: (-children[node.id], node.name))
    offset = min(max(offset, 0), len(found))
    rows = tuple(
        Row(node=node, parents=tuple(parents[node.id]), children=children[node.id])
        for node in found[offset : offset + ROWS]
    )
    return Page[Row](items=rows, total=len(found), offset=offset, limit=ROWS)


def join(graph: GraphView) -> dict[tuple[str, str], tuple[EdgeView, str]]:
    """Edges by candidate and reference, with how each is known.

    The same two models may be told of twice: what was declared, and what was found.
    """
    declared = {(e.child, e.parent): e for e in graph.edges if e.declared}
    found = {
        (e.child, e.parent): e
        for e in graph.edges
        if e.finding in ACCUSING or e.finding == "correspondence"
    }
    made = {}
    for pair in {**declared, **found}:
        if pair not in found:
            made[pair] = (declared[pair], "declared")
        elif found[pair].finding == "correspondence":
            made[pair] = (found[pair], "correspondence")
        else:
            made[pair] = (found[pair], "both" if pair in declared else "found")
    return made
