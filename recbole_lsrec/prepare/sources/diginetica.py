"""Diginetica (CIKM Cup 2016): views of items, a day and the milliseconds since the session began."""

from recbole_lsrec.prepare.layout import Layout, Source

DIGINETICA = Source(
    name="diginetica",
    title="Diginetica (CIKM Cup 2016, personalized e-commerce search), January to June 2016",
    events=(
        Layout(
            "train-item-views.csv",
            {"user": "userId", "item": "itemId", "session": "sessionId", "time": "eventdate"},
            separator=";",
            quoting=False,
            constant={"event_type": "view"},
            missing={"user": ("NA",)},
            anonymous="session-",
            milliseconds="timeframe",
        ),
    ),
    items=(
        Layout("product-categories.csv", {"item": "itemId", "category": "categoryId"}, separator=";", quoting=False),
    ),
    time="%Y-%m-%d",
    views=("view",),
    notes=(
        "most sessions name no user (NA): each of them is a user of its own, session-<id>",
        "times are a day and the milliseconds since the session began, so the order of a user's sessions on one day is not known",
    ),
)  # fmt: skip
