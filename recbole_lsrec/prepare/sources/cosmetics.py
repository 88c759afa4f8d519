"""REES46 "eCommerce Events History in Cosmetics Shop", the log of the SLSRec paper: monthly CSV files."""

from recbole_lsrec.prepare.layout import Layout, Source

COSMETICS = Source(
    name="cosmetics",
    title="REES46, eCommerce Events History in Cosmetics Shop (Kaggle, mkechinov), October 2019 to February 2020",
    events=(
        Layout(
            "*.csv",
            {
                "user": "user_id",
                "item": "product_id",
                "time": "event_time",
                "category": "category_id",
                "event_type": "event_type",
                "session": "user_session",
            },
        ),
    ),
    time="%Y-%m-%d %H:%M:%S",
    keep=("view", "cart", "purchase"),
    views=("view",),
    session_seconds=1800,
    notes=(
        "remove_from_cart is no sign of interest and is left out; --keep-events view,cart,purchase,remove_from_cart keeps it",
    ),
)
