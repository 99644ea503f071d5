"""In order, bounded, and at an end when it is closed."""

from __future__ import annotations

from voice_server.core.events import SessionEnding
from voice_server.transports.webrtc.mailbox import MESSAGE_LIMIT, SOUND_LIMIT, Mail, Mailbox, Sound


async def everything(mailbox: Mailbox) -> list[Mail]:
    mailbox.close()
    taken: list[Mail] = []
    while (mail := await mailbox.take()) is not None:
        taken.append(mail)
    return taken


async def test_what_came_first_is_taken_first() -> None:
    mailbox = Mailbox()
    mails: list[Mail] = ["a", Sound(b"1"), b"b", SessionEnding("hung_up"), Sound(b"2")]
    for mail in mails:
        mailbox.put(mail)
    assert await everything(mailbox) == mails


async def test_sound_that_nobody_takes_is_lost_and_messages_are_not() -> None:
    mailbox = Mailbox()
    for number in range(SOUND_LIMIT + 10):
        mailbox.put(Sound(bytes([number])))
    mailbox.put("a message")
    taken = await everything(mailbox)
    assert taken == [*(Sound(bytes([n])) for n in range(SOUND_LIMIT)), "a message"]


async def test_there_is_room_again_for_sound_when_some_was_taken() -> None:
    mailbox = Mailbox()
    for _ in range(SOUND_LIMIT):
        mailbox.put(Sound(b"old"))
    await mailbox.take()
    mailbox.put(Sound(b"new"))
    assert (await everything(mailbox))[-1] == Sound(b"new")


async def test_who_sends_without_end_is_hung_up() -> None:
    mailbox = Mailbox()
    for _ in range(MESSAGE_LIMIT + 5):
        mailbox.put("more")
    assert len(await everything(mailbox)) == MESSAGE_LIMIT


async def test_what_comes_after_the_end_is_not_taken() -> None:
    mailbox = Mailbox()
    mailbox.close()
    mailbox.put("late")
    assert await everything(mailbox) == []
