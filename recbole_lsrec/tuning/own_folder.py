"""Ray Tune keeps a search as pickled objects, and reading them runs whatever they say: only what we alone could write is read."""

import os
import stat
from pathlib import Path

from recbole_lsrec.errors import DataError


def make_own(folder: Path) -> None:
    """Makes a folder that nobody else can enter, whatever the umask; one that is there is left as it is."""
    folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)


def check_own(folder: Path) -> None:
    """Refuses a folder in which another account could have put something.

    Raises:
        DataError: it, or something in it, is a link, belongs to another account, or can be written by others.
    """
    if os.name != "posix":
        return  # no owners and modes to look at
    for path in (folder, *sorted(folder.rglob("*"))):
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            found = "it is a link"
        elif status.st_uid != os.geteuid():
            found = f"it belongs to another account (uid {status.st_uid})"
        elif path == folder and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            found = f"others can write it (mode {stat.S_IMODE(status.st_mode):04o})"
        else:
            continue
        raise DataError(
            f"{path}: {found}. Ray's state of the search is in {folder} as pickled objects, which run code when they are "
            "read, so it is only taken up where nobody else could have changed it. If you trust what is there: make the "
            f"folder yours alone (chmod 700 {folder}); or begin a new search with another --out."
        )
