# SPDX-License-Identifier: Apache-2.0
"""A real HTTP server that speaks the Hub's API, with faults on demand."""

from parentage.testing.hub.faults import Fault
from parentage.testing.hub.files import Blob, Repository, folder_repository
from parentage.testing.hub.server import HubServer, Request

__all__ = ["Blob", "Fault", "HubServer", "Repository", "Request", "folder_repository"]
