"""The card of a model: its facts, and the page that is drawn of them."""

import hashlib
import json
import platform

import ran
from osteon.report import card
from pagetext import card_page, words_of


def _card(folder, **settings):
    """Give the facts of a card and the words of its page."""
    facts = card.facts(ran.run(folder, **settings))
    return facts, words_of(card_page(facts))


def test_the_card_has_counts_hashes_limits_and_figures_beside_the_shortcuts(tmp_path):
    facts, text = _card(tmp_path, beaten=False)
    json.dumps(facts, allow_nan=False)
    # Eighty images, two a patient: .6, .15 and .25 of them.
    assert {name: [part[of] for of in ("images", "studies", "patients", "groups")]
            for name, part in facts["data"]["parts"].items()} == {
        "train": [48, 24, 24, 24], "validation": [12, 6, 6, 6], "test": [20, 10, 10, 10]}
    assert facts["made_from"]["tiny, weights"] == hashlib.sha256(b"weights").hexdigest()
    assert facts["made_from"]["index of the images"] == hashlib.sha256(b"path\n").hexdigest()
    assert set(facts["made_from"]) == {"index of the images", "cut", "tiny, weights",
                                       "small, weights"}
    assert facts["python"] == platform.python_version()
    assert any("no proof that it reads bones" in limit for limit in facts["limits"])
    for level in ("image", "study"):
        assert {"ppv", "npv", "f1", "ece"} < set(facts["test"]["winner"][level])
        assert facts["test"]["shortcut"][level]["beaten"] is False
        assert f"By {level}, not told apart from what shortcuts reach." in text
    assert facts["parts"]["image"]["subgroups"]["body_part"]["wrist"]["shortcut"]["beaten"] is False
    for words in ("model abc123def456", "members/t.onnx f00d", "package format 7",
                  f"Python {platform.python_version()}", *facts["limits"],
                  "train 48 24 24 24 24 24", *facts["made_from"].values()):
        assert words in text, words


def test_the_card_names_use_threshold_preprocessing_versions_and_hashes(tmp_path):
    _, text = _card(tmp_path)
    for words in ("Not a medical device", "abnormal, of one image 0.500 the highest Youden index",
                  "image size px 96 96", "Labels, in this order: normal, abnormal.",
                  "numpy 2.", "tiny, weights 9a129038d9a00aed", "Protocol ratio"):
        assert words in text, words
