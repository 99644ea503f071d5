"""ICE as a server needs it: ports from a range, an announced address, and restarts.

aiortc leaves all of it to `aioice.Connection`, which takes any port, announces what it binds, and connects
once. This one is put in its place; what it touches of aioice's own is in this file alone.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
from dataclasses import dataclass

import aioice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import CandidatePair, StunProtocol, server_reflexive_candidate
from aioice.stun import TransactionError
from aioice.utils import random_string
from aiortc import RTCIceTransport
from aiortc.rtcicetransport import parse_stun_turn_uri

SERVER_TIMEOUT_S = 2
"""A STUN or TURN server that has not answered by then is done without: an offer waits for it."""
RECEIVE_BUFFER_BYTES = 256 * 1024
LOOPBACK = "127.0.0.1"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A relay."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    transport: str = "udp"
    tls: bool = False


@dataclass(frozen=True, slots=True)
class IceOptions:
    """Where media may come in."""

    addresses: tuple[str, ...] = ()
    """The addresses to bind. None: every one but loopback, or loopback if there is no other."""
    ports: range | None = None
    """UDP ports; a call takes one for each address. None: any."""
    announced_address: str | None = None
    """What clients are told in the place of a bound IPv4 address."""
    stun: tuple[str, int] | None = None
    turn: TurnServer | None = None


def turn_server(url: str, username: str | None, password: str | None) -> TurnServer:
    """From `turn:HOST:PORT?transport=udp` (RFC 7065). Raises ValueError."""
    parts = parse_stun_turn_uri(url)
    return TurnServer(
        parts["host"], parts["port"], username, password, parts["transport"], parts["scheme"] == "turns"
    )


def stun_server(url: str) -> tuple[str, int]:
    """From `stun:HOST:PORT` (RFC 7064). Raises ValueError."""
    parts = parse_stun_turn_uri(url)
    return parts["host"], parts["port"]


class IceConnection(aioice.Connection):
    """One call's. Fits what aiortc asks of `aioice.Connection`."""

    def __init__(self, options: IceOptions) -> None:
        turn = options.turn
        super().__init__(
            ice_controlling=False,
            turn_server=(turn.host, turn.port) if turn else None,
            turn_username=turn.username if turn else None,
            turn_password=turn.password if turn else None,
            turn_ssl=bool(turn and turn.tls),
            turn_transport=turn.transport if turn else "udp",
        )
        self._options = options
        self._before_restart: CandidatePair | None = None

    def take_the_place_of(self, transport: RTCIceTransport) -> None:
        """Be what this transport, which has not begun, sends and receives through."""
        transport.iceGatherer._connection = self
        transport._connection = self
        transport._recv, transport._send = self.recv, self.send

    # ── candidates ──

    @property
    def local_candidates(self) -> list[aioice.Candidate]:
        """As the client is told them."""
        announced = self._options.announced_address
        candidates = super().local_candidates
        return [_announced(c, announced) for c in candidates] if announced else candidates

    async def get_component_candidates(
        self,
        component: int,
        addresses: list[str],
        timeout: int = 5,  # noqa: ASYNC109  as its base
    ) -> list[aioice.Candidate]:
        """Host candidates from the range, what a STUN server sees of them, and a relay."""
        bound = [
            protocol
            for address in self._options.addresses or addresses or [LOOPBACK]
            if (protocol := await self._bound(component, address))
        ]
        if not bound:
            raise ConnectionError("no UDP port is free")
        self._protocols += bound
        reflexive = [candidate for protocol in bound if (candidate := await self._reflexive(protocol))]
        relayed = await self._relayed(component)
        return [protocol.local_candidate for protocol in bound] + reflexive + relayed

    async def add_remote_candidate(self, remote_candidate: aioice.Candidate | None) -> None:
        """A name of multicast DNS is not resolved: its owner's checks reach us, and show its address."""
        if remote_candidate is None or not remote_candidate.host.endswith(".local"):
            await super().add_remote_candidate(remote_candidate)

    async def _bound(self, component: int, address: str) -> StunProtocol | None:
        loop = asyncio.get_running_loop()
        for port in self._ports():
            try:
                _, protocol = await loop.create_datagram_endpoint(
                    lambda: StunProtocol(self), local_addr=(address, port)
                )
            except OSError:
                continue
            protocol.local_candidate = _host_candidate(component, protocol)
            return protocol
        logger.warning("no UDP port is free on %s: more may be set as webrtc.ports", address)
        return None

    def _ports(self) -> list[int]:
        ports = self._options.ports
        return random.sample(ports, len(ports)) if ports else [0]

    async def _reflexive(self, protocol: StunProtocol) -> aioice.Candidate | None:
        if self._options.stun is None or ":" in protocol.local_candidate.host:
            return None
        try:
            async with asyncio.timeout(SERVER_TIMEOUT_S):
                candidate, _ = await server_reflexive_candidate(protocol, self._options.stun)
        except (OSError, TimeoutError, TransactionError) as error:
            logger.warning("the STUN server does not answer: %s", error or "no answer in time")
            return None
        return candidate

    async def _relayed(self, component: int) -> list[aioice.Candidate]:
        """aioice takes a TURN server that refuses, or is not there, for none."""
        relayed = await super().get_component_candidates(component, [], SERVER_TIMEOUT_S)
        if self._options.turn and not relayed:
            logger.warning(
                "the TURN server gives no relay: is it there, and are the user and password right?"
            )
        return relayed

    # ── restarts (RFC 8445, section 9) ──

    def begin_restart(self) -> None:
        """New credentials on the same sockets. What is connected stays so until `restart` finds better."""
        self._before_restart = self._nominated.get(1, self._before_restart)
        for pair in self._check_list:
            if pair.task:
                pair.task.cancel()
        self._local_username, self._local_password = random_string(4), random_string(22)
        self._check_list, self._check_list_done = [], False
        self._check_list_state = asyncio.Queue()
        self._remote_candidates, self._remote_candidates_end = [], False
        self._early_checks_done = False
        self._nominated, self._nominating = {}, set()

    async def restart(self, username: str, password: str) -> None:
        """Connect anew, to a peer with these credentials. Raises ConnectionError if that cannot be done."""
        if self._query_consent_task:
            self._query_consent_task.cancel()
        self.remote_username, self.remote_password = username, password
        await self.connect()
        self._before_restart = None

    async def sendto(self, data: bytes, component: int) -> None:
        """As ever; during a restart, the way that was."""
        pair = self._nominated.get(component, self._before_restart)
        if pair is None:
            raise ConnectionError("not connected")
        await pair.protocol.send_data(data, pair.remote_addr)

    async def recvfrom(self) -> tuple[bytes, int]:
        """As ever, and during a restart too."""
        if not self._nominated and self._before_restart is None:
            raise ConnectionError("not connected")
        result = await self._queue.get()
        if result is None:
            raise ConnectionError("the connection was lost")
        return result

    async def close(self) -> None:
        """As ever."""
        self._before_restart = None
        await super().close()


def _host_candidate(component: int, protocol: StunProtocol) -> aioice.Candidate:
    handle = protocol.transport.get_extra_info("socket")
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    host, port = protocol.transport.get_extra_info("sockname")[:2]
    return aioice.Candidate(
        foundation=candidate_foundation("host", "udp", host),
        component=component,
        transport="udp",
        priority=candidate_priority(component, "host"),
        host=host,
        port=port,
        type="host",
    )


def _announced(candidate: aioice.Candidate, address: str) -> aioice.Candidate:
    if candidate.type != "host" or ":" in candidate.host:
        return candidate
    return aioice.Candidate(
        foundation=candidate.foundation,
        component=candidate.component,
        transport=candidate.transport,
        priority=candidate.priority,
        host=address,
        port=candidate.port,
        type="host",
    )
