"""Writing raw files and preparing them."""

import json

import pytest

from recbole_lsrec.prepare.command import Options, prepare


@pytest.fixture
def prepared(tmp_path):
    """A function that prepares files and returns lines of .inter and .item (fields joined by |) and the meta file."""

    def run(source, files, name="log", **options):
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        for file, content in files.items():
            (raw / file).write_bytes(content if isinstance(content, bytes) else content.encode())
        prepare(source, [raw], tmp_path / "data", name, Options(**options))
        return read(tmp_path / "data" / name, name)

    return run


def read(folder, name):
    """What prepare wrote: events, items, meta."""

    def lines(ending):
        path = folder / f"{name}.{ending}"
        text = path.read_bytes().decode() if path.is_file() else "\n"
        return [line.replace("\t", "|") for line in text.split("\n")[1:-1]]

    return lines("inter"), lines("item"), json.loads((folder / f"{name}.meta.json").read_text())
