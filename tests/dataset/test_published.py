"""Checks how published files are found and fetched, and what a person reads when that fails."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from loopback import Site, serving

from perftransfer.dataset.published import PublishedFile, Unavailable, unavailable
from perftransfer.errors import UserError

CONTENT = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site() -> Iterator[Site]:
    with serving({"t.csv": CONTENT, "broken.csv": CONTENT}) as server:
        yield server


@pytest.fixture(autouse=True)
def no_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATASETS", raising=False)


def test_a_file_is_found_anywhere_below_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "er" / "t.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    monkeypatch.setenv("DATASETS", str(tmp_path))
    assert PublishedFile("t.csv", None, SHA256.upper()).locate(tmp_path / "downloads") == path
    assert not (tmp_path / "downloads").exists()


def test_without_a_sum_any_content_is_taken_but_not_one_of_several_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "t.csv").write_bytes(b"anything")
    monkeypatch.setenv("DATASETS", str(tmp_path))
    assert PublishedFile("t.csv", None, None).locate(tmp_path / "downloads") == tmp_path / "a" / "t.csv"
    (tmp_path / "t.csv").write_bytes(b"another")
    with pytest.raises(UserError, match=r"t\.csv: several files are called so: .*a/t\.csv.*; give sha256"):
        PublishedFile("t.csv", None, None).locate(tmp_path / "downloads")


def test_of_several_files_of_that_name_the_right_one_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, content in (("a", b"another"), ("b", CONTENT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "t.csv").write_bytes(content)
    (tmp_path / "0" / "t.csv").mkdir(parents=True)
    monkeypatch.setenv("DATASETS", str(tmp_path))
    assert PublishedFile("t.csv", None, SHA256).locate(tmp_path / "downloads") == tmp_path / "b" / "t.csv"


@pytest.mark.parametrize("folder", ["datasets", "downloads"])
def test_a_file_with_another_content_is_bad_input_with_both_sums(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "t.csv").write_bytes(b"another")
    if folder == "datasets":
        monkeypatch.setenv("DATASETS", str(tmp_path / folder))
    with pytest.raises(UserError) as error:
        PublishedFile("t.csv", None, SHA256).locate(tmp_path / "downloads")
    for part in (str(tmp_path / folder / "t.csv"), SHA256, hashlib.sha256(b"another").hexdigest()):
        assert part in str(error.value)


def test_a_file_that_can_be_had_nowhere_is_bad_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        UserError, match=r"t\.csv: not below the folder DATASETS \(unset\), and the study has no address"
    ):
        PublishedFile("t.csv", None, SHA256).locate(tmp_path)
    monkeypatch.setenv("DATASETS", str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match=r"DATASETS is set to .*nowhere, which is not a folder"):
        PublishedFile("t.csv", None, SHA256).locate(tmp_path)


def test_a_file_is_downloaded_once(tmp_path: Path, site: Site) -> None:
    for _ in range(2):
        path = PublishedFile("t.csv", site.address("t.csv"), SHA256).locate(tmp_path / "downloads")
        assert path.read_bytes() == CONTENT
    assert site.n_requests == 1
    assert list((tmp_path / "downloads").iterdir()) == [path]


@pytest.mark.parametrize(
    ("name", "words"),
    [("broken.csv", "could not be downloaded"), ("missing.csv", "could not be downloaded"), ("t.csv", "SHA-256 is")],
)
def test_a_download_that_fails_leaves_nothing_behind(tmp_path: Path, site: Site, name: str, words: str) -> None:
    expected = "0" * 64 if name == "t.csv" else SHA256
    with pytest.raises(UserError, match=words) as error:
        PublishedFile(name, site.address(name), expected).locate(tmp_path)
    assert site.address(name) in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_nobody_answers_is_bad_input(tmp_path: Path) -> None:
    for wrong in ("http://127.0.0.1:1/t.csv", "no address"):
        with pytest.raises(UserError, match=r"t\.csv: not below the folder DATASETS .* could not be downloaded"):
            PublishedFile("t.csv", wrong, SHA256).locate(tmp_path)


def file(name: str, at: str | None, sha256: str = SHA256) -> PublishedFile:
    return PublishedFile(name, at, sha256)


def test_what_cannot_be_had_is_named_and_what_can_is_fetched(tmp_path: Path, site: Site) -> None:
    here, missing = (file(name, site.address(name)) for name in ("t.csv", "missing.csv"))
    nowhere = file("nowhere.csv", None)
    problems = unavailable([here, here, missing, nowhere], tmp_path)
    assert set(problems) == {"missing.csv", "nowhere.csv"}
    assert "could not be downloaded" in problems["missing.csv"]
    assert "no address for it" in problems["nowhere.csv"]
    assert (tmp_path / "t.csv").read_bytes() == CONTENT
    assert site.n_requests == 2


def test_a_wrong_checksum_is_an_error_even_among_files_that_cannot_be_had(tmp_path: Path, site: Site) -> None:
    with pytest.raises(UserError, match="SHA-256 is") as error:
        unavailable([file("t.csv", site.address("t.csv"), "0" * 64), file("nowhere.csv", None)], tmp_path)
    assert not isinstance(error.value, Unavailable)
    assert SHA256 in str(error.value)
    assert "0" * 64 in str(error.value)
