"""`voice-server serve`: what it says when it cannot begin, and how it ends."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.server.serving import outcome, serving, starting
from voice_server.__main__ import app
from voice_server.client.link import open_link
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import ConfigurationError, LinkError
from voice_server.model_files.catalogue import load_catalogue
from voice_server.serving import bound
from voice_server.settings import ServerSettings, Settings


def test_help_says_what_it_needs_and_how_it_ends() -> None:
    result = CliRunner().invoke(app, ["serve", "--help"])
    assert result.exit_code == 0
    for word in ("--host", "--port", "--config", "models fetch", "Ctrl-C"):
        assert word in result.output


async def test_a_port_in_use_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, said = await outcome("--port", str(port))
    assert status == 1
    assert said == (
        f"voice-server: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "name another with --host or --port, or stop what uses it\n"
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_while_it_starts_connections_are_refused_and_the_address_is_taken(host: str) -> None:
    with bound(Settings(server=ServerSettings(host=host, port=0))) as listener:
        address = listener.getsockname()[:2]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        listener.listen()
        socket.create_connection(address).close()
        with pytest.raises(ConfigurationError, match="Address already in use"):
            bound(Settings(server=ServerSettings(host=host, port=address[1])))


async def test_missing_models_are_a_sentence_that_says_how_to_get_them(tmp_path: Path) -> None:
    status, said = await outcome("--port", "0", env={"VOICE_SERVER_MODELS_DIR": str(tmp_path)})
    assert status == 1
    assert said == (
        f"voice-server: model smart-turn-3.2: {tmp_path / 'smart-turn-3.2'} is missing: "
        "run `voice-server models fetch`\n"
    )


async def test_a_model_of_the_wrong_hash_is_a_sentence_with_both_hashes(tmp_path: Path) -> None:
    file = load_catalogue(tmp_path).named("smart-turn-3.2").file[0]
    wrong = tmp_path / "smart-turn-3.2" / file.name
    wrong.parent.mkdir()
    wrong.write_bytes(bytes(file.size_bytes))
    status, said = await outcome("--port", "0", env={"VOICE_SERVER_MODELS_DIR": str(tmp_path)})
    assert status == 1
    assert said.startswith(f"voice-server: model smart-turn-3.2: {wrong} has SHA-256 ")
    assert f"instead of {file.sha256}: run `voice-server models fetch`" in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[server]\nprt = 1\n", "server.prt: unknown field; did you mean port?"),
        (None, "cannot be read: No such file or directory"),
    ],
)
async def test_bad_settings_are_a_sentence_that_names_the_file_and_the_field(
    tmp_path: Path, text: str | None, complaint: str
) -> None:
    file = tmp_path / "server.toml"
    if text is not None:
        file.write_text(text)
    status, said = await outcome("--config", str(file))
    assert status == 1
    assert said.startswith(f"voice-server: {file}: ")
    assert complaint in said
    assert len(said.splitlines()) == 1


async def test_told_to_stop_while_it_starts_it_says_so(tmp_path: Path) -> None:
    settings = tmp_path / "server.toml"
    os.mkfifo(settings)
    async with starting("--config", str(settings)) as server:
        with await asyncio.to_thread(settings.open, "w"):  # now it reads, until there is no more to come
            os.kill(server.pid, signal.SIGINT)
            assert await server.ended() == (0, "stopped before it listened\n")


@pytest.mark.models
@pytest.mark.usefixtures("models_dir")
@pytest.mark.parametrize("told_by", [signal.SIGINT, signal.SIGTERM])
async def test_told_to_stop_it_tells_its_clients_and_ends_without_a_complaint(
    told_by: signal.Signals,
) -> None:
    async with serving() as server:
        async with open_link(server.url) as link:
            client = VoiceClient(link)
            await client.start({})
            os.kill(server.pid, told_by)
            with pytest.raises(LinkError) as lost:
                await _receive_to_the_end(client)
        assert await server.ended() == (0, "")
    assert lost.value.close_code == 1012, "come back"
    assert not client.log.received("session.ended"), "it is kept in the store"


async def _receive_to_the_end(client: VoiceClient) -> None:
    while True:
        await client.receive()
