"""Hyper-parameter search on validation scores, with Ray Tune."""
