# SPDX-License-Identifier: Apache-2.0
"""Records ``backup-0001.zip``: a small portal in the first version of the tables.

Written once, with ``python tests/web/record_backup.py``; the file stays as it is, so
that upgrades are held to what an old server really left behind.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text

from parentage.report.canonical import canonical_json
from parentage.web.backup import backup
from parentage.web.chain import START, digest_of
from parentage.web.database import open_database
from parentage.web.settings import Settings

ZOO = Path(__file__).parents[2] / "zoo" / "models"
TIME = "2026-11-25T12:00:00.000000+00:00"


def main():
    """Write the file beside this one."""
    line = [sys.executable, "-m", "parentage.cli.main", "audit"]
    line += [str(ZOO / "vlm-frozen"), "--against", str(ZOO / "vlm-donor")]
    line += ["--json", "--no-cache", "--budget", "1MB"]
    report = subprocess.run(line, capture_output=True, check=False).stdout
    data = json.loads(report)
    digest = hashlib.sha256(report).hexdigest()
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder))
        engine = open_database(settings.database, upgrade_to="0001")
        with engine.connect().execution_options(parentage_writes=True) as c, c.begin():
            put(c, "portal_organisations", id=1, slug="team", name="Team", created=TIME)
            put(
                c,
                "portal_accounts",
                id=1,
                name="verifier",
                display="verifier",
                role="verifier",
                totp_used=0,
                active=True,
                created=TIME,
            )
            put(
                c,
                "portal_models",
                id=1,
                name="vlm-frozen",
                organisation_id=1,
                description="",
                licence="",
                declared_base="",
                created=TIME,
            )
            put(
                c,
                "portal_versions",
                id=1,
                model_id=1,
                label="1",
                reference="",
                note="",
                created=TIME,
            )
            put(
                c,
                "portal_blobs",
                digest=digest,
                kind="report",
                size=len(report),
                content=report,
                created=TIME,
            )
            put(
                c,
                "portal_reports",
                id=1,
                digest=digest,
                model_id=1,
                version_id=1,
                origin="upload",
                candidate="vlm-frozen",
                candidate_digest=data["candidate"]["digest"],
                references=json.dumps(["vlm-donor"]),
                finding=data["finding"],
                headline=data["headline"],
                coverage=data["coverage"],
                made=data["created"],
                created=TIME,
                created_by=1,
            )
            entry = {
                "seq": 1,
                "at": TIME,
                "kind": "report-published",
                "subject": "model:1",
                "actor": "verifier",
                "payload": {"report": 1, "digest": digest},
                "previous": START,
            }
            made = digest_of(entry)
            payload = canonical_json(entry["payload"]).decode()
            put(c, "portal_ledger", **{**entry, "payload": payload}, digest=made)
            c.execute(
                text("UPDATE portal_ledger_head SET seq = 1, digest = :d"), {"d": made}
            )
        engine.dispose()
        backup(settings, Path(__file__).with_name("backup-0001.zip"))


def put(connection, table, **values):
    """One row."""
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({places})"), values)


if __name__ == "__main__":
    main()
