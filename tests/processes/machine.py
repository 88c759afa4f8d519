"""One of two machines that meet and then wait: ``python -m tests.processes.machine RANK PORT``."""

import sys

from recbole_lsrec.processes import heartbeat
from recbole_lsrec.processes.launch import launch
from tests.processes import tasks

if __name__ == "__main__":
    heartbeat.SILENCE = 2.0
    launch(tasks.wait, (), 1, world=2, first=int(sys.argv[1]), address="127.0.0.1", port=int(sys.argv[2]))
