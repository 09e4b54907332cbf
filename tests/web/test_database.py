# SPDX-License-Identifier: Apache-2.0
"""What the portal is kept in."""

import time

import pytest
from sqlalchemy import select

from parentage.web.database import open_database, reading, writing
from parentage.web.tables import Organisation


@pytest.mark.services
@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII"])
def test_texts_come_back_as_they_went_in(postgres_server, encoding):
    """SQL_ASCII is what a server makes where no locale is set; drivers give bytes."""
    from benchmarks.registry.postgres import new_database

    url = new_database(postgres_server, f"w{time.time_ns()}", encoding=encoding)
    engine = open_database(url)
    with writing(engine) as db:
        db.add(Organisation(slug="hanul", name="한울 연구소"))
        db.commit()
    with reading(engine) as db:
        assert db.scalar(select(Organisation.name)) == "한울 연구소"
    engine.dispose()
