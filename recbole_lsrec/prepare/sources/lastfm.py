"""Last.fm 1K (Celma): who listened to which track when."""

from recbole_lsrec.prepare.layout import Layout, Source

LASTFM_1K = Source(
    name="lastfm-1k",
    title="Last.fm dataset 1K users (Celma), February 2005 to May 2009",
    events=(
        Layout(
            "userid-timestamp-artid-artname-traid-traname.tsv",
            {"user": "user", "time": "timestamp", "item": "track", "category": "artist"},
            header=("user", "timestamp", "artist", "artist_name", "track", "track_name"),
            separator="\t",
            quoting=False,
        ),
    ),
    time="%Y-%m-%d %H:%M:%S",
    session_seconds=1200,
    notes=(
        "an item is a track by its MusicBrainz id; plays without one have no item and are left out, counted",
        "the category of a track is its artist",
    ),
)
