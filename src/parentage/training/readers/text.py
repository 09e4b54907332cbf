# SPDX-License-Identifier: Apache-2.0
"""Training logs that are lines of text: one pattern per framework.

A format is a function from a line to what it says, ``None`` where the line is not one
of its own. Lines of no format (warnings, progress bars) are passed over and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from parentage.training.readers.source import lines_of, moment, number
from parentage.training.series import Builder

Values = dict[str, float]
Parse = Callable[[str], Values | None]

_N = r"[-+]?(?:\d[\d,]*\.?\d*(?:[eE][-+]?\d+)?|nan|inf)"


def _collect(values: Mapping[str, str | None]) -> Values:
    found = {}
    for name, text in values.items():
        value = number(text)
        if value is not None:
            found[name] = value
    return found


_MEGATRON = re.compile(r"\biteration\s+(\d+)\s*/\s*(\d+)\s*\|(.*)")
_MEGATRON_KEYS: Final = {
    "learning rate": "lr",
    "lm loss": "loss",
    "lm_loss": "loss",
    "loss": "loss",
    "grad norm": "grad_norm",
    "global grad norm": "grad_norm",
    "consumed tokens": "tokens",
    "global batch size": "batch_size",
    "elapsed time per iteration (ms)": "step_time",
    "elapsed time per iteration (s)": "step_time",
    "tokens per second": "throughput",
}


def megatron(line: str) -> Values | None:
    """Megatron-LM, Megatron-DeepSpeed and GPT-NeoX: ``iteration 10/ 500 | ...``."""
    match = _MEGATRON.search(line)
    if match is None:
        return None
    values = {"step": float(match[1])}
    for part in match[3].split("|"):
        key, _, text = part.rpartition(":")
        key = key.strip().lower()
        name = _MEGATRON_KEYS.get(key)
        value = number(text.split()[0]) if text.split() else None
        if name is None or value is None or name in values:
            continue
        values[name] = value / 1000 if key.endswith("(ms)") else value
    return _with_time(line, values)


_TITAN = re.compile(r"\bstep:\s*(\d+)\s+loss:\s*(" + _N + r")")
_TITAN_KEYS: Final = {
    "grad_norm": "grad_norm",
    "tps": "throughput",
    "mfu": "mfu",
    "lr": "lr",
}


def torchtitan(line: str) -> Values | None:
    """torchtitan: ``step: 10  loss: 7.1  grad_norm: 1.2  tps: 7,000  mfu: 40%``."""
    match = _TITAN.search(line)
    if match is None:
        return None
    values = _collect({"step": match[1], "loss": match[2]})
    for key, name in _TITAN_KEYS.items():
        found = re.search(rf"\b{key}:\s*({_N})", line[match.end() :])
        value = number(found[1]) if found else None
        if value is not None:
            values[name] = value / 100 if name == "mfu" else value
    return _with_time(line, values)


_LLMC = re.compile(
    rf"s:(\d+) (?:(tel|trl|eval):({_N}))(?: lr:({_N}))?(?: norm:({_N}))?"
)


def llmc(line: str) -> Values | None:
    """llm.c's log file: ``s:10 trl:9.9 lr:0.0001 norm:2.5``, ``tel`` of test data."""
    match = _LLMC.fullmatch(line.strip())
    if match is None or match[2] == "eval":
        return None
    loss = "loss" if match[2] == "trl" else "eval_loss"
    return _collect(
        {"step": match[1], loss: match[3], "lr": match[4], "grad_norm": match[5]}
    )


_LLMC_OUT = re.compile(
    rf"step\s+(\d+)/(\d+) \| loss ({_N}) \([^)]*\)\s*\| norm ({_N}) \([^)]*\)\s*"
    rf"\| lr ({_N}) \| ({_N}) ms(?: \| ({_N})% [\w ]*MFU)?(?: \| ({_N}) tok/s)?"
)


def llmc_stdout(line: str) -> Values | None:
    """What llm.c prints: ``step 1/19560 | loss 11.0 (+nanz)| norm 15 ...``."""
    match = _LLMC_OUT.search(line)
    if match is None:
        return None
    values = _collect(
        {
            "step": match[1],
            "loss": match[3],
            "grad_norm": match[4],
            "lr": match[5],
            "step_time": match[6],
            "throughput": match[8],
        }
    )
    values["step_time"] = values.get("step_time", float("nan")) / 1000
    mfu = number(match[7]) if match[7] else None
    return values if mfu is None or mfu < 0 else {**values, "mfu": mfu / 100}


_MODDED = re.compile(r"^step:(\d+)/(\d+)\s+(.*\btrain_time:.*)$")
_MODDED_PART = re.compile(rf"(\w+):({_N})(ms|s|%)?")
_MODDED_KEYS: Final = {
    "val_loss": "eval_loss",
    "train_loss": "loss",
    "loss": "loss",
    "train_time": "elapsed",
    "step_time": "step_time",
    "mfu": "mfu",
}


def modded_nanogpt(line: str) -> Values | None:
    """modded-nanogpt: ``step:125/3500 val_loss:4.2 train_time:95.1s mfu:46%``."""
    match = _MODDED.match(line.strip())
    if match is None:
        return None
    values = {"step": float(match[1])}
    for key, text, unit in _MODDED_PART.findall(match[3]):
        name, value = _MODDED_KEYS.get(key), number(text)
        if name is not None and value is not None:
            scale = {"ms": 1e-3, "%": 1e-2}.get(unit, 1.0)
            values[name] = value * scale
    return values


_NANOGPT = re.compile(rf"^iter (\d+): loss ({_N}), time ({_N})ms(?:, mfu ({_N})%)?")
_NANOGPT_EVAL = re.compile(rf"^step (\d+): train loss ({_N}), val loss ({_N})")


def nanogpt(line: str) -> Values | None:
    """nanoGPT: ``iter 10: loss 9.5, time 135.2ms, mfu 30.1%`` and its evaluations."""
    text = line.strip()
    if match := _NANOGPT.match(text):
        values = _collect({"step": match[1], "loss": match[2], "step_time": match[3]})
        values["step_time"] /= 1000
        mfu = number(match[4]) if match[4] else None
        return values if mfu is None or mfu < 0 else {**values, "mfu": mfu / 100}
    if match := _NANOGPT_EVAL.match(text):
        return _collect({"step": match[1], "eval_loss": match[3]})
    return None


_OLMO = re.compile(r"\[step=(\d+)(?:/(\d+))?[,\]]")
_OLMO_PART = re.compile(rf"^\s*(?:\S+\s+)*?([\w/ ()]+?)=({_N})\s*$")
_OLMO_KEYS: Final = {
    "train/crossentropyloss": "loss",
    "train/ce loss": "loss",
    "optim/total_grad_norm": "grad_norm",
    "optim/total grad norm": "grad_norm",
    "optim/learning_rate_group0": "lr",
    "optim/lr (group 0)": "lr",
    "throughput/total_tokens": "tokens",
    "throughput/total tokens": "tokens",
    "throughput/device/tokens_per_second": "throughput",
}


def olmo_part(line: str) -> Values | None:
    """One of the lines that OLMo prints below a step: ``    train/CE loss=2.4``."""
    match = _OLMO_PART.match(line)
    name = _OLMO_KEYS.get(match[1].strip().lower()) if match else None
    value = number(match[2]) if match and name else None
    return None if name is None or value is None else {name: value}


def _with_time(line: str, values: Values) -> Values:
    when = moment(line[:48]) if line[:48].strip(" [") else None
    return values if when is None or when < 1e8 else {**values, "time": when}


FORMATS: Final[Mapping[str, Parse]] = {
    "megatron": megatron,
    "torchtitan": torchtitan,
    "llm.c": llmc,
    "llm.c-stdout": llmc_stdout,
    "modded-nanogpt": modded_nanogpt,
    "nanogpt": nanogpt,
}
"""Formats of one line each. OLMo's has several lines to a step."""

_RESUME = re.compile(
    r"(?:successfully loaded checkpoint|loading checkpoint from|resum(?:e|ing) (?:from|"
    r"training)|loaded checkpoint|restoring (?:from )?checkpoint)",
    re.IGNORECASE,
)
_SAVED = re.compile(r"sav(?:ed|ing) (?:a )?checkpoint", re.IGNORECASE)


def looks_like(lines: list[str]) -> str | None:
    """The format that most of these lines are of, ``None`` if of none."""
    best, most = None, 0
    for name, parse in FORMATS.items():
        hits = sum(parse(line) is not None for line in lines)
        if hits > most:
            best, most = name, hits
    olmo = sum(_OLMO.search(line) is not None for line in lines)
    parts = sum(olmo_part(line) is not None for line in lines)
    return "olmo" if min(olmo, parts) > most else best


def read_text(path: Path, kind: str, build: Builder) -> None:
    """Read a log of lines into ``build``."""
    parse, step = FORMATS.get(kind), None
    for number_, line in lines_of(path, build):
        if parse is not None:
            values = parse(line)
        elif match := _OLMO.search(line):
            step, values = float(match[1]), None
            build.add(number_, {"step": step})
            continue
        else:
            values = olmo_part(line)
            if values is not None and step is not None:
                values = {"step": step, **values}
        if values is not None and "step" in values:
            build.add(number_, values)
            _total(line, build)
        elif _RESUME.search(line):
            build.fact("resume", number_, text=line.strip())
        elif _SAVED.search(line):
            build.fact("saved", number_, text=line.strip())
        elif line.strip():
            build.fact("other-line", number_)


_TOTAL = re.compile(r"\b(?:iteration|step)[: ]\s*\d+\s*/\s*(\d+)")


def _total(line: str, build: Builder) -> None:
    if "max_steps" not in build.stated and (match := _TOTAL.search(line)):
        build.stated["max_steps"] = float(match[1])
