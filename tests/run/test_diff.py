# SPDX-License-Identifier: Apache-2.0
"""Full scans against numbers that are computed again, in every storage, and resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import ml_dtypes
import numpy as np
import pytest

from parentage.artifact.fused import fused
from parentage.errors import ParentageError, TruncatedError, UsageError
from parentage.report.difference_document import schema_text, shipped_schema
from parentage.report.difference_html import render_difference
from parentage.report.language import Language
from parentage.run import diff as diff_module
from parentage.run import diff_scan, diff_state, diff_sums, diff_workers
from parentage.run.diff import diff

THREADS = diff_scan.Threads


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
    monkeypatch.setattr(diff_sums, "SMALL", 0)
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
    monkeypatch.setattr(diff_scan, "_TOGETHER", 1)
    done = 0
    real = diff_sums.Worker.sums

    def counted(self, a, b, slab):
        nonlocal done
        done += 1
        if done > after:
            raise StoppedError
        return real(self, a, b, slab)

    monkeypatch.setattr(diff_sums.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(*pair, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_sums.Worker, "sums", real)
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
    monkeypatch.setattr(diff_scan, "_TOGETHER", 1)
    real = diff_sums.Worker.sums
    left = 12

    def counted(self, a, b, slab):
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError
        return real(self, a, b, slab)

    monkeypatch.setattr(diff_sums.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(*pair, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_sums.Worker, "sums", real)
    (file,) = cache.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-cut])
    assert numbers(diff(*pair, kernel="numpy").document) == whole


def test_another_file_under_the_same_name_is_not_resumed(
    save, parent, child, cache, monkeypatch
):
    a, b = save("a", bf16(parent)), save("b", bf16(child))
    monkeypatch.setattr(diff_state, "_EVERY", 0.0)
    monkeypatch.setattr(diff_scan, "_TOGETHER", 1)
    real = diff_sums.Worker.sums
    left = 12

    def counted(self, *args):
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError
        return real(self, *args)

    monkeypatch.setattr(diff_sums.Worker, "sums", counted)
    with pytest.raises(StoppedError):
        diff(a, b, kernel="numpy", threads=1)
    monkeypatch.setattr(diff_sums.Worker, "sums", real)
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


linux = pytest.mark.skipif(
    not diff_workers.AVAILABLE, reason="processes that read maps are forked on Linux"
)


@linux
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("kept", [bf16, dict], ids=["bf16", "f32"])
def test_processes_that_read_maps_find_the_same_numbers(
    save, parent, child, monkeypatch, threads, kept
):
    monkeypatch.setattr(diff_sums, "SMALL", 0)
    monkeypatch.setattr(diff_scan, "_VALUES", 1000)
    models = save("a", kept(parent), shards=2), save("b", kept(child))
    expected = numbers(diff(*models, kernel="numpy", processes=False).document)
    found = diff(*models, kernel="numpy", threads=threads, processes=True).document
    assert numbers(found) == expected


@linux
def test_processes_are_for_large_models_on_this_machine(pair, monkeypatch):
    asked = []

    class Noted(diff_workers.Workers):
        def __init__(self, *arguments):
            asked.append(arguments[1])
            super().__init__(*arguments)

    monkeypatch.setattr(diff_scan, "Workers", Noted)
    diff(*pair, kernel="numpy")
    assert not asked
    monkeypatch.setattr(diff_module, "_LARGE", 1)
    diff(*pair, kernel="numpy", threads=3)
    assert asked == [3]


@linux
def test_a_lost_process_changes_no_number(pair, monkeypatch):
    expected = numbers(diff(*pair, kernel="numpy").document)
    real, parent = diff_sums.Worker.sums, os.getpid()

    def deadly(self, a, b, slab):
        if os.getpid() != parent and slab.size < 100:
            os.kill(os.getpid(), signal.SIGBUS)
        return real(self, a, b, slab)

    threads = []
    monkeypatch.setattr(diff_sums.Worker, "sums", deadly)
    monkeypatch.setattr(
        diff_scan, "Threads", lambda *a: threads.append(1) or THREADS(*a)
    )
    found = diff(*pair, kernel="numpy", threads=2, processes=True).document
    assert threads == [1]
    assert numbers(found) == expected


@linux
def test_a_file_cut_short_under_the_maps_is_one_error(save, monkeypatch):
    rng = np.random.default_rng(4)
    rows = {
        f"model.layers.{n}.mlp.up_proj.weight": rng.standard_normal((128, 512))
        for n in range(40)
    }
    rows = {n: a.astype(np.float32) for n, a in rows.items()}
    models = save("a", rows), save("b", rows)
    file = next(models[1].glob("*.safetensors"))
    real = diff_sums.Worker.sums

    def cut_before_it_is_read(self, a, b, slab):
        os.truncate(file, 300_000)
        return real(self, a, b, slab)

    monkeypatch.setattr(diff_sums.Worker, "sums", cut_before_it_is_read)
    with pytest.raises(TruncatedError, match="the file ends at byte 300000") as caught:
        diff(*models, kernel="numpy", threads=2, processes=True)
    assert caught.value.file == file.name


@linux
def test_processes_end_when_their_parent_is_killed(save):
    code = """
import os, sys, time
from parentage.run import diff_sums
from parentage.run.diff import diff
def slow(self, a, b, slab):
    os.write(1, b"%d " % os.getpid())
    time.sleep(60)
diff_sums.Worker.sums = slow
diff(*sys.argv[1:], kernel="numpy", threads=2, processes=True)
"""
    rows = {f"model.layers.{n}.mlp.up_proj.weight": np.ones((8, 8)) for n in range(200)}
    models = [str(save(name, rows)) for name in "ab"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *models], stdout=subprocess.PIPE
    )
    said = b""
    while said.count(b" ") < 2:
        said += os.read(process.stdout.fileno(), 100) or pytest.fail(f"ended: {said}")
    workers = [int(word) for word in said.split()]
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(alive(pid) for pid in workers)


def alive(pid):
    """Whether a process still runs: one that is dead and not yet fetched does not."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return text.rpartition(")")[2].split()[0] != "Z"


@pytest.mark.services
def test_the_compiled_kernel_agrees_with_numpy(pair, monkeypatch):
    monkeypatch.setattr(diff_sums, "SMALL", 0)
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
