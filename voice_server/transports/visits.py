"""Where a native connection leads, whatever carries it: to a new session, or back to one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from voice_server.core.policy import SessionConfig
from voice_server.errors import BusyError, NoSessionError, ProtocolError
from voice_server.ports import Link
from voice_server.protocol.client_messages import SessionResume, SessionStart
from voice_server.protocol.codec import fatal
from voice_server.protocol.codes import CloseCode, ErrorCode
from voice_server.protocol.configuring import merge
from voice_server.protocol.server_messages import Error
from voice_server.runtime.options import Returning
from voice_server.runtime.session import SessionRunner
from voice_server.runtime.sessions import Comeback, Sessions
from voice_server.transports.native import check_voice


@dataclass(frozen=True, slots=True)
class Visit:
    """A connection that has become one of a session's; `link` and `returning` where that is not new."""

    runner: SessionRunner
    link: Link | None = None
    returning: Returning | None = None


async def visited(
    sessions: Sessions,
    message: SessionStart | SessionResume,
    linked: Callable[[SessionConfig], Link],
    fitted: Callable[[SessionConfig], SessionConfig] = lambda config: config,
) -> Visit:
    """What the first message asks for. `fitted`: as what carries it wants a new session's configuration.

    Raises ProtocolError, fatal; BusyError.
    """
    if isinstance(message, SessionResume):
        runner, returning = await _resumed(sessions, message)
        return Visit(runner, linked(runner.config), returning)
    try:
        config = fitted(merge(sessions.default_config, message.config))
        check_voice(config, sessions.voices, message.type)
    except ProtocolError as problem:
        raise fatal(problem, CloseCode.BAD_MESSAGE) from None
    return Visit(sessions.open(config, linked(config), capture=message.capture, lasting=True))


def busy_error(busy: BusyError) -> Error:
    """The last message to a client that there is no room for."""
    return Error(code=ErrorCode.BUSY, message=str(busy), fatal=True, retry_after_ms=busy.retry_after_ms)


async def _resumed(sessions: Sessions, message: SessionResume) -> tuple[SessionRunner, Returning]:
    wanted = Comeback(message.session, message.token, message.last_seq, message.response, message.played_ms)
    try:
        found = await sessions.resume(wanted)
    except NoSessionError as unknown:
        sessions.observer.resumed(found=False)
        raise ProtocolError(
            ErrorCode.NO_SESSION, str(unknown), close_code=CloseCode.NO_SESSION, in_reply_to=message.type
        ) from None
    sessions.observer.resumed(found=True)
    return found
