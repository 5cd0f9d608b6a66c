"""The page's own files, held in memory: they are the same in every installation and tell nothing of this one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

FOLDER = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """``etag`` changes with the content."""

    body: bytes
    kind: str
    etag: str


class PageFiles:
    """/ and /static/*; what is no file of the page is not found, whatever the disk holds."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = (path for path in sorted(folder.iterdir()) if path.suffix in KINDS)
        self._files = {path.name: _read(path) for path in found}

    def routes(self) -> list[web.RouteDef]:
        """The page and its parts."""
        return [web.get("/", self._page), web.get("/static/{name}", self._part)]

    async def _page(self, request: web.Request) -> web.Response:
        return self._sent(request, "index.html")

    async def _part(self, request: web.Request) -> web.Response:
        return self._sent(request, request.match_info["name"])

    def _sent(self, request: web.Request, name: str) -> web.Response:
        file = self._files.get(name)
        if file is None:
            raise web.HTTPNotFound
        headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache"}
        if file.etag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        return web.Response(body=file.body, content_type=file.kind, charset="utf-8", headers=headers)


def _read(path: Path) -> PageFile:
    body = path.read_bytes()
    return PageFile(body, KINDS[path.suffix], hashlib.sha256(body).hexdigest()[:16])
