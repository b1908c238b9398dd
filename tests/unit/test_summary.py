"""The few lines that a run ends with."""

from osteon.files import write_json
from osteon.summary import summary


def _write(folder, **measured):
    def figures(value):
        return {"auroc": {"value": value, "low": value - 0.05, "high": value + 0.05},
                "kappa": {"value": None, "low": None, "high": None}}
    write_json(folder / "ensemble.json", {"members": ["a", "b"], "chosen": "single:b"})
    write_json(folder / "metrics.json", {
        **measured, "winner": {"image": figures(0.8), "study": figures(0.9)},
        "test": {"images": 250, "studies": 120, "groups": 90, "positive_images": 70}})
    return summary(folder / "ensemble.json", folder / "metrics.json", folder / "r.html")


def test_the_summary_has_every_figure_with_its_interval(tmp_path):
    text = _write(tmp_path, protocol={"name": "ratio", "leaky": False, "reasons": []})
    lines = {words[0]: words for line in text.splitlines() if (words := line.split())}
    assert "a, b; combined by: single:b" in text
    assert "250 images of 120 studies, 90 patients or groups" in text
    assert lines["auroc"] == ["auroc", "0.800", "[0.750,", "0.850]", "0.900", "[0.850,", "0.950]"]
    assert lines["kappa"] == ["kappa", "undefined", "undefined"]
    assert str(tmp_path / "r.html") in text
    assert "LEAKY" not in text


def test_the_summary_of_a_leaky_cut_opens_with_it(tmp_path):
    text = _write(tmp_path, mark="LEAKY", protocol={
        "name": "ratio", "leaky": True, "reasons": ["cut by image", "9 patients"]})
    assert text.strip().splitlines()[0] == "LEAKY: cut by image; 9 patients"
