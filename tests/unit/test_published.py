"""The authors' figures are as they wrote them, and ours stand beside them with every difference."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

import ran
from osteon import params, published
from osteon.errors import UserError
from osteon.report import comparable, literature
from osteon.report.document import Items, Say, Table

TYPES = ("impacted_fracture", "longitudinal_fracture", "oblique_fracture", "pathological_fracture",
         "spiral_fracture")


@pytest.mark.parametrize(("name", "table", "system", "figures"), [
    ("mura_thesis", "dataset-1, fine-tuned", "DenseNet-201", (0.86, 0.62, 0.81)),
    ("mura_thesis", "dataset-2", "majority vote of the five", (0.83, 0.63, 0.80, 0.76)),
    ("fracture_cnn", "their test folder, from epoch 25 on", "network from scratch", (0.998,)),
    ("fec_ige", "all ten types, with augmentation", "EfficientNet-B3", (0.9724, None)),
    ("fec_ige", "the last five types, without augmentation", "ResNet50", (0.5106, None)),
    ("osteoporosis", "their test part", "weighted ensemble", (0.931, 0.97, 0.94, 0.92, 0.93)),
    ("resnet_transfer", "their test part", "ResNet50, with transfer", (0.945,)),
])
def test_the_authors_figures_are_as_they_wrote_them(name, table, system, figures):
    tables = {found.title: found for found in published.read(name).tables}
    assert tables[table].rows[system] == figures


def test_every_system_can_be_asked_for_by_the_settings():
    allowed = set(params.Params.model_fields["published"].annotation.__args__)
    assert allowed == {"none", *published.NAMES}


@pytest.mark.parametrize("name", published.NAMES)
def test_every_system_says_what_speaks_against_it(name):
    system = published.read(name)
    assert system.doubts
    assert system.source


def test_an_unknown_system_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="'thesis' is no published system; choose from none, fec"):
        published.read("thesis")


def test_a_row_that_lacks_a_figure_is_refused():
    with pytest.raises(ValidationError, match="net has 1 figures, the table 2"):
        published.Figures(title="t", tested="", protocol={"data": "d"},
                          figures=("accuracy", "auroc"), rows={"net": (0.5,)})


def _tables(section):
    return {block.head[0]: block for block in section.blocks if isinstance(block, Table)}


def _said(section):
    """Give all that is said of the tables, up to what speaks against them."""
    blocks = section.blocks[:-2]
    return " ".join(text for block in blocks for text in (
        block.items if isinstance(block, Items) else [block.text] if isinstance(block, Say)
        else []))


def _tones(section):
    return {block.tone for block in section.blocks if isinstance(block, Say)}


def test_our_rows_stand_below_theirs_with_intervals(tmp_path):
    section = literature.section(ran.run(tmp_path, published="mura_thesis"))
    table = _tables(section)["dataset-1, transfer"]
    assert list(table.rows[0]) == ["DenseNet-169", "320 images", "0.71", "0.40", "0.69"]
    ours = table.rows[table.strong[0]]
    assert [str(value) for value in ours] == [
        "ours: ensemble", "40 images", "0.800 [0.750, 0.850]", "0.810 [0.760, 0.860]",
        "0.815 [0.765, 0.865]"]
    assert [row[0] for row in table.rows[-3:]] == [
        "ours: tiny", "ours: small", "ours: shortcuts alone"]
    assert str(table.rows[-1][-1]) == "0.610 [0.560, 0.660]"


def test_a_table_by_study_has_our_figures_by_study(tmp_path):
    section = literature.section(ran.run(tmp_path, published="mura_thesis"))
    table = _tables(section)["MURA's hidden test part, by study"]
    ours = table.rows[table.strong[0]]
    assert [str(value) for value in ours[1:3]] == ["30 studies", "0.910 [0.860, 0.960]"]


def test_ours_stands_only_in_the_table_of_our_classes(tmp_path):
    section = literature.section(ran.run(tmp_path, TYPES, published="fec_ige"))
    ours = {title: bool(table.strong) for title, table in _tables(section).items()}
    assert ours == {f"{title}, {how} augmentation": title == "the last five types"
                    for title in ("the first five types", "the last five types", "all ten types")
                    for how in ("without", "with")}


def test_macro_f1_stands_beside_the_accuracy_that_the_authors_give_alone(tmp_path):
    section = literature.section(ran.run(tmp_path, TYPES, published="fec_ige"))
    table = _tables(section)["the last five types, without augmentation"]
    assert table.head[2:] == ["accuracy", "F1"]
    assert table.rows[0][2:] == ["0.4255", None]
    assert [str(value) for value in table.rows[table.strong[0]][2:]] == [
        "0.800 [0.750, 0.850]", "0.845 [0.795, 0.895]"]


def test_whoever_repeats_nobody_has_no_such_section(tmp_path):
    assert literature.section(ran.run(tmp_path)) is None


@pytest.mark.parametrize(("name", "drawn", "leaky", "reason"), [
    ("mura_thesis", True, False, "Ours are drawn images, theirs are radiographs"),
    ("mura_thesis", False, False, "Ours is cut by group"),
    ("mura_thesis", False, False, "Our images are 96 px wide, theirs 224 px."),
    ("mura_thesis", False, True, "Theirs are 40,005 images, those of MURA v1.1; ours are 80"),
    ("mura_thesis", False, True, "Theirs are cut into 60/20/20, ours into 60/15/25."),
    ("mura_thesis", False, True, "Theirs are cut in the official parts"),
    ("mura_thesis", False, True, "Their AUROC is computed from verdicts"),
    ("fec_ige", False, False, "Ours is another data set"),
    ("fec_ige", False, True, "Theirs were augmented before the cut"),
    ("fracture_cnn", False, True, "Nobody but the authors can tell or has the images"),
    ("resnet_transfer", False, False, "How theirs are cut is not told."),
], ids=["drawn", "group", "size", "images", "shares", "parts", "verdicts", "data", "augmented",
        "unknown", "untold"])
def test_the_section_says_why_the_protocols_do_not_compare(tmp_path, name, drawn, leaky, reason):
    if drawn:
        (tmp_path / "images").mkdir()
        (tmp_path / "images/DRAWN.txt").write_text("")
    section = literature.section(ran.run(tmp_path, published=name, leaky=leaky))
    assert reason in _said(section)
    assert "good" not in _tones(section)


TEN = published.read("fec_ige").tables[-1].protocol.labels
NEVER = dict.fromkeys(("horizontal_flip", "rotation_deg", "shift", "zoom", "contrast", "stretch",
                       "gamma", "border", "randaugment"), 0)


def _same(folder, *, leaky=True, images=1129, augment=NEVER, labels=TEN):
    """Give a run on what FEC-IGE had: its set, its cut, its size, and no augmentation."""
    own = ran.SETTINGS
    run = ran.run(
        folder, labels, published="fec_ige", leaky=leaky,
        preprocess=own.preprocess.model_copy(update={"image_size_px": 224}),
        augment=own.augment.model_copy(update=augment))
    dataset = run.settings.dataset.model_copy(update={"layout": "class_folders"})
    shares = {"train": {"reached": 0.8}, "validation": {"reached": 0.1}, "test": {"reached": 0.1}}
    return replace(run, settings=run.settings.model_copy(update={"dataset": dataset}),
                   about={**run.about, "images": images}, split={**run.split, "shares": shares})


@pytest.mark.parametrize(("changes", "table", "reasons"), [
    ({}, "all ten types, without augmentation", []),
    ({}, "all ten types, with augmentation", ["Theirs were augmented before the cut"]),
    ({}, "the last five types, without augmentation",
     ["Theirs are 469 images", "Theirs are other classes"]),
    ({"images": 1128}, "all ten types, without augmentation", ["Theirs are 1,129 images"]),
    ({"leaky": False}, "all ten types, without augmentation", ["Ours is cut by group"]),
    ({"augment": {}}, "all ten types, without augmentation",
     ["Theirs were trained without augmentation, ours on"]),
    ({"labels": TYPES}, "all ten types, without augmentation", ["Theirs are other classes:"]),
], ids=["the same", "twins", "another table", "one image less", "groups", "copies", "classes"])
def test_each_table_is_compared_by_its_own_protocol(tmp_path, changes, table, reasons):
    tables = {found.title: found for found in published.read("fec_ige").tables}
    found = comparable.differences(_same(tmp_path, **changes), tables[table])
    assert len(found) == len(reasons)
    assert all(said.startswith(reason) for said, reason in zip(found, reasons, strict=True))


def test_what_leaks_as_theirs_is_never_told_as_good(tmp_path):
    section = literature.section(_same(tmp_path))
    assert "What leaks in theirs leaks in ours, and neither figure can be believed." in (
        _said(section))
    assert "good" not in _tones(section)
    assert _tables(section)["all ten types, without augmentation"].rows[2][0] == (
        "LEAKY ours: ensemble")


def test_whole_groups_in_both_compare(tmp_path):
    system = published.read("fec_ige")
    honest = [table.model_copy(update={"protocol": table.protocol.model_copy(
        update={"whole": "groups"})}) for table in system.tables]
    section = literature.beside(_same(tmp_path, leaky=False),
                                system.model_copy(update={"tables": honest}))
    assert [block.text for block in section.blocks if getattr(block, "tone", "") == "good"] == [
        "Comparable with this table: the same images, cut the same way."]


def test_a_member_that_won_alone_stands_there_once(tmp_path):
    section = literature.section(ran.run(tmp_path, published="mura_thesis", alone="small"))
    rows = [row[0] for row in _tables(section)["dataset-2"].rows if row[0].startswith("ours")]
    assert rows == ["ours: small alone", "ours: tiny", "ours: shortcuts alone"]
