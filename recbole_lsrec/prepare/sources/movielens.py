"""MovieLens, 100K to 32M: ratings with unix seconds; a film's first genre is its category."""

from recbole_lsrec.prepare.layout import Layout, Source

_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
_RATINGS = {"user": "user", "item": "movie", "time": "timestamp"}

MOVIELENS = Source(
    name="movielens",
    title="MovieLens (GroupLens)",
    one_form=True,
    events=(
        Layout("u.data", _RATINGS, header=("user", "movie", "rating", "timestamp"), separator="\t", quoting=False),
        Layout("ratings.dat", _RATINGS, header=("user", "movie", "rating", "timestamp"), separator="::", quoting=False),
        Layout("ratings.csv", {"user": "userId", "item": "movieId", "time": "timestamp"}),
    ),
    items=(
        Layout("u.item", {"item": "movie"}, header=("movie", "title", "date", "video_date", "url", *_GENRES),
               separator="|", quoting=False, encoding="latin-1", flags=_GENRES),
        Layout("movies.dat", {"item": "movie", "category": "genres"}, header=("movie", "title", "genres"), separator="::",
               quoting=False, encoding="latin-1", list_of={"category": ("|", 1)}),
        Layout("movies.csv", {"item": "movieId", "category": "genres"}, list_of={"category": ("|", 1)},
               missing={"category": ("(no genres listed)",)}),
    ),
    time="s",
    notes=("rating a film at all is the event; many ratings of a user share a second",),
)  # fmt: skip
