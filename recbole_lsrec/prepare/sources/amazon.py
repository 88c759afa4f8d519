"""Amazon reviews of 2014, 2018 and 2023: ratings as CSV, reviews as JSON lines, categories from the metadata."""

from recbole_lsrec.prepare.layout import Layout, Source
from recbole_lsrec.prepare.read_json import LIST

_REVIEWS = {"user": "reviewerID", "item": "asin", "time": "unixReviewTime"}
_NOTES = (
    "the last and most special name of an item's list of categories counts",
    "a review that is there twice is counted as an exact duplicate and kept",
)

AMAZON_2023 = Source(
    name="amazon-2023",
    title="Amazon Reviews 2023 (McAuley Lab)",
    one_form=True,
    events=(
        Layout("*.csv", {"user": "user_id", "item": "parent_asin", "time": "timestamp"}),
        Layout("[!m]*.jsonl m[!e]*.jsonl", {"user": "user_id", "item": "parent_asin", "time": "timestamp"}, form="json"),
    ),
    items=(
        Layout("meta_*.jsonl", {"item": "parent_asin", "category": "categories"}, form="json",
               list_of={"category": (LIST, -1)}),
    ),
    time="ms",
    notes=_NOTES,
)  # fmt: skip

AMAZON_2018 = Source(
    name="amazon-2018",
    title="Amazon Review Data 2018",
    one_form=True,
    events=(
        Layout("[!m]*.csv m[!e]*.csv", {"user": "user", "item": "item", "time": "timestamp"},
               header=("item", "user", "rating", "timestamp"), quoting=False),
        Layout("[!m]*.json m[!e]*.json", _REVIEWS, form="json"),
    ),
    items=(
        Layout("meta_*.json", {"item": "asin", "category": "category"}, form="json", list_of={"category": (LIST, -1)}),
    ),
    time="s",
    notes=(*_NOTES, "the ratings of 2018 begin with the item, those of 2014 with the user"),
)  # fmt: skip

AMAZON_2014 = Source(
    name="amazon-2014",
    title="Amazon product data 2014",
    one_form=True,
    events=(
        Layout("[!m]*.csv m[!e]*.csv", {"user": "user", "item": "item", "time": "timestamp"},
               header=("user", "item", "rating", "timestamp"), quoting=False),
        Layout("[!m]*.json m[!e]*.json", _REVIEWS, form="json"),
    ),
    items=(
        Layout("meta_*.json", {"item": "asin", "category": "categories"}, form="literal",
               list_of={"category": (LIST, -1)}),
    ),
    time="s",
    notes=_NOTES,
)  # fmt: skip
