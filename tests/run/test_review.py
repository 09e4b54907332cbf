# SPDX-License-Identifier: Apache-2.0
"""Innocents that once looked guilty, and legal inputs that once broke an audit."""

import numpy as np
import pytest

from parentage.errors import UsageError
from parentage.evidence.copies import Copies
from parentage.run.audit import audit
from parentage.stats.coins import Part
from parentage.testing.synthetic import random_model, write_safetensors


def words(report):
    return {m.name: m.finding for m in report.modules}


def sines(rows, width):
    angle = np.arange(rows)[:, None] / 100 ** (np.arange(width // 2) / (width // 2))
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


@pytest.mark.parametrize("name", ["pos.table", "model.embed_positions.weight"])
def test_fixed_position_tables_are_the_same_in_every_model(
    save, parent, stranger, name
):
    """A constant of the architecture is no initial weight that was drawn."""
    suspect = {**stranger, name: sines(100, 64)}
    report = audit(save("c", suspect), [save("r", {**parent, name: sines(100, 64)})])
    assert not {"identical", "reused", "correspondence"} & set(words(report).values())


@pytest.mark.parametrize("known", [True, False])
def test_fixed_position_tables_under_new_names(save, shape, known):
    """No name says what the table is."""

    def model(seed):
        names = random_model(shape, seed, "F32")
        out = {
            n.replace("proj", "mat").replace("self_attn", "mixer"): a
            for n, a in names.items()
        }
        return {**out, "pos.table": sines(100, 64)}

    config = shape.config() if known else {}
    report = audit(save("c", model(8), config), [save("r", model(9), config)])
    assert not {"identical", "reused"} & set(words(report).values())


def test_masks_and_tiny_matrices_correspond_by_chance(save, parent, stranger):
    extra = {"odd.mask": np.tril(np.ones((32, 32), dtype=np.float32))}
    tiny = {f"odd.{i}": np.eye(2, dtype=np.float32) + i for i in range(4)}
    left = {**stranger, **extra, **tiny}
    right = {**parent, **extra, **tiny}
    report = audit(save("c", left), [save("r", right)])
    assert "correspondence" not in words(report).values()
    assert report.finding == "no-dependence-found"


def test_copies_are_found_by_few_coins_and_across_blocks():
    rng = np.random.default_rng(0)
    one = rng.standard_normal((1, 4, 50)).astype(np.float32)
    few = np.repeat(one, 3, axis=0)
    copies = Copies()
    copies.add([Part(np.arange(4), few, few)], (0, 1, 2))
    assert copies.clusters() == [[0, 1, 2]]
    many = rng.standard_normal((3, 400, 50)).astype(np.float32)
    many[2] = many[0] + 0.1 * rng.standard_normal((400, 50))
    copies = Copies()
    copies.add([Part(np.arange(400), many, many)], (0, 1, 2))
    assert copies.clusters() == [[0, 2], [1]]


def test_tensors_of_size_zero_and_starved_budgets(save, parent, shape):
    empty = dict(parent)
    for role, size in (("gate", (0, 64)), ("up", (0, 64)), ("down", (64, 0))):
        empty[f"model.layers.1.mlp.{role}_proj.weight"] = np.zeros(size, np.float32)
    reference = save("r", parent)
    assert audit(save("c", empty), [reference]).finding in {"identical", "reused"}
    for budget in (100, 3000, 12_000):
        report = audit(save("c2", parent), [reference], budget=budget)
        assert report.finding in {
            "identical",
            "reused",
            "not-testable",
            "correspondence",
            "no-dependence-found",
        }


def test_one_norm_of_another_width(save, parent):
    odd = {**parent, "model.norm.weight": np.linspace(1, 2, 32, dtype=np.float32)}
    report = audit(save("c", odd), [save("r", odd)])
    assert words(report)["text_decoder"] == "identical"


def test_references_with_other_headers_cost_the_candidate_nothing(save, parent):
    folders = []
    for n in range(3):
        folder = save(f"r{n}", random_model_like(parent, n))
        write_safetensors(
            folder / "model.safetensors",
            random_model_like(parent, n),
            metadata={"note": "x" * (20_000 * n)},
        )
        folders.append(folder)
    report = audit(save("c", parent), folders, budget=400_000, undo_budget=0)
    assert report.candidate.bytes_read <= 400_000
    assert all(m.bytes_read <= 400_000 for m in report.references)


def random_model_like(tensors, seed):
    rng = np.random.default_rng(seed + 50)
    return {
        n: rng.standard_normal(a.shape).astype(np.float32) for n, a in tensors.items()
    }


def test_labels_are_unique(save, parent, tmp_path):
    save("a (2)", parent)
    save("a", parent)
    report = audit(tmp_path / "a", [tmp_path / "a (2)", tmp_path / "a"])
    labels = [report.candidate.name, *(m.name for m in report.references)]
    assert len(set(labels)) == 3


def test_no_reference_is_a_usage_error(save, parent):
    with pytest.raises(UsageError, match="at least one model"):
        audit(save("c", parent), [])
