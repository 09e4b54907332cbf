# SPDX-License-Identifier: Apache-2.0
"""A bundled model in every format, written by the formats' own libraries or by hand.

Loaded by ``conftest.py`` and handed to tests as the fixture ``encoders``.
"""

from __future__ import annotations

import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

ZOO = Path(__file__).parents[2] / "zoo" / "models"

GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
}


def weights(name: str) -> dict[str, np.ndarray]:
    """Tensors of a bundled model as float32."""
    stored = load_file(ZOO / name / "model.safetensors")
    return {key: value.astype(np.float32) for key, value in stored.items()}


def config(name: str) -> dict:
    return json.loads((ZOO / name / "config.json").read_text())


def linear(name: str, array: np.ndarray) -> bool:
    """Whether quantisers touch a tensor: matrices inside the layers."""
    return array.ndim == 2 and "layers" in name


def folder(path: Path, name: str, tensors: dict[str, np.ndarray], **quantisation):
    """A folder with safetensors and a config."""
    path.mkdir(parents=True, exist_ok=True)
    save_file(
        {k: np.ascontiguousarray(v) for k, v in tensors.items()},
        path / "model.safetensors",
    )
    found = config(name)
    if quantisation:
        found["quantization_config"] = quantisation
    (path / "config.json").write_text(json.dumps(found))
    return path


def copy(path: Path, name: str) -> Path:
    shutil.copytree(ZOO / name, path)
    return path


def gguf_name(name: str) -> str:
    if name in GGUF_NAMES:
        return GGUF_NAMES[name]
    _, _, layer, rest = name.split(".", 3)
    return f"blk.{layer}.{GGUF_NAMES[rest]}"


def paired(array: np.ndarray, heads: int) -> np.ndarray:
    """Rows of heads as llama.cpp's converter puts them (LlamaModel.permute)."""
    size = array.shape[0] // heads
    split = array.reshape(heads, 2, size // 2, *array.shape[1:])
    return split.swapaxes(1, 2).reshape(array.shape)


def gguf(path: Path, name: str, kind: str) -> Path:
    """One GGUF file of a bundled Llama, quantised by the format's own library."""
    import gguf as library

    settings = config(name)
    writer = library.GGUFWriter(str(path), "llama")
    writer.add_name(name)
    writer.add_context_length(settings["max_position_embeddings"])
    writer.add_embedding_length(settings["hidden_size"])
    writer.add_block_count(settings["num_hidden_layers"])
    writer.add_feed_forward_length(settings["intermediate_size"])
    writer.add_head_count(settings["num_attention_heads"])
    writer.add_head_count_kv(settings["num_key_value_heads"])
    writer.add_rope_dimension_count(settings["head_dim"])
    writer.add_layer_norm_rms_eps(settings["rms_norm_eps"])
    writer.add_string("general.base_model.0.name", "somebody's base")
    heads = {
        "self_attn.q_proj": settings["num_attention_heads"],
        "self_attn.k_proj": settings["num_key_value_heads"],
    }
    for key, plain in weights(name).items():
        count = heads.get(key.removesuffix(".weight").split(".", 3)[-1])
        array = paired(plain, count) if count else plain
        form = library.GGMLQuantizationType.F32
        if array.ndim > 1:
            form = library.GGMLQuantizationType[kind]
            if array.shape[-1] % library.GGML_QUANT_SIZES[form][0]:
                form = library.GGMLQuantizationType.Q8_0
        packed = library.quants.quantize(np.ascontiguousarray(array), form)
        writer.add_tensor(gguf_name(key), packed, raw_dtype=form)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


FORMATS = {
    "GGUF Q8_0": lambda path, name: gguf(path / "model.gguf", name, "Q8_0"),
    "GGUF Q4_0": lambda path, name: gguf(path / "model.gguf", name, "Q4_0"),
    "GGUF Q5_1": lambda path, name: gguf(path / "model.gguf", name, "Q5_1"),
    "GGUF MXFP4": lambda path, name: gguf(path / "model.gguf", name, "MXFP4"),
    "GGUF TQ2_0": lambda path, name: gguf(path / "model.gguf", name, "TQ2_0"),
}
"""Format -> writes a bundled model in it into a folder."""


def codes_and_scales(array, bits, group, *, symmetric):
    """Round-to-nearest codes from 0 on, with scale and zero for each group of a row."""
    parts = array.reshape(len(array), -1, group)
    if symmetric:
        scale = np.abs(parts).max(-1) / (2 ** (bits - 1) - 1)
        zero = np.full(scale.shape, 2 ** (bits - 1))
    else:
        low, high = np.minimum(parts.min(-1), 0), np.maximum(parts.max(-1), 0)
        scale = (high - low) / (2**bits - 1)
        zero = np.rint(-low / np.where(scale == 0, 1, scale))
    scale = np.where(scale == 0, 1, scale).astype(np.float16).astype(np.float32)
    found = np.rint(parts / scale[..., None]) + zero[..., None]
    found = np.clip(found, 0, 2**bits - 1).astype(np.int64).reshape(array.shape)
    return found, scale, zero.astype(np.int64)


def bit_stream(numbers, bits):
    """Numbers along the first axis, one after the other in words of 32 bits."""
    length = len(numbers)
    flags = (numbers[:, None, :] >> np.arange(bits)[None, :, None]) & 1
    flags = flags.reshape(length * bits // 32, 32, -1).astype(np.uint64)
    words = (flags << np.arange(32, dtype=np.uint64)[None, :, None]).sum(1)
    return words.astype(np.uint32).view(np.int32)


def gptq_parts(array, bits=4, group=32, *, order=None, symmetric=False, v2=False):
    """As AutoGPTQ packs a linear layer; ``order`` gives the inputs by activity."""
    inputs = array.shape[1]
    order = np.arange(inputs) if order is None else order
    codes, scale, zero = codes_and_scales(
        array[:, order], bits, group, symmetric=symmetric
    )
    back = np.argsort(order)
    stored = zero if v2 else (zero - 1) % 2**bits
    return {
        "qweight": bit_stream(codes[:, back].T, bits),
        "qzeros": np.ascontiguousarray(bit_stream(stored, bits).T),
        "scales": np.ascontiguousarray(scale.T.astype(np.float16)),
        "g_idx": (back // group).astype(np.int32),
    }, (codes - np.repeat(zero, group, 1))[:, back] * np.repeat(scale, group, 1)[
        :, back
    ]


def awq_parts(array, group=32):
    """As AutoAWQ packs a linear layer."""
    codes, scale, zero = codes_and_scales(array, 4, group, symmetric=False)

    def pack(table):
        words = np.zeros((len(table), table.shape[1] // 8), np.uint32)
        for place, column in enumerate((0, 2, 4, 6, 1, 3, 5, 7)):
            words |= table[:, column::8].astype(np.uint32) << np.uint32(4 * place)
        return words.view(np.int32)

    return {
        "qweight": pack(codes.T),
        "qzeros": pack(zero.T),
        "scales": np.ascontiguousarray(scale.T.astype(np.float16)),
    }, (codes - np.repeat(zero, group, 1)) * np.repeat(scale, group, 1)


NF4 = np.array(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ],
    np.float32,
)


def nf4_parts(array, block=64):
    """As bitsandbytes stores four bits, without nested scales."""
    parts = array.reshape(-1, block)
    scale = np.abs(parts).max(1)
    near = np.abs(parts[..., None] / scale[:, None, None] - NF4).argmin(-1)
    near = near.reshape(-1, 2).astype(np.uint8)
    state = {
        "quant_type": "nf4",
        "blocksize": block,
        "dtype": "bfloat16",
        "shape": list(array.shape),
    }
    return {
        "weight": (near[:, :1] << 4) | near[:, 1:],
        "weight.absmax": scale,
        "weight.quant_map": NF4,
        "weight.quant_state.bitsandbytes__nf4": np.frombuffer(
            json.dumps(state).encode(), np.uint8
        ),
    }


def int8_parts(array):
    scale = np.abs(array).max(1)
    codes = np.rint(array / scale[:, None] * 127).astype(np.int8)
    return {"weight": codes, "SCB": scale, "weight_format": np.array(0, np.uint8)}


def fp8_parts(array, block=128):
    """As DeepSeek stores eight-bit floats."""
    rows, columns = array.shape
    high, wide = -(-rows // block), -(-columns // block)
    padded = np.zeros((high * block, wide * block), np.float32)
    padded[:rows, :columns] = array
    tiles = padded.reshape(high, block, wide, block)
    scale = np.abs(tiles).max((1, 3)) / 448
    small = (tiles / scale[:, None, :, None]).reshape(padded.shape)[:rows, :columns]
    return {
        "weight": small.astype(ml_dtypes.float8_e4m3fn),
        "weight_scale_inv": scale.astype(np.float32),
    }


def float4_codes(parts):
    """Nearest 4-bit floats, two to a byte, the first one low."""
    table = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6, 0, -0.5, -1, -1.5, -2, -3, -4, -6])
    near = np.abs(parts[..., None] - table).argmin(-1).astype(np.uint8)
    return near[..., ::2] | (near[..., 1::2] << 4)


def nvfp4_parts(array):
    """As ModelOpt stores NVFP4."""
    whole = np.abs(array).max() / (448 * 6)
    parts = array.reshape(len(array), -1, 16)
    scale = (np.abs(parts).max(-1) / 6 / whole).astype(ml_dtypes.float8_e4m3fn)
    real = scale.astype(np.float32) * whole
    packed = float4_codes(parts / np.where(real == 0, 1, real)[..., None])
    return {
        "weight": packed.reshape(len(array), -1),
        "weight_scale": scale,
        "weight_scale_2": np.array(whole, np.float32),
    }


def int4_parts(array, group=32):
    """As compressed-tensors packs symmetric integers of four bits."""
    codes, scale, _ = codes_and_scales(array, 4, group, symmetric=True)
    return {
        "weight_packed": np.ascontiguousarray(bit_stream(codes.T, 4).T),
        "weight_scale": scale.astype(np.float16),
        "weight_shape": np.array(array.shape, np.int64),
    }


def by_layer(path, name, encode, **quantisation):
    """A folder in which the matrices inside the layers are stored in parts."""
    tensors = {}
    for key, array in weights(name).items():
        if linear(key, array):
            stem = key.removesuffix(".weight")
            tensors |= {f"{stem}.{k}": v for k, v in encode(array).items()}
        else:
            tensors[key] = array
    return folder(path, name, tensors, **quantisation)


def by_activity(array):
    order = np.random.default_rng(0).permutation(array.shape[1])
    return gptq_parts(array, order=order)[0]


def three_bits(array):
    """Packed only where the outputs fill whole words."""
    return {"weight": array} if len(array) % 32 else gptq_parts(array, 3)[0]


FORMATS |= {
    "GPTQ": lambda path, name: by_layer(
        path, name, lambda a: gptq_parts(a)[0], quant_method="gptq", bits=4
    ),
    "GPTQ by activity": lambda path, name: by_layer(
        path, name, by_activity, quant_method="gptq", bits=4
    ),
    "GPTQ 3 bits": lambda path, name: by_layer(
        path, name, three_bits, quant_method="gptq", bits=3
    ),
    "AWQ": lambda path, name: by_layer(
        path, name, lambda a: awq_parts(a)[0], quant_method="awq"
    ),
    "NF4": lambda path, name: by_layer(path, name, nf4_parts),
    "INT8 rows": lambda path, name: by_layer(path, name, int8_parts),
    "FP8 blocks": lambda path, name: by_layer(path, name, fp8_parts),
    "NVFP4": lambda path, name: by_layer(path, name, nvfp4_parts),
    "INT4 packed": lambda path, name: by_layer(path, name, int4_parts),
}


TORCH_STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage"}


class Pickled:
    """Writes the instructions of a pickle by hand."""

    @staticmethod
    def text(value):
        raw = value.encode()
        return b"X" + struct.pack("<I", len(raw)) + raw

    @staticmethod
    def number(value):
        if value < 2**31:
            return b"J" + struct.pack("<i", value)
        raw = value.to_bytes(9, "little")
        return b"\x8a" + bytes([len(raw)]) + raw

    @staticmethod
    def name(module, last):
        return f"c{module}\n{last}\n".encode()

    @classmethod
    def tuple(cls, *values):
        return b"(" + b"".join(values) + b"t"

    @classmethod
    def storage(cls, kind, key, count):
        parts = cls.text("storage"), cls.name("torch", kind), cls.text(key)
        return cls.tuple(*parts, cls.text("cpu"), cls.number(count)) + b"Q"

    @classmethod
    def tensor(cls, storage, shape, strides, offset=0):
        sizes = [cls.tuple(*map(cls.number, n)) for n in (shape, strides)]
        empty = cls.name("collections", "OrderedDict") + b")R"
        given = cls.tuple(storage, cls.number(offset), *sizes, b"\x89", empty)
        return cls.name("torch._utils", "_rebuild_tensor_v2") + given + b"R"

    @classmethod
    def dict(cls, items):
        pairs = b"".join(cls.text(k) + v for k, v in items.items())
        return b"}(" + pairs + b"u"

    @classmethod
    def program(cls, body):
        return b"\x80\x02" + body + b"."


def row_major(shape):
    strides, step = [], 1
    for size in reversed(shape):
        strides.insert(0, step)
        step *= size
    return strides


def torch_archive(path, program, storages, *, root="model", more=()):
    """A zip archive as torch.save lays it out."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(f"{root}/data.pkl", program)
        archive.writestr(f"{root}/byteorder", "little")
        for key, raw in storages.items():
            archive.writestr(f"{root}/data/{key}", raw)
        for name, raw in more:
            archive.writestr(name, raw)
        archive.writestr(f"{root}/version", "3\n")
    return path


def torch_zip(path, name):
    items, storages = {}, {}
    for number, (key, array) in enumerate(weights(name).items()):
        storage = Pickled.storage("FloatStorage", str(number), array.size)
        items[key] = Pickled.tensor(storage, array.shape, row_major(array.shape))
        storages[str(number)] = array.tobytes()
    program = Pickled.program(Pickled.dict(items))
    return torch_archive(path, program, storages)


def torch_legacy(path, name):
    """As torch.save wrote before 2020."""
    items, storages = {}, {}
    for number, (key, array) in enumerate(weights(name).items()):
        parts = (
            Pickled.text("storage"),
            Pickled.name("torch", "FloatStorage"),
            Pickled.text(str(number)),
            Pickled.text("cpu"),
            Pickled.number(array.size),
            b"N",
        )
        storage = Pickled.tuple(*parts) + b"Q"
        items[key] = Pickled.tensor(storage, array.shape, row_major(array.shape))
        storages[str(number)] = array
    out = io.BytesIO()
    magic = (0x1950A86A20F9469CFC6C).to_bytes(10, "little")
    out.write(Pickled.program(b"\x8a\x0a" + magic))
    out.write(Pickled.program(Pickled.number(1001)))
    out.write(Pickled.program(Pickled.dict({"little_endian": b"\x88"})))
    out.write(Pickled.program(Pickled.dict(items)))
    keys = b"](" + b"".join(map(Pickled.text, storages)) + b"e"
    out.write(Pickled.program(keys))
    for array in storages.values():
        out.write(struct.pack("<q", array.size) + array.tobytes())
    path.write_bytes(out.getvalue())
    return path


def with_config(path, name, write, file):
    write(path / file, name)
    (path / "config.json").write_text(json.dumps(config(name)))
    return path


FORMATS |= {
    "PyTorch": lambda path, name: with_config(
        path, name, torch_zip, "pytorch_model.bin"
    ),
    "PyTorch before 2020": lambda path, name: with_config(
        path, name, torch_legacy, "pytorch_model.bin"
    ),
    "GGUF BF16": lambda path, name: gguf(path / "model.gguf", name, "BF16"),
}


def varint(value):
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def message(*fields):
    """A protocol buffer; a number is stored as such, bytes with their length."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            raw = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(raw)) + raw
    return out


def onnx_tensor(name, array, outside=None):
    kind = {"float32": 1, "float16": 10, "int64": 7}[str(array.dtype)]
    fields = [(1, n) for n in array.shape] + [(2, kind), (8, name)]
    if outside is None:
        return message(*fields, (9, array.tobytes()))
    pairs = [message((1, k), (2, str(v))) for k, v in outside.items()]
    return message(*fields, *((13, pair) for pair in pairs), (14, 1))


def onnx_file(path, tensors, nodes=()):
    found = [
        message((1, i), (1, w), (2, "y"), (3, n), (4, "MatMul")) for i, w, n in nodes
    ]
    graph = message(*((1, n) for n in found), (2, "main"), *((5, t) for t in tensors))
    path.write_bytes(message((1, 8), (2, "test"), (7, graph)))
    return path


def onnx(path, name, *, outside=False):
    """As exporters write a model: products with turned matrices without names."""
    tensors, nodes, data = [], [], b""
    for number, (key, plain) in enumerate(weights(name).items()):
        title, array = key, plain
        if linear(key, plain):
            title = f"onnx::MatMul_{number}"
            array = np.ascontiguousarray(plain.T)
            layer = key.removesuffix(".weight").replace(".", "/")
            nodes.append(("x", title, f"/{layer}/MatMul"))
        if outside:
            place = {
                "location": "model.onnx.data",
                "offset": len(data),
                "length": array.nbytes,
            }
            tensors.append(onnx_tensor(title, array, place))
            data += array.tobytes()
        else:
            tensors.append(onnx_tensor(title, array))
    if outside:
        (path.parent / "model.onnx.data").write_bytes(data)
    return onnx_file(path, tensors, nodes)


def thin(array, rank=8):
    """The best product of thin matrices."""
    u, s, v = np.linalg.svd(array, full_matrices=False)
    return (u[:, :rank] * s[:rank]).astype(np.float32), v[:rank].astype(np.float32)


def adapter(path, base, tuned, rank=8, alpha=16, *, whole=False, **settings):
    """An adapter as PEFT saves it: what turns one bundled model into another.

    With ``whole``, tensors that have no thin matrices are saved as they are.
    """
    path.mkdir(parents=True, exist_ok=True)
    found, target = {}, weights(tuned)
    for key, array in weights(base).items():
        if linear(key, array):
            up, down = thin((target[key] - array) * rank / alpha, rank)
            stem = "base_model.model." + key.removesuffix(".weight")
            found[f"{stem}.lora_A.weight"] = down
            found[f"{stem}.lora_B.weight"] = up
        elif whole:
            found[f"base_model.model.{key}"] = target[key]
    save_file(
        {k: np.ascontiguousarray(v) for k, v in found.items()},
        path / "adapter_model.safetensors",
    )
    said = {
        "r": rank,
        "lora_alpha": alpha,
        "base_model_name_or_path": base,
        "peft_type": "LORA",
    } | settings
    (path / "adapter_config.json").write_text(json.dumps(said))
    return path


def merged(path, name):
    """A base and an adapter that makes it nearly another model."""
    base = ZOO / name.removesuffix("-finetuned")
    return f"{base}+{adapter(path / 'adapter', base.name, name, 48, whole=True)}"


FORMATS |= {
    "ONNX": lambda path, name: with_config(path, name, onnx, "model.onnx"),
    "ONNX with data outside": lambda path, name: with_config(
        path, name, lambda p, n: onnx(p, n, outside=True), "model.onnx"
    ),
    "base and adapter": merged,
}
