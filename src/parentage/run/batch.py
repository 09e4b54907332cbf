# SPDX-License-Identifier: Apache-2.0
"""Lists of models: fingerprints of all, screenings of all, and all pairs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any, Final

from parentage import __version__
from parentage.errors import UsageError
from parentage.registry.container import is_fingerprint, read_fingerprint
from parentage.registry.fingerprint import FORMAT, MAX_BYTES, Fingerprint
from parentage.registry.index import Index
from parentage.registry.scheme import SCHEME
from parentage.registry.search import possible_tests
from parentage.registry.store import Registry
from parentage.report.screen_document import (
    BatchDocument,
    BatchRow,
    PairItem,
    PairsDocument,
)
from parentage.run.executor import (
    Executor,
    Ledger,
    Outcome,
    Plain,
    Progress,
    Work,
    key_of,
    work_through,
)
from parentage.run.fingerprint import fingerprint, fingerprint_info, write_fingerprint
from parentage.run.lineage_frame import clock, frame, names_of
from parentage.run.offline import gather_offline
from parentage.run.screen import LIMIT, screen
from parentage.verdict.finding import ACCUSING, Criteria
from parentage.verdict.judge import judge, overall

SUFFIX: Final = ".fingerprint"
MAX_LIST: Final = 1_000_000


def read_list(path: Path) -> list[str]:
    """Models named in a file, one a line; empty lines and ``#`` are passed over.

    Raises:
        UsageError: the file cannot be read, or names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the list cannot be read: {error}",
            file=str(path),
            expected="a text file with a model in each line",
        ) from error
    found = [line.strip() for line in lines]
    found = [line for line in found if line and not line.startswith("#")]
    if not found or len(found) > MAX_LIST:
        raise UsageError(
            f"the list names {len(found)} models",
            file=str(path),
            expected=f"1 to {MAX_LIST}, one in each line",
        )
    return list(dict.fromkeys(found))


def stamp(model: str) -> list[object]:
    """What tells a model's files from changed ones without reading them."""
    path = Path(model)
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [
        [f.name, status.st_size, status.st_mtime_ns]
        for f in files
        if f.is_file() and (status := f.stat())
    ]


def fingerprints(
    models: Sequence[str],
    output: Path,
    executor: Executor,
    *,
    seed: int = 0,
    size: int = MAX_BYTES,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> BatchDocument:
    """Fingerprints of a list of models, in a folder; what is done is not done again.

    Raises:
        UsageError: the folder cannot be written.
    """
    started = clock()
    outcomes = _made(models, output, executor, seed=seed, size=size, progress=progress)
    return BatchDocument(
        task="fingerprint",
        rows=tuple(
            BatchRow(model=o.work.label, file=_value(o, "file"), error=_error(o))
            for o in outcomes
        ),
        **frame(command, started),
    )


def _made(
    models: Sequence[str],
    output: Path,
    executor: Executor,
    *,
    seed: int,
    size: int,
    progress: Progress | None,
) -> list[Outcome]:
    output.mkdir(parents=True, exist_ok=True)
    works = []
    for model, name in zip(models, names_of(models), strict=True):
        key = key_of(
            task="fingerprint",
            model=str(Path(model).absolute()) if Path(model).exists() else model,
            stamp=stamp(model),
            seed=seed,
            size=size,
            format=[FORMAT, SCHEME],
            version=__version__,
        )
        file = name.replace("/", "--") + f"-{key[:8]}{SUFFIX}"
        payload = {
            "model": model,
            "file": str(output / file),
            "seed": seed,
            "size": size,
        }
        works.append(Work(key, model, payload))
    ledger = Ledger(output / "ledger")
    outcomes = work_through(executor, make_one, works, ledger=ledger, progress=progress)
    gone = [
        o.work
        for o in outcomes
        if o.kept and not is_fingerprint(str(_value(o, "file")))
    ]
    if gone:  # the ledger says it is there, but somebody took the file away
        again = {o.work.key: o for o in work_through(executor, make_one, gone)}
        outcomes = [again.get(o.work.key, o) for o in outcomes]
    return outcomes


def make_one(payload: Plain) -> Plain:
    """The task of making one fingerprint."""
    made = fingerprint(payload["model"], seed=payload["seed"], size=payload["size"])
    write_fingerprint(made, payload["file"])
    return {"file": payload["file"]}


def screens(
    models: Sequence[str],
    registry: str,
    executor: Executor,
    *,
    output: Path | None = None,
    limit: int = LIMIT,
    seed: int = 0,
    index: Path | None = None,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[BatchDocument, list[Plain | None]]:
    """Screen a list of models against one registry.

    Args:
        models: models, or files of fingerprints.
        registry: its URL.
        executor: what runs it.
        output: folder in which results are kept, so that a later call goes on.
        limit: as for a screening.
        seed: of the fingerprints that are made, and for ranks that are drawn.
        index: where the search's files are kept.
        command: how it was called.
        progress: told about each model.

    Returns:
        The list with a word for each, and each screening's document as plain data.
    """
    started = clock()
    with Registry(registry) as opened:
        Index(opened, index)  # made once, before the workers want it
        state = [opened.name, key_of(numbers=opened.numbers())]
    works = [
        Work(
            key_of(
                task="screen",
                model=model,
                stamp=stamp(model),
                registry=state,
                limit=limit,
                seed=seed,
                version=__version__,
            ),
            model,
            {
                "model": model,
                "registry": registry,
                "index": None if index is None else str(index),
                "state": state[1],
                "limit": limit,
                "seed": seed,
            },
        )
        for model in models
    ]
    ledger = None if output is None else Ledger(output)
    outcomes = work_through(
        executor, screen_one, works, ledger=ledger, progress=progress
    )
    rows = []
    for o in outcomes:
        matches = [m for m in _value(o, "matches") or [] if m["finding"] in ACCUSING]
        rows.append(
            BatchRow(
                model=o.work.label,
                finding=_value(o, "finding"),
                nearest=matches[0]["name"] if matches else None,
                error=_error(o),
            )
        )
    document = BatchDocument(task="screen", rows=tuple(rows), **frame(command, started))
    return document, [o.value for o in outcomes]


def screen_one(payload: Plain) -> Plain:
    """The task of screening one model."""
    registry, index = _opened(payload["registry"], payload["index"], payload["state"])
    document = screen(
        fingerprint(payload["model"], seed=payload["seed"]),
        registry,
        index=index,
        limit=payload["limit"],
        seed=payload["seed"],
        threads=1,
    )
    found: Plain = document.model_dump(mode="json", by_alias=True)
    return found


@lru_cache(maxsize=2)
def _opened(url: str, index: str | None, _state: str) -> tuple[Registry, Index]:
    """A worker's registry: opened once for all of its tasks."""
    registry = Registry(url)
    return registry, Index(registry, None if index is None else Path(index))


def pairs(
    models: Sequence[str],
    output: Path,
    executor: Executor,
    *,
    seed: int = 0,
    command: Sequence[str] = (),
    progress: Progress | None = None,
) -> PairsDocument:
    """Every model of a list against every other, by their fingerprints.

    One correction covers all pairs together.

    Args:
        models: models, or files of fingerprints.
        output: folder for fingerprints and results; what is there is not done again.
        executor: what runs it.
        seed: of the fingerprints that are made, and for ranks that are drawn.
        command: how it was called.
        progress: told about each fingerprint and each pair.

    Raises:
        UsageError: fewer than two models.
    """
    if len(models) < 2:
        raise UsageError(f"{len(models)} model", expected="at least two")
    started = clock()
    made = _made(models, output, executor, seed=seed, size=MAX_BYTES, progress=progress)
    files = {o.work.label: str(_value(o, "file")) for o in made if o.value is not None}
    infos, outlines = {}, {}
    for model, file in files.items():
        held = read_fingerprint(file)
        infos[model] = fingerprint_info(held, file)
        outlines[model] = outline(held)
    chosen = list(permutations(files, 2))
    family = sum(possible_tests(outlines[a], outlines[b]) for a, b in chosen)
    works = [
        Work(
            key_of(
                task="pair",
                candidate=infos[a].digest,
                reference=infos[b].digest,
                family=family,
                seed=seed,
                version=__version__,
            ),
            f"{a} / {b}",
            {
                "candidate": files[a],
                "reference": files[b],
                "family": family,
                "seed": seed,
                "names": [a, b],
            },
        )
        for a, b in chosen
    ]
    ledger = Ledger(output / "ledger")
    outcomes = work_through(executor, pair_one, works, ledger=ledger, progress=progress)
    failed = {o.work.label: str(_error(o)) for o in (*made, *outcomes) if o.error}
    return PairsDocument(
        models=tuple(infos.values()),
        family=family,
        pairs=tuple(
            PairItem(
                **{
                    **o.value,
                    "candidate": o.work.payload["names"][0],
                    "reference": o.work.payload["names"][1],
                }
            )
            for o in outcomes
            if o.value is not None
        ),
        failed=failed,
        **frame(command, started),
    )


def pair_one(payload: Plain) -> Plain:
    """The task of comparing two fingerprints."""
    own, other = (read_fingerprint(payload[x]) for x in ("candidate", "reference"))
    name = other.identity.name
    evidence = gather_offline(own, other, label=name, seed=payload["seed"])
    findings = judge(evidence, Criteria(), family=payload["family"])
    words: dict[str, str] = {}
    for finding in findings:
        words.setdefault(finding.module, finding.word)
    sizes = {m.name: m.parameters for m in own.modules}
    reused = sum(sizes[m] for m, word in words.items() if word in ACCUSING)
    adjusted = [f.log10_p_adjusted for f in findings if f.log10_p_adjusted is not None]
    return PairItem(
        candidate="",
        reference="",
        finding=overall(findings),
        reused_share=reused / max(own.parameters, 1),
        log10_p_adjusted=min(adjusted, default=None),
        modules=words,  # type: ignore[arg-type]
    ).model_dump(mode="json")


def outline(made: Fingerprint) -> list[tuple[str, str, int]]:
    """(module, block, layers) of what a fingerprint holds."""
    layers: dict[tuple[str, str], set[int | None]] = {}
    for module in made.held.modules:
        for tensor in module.tensors:
            layers.setdefault((module.name, tensor.block), set()).add(tensor.layer)
    return [(module, block, len(found)) for (module, block), found in layers.items()]


def _value(outcome: Outcome, name: str) -> Any:  # noqa: ANN401
    return None if outcome.value is None else outcome.value.get(name)


def _error(outcome: Outcome) -> str | None:
    return None if outcome.error is None else str(outcome.error["message"])
