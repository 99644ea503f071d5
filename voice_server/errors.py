"""Every exception that several of our packages know. Those of one alone stand there, below these.

VoiceServerError
├── ConfigurationError      settings or files that cannot be used; the message says what to do
│   └── ModelFileError      a model file is missing or is not the one that was named
├── ProtocolError           the client sent something wrong; carries code, field, and whether it is fatal
├── ModelError              a model failed at its work; the session goes on
│   └── OverloadedError     the model's queue is full
├── ToolError               a tool failed or gave nothing in time; the message is fit for the model
├── BusyError               the server takes no more sessions for now; carries when to try again
├── NoSessionError          there is no such session to come back to, or not with this token
├── LinkError               our client could not reach a server, was refused, or lost it
└── CoreError               a local event that the core's rules do not allow: a bug of ours
"""

from __future__ import annotations


class VoiceServerError(Exception):
    """Base of all our exceptions."""


class ConfigurationError(VoiceServerError):
    """Settings or files that cannot be used. The message tells the reader what to do."""


class ModelFileError(ConfigurationError):
    """A model file is missing, incomplete or not the one that was named."""


class ProtocolError(VoiceServerError):
    """The client sent something wrong.

    `code` is one word for programs, `field` names the place in the message ("config.turn.mode"),
    `close_code` is the WebSocket close code when the connection cannot go on, else None,
    `in_reply_to` the type of the message if it is known.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        field: str | None = None,
        close_code: int | None = None,
        in_reply_to: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.close_code = close_code
        self.in_reply_to = in_reply_to


class BusyError(VoiceServerError):
    """The server takes no more sessions for now. `retry_after_ms`: when to try again."""

    def __init__(self, message: str, retry_after_ms: int) -> None:
        super().__init__(message)
        self.retry_after_ms = retry_after_ms


class NoSessionError(VoiceServerError):
    """There is no such session to come back to: unknown, expired, or not with this token."""


class ModelError(VoiceServerError):
    """A model failed at one piece of work."""


class OverloadedError(ModelError):
    """The model's queue is full; the work was not begun."""


class ToolError(VoiceServerError):
    """A tool failed, or gave nothing in time. The message is fit for the model that called it."""


class LinkError(VoiceServerError):
    """Our own client could not reach a server, was refused by it, or lost it. The message is for its user.

    `close_code` is the WebSocket close code, if there was one; `retry_after_ms` says when a busy server
    wants to be asked again.
    """

    def __init__(
        self, message: str, *, close_code: int | None = None, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.retry_after_ms = retry_after_ms


class CoreError(VoiceServerError):
    """A local event that the rules do not allow. Nothing was changed."""
