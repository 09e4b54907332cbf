# SPDX-License-Identifier: Apache-2.0
"""Cases read from a Hub on this machine, by public name.

All of them with toy stand-ins; some with stand-ins of the true sizes, whose bytes are
computed when they are asked for. What they carry of each other is decided here.
"""

import importlib.util
import os
from pathlib import Path

import pytest

from parentage.report.case_words import STAND_INS, headline
from parentage.run.case_run import exit_code, run_case
from parentage.run.cases import shipped
from parentage.testing.hub.files import folder_repository
from parentage.testing.hub.server import HubServer
from parentage.testing.virtual import (
    SHAPES,
    Derivation,
    Latent,
    VirtualModel,
    virtual_repository,
)
from parentage.testing.virtual.shapes import Grouped

SPEC = importlib.util.spec_from_file_location(
    "stand_ins", Path(__file__).with_name("stand_ins.py")
)
stand_ins = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(stand_ins)

MARK = {"parentage_stand_in": True}
DEEPSEEK = SHAPES["deepseek-v3"].__dict__ | {"more": SHAPES["deepseek-v3"].more | MARK}
AXK1 = SHAPES["a.x-k1"].__dict__ | {"more": SHAPES["a.x-k1"].more | MARK}
SOLAR = SHAPES["solar-open-100b"].__dict__ | {
    "more": SHAPES["solar-open-100b"].more | MARK
}


def dense(hidden, layers, heads, inner, vocabulary, groups=8):
    """A Llama-shaped decoder; every layer is dense."""
    return Grouped(
        model_type="llama",
        architecture="LlamaForCausalLM",
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        head_dim=hidden // heads,
        vocab_size=vocabulary,
        moe_intermediate_size=0,
        n_routed_experts=0,
        intermediate_size=inner,
        first_k_dense_replace=layers,
        more=MARK,
    )


KIMI = Latent(
    **DEEPSEEK
    | {
        "num_attention_heads": 64,
        "n_routed_experts": 384,
        "first_k_dense_replace": 1,
        "vocab_size": 163840,
    }
)
GLM = Grouped(
    **SOLAR
    | {
        "model_type": "glm4_moe",
        "architecture": "Glm4MoeForCausalLM",
        "num_hidden_layers": 46,
        "num_attention_heads": 96,
        "vocab_size": 151552,
        "moe_intermediate_size": 1408,
        "intermediate_size": 10944,
        "first_k_dense_replace": 1,
    }
)
PHI = Grouped(
    **SOLAR
    | {
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "n_routed_experts": 16,
        "moe_intermediate_size": 6400,
        "vocab_size": 32064,
    }
)
MIXTRAL = Grouped(
    **SOLAR
    | {
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "n_routed_experts": 8,
        "moe_intermediate_size": 14336,
        "vocab_size": 32000,
    }
)
LLAMA_70B = dense(8192, 80, 64, 28672, 32000)
LLAMA_7B = dense(4096, 32, 32, 11008, 32000, groups=32)

TRUE_SIZES = {
    "skt/A.X-K1": Latent(**AXK1),
    "deepseek-ai/DeepSeek-V3-Base": Latent(**DEEPSEEK),
    "deepseek-ai/DeepSeek-V3": Latent(**DEEPSEEK),
    "deepseek-ai/DeepSeek-R1": Latent(**DEEPSEEK),
    "Rakuten/RakutenAI-3.0": Latent(**DEEPSEEK),
    "moonshotai/Kimi-K2-Base": KIMI,
    "upstage/Solar-Open-100B": Grouped(**SOLAR),
    "zai-org/GLM-4.5-Air": GLM,
    "zai-org/GLM-4.5-Air-Base": GLM,
    "PrimeIntellect/INTELLECT-3": GLM,
    "microsoft/Phi-3.5-MoE-instruct": PHI,
    "mistralai/Mixtral-8x7B-v0.1": MIXTRAL,
    "01-ai/Yi-34B": dense(7168, 60, 56, 20480, 64000),
    "01-ai/Yi-34B-Chat": dense(7168, 60, 56, 20480, 64000),
    "152334H/miqu-1-70b-sf": LLAMA_70B,
    "meta-llama/Llama-2-70b-hf": LLAMA_70B,
    "meta-llama/Llama-3.1-70B": dense(8192, 80, 64, 28672, 128256),
    "meta-llama/Llama-2-7b-hf": LLAMA_7B,
    "codellama/CodeLlama-7b-hf": dense(4096, 32, 32, 11008, 32016, groups=32),
    "lmsys/vicuna-7b-v1.5": LLAMA_7B,
    "EleutherAI/llemma_7b": dense(4096, 32, 32, 11008, 32016, groups=32),
    "openlm-research/open_llama_7b": LLAMA_7B,
    "LLM360/Amber": LLAMA_7B,
    "huggyllama/llama-7b": LLAMA_7B,
}
"""Sizes by public config facts. Names of tensors are those of Llama and DeepSeek-V3
throughout, also where a model has its own."""

AT_TRUE_SIZE = sorted(
    name for name, case in shipped().items() if set(case.models()) <= set(TRUE_SIZES)
)


def virtual(name, number=None):
    """The stand-in of true size, with what its toy would carry of a parent."""
    parent = stand_ins.CARRIES.get(name)
    seed = list(TRUE_SIZES).index(name) + 1
    derivation = None
    if parent in TRUE_SIZES:
        derivation = Derivation(virtual(parent), r"model\.(layers\.|norm\.)", 0.9)
    return VirtualModel(name, TRUE_SIZES[name], seed, derivation=derivation)


@pytest.fixture(name="hub", scope="module")
def hub_fixture(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hub")))
        for name in ("HF_TOKEN", "HF_HUB_OFFLINE", "HF_HUB_CACHE"):
            patch.delenv(name, raising=False)

        def serve(repositories):
            server = HubServer(repositories)
            patch.setenv("HF_ENDPOINT", server.endpoint)
            # The library reads its environment once, when it is imported.
            constants = "huggingface_hub.constants"
            patch.setattr(f"{constants}.ENDPOINT", server.endpoint)
            patch.setattr(
                f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE",
                server.endpoint + "/{repo_id}/resolve/{revision}/{filename}",
            )
            return server

        yield serve


def held(document):
    for pair in document.pairs:
        assert pair.error is None, pair.error
        assert pair.stand_in
        carried = stand_ins.related(pair.candidate, pair.reference)
        assert (pair.outcome == "found") == carried, pair
    assert STAND_INS in headline(document)
    assert document.read_from.startswith("http://127.0.0.1")


def test_there_are_cases_of_true_size():
    assert {"a-x-k1", "solar-open-100b", "yi-34b", "rakuten-ai-3"} <= set(AT_TRUE_SIZE)


def run_at_true_size(name, hub):
    case = shipped()[name]
    with hub([virtual_repository(virtual(n)) for n in case.models()]) as server:
        document = run_case(case, budget=8_000_000)
        sent = max(server.sent.values())
    held(document)
    # Models of up to 1 TB; each takes part in several pairs.
    assert sent < 200_000_000
    return document


@pytest.mark.services
def test_a_case_at_its_true_sizes(hub):
    assert exit_code(run_at_true_size("a-x-k1", hub)) == 0


@pytest.mark.services
@pytest.mark.skipif(
    not os.environ.get("PARENTAGE_ALL_CASES"),
    reason="minutes for each case; PARENTAGE_ALL_CASES is not set",
)
@pytest.mark.parametrize("name", AT_TRUE_SIZE)
def test_every_case_whose_sizes_are_known(name, hub):
    run_at_true_size(name, hub)


def toys(cases, hub, folder):
    names = sorted({name for case in cases for name in case.models()})
    stand_ins.build(folder, names)
    with hub([folder_repository(name, folder / name) for name in names]):
        for case in cases:
            held(run_case(case))


@pytest.mark.parametrize("name", ["rakuten-ai-3", "miqu-1-70b"])
def test_a_case_with_toys(name, hub, tmp_path):
    toys([shipped()[name]], hub, tmp_path)


@pytest.mark.services
def test_every_case_with_toys(hub, tmp_path):
    toys(
        [c for c in shipped().values() if c.references and c.candidate.ref],
        hub,
        tmp_path,
    )
