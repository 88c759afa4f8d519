"""Several processes that work on one run: started by ``launch``, told apart by ``place``, talking through ``group``."""
