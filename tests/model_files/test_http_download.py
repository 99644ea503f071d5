"""Fetching from the web: whole, gone on with, and refused."""

from __future__ import annotations

import pytest

from tests.model_files.shelf import Shelf, file_table, model_table
from tests.model_files.web_server import WebServer

WEIGHTS = bytes(range(200))


@pytest.fixture
def listed(shelf: Shelf, web: WebServer) -> Shelf:
    """A shelf whose model is one page of the web."""
    web.pages["/w.bin"] = WEIGHTS
    part = {"kind": "url", "url": f"{web.url}/w.bin"}
    shelf.write_list(model_table("tiny", file_table("model.bin", WEIGHTS, part)))
    return shelf


def test_a_page_is_downloaded_and_reported(listed: Shelf) -> None:
    assert listed.fetch()[-1] == ("w.bin", 200, 200)
    assert listed.kept() == {"tiny/model.bin"}
    assert listed.content("tiny/model.bin") == WEIGHTS


def test_a_broken_download_goes_on_where_it_stopped(listed: Shelf, web: WebServer) -> None:
    web.break_after = 150
    assert "it goes on where it stopped" in listed.refusal()
    web.break_after = None
    listed.fetch()
    assert web.asked == [("/w.bin", None), ("/w.bin", "bytes=150-")]
    assert listed.content("tiny/model.bin") == WEIGHTS


def test_a_server_without_ranges_sends_it_all_again(listed: Shelf, web: WebServer) -> None:
    web.break_after, web.knows_range = 150, False
    listed.refusal()
    web.break_after = None
    listed.fetch()
    assert listed.content("tiny/model.bin") == WEIGHTS


def test_a_page_that_became_shorter_is_begun_anew(listed: Shelf, web: WebServer) -> None:
    web.pages["/w.bin"] = WEIGHTS + WEIGHTS
    web.break_after = 300
    listed.refusal()
    web.pages["/w.bin"], web.break_after = WEIGHTS, None
    assert "answered 416" in listed.refusal()
    listed.fetch()
    assert listed.content("tiny/model.bin") == WEIGHTS


def test_a_wrong_hash_keeps_nothing(listed: Shelf, web: WebServer) -> None:
    web.pages["/w.bin"] = b"something else"
    assert f"refused model.bin from {web.url}/w.bin" in listed.refusal()
    assert listed.kept() == set()


def test_a_page_that_is_not_there(listed: Shelf, web: WebServer) -> None:
    web.pages.clear()
    assert "/w.bin answered 404" in listed.refusal()


def test_a_server_that_is_not_there(shelf: Shelf) -> None:
    with WebServer().running() as gone:
        part = {"kind": "url", "url": f"{gone.url}/w.bin"}
    shelf.write_list(model_table("tiny", file_table("model.bin", WEIGHTS, part)))
    said = shelf.refusal()
    assert f"could not download {gone.url}/w.bin" in said
    assert "Check the network" in said


def test_a_hub_file_is_at_its_repository_and_revision(
    shelf: Shelf, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", web.url)
    web.pages["/some/repo/resolve/v1/sub/w.bin"] = WEIGHTS
    part = {"kind": "hub", "repo": "some/repo", "revision": "v1", "filename": "sub/w.bin"}
    shelf.write_list(model_table("tiny", file_table("model.bin", WEIGHTS, part)))
    shelf.fetch()
    assert shelf.content("tiny/model.bin") == WEIGHTS
