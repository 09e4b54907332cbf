# SPDX-License-Identifier: Apache-2.0
"""How alembic reaches the registry: by the connection that it was handed."""

from alembic import context

from parentage.registry.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA)
with context.begin_transaction():
    context.run_migrations()
