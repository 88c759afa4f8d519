import subprocess
import sys

import pytest
from recbole.model.sequential_recommender import STAMP

from recbole_lsrec import registry
from recbole_lsrec.errors import ConfigError


def test_names_are_ours_and_the_sequential_and_general_models_of_recbole() -> None:
    names = registry.model_names()
    assert "SLSRec" in names["recbole_lsrec"]
    assert {"STAMP", "Caser", "BPR", "NeuMF", "DiffRec"} <= set(names["recbole"])
    ours = {"LightGCN", "Pop", "Markov", "SASRec", "GRU4Rec", "NARM", "BERT4Rec", "gSASRec", "DIN", "DIEN"}
    assert ours <= set(names["recbole_lsrec"])
    assert not {"RecVAE", "FM", "KGAT", "XGBoost", "S3Rec", "KSR", "GRU4RecKG"} & set(names["recbole"])


def test_a_name_gives_its_class() -> None:
    assert registry.get_model("STAMP") is STAMP


@pytest.mark.parametrize("name", registry.model_names()["recbole"])
def test_every_listed_model_of_recbole_can_be_imported(name: str) -> None:
    assert registry.get_model(name).__name__ == name


def test_ours_wins_over_a_model_of_recbole_with_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.PLUGIN_MODELS, "Caser", "recbole.model.sequential_recommender.caser")
    assert "Caser" in registry.model_names()["recbole_lsrec"]
    assert "Caser" not in registry.model_names()["recbole"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "SASRek",
            r"^model: found 'SASRek', which is no known model\. Did you mean 'SASRec' or .* Accepted: BERT4Rec.*SLSRec.*STAMP",
        ),
        ("sasrec", r"^model: found 'sasrec', which is no known model\. Did you mean 'SASRec'"),
        ("zzz", r"^model: found 'zzz', which is no known model\. Accepted: "),
        ("NCF", r"^model: found 'NCF', which is NeuMF here; type --model=NeuMF\.$"),
        (
            "KGAT",
            r"^model: found 'KGAT', a knowledge aware recommender of RecBole; only sequential and general ones run",
        ),
        ("XGBoost", r"^model: found 'XGBoost', an exlib recommender of RecBole; only"),
        ("RecVAE", r"^model: found 'RecVAE', which is not supported: it trains encoder and decoder by turns"),
        ("S3Rec", r"^model: found 'S3Rec', which is not supported: it trains in two stages .*\. Accepted: "),
        ("KSR", r"^model: found 'KSR', which is not supported: it needs pre-trained knowledge-graph vectors"),
    ],
)
def test_a_model_that_cannot_run_is_refused_with_the_reason(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        registry.get_model(name)


def test_listing_names_imports_no_model() -> None:
    program = (
        "import sys; from recbole_lsrec.registry import model_names; model_names(); "
        "assert 'recbole_lsrec.model' not in sys.modules; assert 'recbole.model' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
