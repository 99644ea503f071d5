from __future__ import annotations

import pytest

from voice_server.adapters.spoken_text import spoken_words


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("It is half past nine.", "It is half past nine."),
        ("**Bold**, *soft* and `code`", "Bold, soft and code"),
        ("# Title", " Title"),
        ("a _quiet_ word", "a quiet word"),
        ("see [this](https://example.org/a_b) page", "see this page"),
        ("see [this page](https://example.org) now", "see this page now"),
        ("[[raw]] text", "raw text"),
        ("good 😀 day", "good  day"),
        ("1️⃣ first ☑️", "1 first "),
        ("👍🏽 fine", " fine"),
        ("18°C or $5 or 50%", "18°C or $5 or 50%"),
        ("C++ & AT&T", "C++ & AT&T"),
        ("Dr. Smith and Mrs. Jones", "Dr Smith and Mrs Jones"),
        ("(Prof. Lee)", "(Prof Lee)"),
        ("Ask the Dr.", "Ask the Dr."),
        ("It ends. Dr. No", "It ends. Dr No"),
        ("wait… what", "wait, what"),
        ("wait... what...", "wait, what."),
        ("yes — no", "yes , no"),
        ("yes -- no - maybe", "yes , no , maybe"),
        ("hello—world", "hello, world"),
        ("well-known", "well-known"),
        ("- one - two", " one , two"),
        ("the end —", "the end "),
        ('" "', " "),
        ("... —", " "),
        ("\ud83d\u0000 zero\u200bwidth", " zerowidth"),
        ("", ""),
    ],
)
def test_what_is_said(text: str, spoken: str) -> None:
    assert " ".join(spoken_words(text.split())) == spoken


def test_every_word_has_its_own_answer() -> None:
    assert spoken_words(["😀", "Dr.", "—", "*hi*"]) == ["", "Dr", ",", "hi"]
