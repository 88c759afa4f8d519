"""What is asked and answered, checked by pydantic; what is larger than the limits is refused."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WrapValidator, model_validator

MOST_HISTORIES, MOST_EVENTS, MOST_ITEMS, MOST_COLUMNS = 256, 2000, 10_000, 32
"""Of a request, of a history, of a list of candidates or of excluded items, and of further columns in a request."""


def _exact(value: Any, check: Callable[[Any], float]) -> float:
    """Whole numbers stay so: a float64 rounds nanoseconds."""
    number = check(value)
    return value if isinstance(value, int) else number


Token = Annotated[str, Field(min_length=1, max_length=256)]
Time = Annotated[
    float,
    Field(ge=0, lt=2**63, allow_inf_nan=False, strict=True),  # true is no moment
    WrapValidator(_exact),
]


class Event(BaseModel):
    """An item at a time; further columns that the run's model reads may be added."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Annotated[str, Field(max_length=256)] | int | float | bool | None]

    item: Token
    timestamp: Time = Field(description="In the unit of the run's log.")


class History(BaseModel):
    """What one user did, in any order."""

    model_config = ConfigDict(extra="forbid")

    user: Token = "user"
    events: list[Event] = Field(min_length=1, max_length=MOST_EVENTS)
    now: Time | None = Field(None, description="When it is asked; the last event by default.")

    @model_validator(mode="after")
    def _of_one_user(self) -> "History":
        for event in self.events:
            if (other := event.__pydantic_extra__.get("user", self.user)) != self.user:
                raise ValueError(
                    f"found an event of user {other!r} in the history of {self.user!r}; accepted: that user's, or events that "
                    "name none. Give each user a history."
                )
        return self


class Question(BaseModel):
    """Histories of different users."""

    model_config = ConfigDict(extra="forbid")

    histories: list[History] = Field(min_length=1, max_length=MOST_HISTORIES)

    @model_validator(mode="after")
    def _of_few_columns(self) -> "Question":
        found = {name for history in self.histories for event in history.events for name in event.__pydantic_extra__}
        if len(found) > MOST_COLUMNS:  # events become one table
            raise ValueError(
                f"events have {len(found)} further columns; accepted: at most {MOST_COLUMNS}. Leave out what the model does "
                "not read."
            )
        return self


class Recommend(Question):
    """Asks for the best items."""

    k: int = Field(20, ge=1, le=1000, strict=True)
    exclude_seen: bool | None = Field(None, strict=True, description="As the run's filter_seen by default.")
    exclude: list[Token] = Field([], max_length=MOST_ITEMS)


class Rerank(Question):
    """Asks for the order of given items."""

    candidates: list[Token] = Field(min_length=1, max_length=MOST_ITEMS)


class Item(BaseModel):
    """An item of a list; of models that have it the weight of the long-term interest, and the interest with the larger one."""

    item: str
    score: float
    alpha: float | None = None
    driven_by: Literal["long", "short"] | None = None


class Listed(BaseModel):
    """A user's list, best first; ``source`` is ``popularity`` where the model reads nothing of the history."""

    user: str
    source: str
    items: list[Item]
    alpha_of_list: float | None = None
    current_session: list[str] | None = None
    current_categories: list[str] | None = None


class Answer(BaseModel):
    """Lists in the order asked, and what was left out."""

    lists: list[Listed]
    counts: dict[str, int]


class Health(BaseModel):
    """What answers."""

    model: str
    dataset: str
    items: int
    simulated: bool
