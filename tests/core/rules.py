"""What no session may ever do, checked command by command."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate

from voice_server.core import commands
from voice_server.core.commands import Command


@dataclass
class Told:
    """What was said of one response."""

    began: bool = False
    stopped: bool = False
    finished: bool = False
    clauses: int = 0
    text: str = ""
    placed: list[str] = field(default_factory=list)


@dataclass
class Rules:
    """Watches the commands of one session, in order, and fails at the first that breaks a rule."""

    live: dict[int, Told] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    heard: list[str] = field(default_factory=list)
    opened: set[int] = field(default_factory=set)
    committed: set[int] = field(default_factory=set)
    speaking: int | None = None
    promised: dict[int, str] = field(default_factory=dict)
    kept_from_ms: int = 0
    request: int = 0
    ended: bool = False
    called: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    away: bool = False
    """The client is: nothing may be played."""
    _just_discarded: int | None = None
    _last_at_ms: int = 0

    def watch(self, command: Command, now_ms: int) -> None:
        """One more command."""
        assert not self.ended, f"{command} after the end of the session"
        self._turns(command)
        self._words(command)
        self._questions(command)
        self._tools(command)
        self._responses(command)
        self._just_discarded = command.response if isinstance(command, commands.Discard) else None

    def _turns(self, command: Command) -> None:
        match command:
            case commands.TurnOpened(turn=turn):
                assert turn > 0
                assert self.speaking is None, "a turn opened within a turn"
                assert turn not in self.committed, "a turn that was committed goes on"
                self.speaking = turn
                self.opened.add(turn)
            case commands.TurnPaused(turn=turn):
                assert self.speaking == turn, "a turn paused that was not open"
                self.speaking = None
            case commands.TranscriptCommitted(turn=turn):
                assert turn in self.opened
                assert self.speaking != turn, "committed before it paused"
                assert turn not in self.committed, "committed twice"
                assert command.text.strip()
                assert command.start_ms <= command.end_ms
                self.committed.add(turn)
            case commands.TurnPassed(turn=turn):
                assert turn not in self.opened
                assert self.speaking is None, "a turn passed while the user spoke"
                assert not any(told.began for told in self.live.values()), "a turn passed over an answer"
                assert not self.away, "a turn passed of a client that is not there"
                assert command.start_ms <= command.end_ms
            case commands.ResponseBegan(turn=turn) if turn in self.opened:
                assert turn in self.committed, "an answer to a turn that was not committed"
            case commands.SessionEnded():
                assert self.speaking is None
                assert not self.live, "the session ended before its response"
                self.ended = True
            case _:
                pass

    def _words(self, command: Command) -> None:
        match command:
            case commands.TranscriptRevised(turn=turn, text=text, stable=stable):
                assert turn == max(self.opened), "a hypothesis of no turn, or of an earlier one"
                assert turn not in self.committed, "a hypothesis of a turn that is over"
                assert 0 <= stable <= len(text)
                promised = self.promised.get(turn, "")
                assert stable >= len(promised), "a stable prefix became shorter"
                assert text.startswith(promised), "a stable prefix changed"
                self.promised[turn] = text[:stable]
            case commands.TranscriptCommitted(turn=turn, text=text):
                assert text.startswith(self.promised.get(turn, "")), "the final text broke a promise"
            case _:
                pass

    def _questions(self, command: Command) -> None:
        match command:
            case commands.KeepInput(from_ms=from_ms):
                assert from_ms >= self.kept_from_ms
                self.kept_from_ms = from_ms
            case commands.Transcribe() | commands.ScoreTurn():
                assert command.request > self.request
                self.request = command.request
                assert self.kept_from_ms <= command.start_ms <= command.end_ms
            case _:
                pass

    def _tools(self, command: Command) -> None:
        match command:
            case commands.ToolCalled(call=call, response=response):
                assert self.live[response].began, "a draft called a tool"
                self._open(call)
            case commands.RunTool(call=call_to_run):
                self._open(call_to_run.id)
            case commands.ToolCancelled(call=call) | commands.CancelTool(call=call):
                assert call in self.called, "a call was cancelled that was not made"
                assert call not in self.cancelled, "cancelled twice"
                self.cancelled.add(call)
            case _:
                pass

    def _open(self, call: str) -> None:
        assert call not in self.called, "two calls of one name"
        self.called.add(call)

    def _responses(self, command: Command) -> None:
        response = getattr(command, "response", None)
        if response is None:
            return
        if isinstance(command, commands.ResponseEnded):
            self._end(command)
            return
        assert response not in self.gone, f"{command} after its end"
        told = self.live.setdefault(response, Told())
        assert len(self.live) == 1, "two responses at a time"
        self._making(command, told)
        self._playing(command, told)
        if isinstance(command, commands.Discard) and not told.began:
            self._forget(response)

    def _making(self, command: Command, told: Told) -> None:
        match command:
            case commands.Synthesize():
                assert not told.finished, "a clause after the last"
                assert command.clause == told.clauses
                assert any(letter.isalnum() for letter in command.text)
                told.clauses += 1
            case commands.FinishAudio():
                assert not told.finished
                told.finished = True
            case commands.Curtail():
                assert 0 <= command.clauses <= told.clauses
                told.finished = True
            case commands.TextAdded():
                assert told.began, "a draft was told"
                told.text += command.delta
            case commands.WordsPlaced():
                assert told.began, "a draft was told"
                told.placed += [word.text for word in command.words]
            case _:
                pass

    def _playing(self, command: Command, told: Told) -> None:
        match command:
            case commands.ResponseBegan():
                assert not told.began
                told.began = True
            case commands.Play():
                assert told.began, "a draft is audible"
                assert not self.away, "audio for a client that is not there"
                assert not told.stopped, "audio after the stop"
                assert command.position >= 0
            case commands.ResponseStopped():
                assert told.began
                assert not told.stopped, "stopped twice"
                told.stopped = True
            case commands.ResponseResumed():
                assert told.stopped, "resumed without a stop"
                told.stopped = False
            case _:
                pass

    def _end(self, ended: commands.ResponseEnded) -> None:
        told = self.live[ended.response]
        assert told.began
        assert self._just_discarded == ended.response, "its making goes on after its end"
        assert ended.text == told.text.strip()
        assert " ".join(ended.text.split()).startswith(ended.heard), "heard what was not said"
        ends = {ended.text, *accumulate(told.placed, initial="")}
        assert _letters(ended.heard) in map(_letters, ends), "heard half a word"
        assert ended.status != "completed" or not told.stopped
        if ended.heard:
            self.heard.append(ended.heard)
        self._forget(ended.response)

    def _forget(self, response: int) -> None:
        del self.live[response]
        self.gone.add(response)


def _letters(text: str) -> str:
    return "".join(text.split())
