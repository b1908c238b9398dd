"""The committed pipeline from a fresh clone: what it must show, and that it stays done."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from browsing import chromium
from project import Project

HEADLINE = ["accuracy", "balanced_accuracy", "kappa", "auroc", "average_precision", "sensitivity",
            "specificity", "ppv", "npv", "f1", "ece", "brier"]


@pytest.fixture(scope="module")
def metrics(demo: Project) -> dict:
    return json.loads((demo.folder / "artifacts/evaluate/headline.json").read_text())


@pytest.fixture(scope="module")
def evaluation(demo: Project) -> dict:
    return json.loads((demo.folder / "artifacts/evaluate/evaluation.json").read_text())


@pytest.fixture(scope="module")
def chosen(demo: Project) -> dict:
    return json.loads((demo.folder / "artifacts/ensemble/ensemble.json").read_text())


@pytest.mark.parametrize("width", [360, 1280], ids=["phone", "laptop"])
@pytest.mark.parametrize("page", ["artifacts/report/report.html", "artifacts/package/card.html"])
def test_pages_need_no_sideways_scrolling_and_no_network(demo: Project, page: str,
                                                          width: int) -> None:
    with chromium() as browser:
        opened = browser.new_context(viewport={"width": width, "height": 740}).new_page()
        asked: list[str] = []
        opened.on("request", lambda sent: asked.append(sent.url))
        opened.goto((demo.folder / page).as_uri())
        for fold in opened.locator("details > summary").all():
            fold.click()
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        assert not [url for url in asked if not url.startswith(("file:", "data:"))]


def test_every_figure_has_its_interval(metrics: dict, evaluation: dict) -> None:
    assert set(metrics["winner"]) == {"image", "study"}
    for scores in metrics["winner"].values():
        assert list(scores) == HEADLINE
    for measured in evaluation["levels"].values():
        assert set(measured["figures"]) == {"ensemble", *evaluation["members"]}
        for scores in measured["figures"].values():
            assert list(scores) == list(evaluation["titles"])
            for estimate in scores.values():
                assert -1 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1


def test_the_ensemble_clearly_beats_the_shortcuts_and_is_compared_with_each_member(
        evaluation: dict, chosen: dict) -> None:
    others = [name for name in evaluation["members"] if chosen["chosen"] != f"single:{name}"]
    for level, measured in evaluation["levels"].items():
        shortcut = measured["shortcut"]
        assert shortcut["beaten"], level
        assert shortcut["above"]["auroc"]["low"] > 0.2
        assert shortcut["figures"]["auroc"]["value"] < 0.6
        assert list(measured["members"]) == others
        assert list(measured["before"]) == evaluation["members"]
        for before in measured["before"].values():
            assert list(before["above"]) == [
                "auroc", "average_precision", "sensitivity_at_90_specificity"]
        said = [shortcut["says"], *(of["says"] for of in (*measured["members"].values(),
                                                          *measured["before"].values()))]
        assert set(said) <= set(evaluation["says"])


def test_the_ensemble_sees_what_statistics_cannot(demo: Project, metrics: dict) -> None:
    assert metrics["test"]["images"] >= 200
    assert metrics["winner"]["image"]["auroc"]["value"] >= 0.90
    index = demo.table("artifacts/index/index.csv")
    assert 900 <= len(index) <= 1150
    assert index["body_part"].nunique() == 7
    plain = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    guesses = cross_val_predict(
        plain, index[["mean", "sd", "p05", "p25", "p50", "p75", "p95"]], index["label"],
        groups=index["patient_id"], cv=GroupKFold(5), method="predict_proba")[:, 0]
    assert roc_auc_score(index["label"] == "abnormal", guesses) < 0.60


def test_the_figures_follow_from_the_predictions(demo: Project, metrics: dict) -> None:
    test = demo.table("artifacts/evaluate/predictions.csv")
    image = metrics["winner"]["image"]
    assert image["auroc"]["value"] == pytest.approx(
        roc_auc_score(test["target"], test["ensemble:abnormal"]), abs=1e-6)
    assert image["accuracy"]["value"] == pytest.approx(
        (test["verdict"] == test["target"]).mean(), abs=1e-6)
    assert metrics["test"]["groups"] == test["group_id"].nunique()


def test_no_patient_and_no_file_is_in_two_parts(demo: Project) -> None:
    split = demo.table("artifacts/split/split.csv")
    for name in ("patient_id", "sha256", "group_id"):
        assert split.groupby(name)["part"].nunique().max() == 1


def test_nothing_that_chooses_reads_a_test_label_or_a_test_picture(
        demo: Project, tmp_path: Path) -> None:
    """Turn the test part round: the same weights, winner, thresholds and reference must come out.

    What `tune` chooses, which is off here, has such a test beside its own.
    """
    project = demo.copy(tmp_path / "project")
    project.turn_test_part_round()
    kept = ("artifacts/tune/resnet_tiny/best.json", "artifacts/train/resnet_tiny/model.safetensors",
            "artifacts/finetune/resnet_tiny/model.safetensors", "artifacts/ensemble/ensemble.json",
            "artifacts/ensemble/familiarity.npz")
    for file in kept:
        (project.folder / file).unlink()
    for stage in ("tune", "train", "finetune"):
        project.run("python", "-m", f"stages.{stage}", "resnet_tiny")
    project.run("python", "-m", "stages.ensemble")
    for file in kept:
        assert (project.folder / file).read_bytes() == (demo.folder / file).read_bytes(), file


def test_a_second_run_does_nothing(demo: Project) -> None:
    assert "Running stage" not in demo.run("dvc", "repro")


def test_dvc_status_is_clean_and_git_sees_only_what_a_processor_may_change(demo: Project) -> None:
    assert "up to date" in demo.run("dvc", "status")
    changed = demo.run("git", "status", "--porcelain").splitlines()
    for line in changed:
        assert line[3:].startswith(("dvc.lock", "metrics/", "plots/")), changed


def test_dvc_shows_metrics_and_plots(demo: Project) -> None:
    shown = json.loads(demo.run("dvc", "metrics", "show", "--json"))
    assert "average_precision" in json.dumps(shown)
    demo.run("dvc", "metrics", "diff", "--md")
    demo.run("dvc", "plots", "show", "--out", "runs/plots")
    assert (demo.folder / "runs/plots/index.html").is_file()


def test_every_plot_is_one_that_a_stage_writes(demo: Project, chosen: dict) -> None:
    curves = {f"{phase}/{member}/curves" for phase in ("train", "finetune")
              for member in chosen["members"]}
    both = curves | {f"audit/{name}" for name in ("protocols", "shortcuts")} | {
        f"evaluate/{name}" for name in ("roc", "precision_recall", "confusion", "reliability")}
    alone = {"evaluate/subgroups", *(
        name for member in chosen["members"]
        for name in (f"train/{member}/augmented", f"tune/{member}/trials"))}
    plots = demo.folder / "plots"
    found = {file.relative_to(plots).as_posix() for file in plots.rglob("*") if file.is_file()}
    assert found == {f"{name}.png" for name in both | alone} | {f"{name}.csv" for name in both}
    assert all((plots / name).read_bytes().startswith(b"\x89PNG")
               for name in found if name.endswith(".png"))


def test_the_winner_was_chosen_among_ten_candidates(chosen: dict) -> None:
    assert list(chosen["candidates"]) == [
        "single:resnet_tiny", "single:cspdarknet", "single:dla", "mean", "majority", "weighted",
        "calibrated", "subset", "stacking", "per_part"]
    best = max(candidate["value"] for candidate in chosen["candidates"].values())
    assert chosen["candidates"][chosen["chosen"]]["value"] == pytest.approx(best, abs=1e-4)
    assert math.isclose(sum(chosen["weights"].values()), 1)


def test_drift_is_judged_in_words_and_pictured(demo: Project) -> None:
    finding = json.loads((demo.folder / "artifacts/drift/drift.json").read_text())
    assert not finding["drifted"]
    assert finding["verdict"].startswith("no drift: ")
    assert "<html" in (demo.folder / "runs/drift/report.html").read_text()[:2000]


def test_the_report_needs_nothing_beside_itself(demo: Project, metrics: dict) -> None:
    page = (demo.folder / "artifacts/report/report.html").read_text()
    assert "src=\"http" not in page
    assert "href=\"http" not in page
    assert page.count("data:image/png") >= 5
    assert f"{metrics['winner']['study']['auroc']['value']:.3f}" in page
    assert np.count_nonzero([part in page for part in ("train", "validation", "test")]) == 3


def test_the_summary_says_what_was_trained_and_how_to_serve(demo: Project) -> None:
    output = demo.run(
        "python", "-m", "osteon.summary", "--ensemble", "artifacts/ensemble/ensemble.json",
        "--metrics", "artifacts/evaluate/headline.json", "--report", "artifacts/report/report.html")
    for words in ("Trained:", "resnet_tiny", "auroc", "artifacts/report/report.html",
                  "bentoml serve"):
        assert words in output


def test_an_honest_run_has_no_mark_of_leaks(demo: Project) -> None:
    for name in ("metrics/evaluate.json", "metrics/audit.json", "artifacts/package/card.json"):
        assert "mark" not in json.loads((demo.folder / name).read_text()), name
    assert "LEAKY" not in (demo.folder / "artifacts/report/report.html").read_text()


def test_an_experiment_with_one_member_reuses_its_training(demo: Project, tmp_path: Path) -> None:
    project = demo.copy(tmp_path / "project")
    output = project.run("dvc", "exp", "run", "-S", "model=resnet_tiny", "ensemble")
    for stage in ("train@resnet_tiny", "finetune@resnet_tiny"):
        assert f"Stage '{stage}' didn't change, skipping" in output
    assert "Running stage 'ensemble'" in output
    chosen = json.loads((project.folder / "artifacts/ensemble/ensemble.json").read_text())
    assert chosen["members"] == ["resnet_tiny"]
