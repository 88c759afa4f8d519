"""The application: three paths over one :class:`Recommender`."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import click
import pandas as pd
import torch
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi_offline import FastAPIOffline

from recbole_lsrec import __version__
from recbole_lsrec.errors import LSRecError
from recbole_lsrec.recommend import Recommender
from recbole_lsrec.recommend.read_histories import read_histories
from recbole_lsrec.serve.schemas import Answer, Health, Item, Listed, Question, Recommend, Rerank

MOST_BYTES = 16 << 20
"""Of a request's body."""
RUN, MODEL = "LSREC_SERVE_RUN", "LSREC_SERVE_MODEL"
"""Environment variables from which a worker process knows what to serve."""
READY = "LSREC_SERVE_READY"
"""Likewise, a file whose text is said when the first worker answers."""


def app_of_environment() -> FastAPI:
    """The application of a worker process; one thread of computation each."""
    torch.set_num_threads(1)
    return make_app(Recommender.load(Path(os.environ[RUN]), model=os.environ.get(MODEL) or None, device="cpu"))


def make_app(recommender: Recommender) -> FastAPI:
    """The application over a loaded run."""
    # FastAPI's own page takes its scripts from another site.
    app = FastAPIOffline(
        redoc_url=None,
        title="recbole_lsrec",
        version=__version__,
        description="Recommendations of a trained run.",
        lifespan=_say_ready,
    )
    alone = Lock()  # a process computes one answer at a time: torch's threads and generators are its own

    @app.middleware("http")
    async def bounded(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        size = request.headers.get("content-length")
        if request.method == "POST" and (size is None or not size.isdecimal()):
            return JSONResponse({"detail": "a request needs its content-length"}, 411)
        kind = request.headers.get("content-type", "")
        if request.method == "POST" and kind.partition(";")[0].strip().lower() != "application/json":
            return JSONResponse({"detail": f"content-type: found {kind!r}; accepted: application/json"}, 415)
        if size is not None and int(size) > MOST_BYTES:
            return JSONResponse({"detail": f"a request has at most {MOST_BYTES} bytes"}, 413)
        return await answer(request)

    @app.exception_handler(RequestValidationError)
    async def refused(_: Request, error: RequestValidationError) -> Response:
        # FastAPI's own answer repeats the input, which may be nothing that JSON in UTF-8 holds: NaN, half a surrogate pair.
        told = [{name: one[name] for name in ("type", "loc", "msg")} for one in error.errors()]
        return Response(json.dumps({"detail": told}), 422, media_type="application/json")

    @app.post("/recommend")
    def recommend(question: Recommend) -> Answer:
        """The best items for each history."""
        options = question.model_dump(include={"k", "exclude_seen", "exclude"})
        with alone:
            return _answer(recommender, question, **options)

    @app.post("/rerank")
    def rerank(question: Rerank) -> Answer:
        """Given items, ordered for each history; unknown ones are left out."""
        with alone:
            return _answer(
                recommender,
                question,
                k=len(question.candidates),
                exclude_seen=False,
                candidates=list(dict.fromkeys(question.candidates)),
            )

    @app.get("/healthz")
    def healthz() -> Health:
        """What answers here."""
        config, catalogue = recommender.config, recommender.catalogue
        items = len(catalogue.popularity) - 1
        return Health(model=config.model, dataset=config.dataset, items=items, simulated=catalogue.simulated)

    return app


@asynccontextmanager
async def _say_ready(_: FastAPI) -> AsyncIterator[None]:
    """Says once that a worker answers: only one of them can remove the file."""
    with suppress(KeyError, FileNotFoundError):
        file = Path(os.environ[READY])
        text = file.read_text(encoding="utf-8")
        file.unlink()
        click.echo(text, err=True)
    yield


def _answer(recommender: Recommender, question: Question, **options: Any) -> Answer:
    names = [history.user for history in question.histories]
    if len(set(names)) < len(names):
        raise HTTPException(422, "histories: two are of one user; give each user one history.")
    events = [{**dict(event), "user": history.user} for history in question.histories for event in history.events]
    frame = pd.DataFrame(events, dtype=object)  # as JSON lines are read: whole numbers stay so beside a missing value
    now = {history.user: history.now for history in question.histories}
    try:
        table, counts = recommender.answer(read_histories(frame, recommender.names()), now=now, **options)
    except LSRecError as error:
        raise HTTPException(422, str(error)) from error
    counts |= recommender.tell_of_items(options.get("exclude", ()), options.get("candidates"))
    of_user = dict(list(table.groupby("user", sort=False)))
    return Answer(lists=[_listed(user, of_user.get(user, table.iloc[:0])) for user in names], counts=counts)


_OF_LIST = Listed.model_fields.keys() - {"user", "items"}  # the same on each line of a list


def _listed(user: str, lines: pd.DataFrame) -> Listed:
    told = lines.astype(object).where(lines.notna(), None).to_dict("records")
    items = [Item.model_validate({name: row[name] for name in Item.model_fields if name in row}) for row in told]
    of_list = {name: told[0][name] for name in _OF_LIST if name in told[0]} if told else {"source": "model"}
    return Listed(user=user, items=items, **of_list)
