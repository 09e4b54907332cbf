# SPDX-License-Identifier: Apache-2.0
"""Forms that need an extra; run by ``make test-services``."""

import hashlib
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest

from parentage.errors import MissingExtraError, ParentageError, ReportError
from parentage.report.language import Language
from parentage.report.reply import attach_reply

pytestmark = pytest.mark.services
WHEN = datetime(2026, 11, 25, tzinfo=UTC)
ZOO = Path(__file__).parents[2] / "zoo" / "models"


@pytest.fixture(name="answered")
def answered_fixture(report):
    text = "우리는 출처를 밝혔습니다. 뷁쀍 漢字 🙂"
    return attach_reply(report, "팀", text, WHEN)


@pytest.mark.parametrize("code", ["en", "ko"])
def test_pdf_embeds_our_font_and_no_other(answered, code):
    from pypdf import PdfReader

    from parentage.report.page_pdf import render_pdf

    data = render_pdf(answered, Language(code))
    reader = PdfReader(io.BytesIO(data))
    fonts = set()
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()
            descriptor = inner["/FontDescriptor"]
            assert any(k.startswith("/FontFile") for k in descriptor)
            fonts.add(str(font.get_object()["/BaseFont"]).partition("+")[2])
    assert fonts
    assert {name.removesuffix("-Bold") for name in fonts} == {"Parentage-Sans"}
    text = "".join(page.extract_text() for page in reader.pages)
    flat = "".join(text.split())
    assert "뷁쀍" in flat
    # What the font lacks is written as its number, never as a box.
    assert "‹U+6F22›" in flat
    assert "‹U+1F642›" in flat
    assert reader.metadata.title
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_layer_maps_have_their_cells_in_the_pdf(answered):
    """The cells are an image inside the figure, which is the page's own to load."""
    from pypdf import PdfReader

    from parentage.report.html import render_html
    from parentage.report.page_pdf import pdf_of

    html = render_html(answered)
    wanted = len(set(re.findall(r"data:image/png;base64,[^\"]+", html)))
    assert wanted > 1

    def images(page):
        reader = PdfReader(io.BytesIO(pdf_of(page)))
        # Pages share their resources, so each image shows up on several.
        return len({i.indirect_reference for p in reader.pages for i in p.images})

    assert images(html) == wanted
    without = html.replace("data:image/png;base64,", "data:image/jpeg;base64,")
    assert images(without) == 0


def test_every_text_of_the_catalogues_is_covered():
    import gettext
    from importlib import resources

    from parentage.report.page_pdf import covered

    folder = resources.files("parentage.report").joinpath("locale/ko")
    seen = 0
    for file in folder.iterdir():
        if file.name.endswith(".mo"):
            with file.open("rb") as stream:
                catalogue = gettext.GNUTranslations(stream)
            for key, text in catalogue._catalog.items():
                if key:
                    seen += 1
                    missing = {c for c in f"{key}{text}" if ord(c) not in covered()}
                    assert not missing, (text, missing)
    assert seen > 500


def test_the_font_holds_all_of_hangul_and_is_named_as_its_licence_asks():
    from fontTools.ttLib import TTFont

    from parentage.report.page_pdf import FILES, SCHEME, covered, font_bytes

    assert set(range(0xAC00, 0xD7A4)) <= covered()
    total = 0
    for name in FILES.values():
        data = font_bytes(SCHEME + name)
        total += len(data)
        with TTFont(io.BytesIO(data)) as font:
            for record in font["name"].names:
                if record.nameID in {1, 3, 4, 6}:
                    assert "Pretendard" not in str(record)
            assert "Open Font License" in font["name"].getDebugName(13)
    assert total < 2_000_000


def test_a_page_can_load_nothing_but_the_fonts():
    from parentage.report.page_pdf import font_bytes

    for url in ("file:///etc/passwd", "https://example.org/x", "parentage-font:../x"):
        with pytest.raises(ParentageError):
            font_bytes(url)


def test_cyclonedx_is_valid_and_names_proven_parents_alone(answered, demo):
    from parentage.report.bom_cyclonedx import render_cyclonedx, validate

    text = render_cyclonedx(answered)
    assert validate(text) is None
    assert validate(text.replace("machine-learning-model", "model")) is not None
    own = json.loads(text)["metadata"]["component"]
    proven = {
        o.reference
        for m in answered.modules
        for o in m.outcomes
        if o.finding in {"identical", "reused"}
    }
    assert {a["name"] for a in own["pedigree"]["ancestors"]} == proven
    assert "cannot be seen from the weights" in own["pedigree"]["notes"]
    assert own["modelCard"]["modelParameters"]
    clear = demo.reports["decoder-b", "decoder-a"]
    assert (
        "pedigree" not in json.loads(render_cyclonedx(clear))["metadata"]["component"]
    )


SCHEMA = Path(__file__).parent / "fixtures/schemas/spdx-3.0.1.json"


@pytest.fixture(name="spdx_schema", scope="module")
def spdx_schema_fixture():
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_spdx_reads_back_with_descent_only_where_proven(answered, demo, spdx_schema):
    from spdx_python_model import load_data

    from parentage.report.bom_spdx import render_spdx

    for report, count in (
        (answered, 1),
        (demo.reports["decoder-b", "decoder-a"], 0),
    ):
        data = json.loads(render_spdx(report))
        spdx_schema.validate(data)
        model, found = load_data(data)
        kinds = [
            r
            for r in found.foreach_type(model.Relationship, match_subclass=True)
            if r.relationshipType == model.RelationshipType.descendantOf
        ]
        assert len(kinds) == count
        packages = list(found.foreach_type(model.ai_AIPackage))
        assert len(packages) == 1 + len(report.references)


def test_boms_of_hostile_names_are_valid_or_one_clear_error(
    hostile, report, spdx_schema
):
    from parentage.report.bom_cyclonedx import render_cyclonedx, validate
    from parentage.report.bom_spdx import render_spdx

    for created in (hostile.created, "", "2026-11-25T09:00:00"):
        spoilt = hostile.model_copy(update={"created": created})
        for render in (render_cyclonedx, render_spdx):
            with pytest.raises(ReportError, match="which is no time"):
                render(spoilt)
    dated = hostile.model_copy(update={"created": report.created})
    spdx_schema.validate(json.loads(render_spdx(dated)))
    assert validate(render_cyclonedx(dated)) is None


@pytest.mark.parametrize(
    ("kind", "spoil"),
    [
        ("ai_AIPackage", lambda x: x.update(software_primaryPurpose="parent")),
        ("ai_AIPackage", lambda x: x.update(surprise=1)),
        ("Relationship", lambda x: x.pop("relationshipType")),
        ("Annotation", lambda x: x.update(annotationType="opinion")),
        ("CreationInfo", lambda x: x.update(created="yesterday")),
        ("SpdxDocument", lambda x: x.update(type="Document")),
    ],
)
def test_the_official_spdx_schema_refuses_what_is_wrong(
    kind, spoil, report, spdx_schema
):
    from parentage.report.bom_spdx import render_spdx

    data = json.loads(render_spdx(report))
    assert spdx_schema.is_valid(data)
    spoil(next(item for item in data["@graph"] if item["type"] == kind))
    assert not spdx_schema.is_valid(data)


def test_boms_carry_the_hashes_that_are_known_and_no_others(tmp_path, spdx_schema):
    """Taken of the bytes on request; null, and not a made-up one, without."""
    from parentage.report.bom_cyclonedx import render_cyclonedx
    from parentage.report.bom_spdx import render_spdx
    from parentage.run.audit import audit

    paths = [ZOO / "decoder-b", ZOO / "decoder-a"]
    options = {"budget": 150_000, "undo_budget": 0, "descent_budget": 0}
    wanted = {
        hashlib.sha256((path / "model.safetensors").read_bytes()).hexdigest()
        for path in paths
    }
    for hash_files in (False, True):
        made = audit(paths[0], [paths[1]], **options, hash_files=hash_files)
        cyclone = json.loads(render_cyclonedx(made))["metadata"]["component"]
        hashes = [
            h["content"] for f in cyclone["components"] for h in f.get("hashes", ())
        ]
        spdx = json.loads(render_spdx(made))
        spdx_schema.validate(spdx)
        files = [i for i in spdx["@graph"] if i["type"] == "software_File"]
        stated = {
            h["hashValue"]: h["comment"]
            for f in files
            for h in f.get("verifiedUsing", ())
        }
        assert len(files) == 2
        if hash_files:
            assert set(hashes) < wanted
            assert set(stated) == wanted
            assert set(stated.values()) == {"taken of all of the file"}
            props = {
                p["name"]: p["value"]
                for f in cyclone["components"]
                for p in f["properties"]
            }
            assert props["parentage:sha256From"] == "taken of all of the file"
        else:
            assert not hashes
            assert not stated


def test_what_is_missing_is_said_with_the_line_that_installs_it(report, monkeypatch):
    import sys

    from parentage.report.bom_cyclonedx import render_cyclonedx
    from parentage.report.page_pdf import render_pdf

    monkeypatch.setitem(sys.modules, "weasyprint", None)
    monkeypatch.setitem(sys.modules, "cyclonedx.model", None)
    for render, extra in ((render_pdf, "pdf"), (render_cyclonedx, "bom")):
        with pytest.raises(MissingExtraError, match=rf"parentage\[{extra}\]"):
            render(report)
