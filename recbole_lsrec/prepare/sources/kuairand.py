"""KuaiRand (Pure, 1K, 27K): short videos, what was shown and whether it was clicked."""

from recbole_lsrec.prepare.layout import Layout, Source

KUAIRAND = Source(
    name="kuairand",
    title="KuaiRand (Kuaishou), April and May 2022",
    events=(
        Layout(
            "log_standard*.csv",
            {"user": "user_id", "item": "video_id", "time": "time_ms", "event_type": "is_click"},
            words={"event_type": {"1": "click", "0": "shown"}},
        ),
    ),
    items=(
        Layout(
            "video_features_basic*.csv",
            {"item": "video_id", "category": "tag"},
            list_of={"category": (",", 1)},
        ),
    ),
    time="ms",
    tz="Asia/Shanghai",
    keep=("click",),
    views=("click",),
    notes=(
        "videos that were shown and not clicked are left out; --keep-events click,shown keeps them",
        "of several tags of a video the first counts; log_random*.csv, shown at random, is not read",
    ),
)
