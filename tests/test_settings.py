"""Defaults, a file, the environment, arguments: the later wins, and what is wrong is named."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from voice_server.core.policy import Policy, SessionConfig, TurnConfig
from voice_server.errors import ConfigurationError
from voice_server.protocol.configuring import resolved
from voice_server.reference.described import field_docstrings
from voice_server.section import Section
from voice_server.settings import Settings, load

Write = Callable[[str], Path]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for variable in [name for name in os.environ if name.upper().startswith("VOICE_SERVER_")]:
        monkeypatch.delenv(variable)
    return monkeypatch


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        file = tmp_path / "config.toml"
        file.write_text(text, encoding="utf-8")
        return file

    return write_file


def complaint(file: Path | None = None, **server: str | int) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(file, **server)
    return str(caught.value)


def test_everything_has_a_default() -> None:
    settings = load()
    assert (settings.server.host, settings.server.port, settings.server.keys) == ("127.0.0.1", 8000, ())
    assert settings.models.tts == "piper-en_US-joe-medium"
    assert settings.llm.url is None
    assert settings.policy() == Policy()
    assert settings.session_config(22_050) == SessionConfig()


def test_the_file_wins_over_defaults_and_the_environment_over_the_file(
    write: Write, environment: pytest.MonkeyPatch
) -> None:
    file = write('[server]\nhost = "::1"\nport = 1\nmax_sessions = 2\n[turn]\nresponsiveness = 0.9\n')
    environment.setenv("VOICE_SERVER_SERVER__PORT", "2")
    environment.setenv("VOICE_SERVER_TURN__MODE", "manual")
    settings = load(file)
    assert (settings.server.host, settings.server.port, settings.server.max_sessions) == ("::1", 2, 2)
    assert (settings.turn.responsiveness, settings.turn.mode) == (0.9, "manual")


def test_arguments_win_over_all(write: Write, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VOICE_SERVER_SERVER__PORT", "2")
    settings = load(write("[server]\nport = 1\nmax_sessions = 5"), port=3, host="0.0.0.0")
    assert (settings.server.host, settings.server.port, settings.server.max_sessions) == ("0.0.0.0", 3, 5)


def test_a_session_begins_with_what_is_set(write: Write) -> None:
    settings = load(
        write(
            """
            [session]
            instructions = "Be brief."
            language = "fr"
            greeting = "Salut."
            idle_limit_ms = 60_000
            [turn]
            mode = "manual"
            responsiveness = 1
            barge_in = false
            [llm]
            url = "http://127.0.0.1:1/v1"
            model = "m"
            temperature = 0
            max_tokens = 50
            stall_ms = 9000
            """
        )
    )
    assert settings.policy() == Policy(generation_stall_ms=9000, idle_limit_ms=60_000)
    assert settings.session_config(24_000) == SessionConfig(
        instructions="Be brief.",
        language="fr",
        greeting="Salut.",
        output_rate_hz=24_000,
        turn=TurnConfig("manual", 1.0, False),
        model="m",
        temperature=0.0,
        max_tokens=50,
    )


def test_what_a_session_begins_with_can_be_told_to_a_client(write: Write) -> None:
    settings = load(write(f'[session]\ninstructions = "{"x" * 16_000}"\ngreeting = "{"x" * 1_000}"'))
    assert resolved(settings.session_config(22_050)).instructions == "x" * 16_000


def test_keys_come_as_a_list_or_with_commas_and_are_never_shown(
    write: Write, environment: pytest.MonkeyPatch
) -> None:
    listed = load(write('[server]\nkeys = ["alpha", "beta"]'))
    environment.setenv("VOICE_SERVER_SERVER__KEYS", "alpha, beta")
    environment.setenv("VOICE_SERVER_LLM__API_KEY", "gamma")
    settings = load()
    assert [key.get_secret_value() for key in settings.server.keys] == ["alpha", "beta"]
    assert listed.server.keys == settings.server.keys
    assert settings.llm.api_key is not None
    assert settings.llm.api_key.get_secret_value() == "gamma"
    for secret in ("alpha", "beta", "gamma"):
        assert secret not in repr(settings)


def test_the_models_directory_may_be_named_in_either_way(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VOICE_SERVER_MODELS_DIR", "shared")
    assert load().models.dir == Path("shared")
    environment.setenv("VOICE_SERVER_MODELS__DIR", "own")
    assert load().models.dir == Path("own")


def test_settings_cannot_be_changed() -> None:
    settings = load()
    with pytest.raises(ValueError, match="frozen"):
        settings.server.port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[server]\nport = 65536", "server.port: expected a whole number from 0 to 65535, got 65536"),
        ("[server]\nprot = 1", "server.prot: unknown field; did you mean port?"),
        ("[server]\nkeys = [5]", "server.keys.0: expected a string"),
        ("[servers]\nport = 1", "servers: unknown field; did you mean server?"),
        ("server = 3", "server: expected an object, got 3"),
        ("[turn]\nmode = 'push'", 'turn.mode: expected one of "auto", "manual", got "push"'),
        ("[turn]\nresponsiveness = nan", "turn.responsiveness: expected a number from 0 to 1, got NaN"),
        (
            "[session]\nlanguage = 'English'",
            "session.language: expected a string that matches `^[a-z]{2,3}$`",
        ),
        ("[session]\nheartbeat_ms = 0", "session.heartbeat_ms: expected a whole number of 1 or more, got 0"),
        ("[llm]\nurl = 'http://x'", "llm.model: missing; `llm.url` needs the name of one of its models"),
        ("[audio]\nlead_ms = 10", "audio.lead_ms: expected a whole number from 40 to 5000, got 10"),
    ],
)
def test_a_wrong_value_is_named_with_its_file(write: Write, text: str, said: str) -> None:
    file = write(text)
    assert complaint(file).startswith(f"{file}: {said}")


def test_everything_wrong_is_named_at_once(write: Write) -> None:
    lines = complaint(write("[server]\nport = 'x'\n[turn]\nmode = 1")).splitlines()
    assert [line.split(": ")[1] for line in lines] == ["server.port", "turn.mode"]


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("VOICE_SERVER_SERVER__PORT", "x", 'server.port: expected a whole number from 0 to 65535, got "x"'),
        ("VOICE_SERVER_SERVER__PROT", "1", "server.prot: unknown field; did you mean port?"),
        ("VOICE_SERVER_SERVR__PORT", "1", "no section SERVR; did you mean SERVER?"),
        ("voice_server_turn__barge_in", "maybe", 'turn.barge_in: expected true or false, got "maybe"'),
    ],
)
def test_a_wrong_variable_is_named(
    write: Write, environment: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    environment.setenv(variable, value)
    assert complaint(write("[server]\nport = 1")) == f"{variable}: {said}"


def test_a_variable_for_a_whole_section_must_be_json(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("VOICE_SERVER_SERVER", "x")
    assert "set single fields, as in VOICE_SERVER_SERVER__PORT" in complaint()


def test_a_wrong_argument_is_named() -> None:
    assert complaint(port=70_000) == "--port: server.port: expected a whole number from 0 to 65535, got 70000"


def test_a_wrong_secret_is_not_shown(write: Write) -> None:
    assert "12345" not in complaint(write("[llm]\napi_key = 12345"))


def test_a_file_that_cannot_be_read_is_named(write: Write, tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert complaint(missing) == f"{missing}: cannot be read: No such file or directory"
    broken = write("[server\n")
    assert complaint(broken).startswith(f"{broken}: not TOML: ")
    broken.write_bytes(b"\xff")
    assert complaint(broken).startswith(f"{broken}: not TOML: ")


def test_every_section_and_field_is_described() -> None:
    for name, section in Settings.model_fields.items():
        assert isinstance(section.annotation, type)
        assert section.annotation.__doc__, name
        assert issubclass(section.annotation, Section)
        docstrings = field_docstrings(section.annotation)
        for field in section.annotation.model_fields:
            assert docstrings.get(field), f"{name}.{field}"


def test_sessions_are_kept_where_programs_keep_their_state(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("XDG_STATE_HOME", "/var/lib/state")
    assert load().store.path == Path("/var/lib/state/voice-server/sessions.db")
    environment.delenv("XDG_STATE_HOME")
    environment.setenv("HOME", "/home/ada")
    assert load().store.path == Path("/home/ada/.local/state/voice-server/sessions.db")
