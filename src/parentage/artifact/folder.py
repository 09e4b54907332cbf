# SPDX-License-Identifier: Apache-2.0
"""Which files of a folder are the model's weights, and what the folder says of them."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from parentage.artifact.entry import Problem, shown
from parentage.artifact.format.jsontext import Limits, parse_object
from parentage.artifact.source.place import Location, expect, inside, open_file
from parentage.errors import (
    ConfigError,
    IndexFileError,
    ParentageError,
    UnreadableError,
    UnsafePathError,
)

MAX_INDEX = 64_000_000
MAX_CONFIG = 10_000_000
_MAX_VALUES = 2_000_000
_SUFFIX = ".safetensors"
_SHARD = re.compile(r"(.+)-(\d{1,6})-of-(\d{1,6})\.[a-z]+", re.DOTALL)
_OTHERS = (".h5", ".msgpack", ".npz", ".tflite", ".pkl", ".pickle")
# Left beside PyTorch weights by training; none of them is a model.
_TRAINING = re.compile(
    r"(training_args|optimizer|scheduler|scaler|rng_state|random_states).*", re.DOTALL
)
_PROJECTOR = "mmproj"


@dataclass(frozen=True)
class _Kind:
    """A kind of weight files, in the order in which a folder is searched.

    Attributes:
        word: what to call it.
        suffixes: of its files.
        single: files that a library loads by name; anything beside them is
            something else.
        index: end of the name of an index of shards.
    """

    word: str
    suffixes: tuple[str, ...]
    single: tuple[str, ...] = ()
    index: str | None = None


_KINDS = (
    _Kind(
        "safetensors",
        (_SUFFIX,),
        (
            "model.safetensors",
            "diffusion_pytorch_model.safetensors",
            "pytorch_model.safetensors",
            "adapter_model.safetensors",
        ),
        ".safetensors.index.json",
    ),
    _Kind(
        "PyTorch",
        (".bin", ".pt", ".pth", ".ckpt"),
        (
            "pytorch_model.bin",
            "diffusion_pytorch_model.bin",
            "adapter_model.bin",
        ),
        ".bin.index.json",
    ),
    _Kind("GGUF", (".gguf",)),
    _Kind("ONNX", (".onnx",), ("model.onnx",)),
)
_ADVICE_INDEX = "Download the index again, or name one weight file directly."
_MOST_NAMES = 8
_MOST_EXPECTED = 4096


@dataclass(slots=True)
class Found:
    """The files of one checkpoint.

    Attributes:
        root: folder that no file may leave.
        files: names of the files with weights, relative to ``root``.
        index: file of each tensor according to the index, or ``None`` without one.
        index_name: name of the index.
        bytes_read: bytes read to find this out.
        problems: what is odd.
    """

    root: Location
    files: list[str]
    index: dict[str, str] | None = None
    index_name: str = ""
    bytes_read: int = 0
    problems: list[Problem] = field(default_factory=list)


def find_weights(path: Location) -> Found:
    """The weight files of a folder, or the one file that was named.

    In a folder the choice is that of the libraries: safetensors before PyTorch files
    before GGUF before ONNX, and of a kind ``model.safetensors`` (or another name that
    libraries load), else the shards of an index, else every file of the kind. Weights
    of that kind that are left aside become problems.

    Raises:
        IndexFileError: the index is malformed or names files that are not there.
        UnsafePathError: the index leads out of the folder.
        UnreadableError: there are no weights, or several models.
    """
    if not path.is_dir():
        return _one_file(path)
    names = sorted(item.name for item in path.iterdir())
    for kind in _KINDS:
        weights = [
            name
            for name in names
            if name.endswith(kind.suffixes) and not _TRAINING.fullmatch(name)
        ]
        indexes = [name for name in names if kind.index and name.endswith(kind.index)]
        if weights or indexes:
            return _of_kind(path, kind, weights, indexes)
    raise _no_weights(path, names)


def _of_kind(
    path: Location, kind: _Kind, weights: list[str], indexes: list[str]
) -> Found:
    """The files of one kind that make up the model."""
    single = next((name for name in kind.single if name in weights), None)
    index = min(
        indexes,
        key=lambda n: (not n.startswith(("model.", "pytorch_model.")), len(n)),
        default="",
    )
    if index and (single is None or index == f"{single}.index.json"):
        found = _sharded(path, index)
        # With both, libraries take the single file, unless it is one of the shards.
        if single is not None and single not in found.files:
            found.files, found.index = [single], None
        else:
            _check_shards(found, kind)
    elif single is not None:
        found = Found(path, [single])
    else:
        found = Found(path, _one_model(path, weights) if not kind.single else weights)
        found.problems += _missing_shards(found.files)
    unused = [name for name in indexes if found.index is None or name != index]
    _leave(found, "unread-index", unused, "was not used")
    rest = [name for name in weights if name not in found.files]
    _leave(found, "unread-file", rest, "holds weights that were not read")
    return found


def _one_model(path: Location, weights: list[str]) -> list[str]:
    """The shards of the one model among GGUF files.

    Folders often hold one model in many formats; which one is meant must be said.
    """
    models: dict[str, list[str]] = {}
    for name in weights:
        if _PROJECTOR in name.lower() and len(weights) > 1:
            continue
        shard = _SHARD.fullmatch(name)
        models.setdefault(shard[1] if shard else name, []).append(name)
    if len(models) > 1:
        listed = ", ".join(shown(name) for name in list(models)[:_MOST_NAMES])
        raise UnreadableError(
            f"holds {len(models)} GGUF models: {listed}",
            file=shown(str(path)),
            expected="one model",
            advice="Name one of the files.",
        )
    return next(iter(models.values()), weights[:1])


def _one_file(path: Location) -> Found:
    try:
        path.lstat()
    except (OSError, ValueError) as error:
        raise UnreadableError(
            "does not exist",
            file=shown(str(path)),
            expected="a folder or a weight file",
            advice="Check the spelling of the path.",
        ) from error
    if path.suffix.lower() in _OTHERS:
        raise _no_weights(path.parent, [path.name])
    found = Found(path.parent, [path.name])
    shard = _SHARD.fullmatch(path.name)
    if shard and int(shard[3]) > 1:
        if path.suffix == ".gguf":
            # Its libraries take the other shards, too.
            total = int(shard[3])
            wanted = [
                f"{shard[1]}-{n:05d}-of-{shard[3]}.gguf" for n in range(1, total + 1)
            ]
            expect(path.parent, wanted[:_MOST_EXPECTED])
            there = {item.name for item in path.parent.iterdir()}
            found.files = [name for name in wanted if name in there] or [path.name]
            found.problems += _missing_shards(found.files)
        else:
            message = (
                f"one shard of {int(shard[3])} was named; the others were not read"
            )
            found.problems.append(Problem("one-shard", "warning", message, path.name))
    return found


def _sharded(path: Location, index: str) -> Found:
    found = Found(path, [], {}, index)
    parsed = read_json(path, index, found, IndexFileError, MAX_INDEX, unique=True)
    weight_map = parsed.get("weight_map")
    if not isinstance(weight_map, dict) or not all(
        isinstance(shard, str) for shard in weight_map.values()
    ):
        raise _bad_index(index, "weight_map is malformed", "file names by tensor")
    if not weight_map:
        raise _bad_index(index, "weight_map is empty", "at least one tensor")
    # "./x" and "x" are one file.
    plain = {shard: str(PurePosixPath(shard)) for shard in set(weight_map.values())}
    found.index = {name: plain[shard] for name, shard in weight_map.items()}
    found.files = sorted(set(plain.values()))
    return found


def _check_shards(found: Found, kind: _Kind) -> None:
    for shard in found.files:
        pure = PurePosixPath(shard)
        if pure.is_absolute() or ".." in pure.parts or "\0" in shard:
            raise UnsafePathError(
                f"names the shard '{shown(shard)}', which leads out of the folder",
                file=shown(found.index_name),
                expected="plain file names",
                advice="Do not use this model before you know who wrote its index.",
            )
    expect(found.root, found.files)
    for shard in found.files:
        real = inside(found.root / shard, found.root, file=shown(shard))
        there = False
        with suppress(OSError):  # a name that is too long
            there = real.exists()
        if not there:
            message = f"names the absent shard '{shown(shard)}'"
            raise _bad_index(found.index_name, message, "every shard in place")
        if PurePosixPath(shard).suffix not in kind.suffixes:
            message = f"names '{shown(shard)}', which is not {kind.word}"
            listed = " or ".join(kind.suffixes)
            raise _bad_index(found.index_name, message, f"shards in {listed} files")


def _bad_index(index: str, message: str, expected: str) -> IndexFileError:
    return IndexFileError(
        message, file=shown(index), expected=expected, advice=_ADVICE_INDEX
    )


def _missing_shards(weights: list[str]) -> list[Problem]:
    """Numbered shards that are not there, when no index tells."""
    groups: dict[tuple[str, int], set[int]] = {}
    for name in weights:
        shard = _SHARD.fullmatch(name)
        if shard:
            groups.setdefault((shard[1], int(shard[3])), set()).add(int(shard[2]))
    return [
        Problem(
            "missing-shard",
            "error",
            f"{len(have)} of {total} shards of {shown(stem)} are here",
        )
        for (stem, total), have in groups.items()
        if len(have) < total
    ]


def _leave(found: Found, code: str, names: list[str], what: str) -> None:
    for name in names[:_MOST_NAMES]:
        message = f"{shown(name)} {what}"
        found.problems.append(Problem(code, "warning", message, shown(name)))
    if len(names) > _MOST_NAMES:
        message = f"{len(names) - _MOST_NAMES} more files of this kind were left aside"
        found.problems.append(Problem(code, "warning", message))


def _no_weights(path: Location, names: list[str]) -> UnreadableError:
    suffixes = tuple(suffix for kind in _KINDS for suffix in kind.suffixes)
    others = [name for name in names if name.endswith(_OTHERS)]
    inside = [
        name
        for name in names
        if (path / name).is_dir()
        and any(item.name.endswith(suffixes) for item in (path / name).iterdir())
    ]
    listed = others or inside or names
    what = ", ".join(shown(name) for name in listed[:_MOST_NAMES]) or "nothing"
    advice = "Name a folder or file with weights."
    if others:
        advice = "Convert them to safetensors first."
    elif inside:
        advice = f"Name one of the subfolders with weights, such as {shown(inside[0])}."
    return UnreadableError(
        f"no weights of a known format; found {what}",
        file=shown(str(path)),
        expected="safetensors, PyTorch, GGUF or ONNX files",
        advice=advice,
    )


def read_config(found: Found) -> dict[str, Any]:
    """The parsed ``config.json`` beside the weights; empty if there is none.

    Raises:
        ConfigError: it is malformed or longer than 10 MB.
        UnsafePathError: it leads out of the folder.
    """
    return _beside(found, "config.json")


def read_adapter_config(found: Found) -> dict[str, Any]:
    """The parsed ``adapter_config.json`` beside the weights, likewise."""
    return _beside(found, "adapter_config.json")


def _beside(found: Found, name: str) -> dict[str, Any]:
    path = found.root / name
    if not path.is_symlink() and not path.exists():
        return {}
    return read_json(found.root, name, found, ConfigError, MAX_CONFIG)


def read_json(
    root: Location,
    name: str,
    found: Found,
    error: type[ParentageError],
    limit: int,
    *,
    unique: bool = False,
) -> dict[str, Any]:
    """A JSON object in a file of at most ``limit`` bytes; its bytes are counted."""
    with open_file(root / name, root=root, name=name) as file:
        if file.size > limit:
            raise error(
                f"has {file.size} bytes",
                file=file.name,
                expected=f"at most {limit} bytes",
                advice="This is not the file that its name says: download it again.",
            )
        raw = file.pread(0, file.size).removeprefix(b"\xef\xbb\xbf")
        found.bytes_read += file.bytes_read
    return parse_object(
        raw,
        Limits(depth=64, values=_MAX_VALUES, unique=unique, finite=False),
        error=error,
        file=name,
        advice="Correct the file, or download it again.",
    )
