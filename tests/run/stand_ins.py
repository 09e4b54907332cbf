# SPDX-License-Identifier: Apache-2.0
"""Small stand-ins for the models of the public cases, for tests.

Each has the tensor names of its architecture, recorded from the library's own class at
toy sizes, and random weights. Whose weights a stand-in carries is decided here, not by
what is known of the real model: nothing found on them says anything about the real one.
"""

import json
import zlib
from pathlib import Path

import numpy as np

from parentage.testing.synthetic import write_model

FIXTURES = Path(__file__).parents[1] / "model" / "fixtures"

FAMILIES = {
    "upstage/Solar-Open-100B": "solar_open",
    "upstage/Solar-Open2": "solar_open",
    "zai-org/GLM": "glm4_moe",
    "PrimeIntellect/": "glm4_moe",
    "microsoft/Phi-3.5-MoE": "mixtral",
    "mistralai/Mixtral": "mixtral",
    "NousResearch/Nous-Hermes-2-Mixtral": "mixtral",
    "naver-hyperclovax/HyperCLOVAX-SEED-Omni": "qwen2_audio",
    "naver-hyperclovax/HyperCLOVAX-SEED-Think-14B": "hyperclovax",
    "naver-hyperclovax/": "hyperclovax_vision_v2",
    "LGAI-EXAONE/EXAONE-4.5": "qwen2_5_vl",
    "LGAI-EXAONE/EXAONE": "exaone4",
    "LGAI-EXAONE/K-EXAONE": "exaone_moe",
    "Qwen/Qwen2.5-VL": "qwen2_5_vl",
    "Qwen/Qwen2-Audio": "qwen2_audio",
    "Qwen/Qwen1.5-MoE": "qwen2_moe",
    "Qwen/": "qwen2",
    "deepseek-ai/DeepSeek-R1-Distill-Llama": "llama",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen": "qwen2",
    "deepseek-ai/": "deepseek_v3",
    "moonshotai/": "deepseek_v3",
    "skt/": "axk1",
    "NC-AI": "deepseek_v3",
    "Motif-Technologies/": "deepseek_v3",
    "Rakuten/": "deepseek_v3",
    "mistralai/Mistral-Large": "deepseek_v3",
    "mistralai/": "mistral",
    "upstage/SOLAR": "mistral",
    "togethercomputer/": "mistral",
    "microsoft/phi-4": "phi3",
    "openai/whisper": "whisper",
    "openbmb/": "llava",
    "mustafaaljadery/": "llava",
    "IntervitensInc/": "qwen2_moe",
}
"""Begin of a name -> recorded family, the longest that fits; others are Llamas."""

CARRIES = {
    "PrimeIntellect/INTELLECT-3": "zai-org/GLM-4.5-Air",
    "zai-org/GLM-4.5-Air": "zai-org/GLM-4.5-Air-Base",
    "deepseek-ai/DeepSeek-R1": "deepseek-ai/DeepSeek-V3-Base",
    "deepseek-ai/DeepSeek-V3": "deepseek-ai/DeepSeek-V3-Base",
    "Rakuten/RakutenAI-3.0": "deepseek-ai/DeepSeek-V3",
    "NousResearch/Nous-Hermes-2-Mixtral-8x7B-DPO": "mistralai/Mixtral-8x7B-v0.1",
    "lmsys/vicuna-7b-v1.5": "meta-llama/Llama-2-7b-hf",
    "codellama/CodeLlama-7b-hf": "meta-llama/Llama-2-7b-hf",
    "EleutherAI/llemma_7b": "codellama/CodeLlama-7b-hf",
    "152334H/miqu-1-70b-sf": "meta-llama/Llama-2-70b-hf",
    "01-ai/Yi-34B-Chat": "01-ai/Yi-34B",
    "Qwen/Qwen2.5-Math-7B": "Qwen/Qwen2.5-7B",
    "Qwen/Qwen2.5-Coder-7B": "Qwen/Qwen2.5-7B",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": "Qwen/Qwen2.5-Math-7B",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": "Qwen/Qwen2.5-14B",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": "meta-llama/Llama-3.1-8B",
    "mattshumer/Reflection-Llama-3.1-70B": "meta-llama/Llama-3.1-70B-Instruct",
    "mustafaaljadery/llama3v": "openbmb/MiniCPM-Llama3-V-2_5",
}
"""Stand-in -> the stand-in whose weights it carries, most of them."""

PARTS = {
    "naver-hyperclovax/HyperCLOVAX-SEED-Think-32B": (
        "Qwen/Qwen2.5-VL-32B-Instruct",
        ("model.vision_model.", "visual."),
        "vision",
    ),
    "naver-hyperclovax/HyperCLOVAX-SEED-Omni-8B": (
        "Qwen/Qwen2-Audio-7B-Instruct",
        (),
        "audio_tower.",
    ),
}
"""Stand-in -> parent, how its names differ there, and which tensors are carried.

That of Qwen2-Audio carries nothing of Whisper's: the recorded sizes differ, so in this
case a positive control comes out wrong, and the run must say so.
"""


def family(name):
    fits = [begin for begin in FAMILIES if name.startswith(begin)]
    return FAMILIES[max(fits, key=len)] if fits else "llama"


def recorded(name):
    return json.loads((FIXTURES / f"{family(name)}.json").read_text())


def related(first, second):
    """Whether one of two stand-ins carries weights of the other, or both of a third."""
    return bool(_line(first) & _line(second))


def _line(name):
    found = {name}
    while name in CARRIES or name in PARTS:
        name = CARRIES.get(name) or PARTS[name][0]
        found.add(name)
    return found


def weights(name):
    """Tensors of a stand-in: its own, or a parent's with noise of a tenth."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    own = {}
    for tensor, (_, shape) in recorded(name)["tensors"].items():
        values = 0.02 * rng.standard_normal(shape)
        if len(shape) == 1:
            values = values + (1.0 if tensor.endswith("weight") else 0.0)
        own[tensor] = values.astype(np.float32)
    if name in CARRIES:
        parent, change, part = CARRIES[name], (), ""
    elif name in PARTS:
        parent, change, part = PARTS[name]
    else:
        return own
    theirs = weights(parent)
    for tensor, values in own.items():
        there = tensor.replace(*change) if change else tensor
        base = theirs.get(there)
        if part in tensor and base is not None and base.shape == values.shape:
            noise = values - (1.0 if values.ndim == 1 and values.mean() > 0.5 else 0.0)
            own[tensor] = (base + 0.1 * noise).astype(np.float32)
    return own


def build(folder, names):
    """Write every stand-in as ``folder/ORG/NAME``."""
    for name in names:
        organisation, model = name.split("/")
        config = {"parentage_stand_in": True, **recorded(name)["config"]}
        write_model(folder / organisation / model, weights(name), config)
    return folder
