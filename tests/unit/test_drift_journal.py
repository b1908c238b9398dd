"""The service's log is read back: of this model alone, the newest images, with later labels."""

import json

import pytest

from drifts import LABELS, reference
from osteon.drift import journal, performance
from osteon.errors import UserError
from osteon.records import STATISTICS


@pytest.fixture(scope="module")
def familiarity():
    return reference(0, images=60)[0]


def _line(fitted, number, **changes):
    axes = fitted.axes.shape[1]
    line = {"kind": "prediction", "time": f"2031-05-06T07:08:{number:02}.000+00:00",
            "request_id": f"r{number}", "model_version": "1", "familiarity": fitted.name,
            "body_part": "wrist", "statistics": dict.fromkeys(STATISTICS, number / 100),
            "coordinates": [float(number)] * axes,
            "probabilities": {"abnormal": 0.8, "normal": 0.2}, "label": "abnormal", "warnings": []}
    return {**line, **changes}


def _told(number, label, second=59):
    return {"kind": "feedback", "time": f"2031-05-06T07:09:{second:02}.000+00:00",
            "request_id": f"r{number}", "label": label}


def _write(file, lines):
    file.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n"
                            for line in lines))


def test_the_newest_images_of_all_files_come_in_the_order_of_time(tmp_path, familiarity):
    _write(tmp_path / "b.jsonl", [_line(familiarity, number) for number in (1, 4, 5)])
    _write(tmp_path / "a.jsonl", [_line(familiarity, number) for number in (2, 3, 6)])
    found = journal.read(tmp_path, familiarity, LABELS, latest=4)
    assert found.images.coordinates[:, 0].tolist() == [3, 4, 5, 6]
    assert found.images.statistics[:, 2].tolist() == [0.03, 0.04, 0.05, 0.06]
    assert found.images.probabilities.tolist() == [[0.2, 0.8]] * 4  # in the order of the labels
    assert found.images.verdicts.tolist() == [1] * 4
    assert found.images.groups is None
    assert found.images.distances == pytest.approx(
        familiarity.distance(found.images.coordinates))
    assert (found.since[17:19], found.until[17:19]) == ("03", "06")


def test_what_is_not_of_this_model_or_not_whole_is_counted_and_left_out(tmp_path, familiarity):
    good = _line(familiarity, 1)
    _write(tmp_path / "one.jsonl", [
        good, _line(familiarity, 2, familiarity="another"),
        _line(familiarity, 3, familiarity="another"),
        _line(familiarity, 4, coordinates=[1.0]), _line(familiarity, 5, statistics={"mean": 0.1}),
        _line(familiarity, 6, label="broken"), _line(familiarity, 7, probabilities={"normal": 1}),
        _line(familiarity, 8, coordinates=[None] * familiarity.axes.shape[1]),
        _told(1, "unheard of"), "[]", json.dumps(good)[:40]])
    found = journal.read(tmp_path / "one.jsonl", familiarity, LABELS, latest=9)
    assert len(found.images) == 1
    assert found.of_other_models == 2
    assert found.unreadable == 8


def test_a_log_of_another_model_is_refused(tmp_path, familiarity):
    _write(tmp_path / "one.jsonl", [_line(familiarity, 1, familiarity="another")])
    with pytest.raises(UserError, match="no image that this model has judged; 1 are of another"):
        journal.read(tmp_path, familiarity, LABELS, latest=9)


def test_the_last_label_told_is_joined_to_its_request(tmp_path, familiarity):
    study = {"kind": "study", "views": 2}
    _write(tmp_path / "one.jsonl", [
        _told(1, "abnormal", 5), _line(familiarity, 1), _told(1, "normal", 7), _told(9, "normal"),
        _line(familiarity, 2),
        _line(familiarity, 3, view=1, views=2), _line(familiarity, 3, view=2, views=2),
        _line(familiarity, 3, **study, label="normal"), _told(3, "abnormal")])
    found = journal.read(tmp_path, familiarity, LABELS, latest=9)
    assert [(one.label, one.told) for one in found.judged["image"]] == [("abnormal", "normal")]
    assert [(one.label, one.told) for one in found.judged["study"]] == [("normal", "abnormal")]
    assert len(found.images) == 4


def test_a_log_is_told_from_a_folder_of_images(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images/one.png").touch()
    (tmp_path / "log").mkdir()
    (tmp_path / "log/one.jsonl").touch()
    assert not journal.is_log(tmp_path / "images")
    assert not journal.is_log(tmp_path / "nowhere")
    assert journal.is_log(tmp_path / "log")
    assert journal.is_log(tmp_path / "log/one.jsonl")


def _judged(count, right):
    """Give so many verdicts, so many of them right, half of them abnormal."""
    told = ["abnormal" if number % 2 else "normal" for number in range(count)]
    other = {"abnormal": "normal", "normal": "abnormal"}
    said = [label if number < right else other[label] for number, label in enumerate(told)]
    return [journal.Judged({"normal": 0.9, "abnormal": 0.1} if label == "normal" else
                           {"normal": 0.1, "abnormal": 0.9}, label, true)
            for label, true in zip(said, told, strict=True)]


def test_labels_told_give_figures_with_intervals():
    found = performance.measure("image", _judged(100, 80), LABELS, least=50, resamples=200, seed=0)
    sensitivity = found.figures["sensitivity"]
    assert sensitivity.value == 0.8
    assert 0.6 < sensitivity.low < 0.75 < 0.85 < sensitivity.high < 0.95
    assert f"sensitivity {sensitivity}" in found.says
    assert found.says.startswith("by image, of 100 labels told: AUROC 0.800 [")


def test_of_few_labels_no_figure_is_given():
    found = performance.measure("study", _judged(7, 7), LABELS, least=50, resamples=200, seed=0)
    assert found.to_json() == {
        "labelled": 7, "figures": None, "says": "by study: 7 labels were told, fewer than the 50 "
        "from which on figures are given"}


def test_memory_stays_flat_in_the_length_of_a_log(tmp_path, familiarity):
    lines = journal._Lines(tmp_path, familiarity, LABELS, latest=3)
    for number in range(50):
        lines._taken(json.dumps(_line(familiarity, number, kind="study")))
    assert len(lines._studies) <= 6
    assert [line["request_id"] for line in lines.studies] == ["r47", "r48", "r49"]
