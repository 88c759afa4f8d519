"""Whose a folder is."""

import json
from pathlib import Path
from typing import Any

import pytest

from recbole_lsrec import checkpoint, environment
from recbole_lsrec.errors import ConfigError
from recbole_lsrec.tuning import result
from recbole_lsrec.tuning.claim import claim
from recbole_lsrec.tuning.search import checked
from recbole_lsrec.tuning.settings import SearchSettings

SPACE = {"learning_rate": {"choice": [0.001, 0.01]}}


@pytest.fixture
def begun(shop: dict[str, Any], tmp_path: Path) -> SearchSettings:
    """A search of settings in a file, of which the journal knows."""
    (tmp_path / "shared.yaml").write_text("n_layers: 1\ninner_size: 32\n")
    folder = tmp_path / "search"
    folder.mkdir()
    settings = SearchSettings("SASRec", "shop", folder, (str(tmp_path / "shared.yaml"),), shop, SPACE)
    assert again(settings) is None
    (folder / "journal.jsonl").write_text("")
    return settings


def again(settings: SearchSettings) -> str | None:
    """The folder is asked for by these settings, as their files now are."""
    config, space = checked(settings)
    return claim(settings.out, settings, space, config)


def test_the_same_files_are_the_same_search(begun: SearchSettings, caplog: pytest.LogCaptureFixture) -> None:
    assert again(begun) is None
    assert again(result.read_settings(begun.out)) is None
    assert "settings.json" not in caplog.text


def test_an_edited_config_file_is_another_search(begun: SearchSettings) -> None:
    Path(begun.config_files[0]).write_text("n_layers: 2\ninner_size: 32\nvalid_metric: MRR@5\n")
    before = (begun.out / "settings.json").read_text()
    with pytest.raises(ConfigError) as refused:
        again(begun)
    for differs in ("n_layers 1, now 2", "valid_metric 'NDCG@10', now 'MRR@5'", ". Put back"):
        assert differs in str(refused.value)
    assert "inner_size" not in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (begun.out / "settings.json").read_text() == before


def test_other_data_are_another_search(begun: SearchSettings) -> None:
    log = Path(begun.config_dict["data_path"]) / "shop" / "shop.inter"
    whole = log.read_text()
    log.write_text(whole + whole.splitlines()[-1] + "\n")
    with pytest.raises(ConfigError, match=r"holds a search that depends on .*: the data files changed\. Put back"):
        again(begun)
    log.write_text(whole)
    assert again(begun) is None


def test_other_code_is_said(
    begun: SearchSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(environment, "code_fingerprint", lambda: "edited")
    assert again(begun) is None
    assert "the code has changed since the search began" in caplog.text


def test_other_versions_are_said(
    begun: SearchSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    was = checkpoint.versions()
    monkeypatch.setattr(checkpoint, "versions", lambda: {**was, "torch": "9.0"})
    assert again(begun) is None
    assert f"the search began with other versions (torch {was['torch']} -> 9.0)" in caplog.text


def test_a_setting_that_the_version_before_did_not_have_is_no_difference(begun: SearchSettings) -> None:
    path = begun.out / "settings.json"
    held = json.loads(path.read_text())
    del held["depends_on"]["settings"]["n_layers"]
    path.write_text(json.dumps(held))
    assert again(begun) is None


@pytest.mark.parametrize("held", [None, [], {"settings": 3}])
def test_a_search_that_does_not_say_what_it_began_with_is_refused(begun: SearchSettings, held: Any) -> None:
    path = begun.out / "settings.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "depends_on": held}))
    with pytest.raises(ConfigError, match=r"settings\.json: depends_on: does not say what the search began with"):
        again(result.read_settings(begun.out))
