# SPDX-License-Identifier: Apache-2.0
"""``python -m parentage.testing.virtual``: serve the computed models."""

from __future__ import annotations

import threading

import click

from parentage.testing.hub import Fault, HubServer
from parentage.testing.virtual.catalogue import family, published
from parentage.testing.virtual.files import virtual_repository


@click.command()
@click.option("--port", type=click.IntRange(0, 65534), default=8910, show_default=True)
@click.option(
    "--failing",
    type=click.FloatRange(0, 0.9),
    default=0.0,
    metavar="SHARE",
    help="Share of the requests that fail with 503.",
)
def serve(port: int, failing: float) -> None:
    """Serve models of 100 to 671 billion parameters that are computed on demand."""
    faults = [Fault("status", share=failing, status=503)] if failing else []
    models = [*family().values(), *published().values()]
    repositories = [virtual_repository(model) for model in models]
    with HubServer(repositories, faults, port=port) as hub:
        for model in models:
            click.echo(f"{model.name:30} {model.parameters / 1e9:7.1f} B parameters")
        click.echo(f"\nexport HF_ENDPOINT={hub.endpoint}")
        click.echo(
            "parentage audit virtual/decoder --against virtual/reference "
            "--budget 40MB --undo-budget 0 --descent-budget 8MB"
        )
        threading.Event().wait()


if __name__ == "__main__":
    serve()
