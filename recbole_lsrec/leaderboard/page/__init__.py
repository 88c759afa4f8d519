"""The page of a leaderboard: tables, tests and charts from saved runs; nothing is trained or scored here."""

from recbole_lsrec.leaderboard.page.write import write_report

__all__ = ["write_report"]
