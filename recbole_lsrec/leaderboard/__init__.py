"""Leaderboards: systems x data sets x seeds under one budget, run as Ray tasks, each finished cell once."""
