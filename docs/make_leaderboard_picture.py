"""Makes the picture of a leaderboard's page that README shows, from the page itself, in a headless Chromium.

    python docs/make_leaderboard_picture.py runs/leaderboard-cosmetics docs/leaderboard.png

Needs Chromium or Chrome (Debian: `apt-get install chromium`) and Pillow; nothing is drawn by hand, nothing is trained.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from PIL import Image

from recbole_lsrec.errors import LSRecError
from recbole_lsrec.leaderboard.page import write_report

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@click.command()
@click.argument("board", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--width", default=1280, show_default=True, help="Of the window, in pixels.")
@click.option("--height", default=1150, show_default=True, help="How much of the page is shown, in pixels.")
def main(board: Path, picture: Path, width: int, height: int) -> None:
    """Write the page of the leaderboard folder BOARD and save its top as PICTURE."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit(
            f"make_leaderboard_picture: found none of {', '.join(BROWSERS)}; install one, such as Debian's chromium."
        )
    try:
        page = write_report(board).resolve()
    except LSRecError as error:
        sys.exit(f"make_leaderboard_picture: {error}")
    with TemporaryDirectory() as folder:
        shot = Path(folder) / "shot.png"
        options = ["--headless", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}"]
        options += ["--no-sandbox"]  # as root in a container Chromium refuses to start with it; the page is our own
        subprocess.run([browser, *options, f"--screenshot={shot}", page.as_uri()], check=True, capture_output=True)
        picture.parent.mkdir(parents=True, exist_ok=True)
        Image.open(shot).convert("RGB").save(picture, optimize=True)
    click.echo(f"{picture}: {picture.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
