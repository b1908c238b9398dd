"""The page at `/` in a real browser: verdict, heatmap, study, refusals, keyboard, phone."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from browsing import (
    PHONE,
    Visitor,
    choose,
    chromium,
    coloured,
    judge,
    number,
    pixels,
    probability,
    same_place,
    upload,
)
from dicoms import dicom_file, drawn
from handmade import png
from osteon.imaging import decode
from project import Project
from served import Server, serving

KEY = "a-key-of-the-tests-0123"
MARK = "LEAKY: its figures come from a cut that shares patients"
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal")


@pytest.fixture(scope="module")
def server(browser: Browser, demo: Project, journal: Path) -> Iterator[Server]:
    with serving(demo, demo.folder, OSTEON_MONITORING=str(journal)) as server:
        yield server


@pytest.fixture(scope="module")
def closed(browser: Browser, demo: Project,
           tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve the same ensemble, marked as leaky, to those alone who have a key."""
    package = tmp_path_factory.mktemp("closed") / "package"
    shutil.copytree(demo.folder / "artifacts/package", package)
    card = json.loads((package / "card.json").read_text())
    (package / "card.json").write_text(json.dumps({**card, "mark": MARK}))
    with serving(demo, demo.folder, OSTEON_PACKAGE=str(package), OSTEON_API_KEYS=KEY,
                 OSTEON_MONITORING="off") as server:
        yield server


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Visitor]:
    visitor = Visitor(browser)
    yield visitor
    visitor.leave()


@pytest.fixture(scope="module")
def rows(demo: Project) -> pd.DataFrame:
    """Give the test part's images with what evaluation said of them, and where they lie."""
    table = demo.table("artifacts/evaluate/predictions.csv")
    return table.assign(file=[str(demo.folder / "data/sample/MURA-v1.1" / path)
                              for path in table["path"]])


@pytest.mark.parametrize(("verdict", "heading", "position"), [
    pytest.param(0, "Normal", "stays below", id="normal"),
    pytest.param(1, "Abnormal", "reaches", id="abnormal"),
])
def test_a_picture_gets_its_verdict_in_words_and_on_a_bar(
        server: Server, visitor: Visitor, rows: pd.DataFrame, demo: Project, verdict: int,
        heading: str, position: str) -> None:
    chosen = json.loads((demo.folder / "artifacts/package/ensemble.json").read_text())
    threshold = chosen["thresholds"]["image"]
    near = (rows["ensemble:abnormal"] - threshold).abs()
    row = rows.loc[near[rows["verdict"] == verdict].idxmin()]
    page = visitor.open(server)
    judge(page, row["file"])
    expect(page.locator("#verdict")).to_have_text(heading)
    expect(page.locator("#reason")).to_contain_text(f"That {position} the threshold")
    assert probability(page, "#bars") == pytest.approx(row["ensemble:abnormal"], abs=0.006)
    said = page.locator("#bars .threshold").inner_text()
    assert float(said.removeprefix("threshold ")) == pytest.approx(threshold, abs=0.006)
    track, mark = (page.locator(f"#bars {part}").bounding_box() for part in (".track", ".track s"))
    share = (mark["x"] + mark["width"] / 2 - track["x"]) / track["width"]
    assert share == pytest.approx(threshold, abs=0.01)
    assert page.locator("#members tbody th").all_inner_texts() == chosen["members"]
    for member, text in zip(chosen["members"], page.locator("#members td").all_inner_texts(),
                            strict=True):
        assert number(text) == pytest.approx(row[f"{member}:abnormal"], abs=0.006)


@pytest.mark.parametrize("written", [
    png, dicom_file, lambda grey: cv2.imencode(".tif", grey)[1].tobytes()],
    ids=["PNG", "DICOM", "TIFF"])
def test_the_heatmap_lies_over_the_picture_as_strong_as_the_slider_says(
        server: Server, visitor: Visitor, written: Callable[..., bytes]) -> None:
    page = visitor.open(server)
    content = written(drawn(300, 220))
    judge(page, upload("x", content))
    picture, layer = page.locator(".picture"), page.locator(".layer")
    expect(layer).to_be_visible()
    assert same_place(page, ".picture", ".layer")
    assert (pixels(picture)[..., :3] == decode(content).picture[..., np.newaxis]).all()  # no heat
    opacity = pixels(layer)[..., 3]
    assert opacity.min() < 32 < 128 < opacity.max()
    found = []
    for percent in (0, 20, 100):
        page.get_by_label("Opacity").fill(str(percent))
        expect(layer).to_have_css("opacity", f"{percent / 100:g}")
        found.append(coloured(page.locator(".stack")))
    assert found[0] == 0 < found[1] < found[2]
    other = page.locator("#speaks option:not(:checked)").inner_text()
    page.get_by_label("what speaks for").select_option(other)
    expect(layer).to_have_attribute("alt", f"Heatmap of what speaks for {other}")


def test_two_views_get_the_verdict_of_a_study_and_their_own(
        server: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    views = next(files for _, files in rows.groupby("study_id")["file"] if len(files) >= 2)[:2]
    reply = server.client.post("/v1/study", files=[
        ("images", (f"view{i}", Path(file).read_bytes())) for i, file in enumerate(views)]).json()
    page = visitor.open(server)
    choose(page, *views)
    expect(page.locator("#go")).to_have_text("Judge these 2 views as one study")
    page.locator("#go").click()
    expect(page.locator("#subject")).to_have_text("Verdict on the study of 2 views")
    expect(page.locator("#verdict")).to_have_text(reply["label"].capitalize())
    assert probability(page, "#bars") == pytest.approx(reply["probability"], abs=0.006)
    expect(page.locator("figure .layer:visible")).to_have_count(2)
    for i, view in enumerate(reply["views"]):
        expect(page.locator("figure b").nth(i)).to_have_text(view["label"].capitalize())
        assert probability(page, f"figure >> nth={i}") == pytest.approx(view["probability"],
                                                                       abs=0.006)


def test_warnings_are_shown_in_words(server: Server, visitor: Visitor) -> None:
    page = visitor.open(server)
    judge(page, upload("x.dcm", dicom_file(drawn())))
    reply = server.client.post("/v1/predict", files={"image": ("x", dicom_file(drawn()))}).json()
    assert reply["warnings"], "stripes are no radiograph"
    for warning in reply["warnings"]:
        expect(page.locator("#warnings")).to_contain_text(warning["detail"][1:])


@pytest.mark.parametrize(("content", "said", "looks"), [
    pytest.param(b"hello", "Not a PNG, JPEG, TIFF, BMP or DICOM file", PHONE, id="no picture"),
    pytest.param(bytes(34_000_000), "Too large", {}, id="too large"),
])
def test_a_refusal_is_told_in_the_words_of_the_service_and_in_sight(
        server: Server, visitor: Visitor, tmp_path: Path, content: bytes, said: str, looks: dict):
    (tmp_path / "x.png").write_bytes(content)
    page = visitor.open(server, **looks)
    choose(page, str(tmp_path / "x.png"))
    page.locator("#go").click()
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.locator("#go")).to_be_focused()
    expect(page.locator("#answer")).to_be_hidden()


def test_a_silent_service_is_told(server: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    page = visitor.open(server)
    choose(page, rows["file"].iloc[0])
    page.context.set_offline(True)
    page.locator("#go").click()
    expect(page.get_by_role("alert")).to_contain_text("The service does not answer")


def test_the_wait_is_shown_and_can_be_given_up(
        server: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    page = visitor.open(server)
    page.route("**/v1/predict", lambda route: None)  # it never arrives
    choose(page, rows["file"].iloc[0])
    page.locator("#go").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_role("status").first).to_have_text("Judging 1 picture …")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").first).to_have_text("Given up.")
    expect(page.locator("#go")).to_be_enabled()


def test_the_keyboard_is_enough(server: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    page = visitor.open(server)

    def step(selector: str) -> None:
        page.keyboard.press("Tab")
        expect(page.locator(selector)).to_be_focused()

    step("#files")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(rows["file"].iloc[0])
    expect(page.locator("#chosen li")).to_have_count(1)
    step("#chosen button")
    step("#part")
    step("#go")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_be_focused()
    step("#speaks")
    step("#opacity")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#opacity-value")).to_have_text("65\u00a0%")
    step("summary")
    step("#truths button >> nth=0")
    page.keyboard.press("Enter")
    expect(page.locator("#thanks")).to_contain_text("Noted")


def test_a_drop_chooses_and_a_removal_takes_back(server: Server, visitor: Visitor) -> None:
    page = visitor.open(server)
    dropped = page.evaluate_handle("""() => {
        const held = new DataTransfer();
        for (const name of ["a.png", "b.png"]) held.items.add(new File(["?"], name));
        return held;
    }""")
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    expect(page.locator("#chosen li")).to_have_count(2)
    page.get_by_role("button", name="Remove a.png").click()
    expect(page.get_by_role("button", name="Remove b.png")).to_be_focused()
    expect(page.locator("#chosen .name")).to_have_text(["b.png"])


def test_a_phone_needs_no_sideways_scrolling(
        server: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    page = visitor.open(server, **PHONE)
    expect(page.get_by_text("Photograph", exact=True)).to_be_visible()
    assert page.evaluate(WIDTH) == 360
    judge(page, *rows["file"].iloc[:2])
    expect(page.locator("figure .layer:visible")).to_have_count(2)
    assert page.evaluate(WIDTH) == 360
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_text("Not a medical device")).to_be_in_viewport()


@pytest.mark.parametrize("looks", [{}, {"color_scheme": "dark", **PHONE}],
                         ids=["light", "dark, on a phone"])
def test_it_keeps_the_rules_of_accessibility(
        server: Server, visitor: Visitor, rows: pd.DataFrame, looks: dict) -> None:
    page = visitor.open(server, reduced_motion="reduce", **looks)  # colours are judged at rest
    found = [Axe().run(page)]
    choose(page, upload("x.png", b"?"))
    page.locator("#go").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found.append(Axe().run(page))
    page.get_by_role("button", name="Remove").click()
    judge(page, *rows["file"].iloc[:2])
    expect(page.locator("figure .layer:visible")).to_have_count(2)
    found.append(Axe().run(page))
    assert [results.generate_report() for results in found if results.violations_count] == []


def test_nothing_moves_for_those_who_ask_for_it(server: Server, visitor: Visitor) -> None:
    page = visitor.open(server)
    for motion, seconds in (("no-preference", "0.15s, 0.15s"), ("reduce", "0s")):
        page.emulate_media(reduced_motion=motion)
        expect(page.locator("#go")).to_have_css("transition-duration", seconds)


def test_feedback_reaches_the_journal(
        server: Server, visitor: Visitor, rows: pd.DataFrame, journal: Path) -> None:
    page = visitor.open(server)
    judge(page, rows[rows["verdict"] == 1]["file"].iloc[0])
    page.get_by_role("button", name="Wrong: it is normal").click()
    expect(page.locator("#thanks")).to_have_text("Noted: normal. Thank you.")
    request = page.locator("#request").inner_text().rsplit(" ", 1)[1]
    lines = [json.loads(line) for file in journal.rglob("*") if file.is_file()
             for line in file.read_text().splitlines()]
    assert [line["label"] for line in lines
            if line["kind"] == "feedback" and line["request_id"] == request] == ["normal"]


def test_a_key_is_asked_for_where_one_is_needed(
        server: Server, closed: Server, visitor: Visitor, rows: pd.DataFrame) -> None:
    expect(visitor.open(server).locator("#key")).to_be_hidden()
    page = visitor.open(closed)
    expect(page.get_by_role("alert")).to_contain_text("A key is needed")
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(KEY)
    judge(page, rows["file"].iloc[0])
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#mark")).to_have_text(MARK)
