# SPDX-License-Identifier: Apache-2.0
"""What a pickle of tensors says, without unpickling it.

A pickle is a program. This machine knows the instructions that saving tensors needs,
and none of them calls anything: names of functions and classes stay names, and the few
that tensors need are turned into plain descriptions. Any other name and any other
instruction ends the reading with an error that says which one and where.

Source: ``pickletools`` of Python, and ``torch.serialization`` and ``torch._utils``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from parentage.artifact.entry import shown
from parentage.errors import HeaderError

if TYPE_CHECKING:
    from parentage.artifact.format.stream import Stream

MAX_STEPS: Final = 4_000_000
"""Most instructions: what bounds memory. A tensor takes about sixty."""

_LONGEST_TEXT: Final = 1_000_000
_LONGEST_NUMBER: Final = 32
_LONGEST_LINE: Final = 4096
_MOST_AXES: Final = 64

STORAGES: Final = {
    "FloatStorage": "F32",
    "DoubleStorage": "F64",
    "HalfStorage": "F16",
    "BFloat16Storage": "BF16",
    "LongStorage": "I64",
    "IntStorage": "I32",
    "ShortStorage": "I16",
    "CharStorage": "I8",
    "ByteStorage": "U8",
    "BoolStorage": "BOOL",
    "ComplexFloatStorage": "C64",
    "UntypedStorage": "U8",
}
"""Class of a storage in torch -> format of its numbers."""

DTYPES: Final = {
    "float32": "F32",
    "float64": "F64",
    "float16": "F16",
    "bfloat16": "BF16",
    "int64": "I64",
    "int32": "I32",
    "int16": "I16",
    "int8": "I8",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "bool": "BOOL",
    "complex64": "C64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e8m0fnu": "F8_E8M0",
}
"""Name of a format in torch -> name here."""

_FUNCTIONS: Final = frozenset(
    {
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_tensor_v3",
        "torch._utils._rebuild_parameter",
        "torch.Size",
    }
)
_NAMES: Final = (
    _FUNCTIONS
    | {f"torch.{name}" for name in (*STORAGES, *DTYPES)}
    | {"torch.storage.UntypedStorage"}
)


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that the pickle names; it is never looked up."""

    path: str


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers that lie elsewhere, under a key."""

    dtype: str
    key: str
    numel: int
    base: int = 0


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor as a view of a storage, in elements."""

    storage: Storage
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Mark:
    pass


_MARK: Final = _Mark()


class Machine:
    """Runs one pickle; see the head of this file.

    Args:
        stream: where it lies.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._stack: list[object] = []
        self._memo: dict[int, object] = {}
        self._steps = 0
        self._here = stream.offset
        self._code = 0

    def run(self) -> object:
        """What the pickle describes: dicts, lists, tuples, plain values and tensors.

        Raises:
            HeaderError: it needs a name or an instruction that no tensor needs, or it
                is not a pickle.
            TruncatedError: it ends before its last instruction.
        """
        stream, table = self._stream, _TABLE
        while True:
            self._here = stream.offset
            self._code = stream.take(1)[0]
            self._steps += 1
            if self._steps > MAX_STEPS:
                raise self.wrong("runs too long", f"at most {MAX_STEPS} instructions")
            if self._code == _STOP:
                return self.pop()
            step = table.get(self._code)
            if step is None:
                raise self.wrong(
                    f"uses the instruction {self.title()}",
                    "instructions that tensors need",
                )
            step(self)

    def title(self) -> str:
        """The instruction in words."""
        return _TITLES.get(self._code, f"0x{self._code:02x}")

    def wrong(self, message: str, expected: str) -> HeaderError:
        """The error at the present instruction."""
        return HeaderError(
            message,
            file=self._stream.file.label,
            offset=self._here,
            expected=expected,
            advice="Nothing was run. Do not load this file elsewhere before you know "
            "who made it; ask for safetensors.",
        )

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        self._stack.append(value)

    def pop(self) -> object:
        """Take the value on top of the stack."""
        if not self._stack or self._stack[-1] is _MARK:
            raise self.wrong(f"{self.title()} finds no value", "a whole pickle")
        return self._stack.pop()

    def pop_to_mark(self) -> list[object]:
        """Take the values above the last mark, and the mark."""
        for place in range(len(self._stack) - 1, -1, -1):
            if self._stack[place] is _MARK:
                found = self._stack[place + 1 :]
                del self._stack[place:]
                return found
        raise self.wrong(f"{self.title()} finds no mark", "a whole pickle")

    # What the instructions do.

    def literal(self, length: int, *, signed: bool = False) -> None:
        """An integer of so many bytes."""
        raw = self._stream.take(length)
        self.push(int.from_bytes(raw, "little", signed=signed))

    def long(self, size: int) -> None:
        """An integer whose length comes first."""
        length = self._stream.number(size)
        if length > _LONGEST_NUMBER:
            message = f"an integer of {length} bytes"
            raise self.wrong(message, f"at most {_LONGEST_NUMBER} bytes")
        self.literal(length, signed=True)

    def text(self, size: int, encoding: str = "utf-8") -> None:
        """A text whose length comes first."""
        length = self._stream.number(size)
        if length > _LONGEST_TEXT:
            message = f"a text of {length} bytes"
            raise self.wrong(message, f"at most {_LONGEST_TEXT} bytes")
        raw = self._stream.take(length)
        try:
            self.push(raw.decode(encoding))
        except UnicodeDecodeError:
            raise self.wrong("a text is not UTF-8", "UTF-8") from None

    def raw(self, size: int) -> None:
        """Bytes whose length comes first."""
        length = self._stream.number(size)
        if length > _LONGEST_TEXT:
            message = f"{length} bytes in one piece"
            raise self.wrong(message, f"at most {_LONGEST_TEXT}")
        self.push(self._stream.take(length))

    def line(self) -> str:
        """A line of ASCII."""
        found = self._stream.line(_LONGEST_LINE)
        if found is None or not found.isascii():
            raise self.wrong("a line is not short and ASCII", "a short line")
        return found.decode("ascii")

    def decimal(self) -> None:
        """An integer or a truth value, in digits."""
        found = self.line().removesuffix("L")
        if found in {"00", "01"}:
            self.push(found == "01")
        elif found.lstrip("-").isdecimal() and len(found) <= 40:
            self.push(int(found))
        else:
            raise self.wrong(f"{shown(found)!r} is no integer", "an integer")

    def real(self) -> None:
        """A float of eight bytes, high byte first."""
        self.push(struct.unpack(">d", self._stream.take(8))[0])

    def name(self) -> None:
        """A name in two lines."""
        self.named(self.line(), self.line())

    def stacked_name(self) -> None:
        """A name out of two texts."""
        last, module = self.pop(), self.pop()
        if not isinstance(last, str) or not isinstance(module, str):
            raise self.wrong("a name is no text", "texts")
        self.named(module, last)

    def named(self, module: str, last: str) -> None:
        """A name that a pickle may use, as a name."""
        path = f"{module}.{last}"
        if path not in _NAMES:
            raise self.wrong(
                f"asks for {shown(path)} ({self.title()})",
                "names that tensors need, such as torch._utils._rebuild_tensor_v2",
            )
        self.push(Name(path))

    def put(self, key: int) -> None:
        """Remember the value on top."""
        if not self._stack or self._stack[-1] is _MARK:
            raise self.wrong("there is nothing to remember", "a whole pickle")
        self._memo[key] = self._stack[-1]

    def get(self, key: int) -> None:
        """A remembered value once more."""
        if key not in self._memo:
            raise self.wrong(f"nothing is remembered as {key}", "a whole pickle")
        self.push(self._memo[key])

    def memoize(self) -> None:
        """Remember the value on top under the next number."""
        self.put(len(self._memo))

    def put_line(self) -> None:
        """Remember under a number in digits."""
        self.decimal()
        self.put(self._key())

    def get_line(self) -> None:
        """Remembered under a number in digits."""
        self.decimal()
        self.get(self._key())

    def _key(self) -> int:
        found = self.pop()
        return found if isinstance(found, int) else -1

    def put_number(self, size: int) -> None:
        """Remember under a number of so many bytes."""
        self.put(self._stream.number(size))

    def get_number(self, size: int) -> None:
        """Remembered under a number of so many bytes."""
        self.get(self._stream.number(size))

    def pack(self, length: int) -> None:
        """A tuple of the values on top."""
        found = [self.pop() for _ in range(length)]
        self.push(tuple(found[::-1]))

    def append(self, values: list[object]) -> None:
        """More values for the list on top."""
        target = self._top()
        if not isinstance(target, list):
            raise self.wrong(f"{self.title()} finds no list", "a list")
        target.extend(values)

    def pairs(self, values: list[object]) -> None:
        """More pairs for the dict on top."""
        target = self._top()
        if not isinstance(target, dict) or len(values) % 2:
            raise self.wrong(f"{self.title()} finds no dict", "a dict and pairs")
        self._fill(target, values[::2], values[1::2])

    def _fill(
        self, target: dict[object, object], keys: list[object], values: list[object]
    ) -> None:
        for key, value in zip(keys, values, strict=True):
            # Tuples could hold tuples that take for ever to hash.
            if not isinstance(key, str | int | float | bytes | None):
                message = f"a key is a {type(key).__name__}"
                raise self.wrong(message, "keys that are texts or numbers")
            target[key] = value

    def _top(self) -> object:
        return self._stack[-1] if self._stack else None

    def build(self) -> None:
        """Attributes of an ordered dict are left aside; nothing else has any."""
        state, target = self.pop(), self._top()
        if not isinstance(target, dict) or not isinstance(state, dict):
            message = "sets the state of an object (BUILD)"
            raise self.wrong(message, "only dicts of tensors")

    def storage(self) -> None:
        """The reference to a storage."""
        found = self.pop()
        if not isinstance(found, tuple) or len(found) not in (5, 6):
            raise self.wrong("a reference is no storage", "('storage', class, key, …)")
        word, kind, key, _, numel, *view = found
        dtype = (
            STORAGES.get(kind.path.rsplit(".")[-1]) if isinstance(kind, Name) else None
        )
        if word != "storage" or dtype is None or not isinstance(key, str):
            raise self.wrong("a reference is no storage", "('storage', class, key, …)")
        base = 0
        if view and view[0] is not None:
            part = view[0]
            if not isinstance(part, tuple) or len(part) != 3:
                raise self.wrong("a view of a storage is malformed", "three values")
            base, numel = self._natural(part[1]), self._natural(part[2])
        self.push(Storage(dtype, key, self._natural(numel), base))

    def _natural(self, found: object) -> int:
        if not isinstance(found, int) or isinstance(found, bool):
            raise self.wrong("a size is no integer", "an integer")
        if not 0 <= found < 2**62:
            raise self.wrong(f"a size is {found}", "from 0 to 2**62")
        return found

    def _naturals(self, found: object) -> tuple[int, ...]:
        if not isinstance(found, tuple) or len(found) > _MOST_AXES:
            raise self.wrong("a shape is no tuple", f"at most {_MOST_AXES} integers")
        return tuple(self._natural(n) for n in found)

    def reduce(self) -> None:
        """What a call of one of the known functions describes."""
        given, function = self.pop(), self.pop()
        path = function.path if isinstance(function, Name) else ""
        if path not in _FUNCTIONS or not isinstance(given, tuple):
            raise self.wrong(
                f"calls {shown(path or type(function).__name__)} (REDUCE)",
                "calls that tensors need",
            )
        if path == "collections.OrderedDict":
            self.push(self._ordered(given))
        elif path == "torch.Size":
            self.push(self._naturals(given[0] if given else ()))
        elif path == "torch._utils._rebuild_parameter":
            if not given or not isinstance(given[0], StoredTensor):
                raise self.wrong("a parameter is no tensor", "a tensor")
            self.push(given[0])
        else:
            self.push(self._tensor(path, given))

    def _ordered(self, given: tuple[object, ...]) -> dict[object, object]:
        found: dict[object, object] = {}
        pairs = given[0] if given else []
        if len(given) > 1 or not isinstance(pairs, list):
            raise self.wrong("an ordered dict is malformed", "a list of pairs")
        for pair in pairs:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                raise self.wrong("an ordered dict is malformed", "a list of pairs")
            self._fill(found, [pair[0]], [pair[1]])
        return found

    def _tensor(self, path: str, given: tuple[object, ...]) -> StoredTensor:
        if len(given) < 4 or not isinstance(given[0], Storage):
            raise self.wrong(
                "a tensor has no storage", "storage, offset, shape, strides"
            )
        storage = given[0]
        dtype = storage.dtype
        if path.endswith("_v3"):
            kind = given[6] if len(given) > 6 else None
            word = kind.path.removeprefix("torch.") if isinstance(kind, Name) else ""
            if word not in DTYPES:
                raise self.wrong("a tensor has no known format", "a format of torch")
            dtype = DTYPES[word]
        shape, strides = self._naturals(given[2]), self._naturals(given[3])
        if len(shape) != len(strides):
            raise self.wrong("a tensor has more axes than strides", "one for each axis")
        return StoredTensor(storage, dtype, self._natural(given[1]), shape, strides)


def _frame(machine: Machine) -> None:
    machine._stream.take(8)


def _protocol(machine: Machine) -> None:
    version = machine._stream.take(1)[0]
    if version > 5:
        raise machine.wrong(f"is of protocol {version}", "protocol 5 at most")


_STOP: Final = ord(".")
_Step = Callable[[Machine], None]
_STEPS: Final[dict[str, tuple[int, _Step]]] = {
    "PROTO": (0x80, _protocol),
    "FRAME": (0x95, _frame),
    "MARK": (0x28, lambda m: m.push(_MARK)),
    "POP": (0x30, lambda m: (m.pop(), None)[1]),
    "POP_MARK": (0x31, lambda m: (m.pop_to_mark(), None)[1]),
    "NONE": (0x4E, lambda m: m.push(None)),
    "NEWTRUE": (0x88, lambda m: m.push(True)),
    "NEWFALSE": (0x89, lambda m: m.push(False)),
    "INT": (0x49, Machine.decimal),
    "LONG": (0x4C, Machine.decimal),
    "BININT": (0x4A, lambda m: m.literal(4, signed=True)),
    "BININT1": (0x4B, lambda m: m.literal(1)),
    "BININT2": (0x4D, lambda m: m.literal(2)),
    "LONG1": (0x8A, lambda m: m.long(1)),
    "LONG4": (0x8B, lambda m: m.long(4)),
    "BINFLOAT": (0x47, Machine.real),
    "BINUNICODE": (0x58, lambda m: m.text(4)),
    "SHORT_BINUNICODE": (0x8C, lambda m: m.text(1)),
    "BINUNICODE8": (0x8D, lambda m: m.text(8)),
    "BINSTRING": (0x54, lambda m: m.text(4, "latin-1")),
    "SHORT_BINSTRING": (0x55, lambda m: m.text(1, "latin-1")),
    "BINBYTES": (0x42, lambda m: m.raw(4)),
    "SHORT_BINBYTES": (0x43, lambda m: m.raw(1)),
    "EMPTY_TUPLE": (0x29, lambda m: m.pack(0)),
    "TUPLE1": (0x85, lambda m: m.pack(1)),
    "TUPLE2": (0x86, lambda m: m.pack(2)),
    "TUPLE3": (0x87, lambda m: m.pack(3)),
    "TUPLE": (0x74, lambda m: m.push(tuple(m.pop_to_mark()))),
    "EMPTY_LIST": (0x5D, lambda m: m.push([])),
    "LIST": (0x6C, lambda m: m.push(m.pop_to_mark())),
    "APPEND": (0x61, lambda m: m.append([m.pop()])),
    "APPENDS": (0x65, lambda m: m.append(m.pop_to_mark())),
    "EMPTY_DICT": (0x7D, lambda m: m.push({})),
    "SETITEM": (0x73, lambda m: m.pairs([m.pop(), m.pop()][::-1])),
    "SETITEMS": (0x75, lambda m: m.pairs(m.pop_to_mark())),
    "PUT": (0x70, Machine.put_line),
    "BINPUT": (0x71, lambda m: m.put_number(1)),
    "LONG_BINPUT": (0x72, lambda m: m.put_number(4)),
    "MEMOIZE": (0x94, Machine.memoize),
    "GET": (0x67, Machine.get_line),
    "BINGET": (0x68, lambda m: m.get_number(1)),
    "LONG_BINGET": (0x6A, lambda m: m.get_number(4)),
    "GLOBAL": (0x63, Machine.name),
    "STACK_GLOBAL": (0x93, Machine.stacked_name),
    "BINPERSID": (0x51, Machine.storage),
    "REDUCE": (0x52, Machine.reduce),
    "BUILD": (0x62, Machine.build),
}
_TABLE: Final = dict(_STEPS.values())
_TITLES: Final = {code: title for title, (code, _) in _STEPS.items()} | {
    _STOP: "STOP",
    0x69: "INST",
    0x6F: "OBJ",
    0x81: "NEWOBJ",
    0x92: "NEWOBJ_EX",
    0x82: "EXT1",
    0x83: "EXT2",
    0x84: "EXT4",
    0x50: "PERSID",
    0x64: "DICT",
    0x32: "DUP",
    0x46: "FLOAT",
    0x53: "STRING",
    0x56: "UNICODE",
    0x8E: "BINBYTES8",
    0x8F: "EMPTY_SET",
    0x90: "ADDITEMS",
    0x91: "FROZENSET",
    0x96: "BYTEARRAY8",
    0x97: "NEXT_BUFFER",
    0x98: "READONLY_BUFFER",
}
