# SPDX-License-Identifier: Apache-2.0
"""Full scans against numbers that are computed again, in every storage, and resumed."""

import json

import jsonschema
import ml_dtypes
import numpy as np
import pytest

from parentage.artifact.fused import fused
from parentage.errors import ParentageError, UsageError
from parentage.report.difference_document import schema_text, shipped_schema
from parentage.report.difference_html import render_difference
from parentage.report.language import Language
from parentage.run import diff_scan, diff_state
from parentage.run.diff import diff


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "parentage" / "diff"


def bf16(model):
    return {n: a.astype(ml_dtypes.bfloat16) for n, a in model.items()}


@pytest.fixture(scope="module")
def child(parent):
    rng = np.random.default_rng(3)
    return {
        n: a
        if "layers.1" in n
        else (a + 0.1 * a.std() * rng.standard_normal(a.shape)).astype(np.float32)
        for n, a in parent.items()
    }


@pytest.fixture
def pair(save, parent, child):
    return save("a", bf16(parent)), save("b", bf16(child))


def numbers(document):
    """Everything that was found, without names, paths and times."""
    return {
        (t.module, t.role, t.layer): (t.status, t.numbers) for t in document.tensors
    }


def test_every_number_is_what_numpy_finds(pair, parent, child):
    document = diff(*pair, kernel="numpy").document
    assert len(document.tensors) == len(parent)
    for item in document.tensors:
        a = bf16(parent)[item.a].astype(np.float64).ravel()
        b = bf16(child)[item.b].astype(np.float64).ravel()
        found = item.numbers
        assert found.pairs == a.size
        assert found.changed == np.count_nonzero(a != b)
        assert (item.status == "identical") == (found.changed == 0)
        assert found.max_abs_difference == pytest.approx(np.abs(a - b).max(), rel=1e-6)
        norm = np.linalg.norm(a)
        assert found.cosine == pytest.approx(a @ b / norm / np.linalg.norm(b), abs=1e-6)
        assert found.relative_l2 == pytest.approx(
            np.linalg.norm(a - b) / norm, rel=1e-4, abs=1e-9
        )
        assert found.norm_ratio == pytest.approx(np.linalg.norm(b) / norm, rel=1e-5)
        if a.std() > 0 and b.std() > 0:
            expected = np.corrcoef(a, b)[0, 1]
            assert found.pearson == pytest.approx(expected, abs=1e-5)
    assert document.differs
    assert not document.identical
    total = document.total.tensors
    assert total.identical + total.different == len(parent)
    assert total.identical == sum("layers.1" in n for n in parent)


def test_equal_models_are_identical(pair):
    document = diff(pair[0], pair[0]).document
    assert document.identical
    assert not document.differs
    assert {t.status for t in document.tensors} == {"identical"}


def test_shards_order_and_fused_storage_change_no_number(save, parent, child, pair):
    plain = numbers(diff(*pair, kernel="numpy").document)
    turned = dict(reversed(bf16(child).items()))
    sharded = save("sharded", turned, shards=3)
    assert numbers(diff(pair[0], sharded, kernel="numpy").document) == plain


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_no_number(pair, threads, monkeypatch):
    monkeypatch.setattr(diff_scan, "SMALL", 0)
    expected = numbers(diff(*pair, kernel="numpy", threads=1).document)
    again = diff(*pair, kernel="numpy", threads=threads).document
    assert numbers(again) == expected


def test_formats_are_compared_by_value(save, parent):
    half = {n: a.astype(np.float16) for n, a in parent.items()}
    wide = {n: a.astype(np.float32) for n, a in half.items()}
    document = diff(save("half", half), save("wide", wide)).document
    assert document.identical


def test_what_cannot_be_compared_is_listed_with_its_reason(save, parent):
    other = bf16(parent)
    name = "model.layers.0.mlp.up_proj.weight"
    other[name] = other[name][:-8]
    gone = "model.layers.3.self_attn.q_proj.weight"
    del other[gone]
    other["extra.weight"] = np.ones((3, 3), np.float32)
    document = diff(save("a", bf16(parent)), save("b", other)).document
    rows = {t.a or t.b: t for t in document.tensors}
    assert (rows[name].status, rows[name].reason) == ("not-comparable", "shape")
    assert rows[gone].status == "only-in-a"
    assert rows["extra.weight"].status == "only-in-b"
    assert rows[name].numbers is None
    assert document.differs


def test_values_that_are_not_finite_are_counted(save, parent):
    spoilt = dict(parent)
    name = "model.layers.2.mlp.down_proj.weight"
    spoilt[name] = parent[name].copy()
    spoilt[name][0, :3] = np.nan
    spoilt[name][1, 0] = np.inf
    document = diff(save("a", parent), save("b", spoilt)).document
    found = next(t for t in document.tensors if t.a == name).numbers
    assert (found.nan, found.infinite) == ((0, 3), (0, 1))
    assert found.finite == found.pairs - 4
    assert found.changed == 4
    assert found.relative_l2 == 0.0


class StoppedError(Exception):
    """As a kill would come."""


@pytest.mark.parametrize("after", [1, 2, 5, 9, 17, 30])
def test_a_stopped_scan_goes_on_and_ends_the_same(pair, cache, monkeypatch, after):
    whole = numbers(diff(*pair, kernel="numpy", resume=False).document)
    assert not list(cache.glob("*"))
    monkeypatch.setattr(diff_state, "_EVERY", 0.0)
    done = 0
    real = diff_scan.Worker.sums

    def counted(self, a, b, slab):
        nonlocal done
        done += 1
        if done > after:
            raise StoppedError
        return real(self, a, b, slab)

    monkeypatch.setattr(diff_scan.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(*pair, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_scan.Worker, "sums", real)
    again = diff(*pair, kernel="numpy", threads=1)
    assert again.resumed > 0
    assert numbers(again.document) == whole
    assert not list(cache.glob("*"))


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_a_state_that_was_cut_off_is_used_as_far_as_it_holds(
    pair, cache, monkeypatch, cut
):
    whole = numbers(diff(*pair, kernel="numpy", resume=False).document)
    monkeypatch.setattr(diff_state, "_EVERY", 0.0)
    real = diff_scan.Worker.sums
    left = 12

    def counted(self, a, b, slab):
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError
        return real(self, a, b, slab)

    monkeypatch.setattr(diff_scan.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(*pair, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_scan.Worker, "sums", real)
    (file,) = cache.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])
    assert numbers(diff(*pair, kernel="numpy").document) == whole


def test_another_file_under_the_same_name_is_not_resumed(
    save, parent, child, cache, monkeypatch
):
    a, b = save("a", bf16(parent)), save("b", bf16(child))
    monkeypatch.setattr(diff_state, "_EVERY", 0.0)
    real = diff_scan.Worker.sums
    left = 12

    def counted(self, *args):
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError
        return real(self, *args)

    monkeypatch.setattr(diff_scan.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(a, b, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_scan.Worker, "sums", real)
    other = {n: v * 2 for n, v in child.items()}
    for file in b.iterdir():
        file.unlink()
    save("b", bf16(other))
    again = diff(a, b, kernel="numpy")
    assert again.resumed == 0
    assert numbers(again.document) == numbers(
        diff(a, b, kernel="numpy", resume=False).document
    )


def test_a_state_that_cannot_be_kept_does_not_end_the_scan(pair, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    monkeypatch.setattr(diff_state, "_EVERY", 0.0)
    found = diff(*pair, kernel="numpy")
    assert found.trouble
    assert found.document.differs


def test_a_truncated_file_is_one_error(pair):
    file = next(pair[1].glob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ParentageError):
        diff(*pair)


def test_documents_validate_and_the_shipped_schema_is_current(pair):
    assert shipped_schema() == schema_text()
    schema = json.loads(shipped_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(diff(*pair).document.to_json()), schema)


def test_pages_are_whole_in_both_languages(pair):
    document = diff(*pair).document
    pages = [render_difference(document, Language(code)) for code in ("en", "ko")]
    for page in pages:
        assert "<script" not in page
        assert "http" not in page.replace("http-equiv", "")
    assert pages[0] != pages[1]


def test_numba_is_asked_for_by_name_only_where_it_is(pair, monkeypatch):
    monkeypatch.setattr("parentage.run.diff.fused", lambda: None)
    with pytest.raises(UsageError, match="numba is not installed"):
        diff(*pair, kernel="numba")
    assert diff(*pair).document.kernel == "numpy"


@pytest.mark.services
def test_the_compiled_kernel_agrees_with_numpy(pair, monkeypatch):
    monkeypatch.setattr(diff_scan, "SMALL", 0)
    assert fused() is not None
    one = numbers(diff(*pair, kernel="numpy").document)
    other = numbers(diff(*pair, kernel="numba").document)
    assert one.keys() == other.keys()
    for key, (status, found) in one.items():
        assert other[key][0] == status
        again = other[key][1]
        assert again.changed == found.changed
        assert again.max_abs_difference == found.max_abs_difference
        for name in ("cosine", "pearson", "relative_l2", "norm_ratio"):
            a, b = getattr(found, name), getattr(again, name)
            assert (a is None) == (b is None)
            assert a is None or a == pytest.approx(b, rel=2e-5, abs=1e-6)
