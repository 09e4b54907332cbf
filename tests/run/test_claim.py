# SPDX-License-Identifier: Apache-2.0
"""Claims checked from tables and from weights, and what hostile files end in."""

import json

import numpy as np
import pytest

from parentage.errors import ClaimError, ParentageError, UnsafePathError, UsageError
from parentage.run.claim import check_claim

HEAD = """\
format: parentage.claim-file/1
id: c
title: A claim
candidate: a/a
reference: b/b
models: [a, b]
others: [third]
tables:
  t: {path: t.csv}
  j: {path: j.json}
numbers:
"""
ONE = (
    HEAD
    + """\
  - id: s
    title: numbers
    statistic: cosine
    of: matrices
    source: {table: t, column: cosine}
    cells:
"""
)


def write(folder, body, *, table="layer,cosine\n0,0.5\n1,0.25\n", tree=None):
    (folder / "t.csv").write_text(table, encoding="utf-8")
    if tree is not None:
        (folder / "j.json").write_text(tree, encoding="utf-8")
    path = folder / "claim.yaml"
    path.write_text(body, encoding="utf-8")
    return path


def only(folder, cell, **more):
    """The single cell of a claim."""
    document = check_claim(write(folder, ONE + f"      - {cell}\n", **more))
    return document.judgement.series[0].cells[0], document.judgement


@pytest.mark.parametrize(
    ("cell", "outcome", "value"),
    [
        ('{label: x, printed: "0.375", take: mean}', "reproduces", 0.375),
        ('{label: x, printed: "0.38", take: mean}', "reproduces", 0.375),
        ('{label: x, printed: "0.37", take: mean}', "reproduces", 0.375),
        ('{label: x, printed: "0.36", take: mean}', "differs", 0.375),
        ('{label: x, printed: "0.5", where: {layer: "0"}}', "reproduces", 0.5),
        ('{label: x, printed: "2", take: count}', "reproduces", 2.0),
        ('{label: x, printed: ".25", take: min}', "reproduces", 0.25),
        ('{label: x, printed: ".1768", take: sd}', "reproduces", 0.17677669),
        ('{label: x, printed: ".125", take: population-sd}', "reproduces", 0.125),
        ('{label: x, printed: ".75", take: sum}', "reproduces", 0.75),
    ],
)
def test_cells_from_a_table(tmp_path, cell, outcome, value):
    found, _ = only(tmp_path, cell)
    assert found.outcome == outcome
    assert found.recomputed == pytest.approx(value)


@pytest.mark.parametrize(
    ("cell", "more", "code"),
    [
        ('{label: x, printed: "1"}', {}, "many-rows"),
        ('{label: x, printed: "1", where: {layer: "9"}}', {}, "no-row"),
        (
            '{label: x, printed: "1"}',
            {"table": "layer,cosine\n0,nan\n"},
            "not-a-number",
        ),
        (
            '{label: x, printed: "1"}',
            {"table": "layer,cosine\n0,inf\n"},
            "not-a-number",
        ),
        (
            '{label: x, printed: "1"}',
            {"table": "layer,cosine\n0,1e999\n"},
            "not-a-number",
        ),
        ('{label: x, printed: "1"}', {"table": "layer,cosine\n0,\n"}, "not-a-number"),
        (
            '{label: x, printed: "1", take: mean}',
            {"table": "layer,cosine\n0,up\n"},
            "not-a-number",
        ),
        ('{label: x, printed: "1", table: j, at: a.b}', {}, "no-data"),
        ('{label: x, printed: "1", table: j, at: a.b}', {"tree": "{}"}, "no-path"),
        (
            '{label: x, printed: "1", table: j, at: a}',
            {"tree": '{"a": null}'},
            "not-a-number",
        ),
        ('{label: x, printed: "1", tensor: w}', {}, "no-model"),
        ('{label: x, printed: "1", tokenizers: shared}', {}, "no-model"),
        ('{label: x, printed: "1", module: head}', {}, "no-model"),
        (
            '{label: x, printed: "1", shared: {stated: ["1"]}, whole: {stated: ["0"]}}',
            {},
            "nothing-to-divide-by",
        ),
    ],
)
def test_what_cannot_be_checked_says_why(tmp_path, cell, more, code):
    found, judgement = only(tmp_path, cell, **more)
    assert found.outcome == "not-checkable"
    assert found.reason.code == code
    assert judgement.outcome == "cannot-be-checked"


BOMB = "a: &a [1, 1]\nb: [*a, *a]\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is no claim"),
        ("- 1\n", "is no claim"),
        ("format: other/1\n", "format 'other/1'"),
        (BOMB, "anchor or an alias, line 1"),
        ("a: !!python/object/apply:os.system [ls]\n", "tag"),
        ("a: 1\na: 2\n", "key 'a' twice, line 2"),
        ("a: [" * 40 + "]" * 40, "nested too deeply"),
        ("a: [\n", "is no YAML"),
        ("? [x]\n: 1\n", "key that is no text"),
        ("\x00", "is no YAML"),
        (ONE, "numbers.0"),
        (ONE + '      - {label: x, printed: "nan"}\n', "no finite number"),
        (ONE + '      - {label: x, printed: "1e999"}\n', "larger than any"),
        (ONE + '      - {label: x, printed: "1", extra: y}\n', "extra"),
        (ONE + '      - {label: x, printed: "1", table: u}\n', "unknown table 'u'"),
        (ONE + '      - {label: x, printed: "1", column: q}\n', "no column 'q'"),
        (
            ONE.replace("cosine\n    of", "sine\n    of")
            + '      - {label: x, printed: "1"}\n',
            "unknown statistic 'sine/matrices'",
        ),
        (
            ONE.replace("of: matrices", "of: matrices\n    says: derived")
            + '      - {label: x, printed: "1"}\n',
            "claimed_at goes with",
        ),
    ],
)
def test_malformed_claims_end_in_one_error(tmp_path, body, message):
    with pytest.raises(ClaimError, match=message) as caught:
        check_claim(write(tmp_path, body))
    assert "claim.yaml" in str(caught.value) or "t.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("", "is empty"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("layer,cosine\n1\n", "line 2 has 1 fields"),
        ('layer,cosine\n1,"2\n', "is no CSV"),
        ("layer,value\n1,2\n", "no column 'cosine'"),
    ],
)
def test_malformed_tables_end_in_one_error(tmp_path, table, message):
    with pytest.raises(ClaimError, match=message):
        only(tmp_path, '{label: x, printed: "1"}', table=table)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("{", "is no JSON"),
        ('{"a": 1, "a": 2}', "key 'a' twice"),
        ("[" * 100 + "]" * 100, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "number of 5000 digits"),
    ],
)
def test_malformed_trees_end_in_one_error(tmp_path, tree, message):
    with pytest.raises(ClaimError, match=message):
        only(tmp_path, '{label: x, printed: "1", table: j, at: a}', tree=tree)


def test_files_that_are_no_text_too_large_or_missing(tmp_path):
    path = tmp_path / "claim.yaml"
    with pytest.raises(ClaimError, match="cannot be read"):
        check_claim(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClaimError, match="UTF-8"):
        check_claim(path)
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(ClaimError, match="too large"):
        check_claim(path)
    with pytest.raises(UsageError, match="no folder"):
        check_claim(write(tmp_path, SUPPORT + FULL), data=tmp_path / "gone")


@pytest.mark.parametrize("where", ["../t.csv", "/etc/passwd", "a/../../t.csv"])
def test_tables_stay_in_their_folder(tmp_path, where):
    body = ONE.replace("path: t.csv", f"path: {where}")
    with pytest.raises(UnsafePathError):
        check_claim(write(tmp_path, body + '      - {label: x, printed: "1"}\n'))


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    inside = tmp_path / "in"
    inside.mkdir()
    path = write(inside, ONE + '      - {label: x, printed: "1"}\n')
    (tmp_path / "out.csv").write_text("layer,cosine\n0,1\n")
    (inside / "t.csv").unlink()
    (inside / "t.csv").symlink_to(tmp_path / "out.csv")
    with pytest.raises(UnsafePathError):
        check_claim(path)


def test_another_file_than_the_named_one_is_refused(tmp_path):
    body = ONE.replace("path: t.csv", "path: t.csv, sha256: " + "0" * 64)
    with pytest.raises(ClaimError, match="another file"):
        check_claim(write(tmp_path, body + '      - {label: x, printed: "1"}\n'))


def test_a_csv_of_numbers_is_a_claim(tmp_path):
    (tmp_path / "raw.csv").write_text("layer,r\n0,0.500\n1,0.700\n")
    path = tmp_path / "numbers.csv"
    path.write_text(
        "label,statistic,of,printed,table,column,where,take\n"
        "L0,pearson,matrices,0.50,raw.csv,r,layer=0,\n"
        "mean,pearson,matrices,0.61,raw.csv,r,,mean\n"
    )
    judgement = check_claim(path).judgement
    assert judgement.outcome == "does-not-reproduce"
    assert [c.outcome for c in judgement.series[0].cells] == ["reproduces", "differs"]
    path.write_text("label,statistic,of\nL0,pearson,matrices\n")
    with pytest.raises(ClaimError, match="no column 'printed'"):
        check_claim(path)
    path.write_text("label,statistic,of,printed,guess\nL0,pearson,matrices,1,2\n")
    with pytest.raises(ClaimError, match="unknown column 'guess'"):
        check_claim(path)
    path.write_text("label,statistic,of,printed,where\nL0,pearson,matrices,1,x\n")
    with pytest.raises(ClaimError, match="no '='"):
        check_claim(path)


WEIGHTS = (
    HEAD
    + """\
  - id: norms
    title: cosine of norm gains, layer by layer
    statistic: cosine
    of: norm-gains
    says: derived
    claimed_at: ".9"
    source: {tensor: "model.layers.{layer}.input_layernorm.weight"}
    columns:
      cos: {}
      r: {statistic: pearson}
    rows: |
      layer,cos,r
      0,COS,R
      1,COS,R
  - id: matrices
    title: one matrix
    statistic: cosine
    of: matrices
    says: derived
    claimed_at: ".5"
    source: {tensor: "model.layers.{layer}.mlp.up_proj.weight", layers: 0-3, take: mean}
    cells:
      - {label: mean, printed: MEAN}
  - id: share
    title: share of the head
    statistic: parameter-share
    of: model
    cells:
      - {label: head, printed: "SHARE", module: head}
  - id: curve
    title: standard deviations over depth
    statistic: sigma-correlation
    of: layers
    cells:
      - {label: q, printed: ".1", layers: 0-3,
         tensor: "model.layers.{layer}.self_attn.q_proj.weight"}
      - {label: two layers, printed: ".1", layers: "0,1",
         tensor: "model.layers.{layer}.self_attn.q_proj.weight"}
  - id: bytes
    title: equal tensors
    statistic: equal-hash
    of: matrices
    cells:
      - {label: equal, printed: "0", take: sum, layers: 0-3,
         tensor: "model.layers.{layer}.mlp.up_proj.weight"}
      - {label: no such tensor, printed: "0", tensor: nothing}
"""
)


def test_numbers_and_controls_from_weights(tmp_path, parent, stranger, save):
    models = {
        "a": str(save("a", parent)),
        "b": str(save("b", stranger)),
        "third": str(save("third", parent)),
    }
    up = "model.layers.{}.mlp.up_proj.weight"
    pairs = [
        (parent[up.format(i)].ravel(), stranger[up.format(i)].ravel()) for i in range(4)
    ]
    mean = np.mean(
        [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for a, b in pairs]
    )
    gains = [
        t["model.layers.0.input_layernorm.weight"].astype(float)
        for t in (parent, stranger)
    ]
    cosine = gains[0] @ gains[1] / np.linalg.norm(gains[0]) / np.linalg.norm(gains[1])
    share = parent["lm_head.weight"].size / sum(v.size for v in parent.values())
    body = (
        WEIGHTS.replace("COS", f"{cosine:.4f}")
        .replace("R\n", f"{np.corrcoef(*gains)[0, 1]:.4f}\n")
        .replace("MEAN", f'"{mean:.6f}"')
        .replace("SHARE", f"{share:.5f}")
    )
    document = check_claim(write(tmp_path, body), models=models)
    found = {(s.id, c.label): c for s in document.judgement.series for c in s.cells}
    assert found["norms.cos", "0"].outcome == "reproduces"
    assert found["norms.r", "0"].outcome == "reproduces"
    assert found["norms.cos", "1"].recomputed == pytest.approx(0.9975, abs=2e-3)
    assert found["matrices", "mean"].outcome == "reproduces"
    assert found["share", "head"].outcome == "reproduces"
    assert found["bytes", "equal"].outcome == "reproduces"
    assert found["bytes", "no such tensor"].reason.code == "no-tensor"
    assert isinstance(found["curve", "q"].recomputed, float)
    assert found["curve", "two layers"].reason.code == "few-layers"
    supports = {(s.series, s.statistic): s for s in document.judgement.supports}
    norms = supports["norms.cos", "cosine/norm-gains"]
    kinds = {c.kind: c for c in norms.controls}
    assert set(kinds) == {"shuffled", "random", "mismatched", "independent"}
    # Everything that is not related reaches the claimed value as well.
    assert all(c.reached == c.values > 0 for c in kinds.values())
    assert norms.outcome == "cannot"
    assert norms.missing == ("positive",)
    matrices = supports["matrices", "cosine/matrices"]
    low = [
        c for c in matrices.controls if c.kind in {"shuffled", "random", "mismatched"}
    ]
    assert len(low) == 3
    assert all(c.reached == 0 for c in low)
    assert {f.name for f in document.files} == {"claim", "a", "b", "third"}
    with pytest.raises(UsageError, match="no model 'c'"):
        check_claim(write(tmp_path, body), models={"c": "x"})
    with pytest.raises(ParentageError):
        check_claim(write(tmp_path, body), models={"a": str(tmp_path / "gone")})


SUPPORT = (
    HEAD
    + """\
  - id: s
    title: cosine of matrices
    statistic: cosine
    of: matrices
    says: derived
    claimed_at: ".9"
    cells:
      - {label: mean, printed: ".95", stated: [".95"]}
controls:
"""
)
CONTROL = (
    "  - {{kind: {0}, title: {0}, statistic: cosine, of: matrices, printed: [{1}]}}\n"
)
FULL = "".join(
    CONTROL.format(kind, value)
    for kind, value in (
        ("independent", '".01", ".02"'),
        ("mismatched", '".00"'),
        ("positive", '".97"'),
    )
)


@pytest.mark.parametrize(
    ("controls", "outcome", "reasons"),
    [
        (FULL, "supported", []),
        (FULL.replace('".97"', '".2"'), "cannot-support", ["positive-control-fails"]),
        (
            FULL.replace('".00"', ", ".join(['".93"'] * 20)),
            "cannot-support",
            ["false-positive-controls"],
        ),
        (
            CONTROL.format("independent", '".01"'),
            "cannot-be-checked",
            ["controls-missing"],
        ),
        (
            FULL.replace('printed: [".00"]', "values: [{table: j, at: a}]"),
            "cannot-support",
            ["null-control"],
        ),
    ],
)
def test_when_a_statistic_can_carry_a_claim(tmp_path, controls, outcome, reasons):
    path = write(tmp_path, SUPPORT + controls, tree='{"a": null}')
    judgement = check_claim(path).judgement
    (support,) = judgement.supports
    assert [r.code for r in support.reasons] == reasons
    assert judgement.outcome == outcome


def test_controls_that_are_no_numbers_are_refused(tmp_path):
    with pytest.raises(ClaimError, match="no finite number"):
        check_claim(write(tmp_path, SUPPORT + FULL.replace('".00"', '"inf"')))


def test_a_constant_tensor_is_no_evidence_of_equality(tmp_path, save):
    ones = {"model.norm.weight": np.ones(64, np.float32)}
    models = {name: str(save(name, ones)) for name in "ab"}
    body = SUPPORT.replace("statistic: cosine", "statistic: equal-hash").replace(
        'stated: [".95"]', "tensor: model.norm.weight"
    )
    body = body.removesuffix("controls:\n")
    cell = (
        check_claim(write(tmp_path, body), models=models).judgement.series[0].cells[0]
    )
    assert cell.reason.code == "constant"


def test_a_document_is_plain_data(tmp_path):
    document = check_claim(write(tmp_path, SUPPORT + FULL))
    plain = json.loads(document.to_json())
    assert plain["schema"] == "parentage.claim/1"
    assert plain["judgement"]["series"][0]["cells"][0]["printed"] == ".95"
