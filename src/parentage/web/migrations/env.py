# SPDX-License-Identifier: Apache-2.0
"""How alembic reaches the portal's database: by the connection that it was handed."""

from alembic import context

from parentage.web.tables import VERSION_TABLE, Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
