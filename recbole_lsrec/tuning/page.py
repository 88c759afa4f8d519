"""The page of a search: one HTML file that needs no network."""

from recbole_lsrec import __version__
from recbole_lsrec.evaluation.protocol_table import by_protocol
from recbole_lsrec.page.ink import glyph
from recbole_lsrec.page.numbers import general, metric
from recbole_lsrec.page.render import html_environment
from recbole_lsrec.tuning import journal
from recbole_lsrec.tuning.charts import STATUSES, by_epoch, by_setting, over_time
from recbole_lsrec.tuning.result import BEST, counts, table
from recbole_lsrec.tuning.settings import SearchResult, name_of
from recbole_lsrec.tuning.trial import Job
from recbole_lsrec.whole_files import write_text

PAGE = "tune.html"


def write(found: SearchResult, job: Job) -> None:
    """Writes ``tune.html``."""
    trials = table(found)
    tested, left_out = by_protocol(found.test_result or {}, found.first_protocol)
    columns = list(trials)
    scored = any(trial.score is not None for trial in found.trials)
    text = html_environment("recbole_lsrec.tuning").get_template("tune.html.j2").render(
        title=f"Search: {name_of(job.model)} on {job.dataset}",
        version=__version__,
        glyphs=[glyph(number) for number in sorted(STATUSES.values())],
        found=found,
        counts={status: n for status, n in counts(found).items() if n},
        statuses=STATUSES,
        best_file=BEST,
        commands=[event["command"] for event in journal.read(job.folder) if event["event"] == "sitting"],
        columns=columns,
        rows=[
            [metric(value) if name == found.metric else general(value) for name, value in zip(columns, row, strict=True)]
            for row in trials.itertuples(index=False)
        ],
        panels=[over_time(found), by_epoch(found)] if scored else [],
        slices=[by_setting(found, domain) for domain in job.space.domains] if scored else [],
        tested=tested,
        left_out=left_out,
    )  # fmt: skip
    write_text(job.folder / PAGE, text + "\n")
