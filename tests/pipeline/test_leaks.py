"""Nobody trains on a leaking cut by accident, and one made on purpose says so everywhere."""

import json
from pathlib import Path

import pandas as pd

from project import Project


def _split(project: Project) -> tuple[Path, pd.DataFrame]:
    file = project.folder / "artifacts/split/split.csv"
    return file, pd.read_csv(file, dtype=str, keep_default_na=False)


def test_a_cut_changed_by_hand_is_refused_by_every_stage_after_it(small: Project) -> None:
    file, table = _split(small)
    patients = table["patient_id"].value_counts()
    shared = table.index[table["patient_id"] == patients.index[0]]
    table.loc[shared[:2], "part"] = ["train", "test"]
    table.to_csv(file, index=False)
    for stage in (["preprocess"], ["audit"], ["train", "tiny"]):
        output = small.run("python", "-m", f"stages.{stage[0]}", *stage[1:], fails=True)
        assert f"{patients.index[0]} (train, test)" in output, stage
        assert "run the split stage again" in output
        assert "Traceback" not in output


def test_the_check_after_the_cut_stops_at_a_twin_in_two_parts(small: Project) -> None:
    file, table = _split(small)
    one, other = (table.index[table["part"] == part][0] for part in ("train", "test"))
    table.loc[other, "sha256"] = table.loc[one, "sha256"]
    table.loc[other, "twin_id"] = table.loc[one, "twin_id"]
    table.to_csv(file, index=False)
    output = small.run("python", "-m", "stages.check", "split", fails=True)
    assert table.loc[one, "path"] in output
    page = (small.folder / "runs/check/split.html").read_text()
    assert table.loc[other, "path"] in page
    assert "data:image/png" in page


def test_what_was_cut_as_published_says_leaky_everywhere(small: Project) -> None:
    small.configure(split__as_published=True, train__epochs=1)
    small.run("dvc", "repro")
    for name in ("metrics/evaluate.json", "metrics/audit.json", "artifacts/package/card.json",
                 "artifacts/ensemble/ensemble.json", "artifacts/drift/drift.json",
                 "artifacts/finetune/tiny/card.json"):
        assert json.loads((small.folder / name).read_text())["mark"] == "LEAKY", name
    # So few images end nothing; of drift nothing is said.
    found = json.loads((small.folder / "artifacts/drift/drift.json").read_text())
    assert found["drifted"] is None
    assert found["verdict"] in (small.folder / "artifacts/report/report.html").read_text()
    for name in ("artifacts/report/report.html", "artifacts/audit/audit.html",
                 "runs/check/split.html"):
        page = (small.folder / name).read_text()
        assert "LEAKY" in page, name
        assert "patients in several parts" in page, name
    for name in ("artifacts/evaluate/predictions.csv", "plots/evaluate/roc.csv",
                 "artifacts/ensemble/validation.csv"):
        assert set(small.table(name)["mark"]) == {"LEAKY"}, name
    assert "LEAKY" in small.run(
        "python", "-m", "osteon.summary", "--ensemble", "artifacts/ensemble/ensemble.json",
        "--metrics", "artifacts/evaluate/headline.json", "--report", "artifacts/report/report.html")


def test_new_files_alone_are_read_when_the_index_is_made_again(small: Project) -> None:
    root = small.folder / "data/mine"
    study = root / "train/XR_HAND/patient90001/study1_negative"
    small.run("cp", "-r", "data/sample/MURA-v1.1", str(root))
    for listed in root.glob("*.csv"):
        listed.unlink()
    small.configure(dataset__root="data/mine")
    small.run("python", "-m", "stages.index")
    before = small.table("artifacts/index/index.csv")
    source = next(root.glob("train/XR_HAND/*/*_negative/image1.png"))
    study.mkdir(parents=True)
    (study / "image1.png").write_bytes(source.read_bytes())
    output = small.run("python", "-m", "stages.index")
    assert "1/1" in output  # the progress bar counts what is read
    after = small.table("artifacts/index/index.csv")
    assert len(after) == len(before) + 1
    kept = after[after["path"].isin(before["path"])].reset_index(drop=True)
    unchanged = [name for name in before if name not in ("twin_id", "group_id")]
    pd.testing.assert_frame_equal(kept[unchanged], before[unchanged])
    joined = after.set_index("path")["group_id"]
    assert joined[f"{study.relative_to(root)}/image1.png"] == joined[str(source.relative_to(root))]
