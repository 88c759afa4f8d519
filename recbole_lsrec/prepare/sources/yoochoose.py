"""Yoochoose (RecSys Challenge 2015): clicks and purchases by session; nobody is known beyond a session."""

from recbole_lsrec.prepare.layout import Layout, Source

YOOCHOOSE = Source(
    name="yoochoose",
    title="Yoochoose (RecSys Challenge 2015), April to September 2014",
    events=(
        Layout(
            "yoochoose-clicks*.dat",
            {"user": "session", "session": "session", "time": "timestamp", "item": "item", "category": "category"},
            header=("session", "timestamp", "item", "category"),
            quoting=False,
            constant={"event_type": "click"},
            missing={"category": ("0", "S")},
        ),
        Layout(
            "yoochoose-buys*.dat",
            {"user": "session", "session": "session", "time": "timestamp", "item": "item"},
            header=("session", "timestamp", "item", "price", "quantity"),
            quoting=False,
            constant={"event_type": "buy"},
        ),
    ),
    time="%Y-%m-%d %H:%M:%S",
    views=("click",),
    notes=(
        "users are sessions, so there is one session a user and no long-term interest to find",
        "category 0 is unknown and S is a special offer; both count as none",
    ),
)
