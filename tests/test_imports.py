"""What a command imports: searches and pages are extras, and the command line answers at once."""

import subprocess
import sys

import pytest

EXTRAS = {"ray", "optuna", "matplotlib"}


def imported(program: str) -> set[str]:
    """Top-level packages in a fresh process after a program."""
    ends = f"{program}\nimport sys\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", ends], check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines()[-1].split())


def without(package: str, *command: str) -> subprocess.CompletedProcess:
    """A command where a package is not installed."""
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(name=name)
sys.meta_path.insert(0, Missing())
from recbole_lsrec.cli import main
main({list(command)})"""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def test_the_command_line_imports_nothing_heavy():
    found = imported("import recbole_lsrec.cli")
    assert not found & (EXTRAS | {"torch", "pandas", "scipy", "recbole"})


def test_a_run_imports_no_extra(shop):
    program = f"""
from recbole_lsrec.quick_start import run_recbole_lsrec
run_recbole_lsrec("SLSRec", "shop", config_dict={ ({**shop, "train_steps": 2}) })"""
    found = imported(program)
    assert not found & EXTRAS
    assert "torch" in found


@pytest.mark.parametrize(
    ("package", "command", "remedy"),
    [
        ("recbole", ["models"], "`pip install --no-deps recbole==1.2.1` brings it."),
        ("ray", ["tune", "-m", "SASRec", "-d", "ml-100k"], "`pip install 'recbole-lsrec[tune]'` brings it."),
        ("matplotlib", ["leaderboard", "cosmetics"], "`pip install 'recbole-lsrec[report]'` brings it."),
        ("matplotlib", ["counterfactual", "run", "--html", "x"], "`pip install 'recbole-lsrec[report]'` brings it."),
        ("matplotlib", ["compare", "one", "two", "--html", "x"], "`pip install 'recbole-lsrec[report]'` brings it."),
        ("matplotlib", ["strata", "run", "--html", "x"], "`pip install 'recbole-lsrec[report]'` brings it."),
        ("matplotlib", ["audit", "cosmetics"], "`pip install 'recbole-lsrec[report]'` brings it."),
    ],
)
def test_a_missing_package_is_one_line_with_the_command_that_brings_it(package, command, remedy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = without(package, *command)
    assert done.returncode == 2
    assert done.stderr.strip() == f"Error: the package {package!r} is not installed, which this needs; {remedy}"
    assert not list(tmp_path.iterdir())


def test_a_missing_package_of_ones_own_is_no_news_of_ours():
    done = without("tabulate", "compare", "one", "two")
    assert "ModuleNotFoundError" in done.stderr
