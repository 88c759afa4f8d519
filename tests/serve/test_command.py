"""What `serve` says, and when."""

import socket

import pytest
from fastapi.testclient import TestClient

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.serve import command
from recbole_lsrec.serve.app import app_of_environment
from tests.recommend.test_recommender import _shop_run


def test_the_address_is_said_once_by_the_first_worker_that_is_ready(tmp_path, monkeypatch, capsys):
    folder, _ = _shop_run(tmp_path, "GRU4Rec", {})
    for name in (command.RUN, command.MODEL, command.READY):
        monkeypatch.setenv(name, "")  # put back at the end
    said = []

    def two_workers(*_, **about):
        said.append(capsys.readouterr().err)
        for _ in range(about["workers"]):
            with TestClient(app_of_environment()) as client:
                assert client.get("/healthz").status_code == 200
            said.append(capsys.readouterr().err)

    monkeypatch.setattr(command.uvicorn, "run", two_workers)
    command.serve(folder, None, "127.0.0.1", 8123, 2)
    assert said == ["", "http://127.0.0.1:8123/docs\n", ""]


def test_a_port_that_is_taken_is_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ConfigError, match=rf"^--host, --port: nothing can listen at 127\.0\.0\.1:{port} \(Address already"
        ):
            command.serve(tmp_path, None, "127.0.0.1", port, 1)


def test_an_application_without_an_address_says_nothing(tmp_path, capsys):
    from recbole_lsrec.serve.app import make_app

    with TestClient(make_app(Recommender.load(_shop_run(tmp_path, "GRU4Rec", {})[0]))):
        assert capsys.readouterr().err == ""
