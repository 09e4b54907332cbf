# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import pytest

import parentage


def test_all_is_sorted_and_complete():
    assert parentage.__all__ == sorted(parentage.__all__)
    for name in parentage.__all__:
        assert getattr(parentage, name) is not None
        assert name in dir(parentage)


def test_unknown_names_are_refused():
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = parentage.nope


def test_import_is_lazy():
    code = (
        "import sys, parentage; print('numpy' in sys.modules, len(sys.modules) < 120)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True"]


def test_compare_and_audit(models):
    pair = (models / "decoder-b", models / "decoder-a")
    comparison = parentage.compare(*pair, budget=300_000)
    report = parentage.audit(pair[0], [pair[1]], budget=300_000)
    assert [m.evidence for m in comparison.modules] == [
        m.evidence for m in report.modules
    ]
    assert parentage.inspect_model(pair[0]).parameters == report.candidate.parameters


def test_fingerprints_registries_and_plans(models, tmp_path, monkeypatch):
    from parentage.registry.container import to_bytes
    from parentage.registry.store import prepare

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own, other = (
        parentage.fingerprint(models / name, size=300_000)
        for name in ("decoder-a-finetuned", "decoder-a")
    )
    with parentage.Registry(str(tmp_path / "r.db")) as registry:
        registry.add([prepare(to_bytes(other))])
        assert parentage.screen(own, registry).finding == "reused"
    plan = parentage.plan_audit(
        models / "decoder-b", [models / "decoder-a"], budget=300_000, budgets=()
    )
    report = parentage.audit(
        models / "decoder-b", [models / "decoder-a"], budget=300_000, plan=plan
    )
    assert report.settings.plan == plan.digest
