"""Tmall's behaviour of six months of 2014 (IJCAI-15): a table of events, or the same packed into one value a user and shop."""

from recbole_lsrec.prepare.layout import Layout, Source

_TYPES = {"0": "click", "1": "cart", "2": "purchase", "3": "favourite"}

TMALL = Source(
    name="tmall",
    title="Tmall repeat buyers (Tianchi, IJCAI-15), May to November 2014",
    events=(
        Layout(
            "user_log_format1.csv",
            {
                "user": "user_id",
                "item": "item_id",
                "category": "cat_id",
                "time": "time_stamp",
                "event_type": "action_type",
            },
            words={"event_type": _TYPES},
            missing={"item": ("0",)},
        ),
        Layout(
            "train_format2.csv test_format2.csv",
            {
                "user": "user_id",
                "item": "item_id",
                "category": "cat_id",
                "time": "time_stamp",
                "event_type": "action_type",
            },
            words={"event_type": _TYPES},
            missing={"user": ("NULL",)},
            packed=("activity_log", "#", ":", ("item_id", "cat_id", "brand_id", "time_stamp", "action_type")),
        ),
    ),
    time="MMDD:2014",
    tz="Asia/Shanghai",
    views=("click",),
    notes=(
        "times are days without a year: 2014, the year of the competition; the order within a day is the file's",
        "with whole days a threshold of one day joins days that follow each other into one session",
    ),
)
