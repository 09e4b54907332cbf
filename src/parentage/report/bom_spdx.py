# SPDX-License-Identifier: Apache-2.0
"""A report as an SPDX 3.0.1 document with the AI profile; needs the extra ``bom``.

Small on purpose: the models as AI packages with their files, ``descendantOf`` between
those of which modules were found to carry the other's weights, and an annotation with
the findings. The classes are generated from the official model and check types,
ranges and enumerations; the result is read back through them before it is returned.
The tests hold it against the official JSON schema as well.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from parentage.errors import MissingExtraError
from parentage.report.bom_cyclonedx import EXTRA, SHA256_FROM, ancestors, when_created
from parentage.report.canonical import report_digest

if TYPE_CHECKING:
    from parentage.report.document import ModelInfo, Report


def render_spdx(report: Report) -> str:
    """The report as SPDX 3.0.1 JSON-LD.

    Raises:
        MissingExtraError: the extra ``bom`` is not installed.
        ReportError: the report's date is none.
    """
    try:
        from spdx_python_model import v3_0_1 as spdx  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError.of("a bill of materials", EXTRA) from error
    library: Any = spdx
    digest = report_digest(report)
    base = f"urn:parentage:report:{digest}:"
    when = when_created(report)
    agent = library.SoftwareAgent(spdxId=f"{base}tool", name="parentage")
    info = library.CreationInfo(
        created=when, specVersion="3.0.1", createdBy=[agent.spdxId]
    )
    agent.creationInfo = info
    elements: list[Any] = [agent]
    packages: dict[str, Any] = {}
    for number, model in enumerate((report.candidate, *report.references)):
        package = _package(library, model, f"{base}model-{number}", info)
        packages[model.name] = package
        elements.append(package)
        files = []
        for n, one in enumerate(model.files):
            file = library.software_File(
                spdxId=f"{base}model-{number}-file-{n}",
                creationInfo=info,
                name=one.name,
            )
            if one.sha256:
                file.verifiedUsing.append(
                    library.Hash(
                        algorithm=library.HashAlgorithm.sha256,
                        hashValue=one.sha256,
                        comment=SHA256_FROM[one.sha256_from or "source"],
                    )
                )
            files.append(file)
        elements += files
        if files:
            elements.append(
                library.Relationship(
                    spdxId=f"{base}model-{number}-contains",
                    creationInfo=info,
                    from_=package.spdxId,
                    relationshipType=library.RelationshipType.contains,
                    to=[f.spdxId for f in files],
                )
            )
    candidate = packages[report.candidate.name]
    for number, (name, (modules, direction)) in enumerate(ancestors(report).items()):
        elements.append(
            library.Relationship(
                spdxId=f"{base}descends-{number}",
                creationInfo=info,
                from_=candidate.spdxId,
                relationshipType=library.RelationshipType.descendantOf,
                to=[packages[name].spdxId],
                comment=f"{', '.join(modules)}; {direction}",
            )
        )
    elements.append(
        library.Annotation(
            spdxId=f"{base}findings",
            creationInfo=info,
            annotationType=library.AnnotationType.review,
            subject=candidate.spdxId,
            contentType="application/json",
            statement=json.dumps(
                {
                    "headline": report.headline,
                    "finding": report.finding,
                    "coverage": report.coverage,
                    "modules": {m.name: m.finding for m in report.modules},
                    "verdicts": {v.profile.id: v.outcome for v in report.verdicts},
                    "replies": [
                        {"party": r.party, "statement": r.statement}
                        for r in report.replies
                    ],
                },
                ensure_ascii=False,
            ),
        )
    )
    elements.append(
        library.SpdxDocument(
            spdxId=f"{base}document",
            creationInfo=info,
            name=f"Parentage of {report.candidate.name}",
            profileConformance=[
                library.ProfileIdentifierType.core,
                library.ProfileIdentifierType.software,
                library.ProfileIdentifierType.ai,
            ],
            rootElement=[candidate.spdxId],
            element=[e.spdxId for e in elements],
        )
    )
    objects = library.SHACLObjectSet(elements)
    out = BytesIO()
    library.JSONLDSerializer().write(objects, out)
    back = library.SHACLObjectSet()
    library.JSONLDDeserializer().read(BytesIO(out.getvalue()), back)
    return json.dumps(json.loads(out.getvalue()), indent=2, ensure_ascii=False) + "\n"


def _package(
    library: Any,  # noqa: ANN401 - modules of an optional library
    model: ModelInfo,
    name: str,
    info: object,
) -> Any:  # noqa: ANN401
    family = next((m.family for m in model.modules if m.family), None)
    package = library.ai_AIPackage(
        spdxId=name,
        creationInfo=info,
        name=model.name,
        software_primaryPurpose=library.software_SoftwarePurpose.model,
        software_packageVersion=model.digest[:16],
    )
    if family:
        package.ai_typeOfModel.append(family)
    package.verifiedUsing.append(
        library.Hash(
            algorithm=library.HashAlgorithm.sha256,
            hashValue=model.digest,
            comment="over names, formats, shapes and every block that was read",
        )
    )
    return package
