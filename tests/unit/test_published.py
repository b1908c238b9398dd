"""The authors' figures are as they wrote them, and ours stand beside them with every difference."""

import pytest
from pydantic import ValidationError

import ran
from osteon import params, published
from osteon.errors import UserError
from osteon.report import literature
from osteon.report.document import Items, Table

TYPES = ("impacted_fracture", "longitudinal_fracture", "oblique_fracture", "pathological_fracture",
         "spiral_fracture")


@pytest.mark.parametrize(("name", "table", "system", "figures"), [
    ("mura_thesis", "dataset-1, fine-tuned", "DenseNet-201", (0.86, 0.62, 0.81)),
    ("mura_thesis", "dataset-2", "majority vote of the five", (0.83, 0.63, 0.80, 0.76)),
    ("fracture_cnn", "their test folder, from epoch 25 on", "network from scratch", (0.998,)),
    ("fec_ige", "all ten types", "EfficientNet-B3, with augmentation", (0.9724, None)),
    ("fec_ige", "the last five types", "ResNet50, without augmentation", (0.5106, None)),
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
        published.Figures(title="t", tested="", figures=("accuracy", "auroc"), rows={"net": (0.5,)})


def _tables(section):
    return {block.head[0]: block for block in section.blocks if isinstance(block, Table)}


def _reasons(section):
    return next(block.items for block in section.blocks if isinstance(block, Items))


def test_our_rows_stand_below_theirs_with_intervals(tmp_path):
    section = literature.section(ran.run(tmp_path, published="mura_thesis"))
    table = _tables(section)["dataset-1, transfer"]
    assert list(table.rows[0]) == ["DenseNet-169", "320 images", "0.71", "0.40", "0.69"]
    ours = table.rows[table.strong[0]]
    assert [str(value) for value in ours] == [
        "ours: ensemble", "40 images", "0.800 [0.750, 0.850]", "0.810 [0.760, 0.860]",
        "0.815 [0.765, 0.865]"]
    assert [row[0] for row in table.rows[-2:]] == ["ours: tiny", "ours: small"]


def test_a_table_by_study_has_our_figures_by_study(tmp_path):
    section = literature.section(ran.run(tmp_path, published="mura_thesis"))
    table = _tables(section)["MURA's hidden test part, by study"]
    ours = table.rows[table.strong[0]]
    assert [str(value) for value in ours[1:3]] == ["40 studies", "0.910 [0.860, 0.960]"]


def test_ours_stands_only_in_the_table_of_our_classes(tmp_path):
    section = literature.section(ran.run(tmp_path, TYPES, published="fec_ige"))
    ours = {title: bool(table.strong) for title, table in _tables(section).items()}
    assert ours == {"the first five types": False, "the last five types": True,
                    "all ten types": False}


def test_macro_f1_stands_beside_the_accuracy_that_the_authors_give_alone(tmp_path):
    section = literature.section(ran.run(tmp_path, TYPES, published="fec_ige"))
    table = _tables(section)["the last five types"]
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
    ("fec_ige", False, False, "Ours is another data set"),
    ("fracture_cnn", False, True, "Nobody knows which images they used."),
], ids=["drawn", "cut", "size", "data", "unknown"])
def test_the_section_says_why_the_protocols_do_not_compare(tmp_path, name, drawn, leaky, reason):
    if drawn:
        (tmp_path / "images").mkdir()
        (tmp_path / "images/DRAWN.txt").write_text("")
    reasons = _reasons(literature.section(ran.run(tmp_path, published=name, leaky=leaky)))
    assert any(found.startswith(reason) for found in reasons)


def test_the_same_data_cut_as_published_at_the_same_size_compares(tmp_path):
    preprocess = ran.SETTINGS.preprocess.model_copy(update={"image_size_px": 224})
    run = ran.run(tmp_path, published="mura_thesis", leaky=True, preprocess=preprocess)
    assert literature.differences(run, published.read("mura_thesis")) == []
    assert _tables(literature.section(run))["dataset-2"].rows[6][0] == "LEAKY ours: ensemble"
