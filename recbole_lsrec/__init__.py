"""Long- and short-term interest models for RecBole, with the data, sampling and evaluation they need."""

__version__ = "0.1.0"
