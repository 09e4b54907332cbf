# SPDX-License-Identifier: Apache-2.0
import json

import jsonschema
import pytest

from parentage.errors import ReportError
from parentage.report.load import (
    load_report,
    parse_report,
    schema_text,
    shipped_schema,
)


def test_shipped_schema_is_up_to_date():
    assert shipped_schema() == schema_text(), (
        "write schema_text() to report-1.schema.json"
    )


def test_documents_validate(report, hostile):
    schema = json.loads(shipped_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    for document in (report, hostile):
        jsonschema.validate(json.loads(document.to_json()), schema)


def test_schema_refuses_unknown_fields(report):
    data = json.loads(report.to_json())
    data["modules"][0]["guilty"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, json.loads(shipped_schema()))


def test_round_trip(report, tmp_path):
    file = tmp_path / "report.json"
    file.write_text(report.to_json(), encoding="utf-8")
    assert load_report(file).to_json() == report.to_json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "holds a JSON list; expected an object"),
        ("{}", "has schema 'None'; expected 'parentage.report/1'"),
        ('{"schema": "parentage.report/2"}', "has schema 'parentage.report/2'"),
        ('{"schema": "parentage.report/1"}', "wrong field 'versions': Field required"),
    ],
)
def test_refuses(text, message, tmp_path):
    file = tmp_path / "x.json"
    file.write_text(text)
    with pytest.raises(ReportError, match=r"x\.json") as caught:
        load_report(file)
    assert message in str(caught.value)


def test_names_the_wrong_field(report):
    data = json.loads(report.to_json())
    data["modules"][1]["finding"] = "guilty"
    data["surprise"] = 1
    with pytest.raises(ReportError) as caught:
        parse_report(json.dumps(data))
    assert "'modules.1.finding'" in str(caught.value)
    assert "and 1 more" in str(caught.value)


def test_missing_file_and_wrong_bytes(tmp_path):
    with pytest.raises(ReportError, match="cannot be read"):
        load_report(tmp_path / "none.json")
    with pytest.raises(ReportError, match="cannot be read"):
        load_report(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReportError, match="not UTF-8"):
        load_report(tmp_path / "bytes")
