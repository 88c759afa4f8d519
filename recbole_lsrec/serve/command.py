"""What ``recbole-lsrec serve`` starts."""

import os
import socket
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import uvicorn

from recbole_lsrec.errors import ConfigError
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.serve.app import MODEL, READY, RUN

_MOST_AT_A_TIME = 256  # requests that a worker holds; more are answered 503
_APPLICATION = "recbole_lsrec.serve.app:app_of_environment"

_ON_RAY = "recbole_lsrec"


def serve(folder: Path, model: str | None, host: str, port: int, workers: int | None) -> None:
    """Answers until it is stopped, with one process a core, and says where once the first of them listens.

    Raises:
        LSRecError: the run cannot answer, or nothing can listen there; before anything does.
    """
    _check_address(host, port)
    Recommender.load(folder, model=model, device="cpu")
    with NamedTemporaryFile("w", encoding="utf-8", prefix="lsrec-serve-", delete=False) as ready:
        ready.write(f"http://{host}:{port}/docs")
    os.environ[RUN], os.environ[MODEL], os.environ[READY] = str(folder.absolute()), model or "", ready.name
    workers = workers or os.cpu_count() or 1
    about: dict[str, Any] = {
        "factory": True,
        "host": host,
        "port": port,
        "workers": workers,
        "limit_concurrency": _MOST_AT_A_TIME,
        "log_level": "warning",
    }
    try:
        if workers > 1:
            uvicorn.run(_APPLICATION, **about)
        else:  # uvicorn.run would find a port that is taken only when the application is there
            config = uvicorn.Config(_APPLICATION, **about)
            with suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[config.bind_socket()])
    finally:
        Path(ready.name).unlink(missing_ok=True)


def _check_address(host: str, port: int) -> None:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"--host, --port: nothing can listen at {host}:{port} ({error.strerror}); give another."
        ) from error


def serve_on_ray(folder: Path, model: str | None, host: str, port: int, workers: int | None, address: str) -> None:
    """The same application as a Ray Serve deployment while the command runs, with so many replicas.

    The run's folder must be on every node.

    Raises:
        ConfigError: this Ray has no Serve that goes with pydantic 2, or no cluster answers.
    """
    try:
        from ray import serve as ray_serve
    except Exception as error:
        raise ConfigError(
            "serve: --ray needs Ray Serve of a current Ray (`pip install 'ray[serve]>=2.55'`); the one installed with Python "
            "3.10 and 3.11 does not go with pydantic 2."
        ) from error
    from recbole_lsrec.ray_session import running_ray
    from recbole_lsrec.serve.on_ray import deployment

    with running_ray(address):
        ray_serve.start(http_options={"host": host, "port": port})
        try:
            ray_serve.run(deployment(folder.absolute(), model, workers or 1), name=_ON_RAY, blocking=True)
        finally:
            ray_serve.delete(_ON_RAY)  # it would outlive the command
