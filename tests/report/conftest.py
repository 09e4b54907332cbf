# SPDX-License-Identifier: Apache-2.0
"""A synthetic audit with everything a report can hold, built without any weights."""

import math
from pathlib import Path

import pytest

from parentage.report import words
from parentage.report.document import (
    Assumption,
    EvidenceItem,
    LayerMapItem,
    ModelInfo,
    ModuleInfo,
    ModuleResult,
    NormCosine,
    Outcome,
    PartItem,
    Power,
    Problem,
    Report,
    Settings,
    Unrecognised,
)
from parentage.run.demo import run_demo
from parentage.stats.tails import log10_binomial_tail

ZOO = Path(__file__).parents[2] / "zoo"
LEVEL = -6 - math.log10(412)
HOSTILE = '<script>alert("x")</script>'
"""A tensor name as an attacker would write it."""

SIZES = {
    "text_decoder": 7_070_619_136,
    "vision_encoder": 675_759_104,
    "projector": 44_574_208,
    "embedding": 544_997_376,
    "head": 544_997_376,
}
TOTAL = sum(SIZES.values()) + 4096


def layer_map(block, rows, columns, pairs, *, reference, trials=1280, share=0.83):
    def heads(row, column):
        if (row, column) in pairs:
            return round(trials * share)
        return trials // 2 + (row * 7 + column * 13) % 31 - 15

    return LayerMapItem(
        reference=reference,
        reference_module="vision_encoder",
        block=block,
        reference_block=block,
        rows=tuple(range(rows)),
        columns=tuple(range(columns)),
        heads=tuple(tuple(heads(r, c) for c in range(columns)) for r in range(rows)),
        trials=((trials,) * columns,) * rows,
        correlation=tuple(
            tuple(0.41 if (r, c) in pairs else 0.001 for c in range(columns))
            for r in range(rows)
        ),
    )


def coins(module, method, heads, n, *, reference, effect, residual=False):
    return EvidenceItem(
        id=f"{module}/0/{method}",
        method=method,
        grade="exact",
        reference=reference,
        reference_module=module,
        statistic="heads",
        value=heads,
        n=n,
        log10_p=log10_binomial_tail(heads, n),
        effect=effect,
        null_mean=n / 2,
        null_sd=math.sqrt(n) / 2,
        residual_group=residual,
        details={"units": {"mlp: GLU neuron": (heads, n)}},
    )


def similarity(module, reference, cosine):
    return EvidenceItem(
        id=f"{module}/0/aligned-similarity",
        method="aligned-similarity",
        grade="descriptive",
        reference=reference,
        reference_module=module,
        statistic="cosine",
        value=cosine,
        n=1_000_000,
        details={"pearson": cosine, "relative l2": 1.2},
    )


def result(name, finding, *, reference, outcome, evidence, maps=(), reason=None):
    return ModuleResult(
        name=name,
        parameters=SIZES[name],
        share=SIZES[name] / TOTAL,
        share_numerator=SIZES[name],
        share_denominator=TOTAL,
        finding=finding,
        reference=reference,
        log10_p=outcome.log10_p,
        log10_p_adjusted=outcome.log10_p_adjusted,
        effect=outcome.effect,
        power=outcome.power,
        reason=reason,
        sentence=words.module_sentence(
            name,
            finding,
            reference,
            words.parts_text([(p.block, p.layers) for p in outcome.parts]),
            whole=outcome.whole,
            power=words.power_text(outcome.power.correlation, 0.99),
            reason=reason,
        ),
        outcomes=(outcome,),
        evidence=tuple(evidence),
        layer_maps=tuple(maps),
    )


def power(correlation):
    return Power(correlation=correlation, probability=0.99, log10_alpha=LEVEL)


def vision(reference):
    stolen = (*((n, n) for n in range(6)), (6, 8), (7, 9))
    parts = (
        PartItem(
            block="attention", layers=stolen, identical=False, log10_p=-241, effect=0.41
        ),
        PartItem(
            block="mlp",
            layers=stolen[:6],
            identical=False,
            log10_p=-573.2,
            effect=0.44,
        ),
    )
    outcome = Outcome(
        reference=reference,
        reference_module="vision_encoder",
        finding="reused",
        log10_p=-5734.1,
        log10_p_adjusted=-5731.5,
        effect=0.42,
        parts=parts,
        power=power(0.006),
        elements=9_000_000,
        truncated=("patch_embedding",),
    )
    return result(
        "vision_encoder",
        "reused",
        reference=reference,
        outcome=outcome,
        evidence=[
            coins(
                "vision_encoder",
                "sign-coins",
                19_212,
                20_480,
                reference=reference,
                effect=0.42,
            ),
            coins(
                "vision_encoder",
                "swap-coins",
                20_480,
                20_480,
                reference=reference,
                effect=0.44,
            ),
            similarity("vision_encoder", reference, 0.43),
        ],
        maps=[
            layer_map("attention", 8, 10, set(stolen), reference=reference),
            layer_map("mlp", 8, 10, set(stolen[:6]), reference=reference),
        ],
    )


def clear(name, reference, correlation, *, maps=()):
    outcome = Outcome(
        reference=reference,
        reference_module=name,
        finding="no-dependence-found",
        log10_p=-0.53,
        log10_p_adjusted=0.0,
        effect=0.0007,
        power=power(correlation),
        elements=30_000_000,
    )
    evidence = [
        coins(name, "sign-coins", 200_312, 400_000, reference=reference, effect=0.0007),
        coins(
            name,
            "pooled-residual",
            1_770,
            3_584,
            reference=reference,
            effect=-0.01,
            residual=True,
        ),
        similarity(name, reference, 0.002),
    ]
    return result(
        name,
        "no-dependence-found",
        reference=None,
        outcome=outcome,
        evidence=evidence,
        maps=maps,
    )


def untestable(reference):
    reason = f"{reference} has no projector"
    outcome = Outcome(
        reference=reference,
        reference_module=None,
        finding="not-testable",
        log10_p=None,
        log10_p_adjusted=None,
        effect=None,
        power=power(None),
        reason=reason,
    )
    return result(
        "projector",
        "not-testable",
        reference=reference,
        outcome=outcome,
        evidence=[],
        reason=reason,
    )


def correspondence(reference):
    outcome = Outcome(
        reference=reference,
        reference_module="head",
        finding="correspondence",
        log10_p=-6.6,
        log10_p_adjusted=-4.0,
        effect=0.03,
        power=power(0.05),
        reason="rarer than chance alone, but not at the level of an accusation (1e-6)",
    )
    return result(
        "head",
        "correspondence",
        reference=reference,
        outcome=outcome,
        evidence=[
            coins(
                "head",
                "embedding-columns",
                1_920,
                3_584,
                reference=reference,
                effect=0.03,
                residual=True,
            )
        ],
        reason=outcome.reason,
    )


def model(name, *, unrecognised=(), problems=()):
    return ModelInfo(
        name=name,
        path=f"models/{name}",
        digest="9f2c" * 16,
        parameters=TOTAL,
        dtypes={"BF16": TOTAL - 4096, "F32": 4096},
        modules=tuple(
            ModuleInfo(name=m, family="qwen2", parameters=n, share=n / TOTAL, layers=28)
            for m, n in SIZES.items()
        ),
        unrecognised=unrecognised,
        problems=problems,
        notes=(
            "names are of no known family: roles were taken from shapes, gate and up "
            "are not told apart",
        ),
        bytes_stored=2 * TOTAL,
        bytes_read=63_994_112,
    )


@pytest.fixture(name="report")
def report_fixture():
    """A vision-language model with a reused encoder and doubts of every kind."""
    donor = "donor-vl-7b"
    modules = (
        clear(
            "text_decoder",
            donor,
            0.004,
            maps=[
                layer_map("mlp", 28, 28, set(), reference=donor),
                layer_map("attention", 28, 28, set(), reference=donor),
            ],
        ),
        vision(donor),
        untestable(donor),
        clear("embedding", donor, 0.12),
        correspondence(donor),
    )
    candidate = model(
        "sejong-vl-8b",
        unrecognised=(
            Unrecognised(name=HOSTILE, dtype="F32", shape=(64, 64), parameters=4096),
        ),
        problems=(
            Problem(
                code="non-finite",
                severity="warning",
                message="3 of 4096 values read are NaN or infinite and were taken as "
                "zero",
                file="model-00002-of-00004.safetensors",
                tensor="model.layers.7.mlp.up_proj.weight",
                offset=8192,
            ),
        ),
    )
    return Report(
        versions={"parentage": "0.1.0", "python": "3.12.4", "numpy": "2.4.6"},
        created="2026-11-22T09:00:00+00:00",
        seconds=11.42,
        command=(
            "parentage",
            "audit",
            "models/sejong-vl-8b",
            "--against",
            "models/a b",
        ),
        settings=Settings(
            seed=0,
            budget=64_000_000,
            log10_alpha=-6,
            log10_correspondence=-3,
            effect_floor=0.02,
            shared_basis_ratio=0.2,
            coupled_ratio=0.5,
            family=412,
        ),
        candidate=candidate,
        references=(model(donor),),
        finding="reused",
        headline="In sejong-vl-8b, the vision encoder (7.61 % of parameters, attention "
        "of layers 0–5, 6–7 (its 8–9); MLPs of layers 0–5) carries weights of "
        "donor-vl-7b. No dependence was found in the text decoder and token embedding. "
        "The output head corresponds more than chance explains, without proof of "
        "reuse. Not testable: the projector.",
        modules=modules,
        norm_cosines=(
            NormCosine(
                module="text_decoder",
                reference=donor,
                vectors=57,
                cosine=0.9861,
                shuffled=0.9858,
                pearson=0.0127,
            ),
        ),
        assumptions=(
            Assumption(
                id="independent-initialisation",
                text="Models initialised by the same code from the same seed reject "
                "the null without derivation.",
            ),
            Assumption(id="not-relabelled", text="Permuted copies escape. Really."),
        ),
        coverage=0.94,
    )


@pytest.fixture(name="demo", scope="session")
def demo_fixture():
    """Audits of all bundled models."""
    return run_demo(ZOO)


@pytest.fixture(name="zoo_reports", scope="session")
def zoo_reports_fixture(demo):
    return demo.reports


@pytest.fixture(name="hostile")
def hostile_fixture(report):
    """The same report with markup and control characters in every name."""
    evil = f"{HOSTILE}\x1b[31m$x^2$[bold]&{{{{7*7}}}}"
    data = report.model_dump(mode="json", by_alias=True)

    def spoil(value, key=""):
        if isinstance(value, dict):
            return {k: spoil(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(v, key) for v in value]
        kept = {"finding", "schema", "grade", "severity", "statistic"}
        return (
            f"{value} {evil}" if isinstance(value, str) and key not in kept else value
        )

    return Report.model_validate(spoil(data))
