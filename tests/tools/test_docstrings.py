"""What is read from docstrings."""

from __future__ import annotations

from voice_server.tools.docstrings import Described, described


def test_google_s_style() -> None:
    def find(what: str, *, near: str, many: int = 3) -> None:
        """Find things.

        All kinds of them.
        Example: Find me a bakery. -> {"what":"bakery"}

        Args:
            what: A word for it,
                in English.
            near (str): A place: any place.
            many: How many.

        Returns:
            what: not a parameter.

        Raises:
            OSError: never.
        """

    text = 'Find things.\n\nAll kinds of them.\nExample: Find me a bakery. -> {"what":"bakery"}'
    parameters = {"what": "A word for it, in English.", "near": "A place: any place.", "many": "How many."}
    assert described(find) == Described(text, parameters)


def test_sphinx_s_style() -> None:
    def find(what: str, near: str) -> None:
        """Find things.

        :param what: A word for it,
            in English.
        :param str near: A place.
        :returns: nothing
            at all.
        """

    assert described(find) == Described(
        "Find things.", {"what": "A word for it, in English.", "near": "A place."}
    )


def test_prose_alone_and_nothing_at_all() -> None:
    def plain() -> None:
        """Do it."""

    def bare() -> None:
        pass

    assert described(plain) == Described("Do it.")
    assert described(bare) == Described()
