"""``ConfigLoader``: a file becomes frozen ``Settings`` with sources and warnings, or one error with every problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from vibe_quant.config.checks import check_shared, check_symbol
from vibe_quant.config.finding import Finding
from vibe_quant.config.lint import linting
from vibe_quant.config.lint_size import MarketFacts
from vibe_quant.config.merge import merge
from vibe_quant.config.problems import EMPTY, ConfigError, FileProblem, KeyPath, Problem, dotted, nearest, shown
from vibe_quant.config.schema import Fault, read_global, read_symbol
from vibe_quant.config.shape import GLOBAL, INHERITED
from vibe_quant.config.sources import Sources
from vibe_quant.config.steps import Steps, done
from vibe_quant.config.symbols import fault_of
from vibe_quant.config.wording import SECRET, is_secret
from vibe_quant.config.yaml_strict import Document, StrictYamlError, reading
from vibe_quant.domain.settings import GlobalSettings, Manage, Settings, SymbolSettings

MAX_BYTES = 262_144


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid configuration, who says what in it, and advice about it; ``sha256`` is that of the file's ``content``."""

    settings: Settings
    sources: Sources
    path: Path
    warnings: tuple[Problem, ...]
    sha256: str
    content: bytes = field(default=b"", repr=False)


class ConfigLoader:
    """Reads, merges, validates and checks a configuration file."""

    def load(self, path: Path, market: Mapping[str, MarketFacts] | None = None) -> Loaded:
        """Settings of the file at ``path``; ``market`` (symbol -> facts) makes the advice on sizes exact.

        Raises:
            FileProblem: it cannot be read.
            ConfigError: it is not a valid configuration; carries all problems at once.
        """
        return done(self.steps(path, market))

    def steps(self, path: Path, market: Mapping[str, MarketFacts] | None = None) -> Steps[Loaded]:
        """The same, a value or a symbol at a time; the file is read at the first step, whole."""
        content = _read(path)
        found = _Reading((yield from _document(path, content)))
        settings = yield from found.settings()
        if found.problems:
            raise ConfigError(path, found.problems)
        warnings = yield from linting(settings, found.sources, market)
        return Loaded(settings, found.sources, path, warnings, digest(content), content)


def digest(content: bytes) -> str:
    """What stands for a file's content."""
    return sha256(content).hexdigest()


def content_of(path: Path) -> bytes:
    """What stands in the file now, not judged; of one that is too large its beginning.

    Raises:
        FileProblem: it cannot be read.
    """
    return _read(path)


def read_document(path: Path) -> object:
    """Plain values of any YAML file, read as strictly as the configuration.

    Raises:
        FileProblem: it cannot be read.
        ConfigError: it is not YAML as it is understood here.
    """
    document = done(_document(path, _read(path)))
    if document.problems:
        raise ConfigError(path, document.problems)
    return document.data


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise FileProblem(
            path, "there is no such file; name one with --config, or let vibe-quant init write it"
        ) from None
    except IsADirectoryError:
        raise FileProblem(path, "is a directory; name the file in it") from None
    except PermissionError:
        raise FileProblem(path, "may not be read by this user; mend its permissions or owner") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise FileProblem(path, f"cannot be read: {reason}") from error


def _document(path: Path, content: bytes) -> Steps[Document]:
    if len(content) > MAX_BYTES:
        raise ConfigError(path, [Problem("", None, f"is larger than {MAX_BYTES // 1024} KiB, too large to be meant")])
    try:
        return (yield from reading(content.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(path, [Problem("", line, "is not UTF-8; save it as UTF-8")]) from None
    except StrictYamlError as fault:
        raise ConfigError(path, [fault.problem]) from None


@dataclass(slots=True)
class _Reading:
    """One file on its way to settings, gathering problems."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    sources: Sources = field(init=False)

    def settings(self) -> Steps[Settings]:
        self._add(self.document.problems)
        top = self._top()
        self.sources = Sources({}, {}, self.document.marks)
        if top is None:
            return Settings()
        raw_global = self._section(top.get("global", EMPTY), ("global",))
        raw_symbols = self._section(top.get("symbols", EMPTY), ("symbols",))
        self.sources = Sources(raw_global, raw_symbols, self.document.marks)
        shared, default = self._global(raw_global, any_symbols=top.get("symbols") not in (None, EMPTY, {}))
        symbols: list[tuple[str, SymbolSettings]] = []
        for name in raw_symbols:
            yield
            symbols.append((name, self._symbol(name, raw_global)))
        return Settings(shared, default, tuple(symbols))

    def _top(self) -> Mapping[str, Any] | None:
        data = self.document.data
        if data is EMPTY or data is None:
            self._problem((), "is empty; it needs global: and symbols:")
            return None
        if not isinstance(data, dict):
            self._problem((), f"must hold the keys global: and symbols:, and is {shown(data)}")
            return None
        for key in data:
            if key not in ("global", "symbols"):
                self._problem((key,), _unknown_top(key))
        return dict(data)

    def _section(self, value: Any, path: KeyPath) -> Mapping[str, Any]:
        if value is EMPTY or value is None:
            return {}
        if isinstance(value, dict):
            return value
        self._problem(path, f"must be a section, is {shown(value)}")
        return {}

    def _global(self, raw: Mapping[str, Any], any_symbols: bool) -> tuple[GlobalSettings, SymbolSettings]:
        shared, default, faults = read_global(raw)
        self._faults(None, faults)
        findings = [*check_shared(shared), *check_symbol(default)]
        if default.accel.mult_percent is not None:
            message = "scales tiers that a symbol inherits, so it belongs under a symbol; here, change the tiers"
            findings.append(Finding((("accel", "mult_percent"),), message))
        if shared.manage is Manage.LISTED:
            findings = [f for f in findings if not f.incomplete]
        blocked = self._findings(None, findings, faults)
        if shared.manage is Manage.LISTED and not any_symbols and not _touches((("manage",),), blocked):
            self._add([self.sources.problem(None, [("manage",)], _NOTHING_LISTED)])
        return shared, default

    def _symbol(self, name: str, raw_global: Mapping[str, Any]) -> SymbolSettings:
        here = ("symbols", name)
        if fault := fault_of(name):
            self._problem(here, fault)
        raw = self._section(self.sources.symbols[name], here)
        inherited = {m.name: raw_global[m.name] for m in INHERITED if m.name in raw_global}
        settings, faults = read_symbol(merge(inherited, raw))
        self._faults(name, faults)
        findings = list(check_symbol(settings))
        if settings.accel.mult_percent is not None and self.sources.written_by_symbol(name, ("accel", "tiers")):
            message = "scales inherited tiers, but this symbol gives its own; keep tiers or mult_percent"
            findings.append(Finding((("accel", "mult_percent"), ("accel", "tiers")), message))
        self._findings(name, findings, faults)
        return settings

    def _faults(self, symbol: str | None, faults: Iterable[Fault]) -> None:
        for fault in faults:
            path, line = self.sources.place(symbol, fault.path)
            self._add([Problem(dotted(path), line, fault.message)])

    def _findings(
        self, symbol: str | None, findings: Iterable[Finding], faults: Iterable[Fault]
    ) -> tuple[KeyPath, ...]:
        """Contradictions, less those that rest on a value which is itself at fault."""
        blocked = tuple(path for fault in faults for path in fault.blocks)
        for finding in findings:
            if not _touches(finding.uses, blocked):
                self._add([self.sources.problem(symbol, finding.uses, finding.message)])
        return blocked

    def _problem(self, path: KeyPath, message: str) -> None:
        mark = self.document.marks.get(path)
        self._add([Problem(dotted(path), mark.line if mark and path else None, message)])

    def _add(self, problems: Iterable[Problem]) -> None:
        self.problems += [p for p in problems if p not in self.problems]


_NOTHING_LISTED = (
    "manage: listed works only the symbols named under symbols:, and none is named; "
    "name at least one under symbols:, or set global.manage: all to work every open position of the account"
)


def _unknown_top(key: str) -> str:
    if key in {m.name for m in GLOBAL}:
        return "unknown key here; it belongs under global:"
    if is_secret(key):
        return SECRET
    if "/" in key or key.upper() == key:
        return "unknown key here; a symbol belongs under symbols:"
    meant = nearest(key, ("global", "symbols"))
    return f"unknown key; did you mean {meant}?" if meant else "unknown key; known here: global, symbols"


def _touches(uses: Iterable[KeyPath], blocked: Iterable[KeyPath]) -> bool:
    return any(a[: len(b)] == b or b[: len(a)] == a for a in uses for b in blocked)
