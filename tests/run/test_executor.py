# SPDX-License-Identifier: Apache-2.0
"""Lost workers, repeated tasks and a driver started again change no result."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.registry.conftest import *  # noqa: F403
from tests.registry.conftest import ZOO

from parentage.errors import UsageError
from parentage.run.batch import fingerprints as make_all
from parentage.run.batch import pairs, read_list, screens
from parentage.run.executor import Here, Ledger, Processes, Work, key_of, work_through


def square(payload):
    """A task that kills its own worker the first time it sees a marked number."""
    n = payload["n"]
    if n == payload.get("deadly") and payload["mark"]:
        mark = Path(payload["mark"])
        if not mark.exists():
            mark.write_text("seen")
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGKILL)
    if n == payload.get("wrong"):
        raise UsageError("seven is not squared here")
    return {"n": n, "square": n * n}


def always_dies(payload):
    """A task that no worker survives."""
    if payload["n"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"n": payload["n"]}


def works(count, **extra):
    return [
        Work(key_of(n=n, **extra), str(n), {"n": n, "mark": "", **extra})
        for n in range(count)
    ]


def values(outcomes):
    return [o.value for o in outcomes]


def test_order_errors_and_the_ledger(tmp_path):
    ledger = Ledger(tmp_path)
    todo = works(9, wrong=7)
    first = work_through(Here(), square, todo, ledger=ledger)
    assert [v["square"] for v in values(first) if v] == [
        n * n for n in range(9) if n != 7
    ]
    assert first[7].error["code"] == "usage"
    again = work_through(Here(), square, todo, ledger=ledger)
    assert values(again) == values(first)
    assert [o.kept for o in again] == [n != 7 for n in range(9)]


def test_a_half_written_result_is_not_taken(tmp_path):
    ledger = Ledger(tmp_path)
    todo = works(2)
    work_through(Here(), square, todo, ledger=ledger)
    file = tmp_path / f"{todo[0].key}.json"
    file.write_bytes(file.read_bytes()[:5])
    again = work_through(Here(), square, todo, ledger=ledger)
    assert [o.kept for o in again] == [False, True]
    assert values(again)[0] == {"n": 0, "square": 0}


def test_a_killed_worker_changes_nothing(tmp_path):
    todo = works(8, deadly=4, mark=str(tmp_path / "mark"))
    found = work_through(Processes(2), square, todo)
    assert (tmp_path / "mark").exists()
    assert [v["square"] for v in values(found)] == [n * n for n in range(8)]


def test_a_task_that_always_kills_is_given_up_alone():
    found = work_through(Processes(2), always_dies, works(5))
    assert [o.value is not None for o in found] == [True, True, True, False, True]
    assert "lost" in found[3].error["message"]


MODELS = [str(ZOO / "models" / n) for n in ("decoder-a", "decoder-half", "moe-a")]


def test_lists_of_models_go_on_where_they_stopped(tmp_path):
    (tmp_path / "list").write_text("\n# a comment\n".join([*MODELS, "/nowhere"]))
    models = read_list(tmp_path / "list")
    document = make_all(models, tmp_path / "out", Here(), size=200_000)
    assert [row.error is None for row in document.rows] == [True, True, True, False]
    files = {row.file: Path(row.file).read_bytes() for row in document.rows[:3]}
    stamps = {file: Path(file).stat().st_mtime_ns for file in files}
    Path(document.rows[1].file).unlink()
    again = make_all(models, tmp_path / "out", Here(), size=200_000)
    assert [row.file for row in again.rows] == [row.file for row in document.rows]
    assert {file: Path(file).read_bytes() for file in files} == files
    assert Path(again.rows[0].file).stat().st_mtime_ns == stamps[again.rows[0].file]


def test_pairs_and_screens_of_a_list(tmp_path, small):
    from parentage.registry.container import to_bytes
    from parentage.registry.store import Registry, prepare

    document = pairs(MODELS, tmp_path / "out", Here())
    words = {(p.candidate, p.reference): p.finding for p in document.pairs}
    assert words[MODELS[1], MODELS[0]] == "reused"
    assert words[MODELS[0], MODELS[2]] == "no-dependence-found"
    assert len(words) == 6
    url = str(tmp_path / "r.db")
    with Registry(url) as registry:
        registry.add([prepare(to_bytes(small[n])) for n in ("decoder-a", "moe-b")])
    batch, documents = screens(MODELS[1:], url, Here(), output=tmp_path / "screens")
    assert [row.finding for row in batch.rows] == ["reused", "no-dependence-found"]
    assert batch.rows[0].nearest == "decoder-a"
    kept = screens(MODELS[1:], url, Here(), output=tmp_path / "screens")[1]
    assert kept == documents


def plain(documents):
    """Documents without what tells the time."""
    return json.dumps(
        [
            {k: v for k, v in d.items() if k not in {"created", "seconds"}}
            for d in documents
        ],
        sort_keys=True,
    )


@pytest.mark.services
def test_ray_with_a_killed_worker_gives_the_same(tmp_path, small):
    """Two workers, one of which is killed in the middle of its work."""
    from parentage.run.executor_ray import Ray

    todo = works(12, deadly=5, mark=str(tmp_path / "mark"))
    found = work_through(Ray(None, 2), square, todo, ledger=Ledger(tmp_path / "l"))
    assert (tmp_path / "mark").exists()
    assert [v["square"] for v in values(found)] == [n * n for n in range(12)]
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


@pytest.mark.services
def test_ray_screens_as_one_process_does(tmp_path, small, monkeypatch):
    from parentage.registry.container import to_bytes
    from parentage.registry.store import Registry, prepare
    from parentage.run.executor_ray import Ray

    url = str(tmp_path / "r.db")
    with Registry(url) as registry:
        registry.add([prepare(to_bytes(f)) for f in small.values()])
    index = tmp_path / "index"
    alone = screens(MODELS, url, Here(), index=index)[1]
    together = screens(MODELS, url, Ray("local", 2), index=index)[1]
    assert plain(together) == plain(alone)


def busy_workers():
    """Ray's processes of this one that are at a task."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            parents = [int(folder.name)]
            while parents[-1] > 1:
                stat = Path(f"/proc/{parents[-1]}/stat").read_text()
                parents.append(int(stat.rpartition(")")[2].split()[1]))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if command.startswith(b"ray::guarded") and os.getpid() in parents:
            found.append(int(folder.name))
    return found


@pytest.mark.services
@pytest.mark.parametrize("after", [1, 5])
def test_screenings_whose_worker_is_killed_are_those_of_one_process(
    tmp_path, small, after
):
    """One of two workers is killed while it screens; all documents are there."""
    from parentage.registry.container import to_bytes
    from parentage.registry.store import Registry, prepare
    from parentage.run.executor_ray import Ray

    url = str(tmp_path / "r.db")
    with Registry(url) as registry:
        registry.add([prepare(to_bytes(f)) for f in small.values()])
    models = []
    for number in range(12):
        models.append(str(tmp_path / f"model-{number}"))
        Path(models[-1]).symlink_to(MODELS[number % len(MODELS)])
    index = tmp_path / "index"
    alone = screens(models, url, Here(), index=index)[1]
    killed = []

    def kill(_label, done, _of):
        busy = busy_workers()
        if done >= after and busy and not killed:
            killed.append(busy[0])
            os.kill(busy[0], signal.SIGKILL)

    batch, together = screens(models, url, Ray("local", 2), index=index, progress=kill)
    assert killed
    assert all(row.error is None for row in batch.rows)
    assert plain(together) == plain(alone)
