"""``python run_recbole_lsrec.py --model=SLSRec --dataset=cosmetics``: RecBole's habit, this plugin's run."""

import sys

from recbole_lsrec.cli import main

if __name__ == "__main__":
    main(["run", *sys.argv[1:]])
