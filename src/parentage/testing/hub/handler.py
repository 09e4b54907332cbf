# SPDX-License-Identifier: Apache-2.0
"""Answers to single requests, right ones and wrong ones."""

from __future__ import annotations

import json
import re
import time
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from parentage.testing.hub.faults import Fault, first_hit
from parentage.testing.hub.files import LARGE, Blob, Repository

if TYPE_CHECKING:
    from parentage.testing.hub.server import HubServer

_API = re.compile(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+).*)?")
_RESOLVE = re.compile(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_WEB = re.compile(r"/web/([^/]+/[^/]+)/(.+)")
_STORED = re.compile(r"/stored/([^/]+/[^/]+)/(.+)")
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_STEP = 1 << 18


class Handler(BaseHTTPRequestHandler):
    """Answers one connection's requests, one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def do_GET(self) -> None:
        """Answer a GET."""
        self._handle()

    def do_HEAD(self) -> None:
        """Answer a HEAD: the same without a body."""
        self._handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: requests are kept in the server's list."""

    @property
    def _hub(self) -> HubServer:
        hub: HubServer = self.server.hub  # type: ignore[attr-defined]
        return hub

    def _handle(self) -> None:
        from parentage.testing.hub.server import Request  # noqa: PLC0415 - a cycle

        if self.path == "/_sent":
            with self._hub.lock:
                told = {**self._hub.sent, "": len(self._hub.requests)}
            self._say(200, json.dumps(told).encode())
            return
        hub, storage = self._hub, bool(self.server.storage)  # type: ignore[attr-defined]
        path = unquote(urlsplit(self.path).path)
        with hub.lock:
            number = len(hub.requests)
            fault = first_hit(hub.faults, number, path)
            hub.requests.append(
                Request(
                    number,
                    self.command,
                    self.path,
                    self.headers.get("Range"),
                    storage,
                    "Authorization" in self.headers,
                    fault.kind if fault else None,
                )
            )
        try:
            self._answer(path, fault, storage=storage)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _answer(self, path: str, fault: Fault | None, *, storage: bool) -> None:
        if fault is not None and fault.kind == "cut":
            self.close_connection = True
            return
        if fault is not None and fault.kind == "status":
            more = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._say(fault.status, b"{}", more)
            return
        if fault is not None and fault.kind == "slow":
            time.sleep(fault.seconds)
        stored = ((_STORED, self._stored), (_WEB, self._web))
        hub = ((_API, self._api), (_RESOLVE, self._resolve))
        for pattern, answer in stored if storage else hub:
            found = pattern.fullmatch(path)
            if found:
                answer(found, fault)
                return
        self._say(404, b"{}")

    def _repository(self, name: str, *, files: bool) -> Repository | None:
        """The repository, or ``None`` after an answer that refuses it."""
        found = self._hub.repositories.get(name)
        known = found is not None and (
            found.token is None
            or self.headers.get("Authorization") == f"Bearer {found.token}"
        )
        if found is None or (found.private and not known):
            more = {"X-Error-Code": "RepoNotFound"}
            self._say(404 if known else 401, b"{}", more)
            return None
        if found.gated and files and not known:
            more = {
                "X-Error-Code": "GatedRepo",
                "X-Error-Message": f"Access to model {name} is restricted.",
            }
            self._say(401 if "Authorization" not in self.headers else 403, b"{}", more)
            return None
        return found

    def _api(self, found: re.Match[str], _: Fault | None) -> None:
        name, view, revision = found.groups()
        repository = self._repository(name, files=False)
        if repository is None:
            return
        commit = repository.commit_of(unquote(revision or "main"))
        if commit is None:
            self._say(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
            return
        if view == "tree":
            body: object = repository.tree()
        else:
            asked = parse_qs(urlsplit(self.path).query)
            siblings = repository.siblings()
            if "blobs" not in asked:
                siblings = [{"rfilename": item["rfilename"]} for item in siblings]
            gated = "manual" if repository.gated else False
            body = {
                "id": name,
                "sha": commit,
                "private": repository.private,
                "gated": gated,
                "siblings": siblings,
            }
        self._say(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _resolve(self, found: re.Match[str], fault: Fault | None) -> None:
        name, revision, path = found.groups()
        repository = self._repository(name, files=True)
        if repository is None:
            return
        commit = repository.commit_of(unquote(revision))
        blob = repository.files.get(path)
        if commit is None or blob is None:
            code = "EntryNotFound" if commit else "RevisionNotFound"
            self._say(404, b"", {"X-Error-Code": code})
            return
        more = {"X-Repo-Commit": commit}
        if not path.endswith(LARGE):
            self._file(name, blob, fault, more)
            return
        where = f"{self._hub.storage}/stored/{name}/{quote(path)}?signature=secret"
        more |= {
            "Location": where,
            "X-Linked-Size": str(blob.size),
            "X-Linked-Etag": f'"{blob.digest}"',
        }
        self._say(302, b"", more)

    def _web(self, found: re.Match[str], fault: Fault | None) -> None:
        repository = self._hub.repositories.get(found[1])
        blob = repository.files.get(found[2]) if repository else None
        if blob is None:
            self._say(404, b"")
            return
        self._file(found[1], blob, fault, {})

    def _stored(self, found: re.Match[str], fault: Fault | None) -> None:
        if "signature=secret" not in self.path:
            self._say(403, b"")
            return
        self._web(found, fault)

    def _file(
        self, name: str, blob: Blob, fault: Fault | None, more: dict[str, str]
    ) -> None:
        """A file or a range of it."""
        kind = fault.kind if fault else None
        tag = blob.digest if kind != "tag" else blob.digest[::-1]
        more = {"ETag": f'"{tag}"', "Accept-Ranges": "bytes", **more}
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        if self.headers.get("If-Range", f'"{tag}"') != f'"{tag}"':
            asked = None
        begin, end, status = 0, blob.size, 200
        if asked is not None and kind != "ignore-range":
            begin = int(asked[1])
            end = min(int(asked[2]) + 1 if asked[2] else blob.size, blob.size)
            status = 206
            if begin >= end:
                self._say(416, b"", {"Content-Range": f"bytes */{blob.size}"})
                return
            shift = 1 if kind == "wrong-range" else 0
            said = f"bytes {begin + shift}-{end - 1 + shift}/{blob.size}"
            more["Content-Range"] = said
        length = end - begin
        announced = length + (7 if kind == "wrong-length" else 0)
        self.send_response(status)
        for key, value in more.items():
            self.send_header(key, value)
        if kind == "longer":
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        if self.command == "HEAD":
            return
        if kind in {"truncate", "wrong-length", "longer"}:
            self.close_connection = True
        if kind == "truncate":
            end = begin + length // 2
        for start in range(begin, end, _STEP):
            data = blob.read(start, min(start + _STEP, end))
            if kind == "longer":
                data += b"more"
                data = f"{len(data):x}\r\n".encode() + data + b"\r\n"
            self.wfile.write(data)
            with self._hub.lock:
                self._hub.sent[name] += len(data)
        if kind == "longer":
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _say(
        self, status: int, body: bytes, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for key, value in (more or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
