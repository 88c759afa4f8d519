"""The application as a deployment of Ray Serve."""

import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from ray import serve

from recbole_lsrec.serve.app import MODEL, RUN, app_of_environment


def deployment(folder: Path, model: str | None, replicas: int) -> Any:
    """Replicas of the application, each with the run loaded and one CPU."""

    def application() -> FastAPI:
        os.environ[RUN], os.environ[MODEL] = str(folder), model or ""
        return app_of_environment()

    @serve.deployment(num_replicas=replicas, ray_actor_options={"num_cpus": 1})
    @serve.ingress(application)
    class Recommendations:
        """Nothing but the application."""

    return Recommendations.bind()  # type: ignore[attr-defined]
