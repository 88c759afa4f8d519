import os
from pathlib import Path

import pytest

from recbole_lsrec.errors import DataError
from recbole_lsrec.tuning.own_folder import check_own, make_own


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    before = os.umask(0)  # the most careless account there is
    try:
        make_own(tmp_path / "search" / "ray")
        (tmp_path / "search" / "ray" / "tuner.pkl").write_bytes(b"")
    finally:
        os.umask(before)
    return tmp_path / "search" / "ray"


def test_what_we_made_is_ours_whatever_the_umask(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    check_own(folder)


@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_folder_that_others_can_write_is_refused(folder: Path, mode: int) -> None:
    folder.chmod(mode)
    with pytest.raises(DataError, match=rf"others can write it \(mode 0{mode:o}\).*chmod 700"):
        check_own(folder)


def test_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "more").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DataError, match="more: it is a link"):
        check_own(folder)
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(DataError, match="ray: it is a link"):
        check_own(folder)


@pytest.mark.parametrize("whose", ["folder", "file"])
def test_what_belongs_to_another_account_is_refused(folder: Path, whose: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder if whose == "folder" else folder / "tuner.pkl"
    theirs, lstat = os.geteuid() + 1, Path.lstat

    def changed(self: Path) -> os.stat_result:
        found = list(lstat(self))
        if self == path:
            found[4] = theirs  # st_uid
        return os.stat_result(found)

    monkeypatch.setattr(Path, "lstat", changed)
    with pytest.raises(DataError, match=rf"{path.name}: it belongs to another account \(uid {theirs}\)"):
        check_own(folder)
