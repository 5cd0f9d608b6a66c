"""The knobs of what surrounds trading: the durable record, logs, the page and metrics, Telegram."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vibe_quant.domain.knobs import group, knob

KEEP_DAYS_LEAST = 8
"""What looks back further than this is carried over when rows of the journal go (``journal.carried``)."""


class LogLevel(StrEnum):
    """How much is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogForm(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


class Loudness(StrEnum):
    """How a message arrives on the phone."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


class Language(StrEnum):
    """Of messages to the operator."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class JournalSettings:
    """The durable record."""

    path: str | None = knob(None, "its SQLite file; null: journal.sqlite in the state folder", pattern=r".")
    url: str | None = knob(
        None, "PostgreSQL mirror; its password comes from PGPASSWORD or a credential, never from here"
    )
    keep_days: int | None = knob(
        90, "rows older than this are removed, the mirror's stay, days; null: none ever is", ge=KEEP_DAYS_LEAST, le=3650
    )


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is written for people."""

    level: LogLevel = knob(LogLevel.INFO, "least level that is written: debug, info, warning, error")
    folder: str | None = knob(
        None, "folder of the log files; null: logs/, or what the service manager names", pattern=r".", restart=True
    )
    form: LogForm = knob(
        LogForm.TEXT, "text: one line an event, event | key=value; json: one JSON object a line", restart=True
    )
    keep_days: int = knob(30, "log files older than this are removed, days", ge=1, le=3650, restart=True)
    compress_days: int = knob(1, "log files older than this are compressed, days", ge=0, le=3650, restart=True)


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The page, the metrics and the health of the service, over HTTP."""

    enabled: bool = knob(True, "serve them")
    host: str = knob("127.0.0.1", "address; one that is not loopback needs the credential web_token", pattern=r".")
    port: int = knob(8420, "port; 0: any that is free", ge=0, le=65_535)


@dataclass(frozen=True, slots=True)
class TelegramUser:
    """Who may command, and where."""

    chat: int = knob(..., "id of the chat", ge=-(10**15), le=10**15)
    user: int = knob(..., "id of the user who writes in it", ge=1, le=10**15)


@dataclass(frozen=True, slots=True)
class TelegramEvents:
    """What is told, and how loudly."""

    on_fill: Loudness = knob(Loudness.ON, "an order of ours was filled: on, silent, off")
    on_exit_finished: Loudness = knob(Loudness.ON, "a side is flat or at its target: its cost card")
    on_open_alert: Loudness = knob(Loudness.ON, "a position was opened or enlarged")
    on_reconnect: Loudness = knob(Loudness.SILENT, "a stream was lost or is back")
    on_risk_trigger: Loudness = knob(
        Loudness.ON, "near liquidation: soft risk, panic, halts, doubts; any alarm is as loud"
    )
    on_stop: Loudness = knob(Loudness.SILENT, "a protective stop was placed or lost")
    on_mismatch: Loudness = knob(Loudness.ON, "the account is not as the program believed")
    on_daily_report: Loudness = knob(Loudness.SILENT, "what the day has cost")
    on_lifecycle: Loudness = knob(Loudness.SILENT, "start, stop, pause, reload, and all else")


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    """Messages to a phone, and commands from it; the token is the credential telegram_token."""

    enabled: bool = knob(False, "send messages and listen to commands", restart=True)
    language: Language = knob(Language.EN, "en, zh")
    allow: tuple[TelegramUser, ...] = knob((), "who may command; messages go to each chat named here")
    events: TelegramEvents = group(TelegramEvents, "what is told: on, silent (without a sound), off")
    daily_report_hour: int = knob(0, "hour of the daily report, UTC", ge=0, le=23)
    api_url: str = knob("https://api.telegram.org", "the Bot API server", pattern=r"^https?://.+[^/]$", restart=True)
