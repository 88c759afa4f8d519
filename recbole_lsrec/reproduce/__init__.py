"""The tables and figures of the SLSRec, CLSR and DiffLSRec papers as leaderboards."""
