"""Taobao UserBehavior (Tianchi 649): 100 million events without a line of names, unix seconds, China's clock."""

from recbole_lsrec.prepare.layout import Layout, Source

TAOBAO = Source(
    name="taobao",
    title="Taobao user behaviour (Tianchi, data set 649), 25 November to 3 December 2017",
    events=(
        Layout(
            "userbehavior*.csv",
            {
                "user": "user_id",
                "item": "item_id",
                "category": "category_id",
                "event_type": "behavior",
                "time": "timestamp",
            },
            header=("user_id", "item_id", "category_id", "behavior", "timestamp"),
            quoting=False,
        ),
    ),
    time="s",
    tz="Asia/Shanghai",
    views=("pv",),
    period=("2017-11-25", "2017-12-04"),
    session_seconds=5400,
    notes=("events outside the nine days that the log is said to cover are clock errors and are left out",),
)
