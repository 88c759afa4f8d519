"""RetailRocket: views, carts and purchases of a shop, unix milliseconds; categories among the items' properties."""

from recbole_lsrec.prepare.layout import Layout, Source

RETAILROCKET = Source(
    name="retailrocket",
    title="RetailRocket recommender system dataset (Kaggle), May to September 2015",
    events=(
        Layout("events.csv", {"user": "visitorid", "item": "itemid", "time": "timestamp", "event_type": "event"}),
    ),
    items=(
        Layout("item_properties*.csv", {"item": "itemid", "category": "value"}, only={"property": "categoryid"}),
    ),
    time="ms",
    views=("view",),
    session_seconds=1800,
    notes=("an item's category is the one most of its weekly records name, of equals the last",),
)  # fmt: skip
