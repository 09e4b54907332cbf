# SPDX-License-Identifier: Apache-2.0
"""An alignment as evidence: exact coins, calibrated scores, telltales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from parentage.evidence.alignment.align import ATTENTION, MLP, Alignment
from parentage.evidence.alignment.bases import IDENTITY
from parentage.evidence.alignment.coins import KINDS, Flips
from parentage.evidence.alignment.controls import Controls, depth_of
from parentage.evidence.alignment.matches import HeadMatch, NeuronMatch
from parentage.evidence.alignment.telltales import Telltales, notes
from parentage.evidence.alignment.units import Stream
from parentage.evidence.base import Evidence, Subject
from parentage.stats.tails import log10_binomial_tail

SIGNS_MATCH = 0.5
"""Mean product of cosines beyond which fair coins mean that signs were drawn anew."""

FAIR = -3.0
"""``log10 p`` above which coins count as fair."""


def shape_class(stream: Stream) -> str:
    """Kind of network whose controls a stream is ranked among."""
    if any(n.expert is not None for n in stream.neurons):
        return "experts"
    return "gated" if any(n.up is not None for n in stream.neurons) else "plain"


def unit_evidence(
    module: str, found: Alignment, shape: str, layers: int, controls: Controls
) -> list[Evidence]:
    """Calibrated scores of both blocks, with their layer maps."""
    result = []
    matches: tuple[tuple[str, Sequence[NeuronMatch | HeadMatch]], ...] = (
        (MLP, found.neurons),
        (ATTENTION, found.heads),
    )
    for block, items in matches:
        effect = found.effect(block)
        if effect is None:
            continue
        tail = controls.of_best(shape, block)
        rows = [
            {
                "layer": m.layer,
                "reference layer": m.reference_layer,
                "effect": round(m.effect, 4),
                "match": round(m.match, 4),
                "log10 p": round(
                    controls.of_layer(shape, block, depth_of(m.layer, layers)).log10_p(
                        m.effect
                    ),
                    3,
                ),
                **_experts(m),
            }
            for m in items
        ]
        result.append(
            Evidence(
                "aligned-units",
                "calibrated",
                Subject(module, items[0].block),
                "effect of the layer that agrees most",
                effect,
                len(items),
                log10_p=tail.log10_p(effect) if tail.count else None,
                effect=effect,
                reason=None if tail.count else "no controls of this kind of network",
                details={
                    "basis": found.basis,
                    "common dims": found.dims,
                    "controls": tail.count,
                    "largest control": tail.maximum,
                    "layers": rows,
                },
            )
        )
    return result


def _experts(match: NeuronMatch | HeadMatch) -> dict[str, object]:
    if isinstance(match, HeadMatch) or match.expert is None:
        return {}
    return {"expert": match.expert, "reference expert": match.reference_expert}


def coin_evidence(module: str, found: Alignment) -> list[Evidence]:
    """Exact tests: one per kind over all layers, and one per kind and layer."""
    kinds: dict[str, list[Flips]] = defaultdict(list)
    for flips in found.flips:
        kinds[flips.kind].append(flips)
    result = []
    for kind in KINDS:
        counted = [f for f in kinds[kind] if f.layer in found.alone]
        heads, trials = sum(f.heads for f in counted), sum(f.trials for f in counted)
        if trials:
            effect = max(f.effect for f in counted)
            subject = Subject(module, counted[0].block)
            pooled = Flips(kind, counted[0].block, None, None, heads, trials, effect)
            result.append(_coins(subject, pooled, found.basis))
    for kind in KINDS:
        for f in kinds[kind]:
            if f.trials:
                subject = Subject(module, f.block, f.layer, f.reference_layer)
                result.append(_coins(subject, f, found.basis))
    return result


def _coins(subject: Subject, flips: Flips, basis: str) -> Evidence:
    return Evidence(
        "aligned-coins",
        "exact",
        subject,
        "heads",
        flips.heads,
        flips.trials,
        log10_p=log10_binomial_tail(flips.heads, flips.trials),
        effect=flips.effect,
        null_mean=flips.trials / 2,
        null_sd=flips.trials**0.5 / 2,
        details={"units": flips.kind, "given": basis},
    )


def token_evidence(
    module: str, role: str, found: Alignment, controls: Controls
) -> Evidence | None:
    """Held-out token rows of the embedding or the output matrix.

    Only in a basis that was found: in place, the exact tests of the columns apply, and
    training beside reused layers by itself pulls own token rows into their basis.
    """
    if found.basis == IDENTITY:
        return None
    score = next((t for t in found.tokens if t.role == role), None)
    if score is None:
        return None
    tail = controls.of_tokens(role)
    return Evidence(
        "aligned-tokens",
        "calibrated",
        Subject(module),
        "mean cosine of held-out tokens",
        score.cosine,
        score.tokens,
        log10_p=tail.log10_p(score.cosine) if tail.count else None,
        effect=score.cosine,
        residual_group=False,
        details={
            "basis": found.basis,
            "common dims": found.dims,
            "controls": tail.count,
            "largest control": tail.maximum,
        },
    )


def telltale_evidence(
    module: str, own: Telltales, other: Telltales, found: Alignment | None
) -> Evidence:
    """What a disguise would have left behind; never a reason to accuse."""
    said = notes(own, other)
    if found is not None and _signs_drawn_anew(found):
        said.append(
            "matched neurons agree in magnitude while their signs fall like coins: "
            "signs were drawn anew"
        )
    return Evidence(
        "disguise-telltales",
        "descriptive",
        Subject(module),
        "telltales",
        len(said),
        own.gains,
        reason="; ".join(said) or None,
        details={
            "norm gains exactly one": [own.unit_gains, other.unit_gains],
            "norm gains": [own.gains, other.gains],
            "kurtosis of residual coordinates": [own.kurtosis, other.kurtosis],
            "spread of the balance of neurons": [own.balance, other.balance],
        },
    )


def _signs_drawn_anew(found: Alignment) -> bool:
    strong = [m for m in found.neurons if m.up is not None and m.product > SIGNS_MATCH]
    layers = {m.layer for m in strong}
    flips = [f for f in found.flips if f.kind == "GLU neuron" and f.layer in layers]
    heads, trials = sum(f.heads for f in flips), sum(f.trials for f in flips)
    return trials > 0 and log10_binomial_tail(heads, trials) > FAIR
