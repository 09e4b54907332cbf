# SPDX-License-Identifier: Apache-2.0
"""The published tool modelDNA, run as its users run it; its verdict taken as it is.

Adil and Aamir, July 2026, PyPI ``modeldna``. Installed into a virtual environment of
its own and called as ``modeldna compare SUSPECT CANDIDATE --json``. Nothing of it is
imported. Models are reached through links named ``suspect`` and ``candidate`` in an
empty folder, so that no name says anything, and without the network.

Verdicts are kept by the content of both folders. ``compare`` takes folders only (not
the files that its ``fingerprint`` command writes), so fingerprints cannot be kept; a
pair of small models takes under half a second, nearly all of it start-up.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

VERSION = "0.1.0"
THRESHOLD_RULE = "the tool's own words: a lineage is named at probability 0.90 or more"
LINEAGE = frozenset(
    {"EXACT_COPY", "QUANTIZED_COPY", "FINE_TUNE", "SAME_LINEAGE", "LIKELY_MERGE"}
)
"""Verdict words that name the candidate as a parent."""
UNSURE = frozenset({"SAME_FAMILY_UNRESOLVED"})
"""The tool's abstention: "family-level match, exact parent ambiguous"."""


@dataclass(frozen=True)
class ToolVerdict:
    """What the tool said of a pair.

    Attributes:
        word: its verdict class; ``None`` when it gave none.
        probability: its probability, ``None`` when it ruled the candidate out.
        exit_code: of its process (``compare`` ends with 0 whatever it found).
        reason: why it ruled the candidate out, its notes, or its error text.
        seconds: run time of its process.
        version: of the tool.
        cached: whether an earlier run was returned.
    """

    word: str | None
    probability: float | None
    exit_code: int
    reason: str
    seconds: float
    version: str = VERSION
    cached: bool = False

    @property
    def related(self) -> bool:
        """Whether the tool names the candidate as a parent."""
        return self.word in LINEAGE


def install(folder: Path, version: str = VERSION) -> Path:
    """Create the tool's environment unless it is there; returns its command."""
    command = folder / "bin" / "modeldna"
    stamp = folder / f"modeldna-{version}.stamp"
    if not stamp.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, f"modeldna=={version}"], check=True)
        stamp.touch()
    return command


def digest(model: Path) -> str:
    """SHA-256 of a model folder: names and content of its files."""
    total = hashlib.sha256()
    for file in sorted(p for p in model.rglob("*") if p.is_file()):
        total.update(f"{file.relative_to(model)}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def run(
    candidate: Path,
    reference: Path,
    cache: Path,
    *,
    command: Path | None = None,
    timeout: float = 600,
) -> ToolVerdict:
    """Ask the tool whether ``candidate`` is derived from ``reference``.

    Args:
        candidate: folder of the model under test (the tool's "suspect").
        reference: folder of the alleged parent (the tool's "candidate").
        cache: folder for its environment (``modeldna-venv``) and its verdicts.
        command: the tool, if it is installed elsewhere.
        timeout: seconds.
    """
    key = hashlib.sha256(
        f"{VERSION} {digest(candidate)} {digest(reference)}".encode()
    ).hexdigest()
    kept = cache / "modeldna-verdicts" / f"{key}.json"
    if kept.is_file():
        return ToolVerdict(**json.loads(kept.read_text()) | {"cached": True})
    command = command or install(cache / "modeldna-venv")
    with tempfile.TemporaryDirectory() as empty:
        home = Path(empty)
        (home / "suspect").symlink_to(candidate.resolve())
        (home / "candidate").symlink_to(reference.resolve())
        offline = {"HOME": empty, "HF_HUB_OFFLINE": "1", "MODELDNA_DB": f"{empty}/db"}
        started = time.monotonic()
        done = subprocess.run(
            [command.absolute(), "compare", "suspect", "candidate", "--json"],
            cwd=home,
            env={**os.environ, **offline},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        seconds = round(time.monotonic() - started, 3)
    verdict = parse(done.stdout, done.stderr, done.returncode, seconds)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(asdict(verdict), indent=1) + "\n")
    return verdict


def parse(stdout: str, stderr: str, exit_code: int, seconds: float) -> ToolVerdict:
    """Read what the tool printed."""
    try:
        verdict = json.loads(stdout)["verdict"]
    except (ValueError, KeyError, TypeError):
        text = (stderr or stdout).strip()[-2000:]
        return ToolVerdict(None, None, exit_code, text, seconds)
    reasons = [c["ruled_out"] for c in verdict["candidates"] if c.get("ruled_out")]
    return ToolVerdict(
        verdict["verdict"],
        verdict["probability"],
        exit_code,
        "; ".join([*reasons, *verdict["notes"]]),
        seconds,
    )
