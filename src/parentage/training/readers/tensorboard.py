# SPDX-License-Identifier: Apache-2.0
"""TensorBoard event files, by the tensorboard package (``parentage[logs]``)."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parentage.errors import TrainingLogError
from parentage.training.manifest import Columns
from parentage.training.readers.names import assign
from parentage.training.series import Builder

FRAME = 16
"""Bytes around a record: its length and two checksums."""


def read_events(path: Path, columns: Columns | None, build: Builder) -> None:
    """Read every scalar of an event file; its record number stands for a line.

    Steps and wall times come from the events. A record with a wrong checksum, or a
    file that ends inside a record, ends the reading; what precedes it is kept.

    Raises:
        TrainingLogError: the tensorboard package is not installed, or the tags of the
            file do not say which of them is the loss.
    """
    tags: dict[str, str] = {}
    seen: set[str] = set()
    told = columns.model_dump(exclude_none=True) if columns else {}
    for record, event in _events(path, build):
        if event.HasField("session_log") and event.session_log.status == 1:
            build.fact("resume", record, float(event.step), "session start")
        values: dict[str, float] = {}
        for one in event.summary.value:
            value = _scalar(one)
            if value is None:
                continue
            if one.tag not in seen:
                seen.add(one.tag)
                there = Columns(**{c: n for c, n in told.items() if n in seen})
                tags = assign(sorted(seen), there, file=path.name)
            if one.tag in tags:
                values[tags[one.tag]] = value
        if values and math.isfinite(event.wall_time) and event.wall_time > 0:
            values["time"] = event.wall_time
        if values:
            _add(record, float(event.step), values, build)


def _add(record: int, step: float, values: dict[str, float], build: Builder) -> None:
    """Values of a step that come in several records are one row, timed by the first."""
    if "time" in values and build.same_step(step) and len(values) > 1:
        values = {k: v for k, v in values.items() if k != "time"}
    build.add(record, {"step": step, **values})


def _events(path: Path, build: Builder) -> Iterator[tuple[int, Any]]:
    try:
        with warnings.catch_warnings():
            # Its imports warn about themselves, which is no business of our caller.
            warnings.simplefilter("ignore")
            from tensorboard.backend.event_processing import (  # noqa: PLC0415
                event_file_loader,
            )
            from tensorboard.compat.proto import event_pb2  # noqa: PLC0415
    except ImportError as error:
        raise TrainingLogError(
            "is a TensorBoard event file, which needs the tensorboard package",
            file=path.name,
            advice='Install it with `pip install "parentage[logs]"`, or export the '
            "run as CSV.",
        ) from error
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    record = read = 0
    for raw in event_file_loader.RawEventFileLoader(str(path)).Load():
        record += 1
        read += len(raw) + FRAME
        try:
            event = event_pb2.Event.FromString(raw)
        except Exception as error:
            build.fact("unreadable-line", record, text=str(error))
            continue
        yield record, event
    # The loader ends without a word where a checksum is wrong or the file is cut.
    size = path.stat().st_size
    if read < size:
        said = f"{size - read} of {size} bytes behind byte {read} are not read: "
        build.fact("damaged", record + 1, text=said + "cut, or a wrong checksum")


def _scalar(value: Any) -> float | None:  # noqa: ANN401 - a protobuf message
    kind = value.WhichOneof("value")
    if kind == "simple_value":
        return float(value.simple_value)
    if kind != "tensor" or value.tensor.dtype not in (1, 2, 3, 9):
        return None
    tensor = value.tensor
    size = math.prod(d.size for d in tensor.tensor_shape.dim)
    if size != 1:
        return None
    for listed in (tensor.float_val, tensor.double_val, tensor.int_val):
        if len(listed) == 1:
            return float(listed[0])
    return _raw(tensor)


def _raw(tensor: Any) -> float | None:  # noqa: ANN401 - a protobuf message
    import numpy as np  # noqa: PLC0415

    kind = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8"}[tensor.dtype]
    if len(tensor.tensor_content) != np.dtype(kind).itemsize:
        return None
    return float(np.frombuffer(tensor.tensor_content, kind)[0])
