"""Logs: one line for each message, for people in a terminal or as JSON for programs."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def set_up_logging(style: str, level: str, stream: TextIO | None = None) -> None:
    """Send this process's logs, and those of its libraries, to `stream`, by default standard error.

    `auto`: for people where the stream is a terminal, else JSON.
    """
    stream = stream or sys.stderr
    people = style == "console" or (style == "auto" and stream.isatty())
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    _handle_all(shared, _ending(people, stream), level, stream)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _handle_all(shared: list[Processor], ending: list[Processor], level: str, stream: TextIO) -> None:
    """Also what comes through the standard library's logging."""
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _ending(people: bool, stream: TextIO) -> list[Processor]:
    if people:
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), pad_event_to=22)]
    return [structlog.processors.format_exc_info, _event_first, structlog.processors.JSONRenderer()]


def _event_first(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:
    """`time`, `level` and `event` lead each line, so that eyes find them too."""
    lead = {key: event.pop(key) for key in ("time", "level", "event") if key in event}
    return {**lead, **event}
