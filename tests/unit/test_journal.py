"""The monitoring log: what its lines hold and do not hold, how files follow each other, faults."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from osteon.errors import UserError
from osteon.serving.journal import Journal, keep
from osteon.serving.predictor import Prediction, StudyPrediction, Warning  # noqa: A004

ID = "5f0c2b6e9d8a4e1fb3a7c64d10e29f85"
OTHER = "00000000000000000000000000000001"


def verdict(**changes):
    return {"label": "abnormal", "probability": 0.8765432109, "probabilities": {
        "normal": 0.1234567891, "abnormal": 0.8765432109}, "threshold": 0.46,
        "threshold_rule": "youden", "members": {"xception": {"normal": 0.1, "abnormal": 0.9}},
        "model_version": "3f2a9c01b7de", "mark": None, "warnings": (), **changes}


def prediction(**changes):
    return Prediction(**verdict(**{"statistics": {"mean": 0.1234567, "sd": 0.25},
                                   "coordinates": [0.123456, -2.0], **changes}))


def journal(folder, **options):
    return Journal(folder, "fa317", ("wrist", "elbow"), **options)


def lines(folder):
    return [json.loads(line) for file in sorted(folder.glob("*.jsonl"))
            for line in file.read_text().splitlines()]


def test_a_line_holds_numbers_and_the_service_s_own_words(tmp_path):
    journal(tmp_path).predicted(ID, "wrist", prediction(
        warnings=(Warning("low_quality", "a text that may name anything"),)))
    [line] = lines(tmp_path)
    assert line.pop("time")[10] == "T"
    assert line == {
        "kind": "prediction", "request_id": ID, "model_version": "3f2a9c01b7de",
        "familiarity": "fa317", "body_part": "wrist",
        "probabilities": {"normal": 0.123457, "abnormal": 0.876543}, "label": "abnormal",
        "warnings": ["low_quality"], "statistics": {"mean": 0.123457, "sd": 0.25},
        "coordinates": [0.1235, -2.0]}


@pytest.mark.parametrize(("said", "written"), [
    pytest.param("elbow", "elbow", id="one that the model knows"),
    pytest.param("", "", id="none"),
    pytest.param("Jane Doe, born 1970-01-01", "unknown", id="a patient's name"),
    pytest.param("wrist ", "unknown", id="a slip of the pen"),
])
def test_a_body_part_is_written_only_if_the_model_knows_it(tmp_path, said, written):
    journal(tmp_path).predicted(ID, said, prediction())
    assert lines(tmp_path)[0]["body_part"] == written


def test_a_study_has_a_line_of_its_own_and_one_for_each_view(tmp_path):
    views = (prediction(label="normal"), prediction())
    journal(tmp_path).studied(ID, "wrist", StudyPrediction(**verdict(views=views)))
    first, second, study = lines(tmp_path)
    assert [(line["kind"], line["request_id"], line.get("view"), line["views"], line["label"])
            for line in (first, second, study)] == [
        ("prediction", ID, 1, 2, "normal"), ("prediction", ID, 2, 2, "abnormal"),
        ("study", ID, None, 2, "abnormal")]
    assert "coordinates" not in study


def test_feedback_names_the_earlier_request(tmp_path):
    assert journal(tmp_path).told(OTHER, "normal")
    [line] = lines(tmp_path)
    assert {name: line[name] for name in line if name != "time"} == {
        "kind": "feedback", "request_id": OTHER, "label": "normal"}


def test_files_stay_small_and_the_oldest_go(tmp_path):
    log = journal(tmp_path, largest_bytes=1000, most_files=3)
    for number in range(40):
        log.told(f"{number:032}", "normal")  # 124 bytes, so 8 to a file
    sizes = [file.stat().st_size for file in tmp_path.glob("*.jsonl")]
    assert len(sizes) == 3
    assert max(sizes) <= 1000
    assert {int(line["request_id"]) for line in lines(tmp_path)} == set(range(16, 40))


def test_another_process_has_another_file(tmp_path):
    journal(tmp_path).told(ID, "normal")
    code = ("import sys, pathlib; from osteon.serving.journal import Journal\n"
            f"Journal(pathlib.Path(sys.argv[1]), '', ()).told({OTHER!r}, 'normal')")
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    assert {line["request_id"] for line in lines(tmp_path)} == {ID, OTHER}


def test_lines_of_many_threads_stay_whole(tmp_path):
    log = journal(tmp_path, largest_bytes=4000)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: log.told(f"{number:032}", "normal"), range(400)))
    assert sorted(int(line["request_id"]) for line in lines(tmp_path)) == list(range(400))


def test_a_full_disk_costs_lines_and_nothing_else(tmp_path):
    code = """
import pathlib, resource, sys
from osteon.serving.journal import Journal
log = Journal(pathlib.Path(sys.argv[1]), "", ())
resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))  # two lines of 124 bytes, and half a line
print([log.told(f"{number:032}", "normal") for number in range(5)])
"""
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, text=True,
                           capture_output=True)
    assert ended.stdout.strip() == "[True, True, False, True, True]"
    assert ended.stderr.count("cannot be written") == 1
    files = sorted(tmp_path.glob("*.jsonl"))
    whole = [line for file in files for line in file.read_text().splitlines(keepends=True)
             if line.endswith("\n")]
    assert [int(json.loads(line)["request_id"]) for line in whole] == [0, 1, 3, 4]
    assert not files[0].read_text().endswith("\n")  # the cut line is the last of its file


def test_on_a_full_disk_earlier_files_stay_and_no_empty_ones_come(tmp_path):
    code = """
import pathlib, resource, sys
from osteon.serving.journal import Journal
log = Journal(pathlib.Path(sys.argv[1]), "", (), most_files=2)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
print([log.told(f"{number:032}", "normal") for number in range(4)])
"""
    (tmp_path / "earlier.jsonl").write_text("{}\n")
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, text=True,
                           capture_output=True)
    assert ended.stdout.strip() == "[False, False, False, False]"
    assert [file.name for file in tmp_path.iterdir()] == ["earlier.jsonl"]


def test_a_folder_that_went_away_is_said_once_and_made_up_for(tmp_path, caplog):
    folder = tmp_path / "log"
    log = journal(folder)
    shutil.rmtree(folder)
    assert [log.told(ID, "normal"), log.told(ID, "normal")] == [False, False]
    assert len(caplog.records) == 1
    folder.mkdir()
    assert log.told(OTHER, "normal")
    assert [line["request_id"] for line in lines(folder)] == [OTHER]


def test_a_place_that_is_no_folder_is_refused_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"OSTEON_MONITORING: .*file.*: .*name a folder"):
        journal(tmp_path / "file")


def test_uploads_are_kept_under_the_request_s_number_alone(tmp_path):
    dicom = bytes(128) + b"DICM" + b"rest"
    keep(tmp_path / "kept", ID, [b"\x89PNG\r\n\x1a\n", dicom, b"nothing"])
    kept = tmp_path / "kept" / ID
    assert {file.name: file.read_bytes() for file in kept.iterdir()} == {
        "1.png": b"\x89PNG\r\n\x1a\n", "2.dcm": dicom, "3.unreadable": b"nothing"}
    assert kept.stat().st_mode & 0o777 == 0o700


def test_an_upload_that_cannot_be_kept_is_said(tmp_path, caplog):
    (tmp_path / "kept").write_text("")
    keep(tmp_path / "kept", ID, [b"x"])
    assert "not kept" in caplog.text
