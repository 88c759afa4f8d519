"""Recommenders without sequences: RecBole's, mended by subclass where today's packages broke them."""
