"""One call's connection: SDP in and out, a data channel, and sound both ways.

What comes is put into the mailbox; nothing here knows what a message means.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InvalidAccessError, InvalidStateError, OperationError
from aiortc.jitterbuffer import JitterBuffer
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtpreceiver import NackGenerator
from aiortc.rtp import RtpPacket
from aiortc.stats import RTCRemoteInboundRtpStreamStats

from voice_server.audio.jitter import MAX_PATIENCE_MS, SEQUENCES, TIMESTAMPS
from voice_server.audio.rates import FRAME_MS
from voice_server.core.events import SessionEnding
from voice_server.ports import AudioFrame
from voice_server.transports.webrtc.answers import with_opus_wishes
from voice_server.transports.webrtc.downlink import Downlink, Sent
from voice_server.transports.webrtc.ice import IceConnection, IceOptions
from voice_server.transports.webrtc.libopus import RATE_HZ
from voice_server.transports.webrtc.mailbox import Mailbox, Sound
from voice_server.transports.webrtc.marks import Mark, Marks
from voice_server.transports.webrtc.offers import Offer, OfferError
from voice_server.transports.webrtc.playback import PlaybackEstimate
from voice_server.transports.webrtc.uplink import Uplink

UNSENT_LIMIT_BYTES = 64 * 1024
"""Messages that may wait for a client that does not read, before who sends waits too."""
FAREWELL_S = 1.0
"""A client that does not take its last messages within this time does without."""
STATISTICS_MS = 1_000
WORTH_WAITING_FOR = MAX_PATIENCE_MS // FRAME_MS
"""Packets. What is missing for longer is not asked for again."""


class Peer:
    """One call. `answer` is called once, and first; `close` ends it, and may be called again."""

    def __init__(self, label: str, options: IceOptions) -> None:
        self.mailbox = Mailbox()
        self.estimate = PlaybackEstimate()
        self._label = label
        self.downlink = Downlink(self._ticked)
        self._uplink = Uplink(lambda pcm: self.mailbox.put(Sound(pcm)), _now_ms)
        self._connection = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._ice = IceConnection(options)
        self._sender = self._connection.addTrack(self.downlink)
        self._audio = self._connection.getTransceivers()[0]
        self._channel: RTCDataChannel | None = None
        self._changed = asyncio.Event()  # the channel opened, was drained, or closed
        self._closed = False
        self._measured_ms = 0
        self._marks = Marks()
        self._sent_clock: int | None = None  # of the packet that was sent last
        self.marked: Callable[[Mark], None] | None = None
        """Called where the sound that is sent begins, breaks off or leaps."""
        self._prepare()

    # ── signalling ──

    async def answer(self, offer: Offer) -> str:
        """The SDP that answers. Raises OfferError."""
        return await self._negotiated(offer)

    async def restart(self, offer: Offer) -> str:
        """The answer to another offer of the same client, which wants new candidates. Raises OfferError.

        To be followed by `reconnect`.
        """
        self._ice.begin_restart()
        self._sender.transport.transport.iceGatherer._remote_candidates_end = False
        return await self._negotiated(offer)

    async def reconnect(self, offer: Offer) -> None:
        """Find the new way. If there is none, the call is over."""
        try:
            await self._ice.restart(offer.ice_username, offer.ice_password)
        except ConnectionError:
            await self.close()

    async def _negotiated(self, offer: Offer) -> str:
        try:
            await self._connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
            for extra in self._connection.getTransceivers():
                if extra is not self._audio:
                    extra.direction = "inactive"
            await self._connection.setLocalDescription(await self._connection.createAnswer())
        except (InvalidAccessError, InvalidStateError, OperationError, ValueError) as error:
            raise OfferError("bad_sdp", f"the offer cannot be answered: {error}") from error
        return with_opus_wishes(self._connection.localDescription.sdp, offer.sdp)

    # ── what the session says ──

    async def opened(self) -> None:
        """Return when the data channel is there. Raises ConnectionError if the call ends before."""
        while self._channel is None:
            if self._closed:
                raise ConnectionError("the call is over")
            self._changed.clear()
            await self._changed.wait()

    async def say(self, text: str) -> None:
        """Send a message. Waits while the client does not read; raises ConnectionError when it is gone."""
        while (channel := self._open_channel()).bufferedAmount > UNSENT_LIMIT_BYTES:
            self._changed.clear()
            await self._changed.wait()
        try:
            channel.send(text)
        except ValueError as error:  # longer than the client takes
            raise ConnectionError(str(error)) from error

    def mention(self, text: str) -> None:
        """Send a message that a client can do without, at once; where it does not read, it does without."""
        channel = self._channel
        if channel and channel.readyState == "open" and channel.bufferedAmount <= UNSENT_LIMIT_BYTES:
            channel.send(text)

    async def play(self, frame: AudioFrame) -> None:
        """Have the frame sent in its turn. Waits, and raises, as `say`."""
        await self.downlink.put(frame)
        await self._measure()

    def hush(self) -> None:
        """Send no more of the audio that waits."""
        self.downlink.flush()
        if report := self.estimate.cut():
            self.mailbox.put(report)

    def trust_client(self) -> None:
        """The client itself tells what it has played."""
        self.estimate.give_way()

    @property
    def closed(self) -> bool:
        """Whether the call is over."""
        return self._closed

    async def close(self) -> None:
        """Hang up at once."""
        self._over()
        await self._connection.close()

    def dismiss(self) -> None:
        """The server goes: who has no session yet need not wait for one."""
        self.mailbox.put(SessionEnding("the server restarts"))
        if self._channel is None:
            self._over()

    async def part(self, last: str | None = None) -> None:
        """Hang up when all messages, and `last`, have arrived, or after a while in which they have not."""
        try:
            async with asyncio.timeout(FAREWELL_S):
                if last is not None:
                    await self.say(last)
                await self._closed_by_both(self._open_channel())
        except (ConnectionError, TimeoutError):
            pass  # it is gone, or as good as gone
        await self.close()

    async def _closed_by_both(self, channel: RTCDataChannel) -> None:
        channel.close()
        while channel.readyState != "closed":
            self._changed.clear()
            await self._changed.wait()

    async def _measure(self) -> None:
        """Now and then, take from the client's reports how long sound is on its way."""
        now_ms = _now_ms()
        if now_ms < self._measured_ms + STATISTICS_MS:
            return
        self._measured_ms = now_ms
        for report in (await self._sender.getStats()).values():
            if isinstance(report, RTCRemoteInboundRtpStreamStats) and report.roundTripTime is not None:
                self.estimate.measured(report.roundTripTime * 1000, report.jitter * 1000 / RATE_HZ)

    def _open_channel(self) -> RTCDataChannel:
        if self._closed or self._channel is None or self._channel.readyState != "open":
            raise ConnectionError("the client is gone")
        return self._channel

    # ── what happens ──

    def _prepare(self) -> None:
        self._ice.take_the_place_of(self._sender.transport.transport)
        opus = [c for c in RTCRtpSender.getCapabilities("audio").codecs if c.mimeType == "audio/opus"]
        self._audio.setCodecPreferences(opus)
        _divert(self._audio.receiver, self._uplink)
        self._connection.on("datachannel", self._channel_came)
        self._connection.on("connectionstatechange", self._state_changed)

    def _channel_came(self, channel: RTCDataChannel) -> None:
        if channel.label != self._label or self._channel is not None:
            return
        channel.bufferedAmountLowThreshold = UNSENT_LIMIT_BYTES
        channel.on("message", self.mailbox.put)
        channel.on("bufferedamountlow", self._changed.set)
        channel.on("close", self._channel_closed)
        self._channel = channel
        self._changed.set()

    def _channel_closed(self) -> None:
        self.mailbox.close()
        self._changed.set()

    def _state_changed(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self._over()

    def _over(self) -> None:
        self._closed = True
        self.downlink.stop()
        self.mailbox.close()
        self._changed.set()

    def _ticked(self, sent: Sent | None) -> None:
        """20 ms have passed."""
        now_ms = _now_ms()
        self._uplink.tick()
        self._mark(sent)
        if sent:
            self.estimate.sent(sent.response, sent.position, now_ms)
        if report := self.estimate.report(now_ms):
            self.mailbox.put(report)

    def _mark(self, sent: Sent | None) -> None:
        """aiortc begins with a time stamp of chance, and tells that of the last packet to RTCP alone."""
        last, self._sent_clock = self._sent_clock, self.downlink.clock
        if last is None or self.marked is None:
            return
        rtp: int = self._sender._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
        if mark := self._marks.packet((rtp + self.downlink.clock - last) % TIMESTAMPS, sent):
            self.marked(mark)


def _divert(receiver: RTCRtpReceiver, uplink: Uplink) -> None:
    """Have the packets of a receiver that has not begun."""
    receiver._RTCRtpReceiver__jitter_buffer = _Diverted(uplink)  # type: ignore[attr-defined]
    receiver._RTCRtpReceiver__nack_generator = _Missing()  # type: ignore[attr-defined]


class _Missing(NackGenerator):
    """Asks for what is missing once more (RFC 4585, 6.2.1), as aiortc does of video alone.

    A client that keeps its packets sends them again; any other ignores it.
    """

    def truncate(self) -> None:
        """What is older than the longest patience would come in vain."""
        newest = self.max_seq or 0
        self.missing = {lost for lost in self.missing if (newest - lost) % SEQUENCES <= WORTH_WAITING_FOR}


class _Diverted(JitterBuffer):
    """Stands where aiortc's jitter buffer would, and lets nothing through to its decoder."""

    def __init__(self, uplink: Uplink) -> None:
        super().__init__(capacity=1)
        self._uplink = uplink

    def add(self, packet: RtpPacket) -> tuple[bool, None]:
        self._uplink.receive(packet)
        return False, None


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
