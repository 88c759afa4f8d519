import platform
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
import numpy as np
from recbole_lsrec.training.freed_memory import keep_freed_memory

def faults():
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        np.full(5_000_000, 1.0)  # 40 MB, and gone
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun

before = faults()
assert keep_freed_memory()
faults()
print(before, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs Linux with glibc, whose malloc is told")
def test_pages_are_used_again():
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    before, after = map(int, told.split())
    assert after < before / 10
