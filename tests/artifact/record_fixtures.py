# SPDX-License-Identifier: Apache-2.0
"""Record small quantised weights as the formats' own libraries write them.

Run as ``python tests/artifact/record_fixtures.py``. Each file under ``fixtures`` holds
the parts of one or more weights under the names that the library uses, and beside
each weight ``X`` some rows of what the library itself decodes it to, as
``expected.X``: the first one and then every so many. Needs torch,
bitsandbytes and compressed-tensors.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
ROWS, COLUMNS = 24, 64


def values(seed: int, rows: int = ROWS, columns: int = COLUMNS) -> Any:
    """Weights to quantise: most small, a few large."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(rows, columns, generator=generator)
    return drawn * torch.exp(torch.randn(rows, 1, generator=generator))


def bitsandbytes() -> dict[str, Any]:
    """Four bits with plain and with nested scales, and int8."""
    import torch
    from bitsandbytes import functional

    found: dict[str, Any] = {}
    for kind in ("nf4", "fp4"):
        for nested in (False, True):
            name = f"{kind}_{'nested' if nested else 'plain'}"
            # Nested: more than one block of 256 scales.
            rows, size = (260, 64) if nested else (ROWS, COLUMNS)
            packed, state = functional.quantize_4bit(
                values(1, rows, size),
                quant_type=kind,
                compress_statistics=nested,
                blocksize=64,
            )
            found[f"{name}.weight"] = packed
            for key, part in state.as_dict(packed=True).items():
                found[f"{name}.weight.{key}"] = part
            whole = functional.dequantize_4bit(packed, state)
            found[f"expected.{name}.weight"] = whole[:: 20 if nested else 3]
    codes, scales, _ = functional.int8_vectorwise_quant(values(2).to(torch.float16))
    found |= {"int8.weight": codes, "int8.SCB": scales}
    found["int8.weight_format"] = torch.tensor(0, dtype=torch.uint8)
    found["expected.int8.weight"] = functional.int8_vectorwise_dequant(codes, scales)[
        ::3
    ]
    return found


def compressed_tensors() -> dict[str, Any]:
    """Packed integers, eight-bit floats and four-bit floats."""
    import torch
    from compressed_tensors.compressors import BaseCompressor
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    found: dict[str, Any] = {}

    def add(name: str, form: str, settings: dict[str, Any], parts: Any) -> None:
        scheme = QuantizationScheme(
            targets=["Linear"], weights=QuantizationArgs(**settings)
        )
        compressor = BaseCompressor.get_value_from_registry(form)
        state = compressor.compress(parts, scheme)
        whole = compressor.decompress(dict(state), scheme)["weight"]
        for key, part in state.items():
            found[f"{name}.{key}"] = part
        found[f"expected.{name}.weight"] = whole[::3]

    for bits in (3, 4, 8):
        weight = values(10 + bits)
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        groups = weight.reshape(ROWS, 2, 32)
        scale = groups.abs().amax(-1) / high
        settings = {"num_bits": bits, "strategy": "group", "group_size": 32}
        parts = {"weight": weight, "weight_scale": scale}
        add(f"packed{bits}", "pack-quantized", settings | {"symmetric": True}, parts)
        least, most = groups.amin(-1).clamp(max=0), groups.amax(-1).clamp(min=0)
        scale = (most - least) / (high - low)
        zero = (low - least / scale).round().clamp(low, high).to(torch.int8)
        parts = {"weight": weight, "weight_scale": scale, "weight_zero_point": zero}
        add(f"zero{bits}", "pack-quantized", settings | {"symmetric": False}, parts)
    weight = values(3)
    parts = {"weight": weight, "weight_scale": weight.abs().amax(1, keepdim=True) / 127}
    settings = {"num_bits": 8, "strategy": "channel", "symmetric": True}
    add("int8", "int-quantized", settings, parts)
    settings |= {"type": "float"}
    parts = {"weight": weight, "weight_scale": weight.abs().amax(1, keepdim=True) / 448}
    add("fp8_channel", "float-quantized", settings, parts)
    settings = {"num_bits": 8, "strategy": "tensor", "type": "float"}
    parts = {"weight": weight, "weight_scale": (weight.abs().amax() / 448).reshape(1)}
    add("fp8_tensor", "float-quantized", settings, parts)
    settings = {
        "num_bits": 4,
        "type": "float",
        "strategy": "tensor_group",
        "group_size": 16,
        "symmetric": True,
    }
    whole = (448 * 6) / weight.abs().amax()
    scale = whole * weight.reshape(ROWS, -1, 16).abs().amax(-1) / 6
    scale = scale.to(torch.float8_e4m3fn).to(torch.float32)
    parts = {
        "weight": weight,
        "weight_scale": scale,
        "weight_global_scale": whole.reshape(1),
    }
    add("nvfp4", "nvfp4-pack-quantized", settings, parts)
    settings = {"num_bits": 4, "type": "float", "strategy": "group", "group_size": 32}
    scale = weight.reshape(ROWS, -1, 32).abs().amax(-1) / 6
    parts = {"weight": weight, "weight_scale": 2.0 ** scale.log2().ceil()}
    add("mxfp4", "mxfp4-pack-quantized", settings | {"symmetric": True}, parts)
    return found


def transformers_mxfp4() -> dict[str, Any]:
    """Stacked experts as gpt-oss stores them, decoded by its own class."""
    import torch
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    generator = torch.Generator().manual_seed(4)
    blocks = torch.randint(
        0, 256, (3, 10, 2, 16), dtype=torch.uint8, generator=generator
    )
    scales = torch.randint(110, 135, (3, 10, 2), dtype=torch.uint8, generator=generator)
    name = "model.layers.0.mlp.experts.down_proj"
    whole = convert_moe_packed_tensors(blocks, scales, dtype=torch.float32)
    return {
        f"{name}_blocks": blocks,
        f"{name}_scales": scales,
        f"expected.{name}": whole,
    }


def pytorch() -> None:
    """Files of torch.save in both of its formats: views, shared and odd numbers."""
    import torch
    from safetensors.torch import save_file

    base = torch.arange(60, dtype=torch.float32).reshape(6, 10)
    state = {
        "plain": base,
        "turned": base.T,
        "part": base[1:4, 2:9:3],
        "half": values(5, 4, 6).half(),
        "bfloat": values(6, 4, 6).bfloat16(),
        "integers": torch.arange(-5, 5),
        "small": torch.tensor([True, False]),
        "scalar": torch.tensor(2.5),
        "spread": torch.ones(1, 4).expand(3, 4),
        "inner.deep": torch.nn.Parameter(values(7, 3, 3)),
        "bytes": values(8, 2, 5).to(torch.float8_e4m3fn),
    }
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    torch.save(state, FIXTURES / "torch_zip.pt")
    del state["bytes"]
    torch.save(
        state, FIXTURES / "torch_legacy.pt", _use_new_zipfile_serialization=False
    )
    nested = {"state_dict": module.state_dict(), "step": 7, "rate": 0.1, "name": "x"}
    torch.save(nested, FIXTURES / "torch_nested.pt")
    whole = {k: v.detach().float().clone().contiguous() for k, v in state.items()}
    whole["bytes"] = values(8, 2, 5).to(torch.float8_e4m3fn).float()
    whole |= {f"nested.{k}": v for k, v in module.state_dict().items()}
    save_file(whole, FIXTURES / "torch_expected.safetensors")


def main() -> None:
    """Write all fixtures."""
    from safetensors.torch import save_file

    FIXTURES.mkdir(exist_ok=True)
    pytorch()
    for make in (bitsandbytes, compressed_tensors, transformers_mxfp4):
        tensors = {}
        for key, value in make().items():
            kept = value.detach().float() if key.startswith("expected") else value
            tensors[key] = kept.clone().contiguous()
        path = FIXTURES / f"{make.__name__}.safetensors"
        save_file(tensors, path)
        sys.stderr.write(f"{path.name}: {path.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
