"""Tmall's two public logs: Repeat Buyers (IJCAI-15, whole days of 2014) and Rec-Tmall (Tianchi 140281, to the second).

Repeat Buyers comes as a table of events, or packed into one value a user and shop; its days are written 829 or 0829.
Rec-Tmall's parts have \\x01 between the columns and no line of names; its sample has commas, names and minutes.

Checked against the columns and rows that published readers of the downloads show, not against the downloads.
"""

from recbole_lsrec.prepare.layout import Layout, Source

_EVENT = {
    "user": "user_id",
    "item": "item_id",
    "category": "cat_id",
    "time": "time_stamp",
    "event_type": "action_type",
}
_TYPES = {"0": "click", "1": "cart", "2": "purchase", "3": "favourite"}

TMALL = Source(
    name="tmall",
    title="Tmall repeat buyers (Tianchi, IJCAI-15), May to November 2014",
    one_form=True,
    events=(
        Layout(
            "user_log_format1.csv",
            _EVENT,
            words={"event_type": _TYPES},
            missing={"item": ("0",)},
        ),
        Layout(
            "train_format2.csv test_format2.csv",
            _EVENT,
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

_LOG = {"item": "item_id", "user": "user_id", "event_type": "action", "time": "vtime"}
_PRODUCT = {"item": "item_id", "category": "category"}

REC_TMALL = Source(
    name="rec-tmall",
    title="Rec-Tmall (Tianchi, data set 140281)",
    one_form=True,
    events=(
        Layout(
            "tianchi_2014002_rec_tmall_log*",
            _LOG,
            header=("item_id", "user_id", "action", "vtime"),
            separator="\x01",
            quoting=False,
        ),
        Layout("*sam_tianchi_2014002_rec_tmall_log*.csv", _LOG),
    ),
    items=(
        Layout(
            "tianchi_2014001_rec_tmall_product*",
            _PRODUCT,
            header=("item_id", "title", "pict_url", "category", "brand_id", "seller_id"),
            separator="\x01",
            quoting=False,
        ),
        Layout("*sam_tianchi_2014001_rec_tmall_product*.csv", _PRODUCT, encoding="gb18030"),
    ),
    tz="Asia/Shanghai",
    views=("click",),
    notes=(
        "a category is written parent-child, and the whole counts",
        "the sample has minutes, so many of its events of a user share a time",
    ),
)
