"""The failures and maps that a report shows, and what it says of them."""

import pytest

import ran
from osteon.report import compose
from osteon.report.run import probability
from pagetext import section_of, words_of


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return compose.page(compose.report(ran.run(tmp_path_factory.mktemp("honest"))))


def test_the_failures_that_are_shown_are_those_that_were_explained(honest):
    failures = section_of(honest, "failures")
    # Of 20 test images every fourth is wrong; one of the five was explained.
    assert "5 of 20 test images are misclassified. Shown are the 1 that were explained" in failures
    assert failures.count("<figure") == failures.count('alt="Grad-CAM"') == 1
    assert 'alt="as the network saw it"' not in failures


def test_where_nothing_was_explained_failures_are_shown_as_they_are(tmp_path):
    run = ran.run(tmp_path, explained=False)
    failures = section_of(compose.page(compose.report(run)), "failures")
    assert "the surest, none of which was explained" in failures
    assert failures.count('alt="as the network saw it"') >= 5


def test_what_speaks_against_the_maps_is_a_warning(honest):
    explanations = section_of(honest, "explanations")
    assert '<p class="warn">The sums do not add up.</p>' in explanations
    assert '<p class="plain">Grad-CAM finds the outlined fracture.</p>' in explanations


def test_attribution_is_told_in_times_of_its_area(honest):
    text = words_of(section_of(honest, "explanations"))
    assert "ensemble, Grad-CAM 1.20 [1.15, 1.25]; 10.00 % 1.20 [1.15, 1.25]; 8.00 %" in text
    assert "area of the picture, Grad-CAM 10.00 % 8.00 % 6.00 %" in text


def test_a_flat_map_is_said_to_be_flat(tmp_path):
    run = ran.run(tmp_path)
    for case in run.explained["cases"]:
        case["flat"]["ensemble"] = ["grad_cam"]
    page = compose.page(compose.report(run))
    assert "Grad-CAM: flat, no place stands out" in section_of(page, "failures")


def test_what_a_map_misses_of_its_sum_stands_beside_the_case(tmp_path, honest):
    run = ran.run(tmp_path)
    for case in run.explained["cases"]:
        case["completeness"] = {
            member: {"difference": 2.0, "delta": share * 2, "missed": share, "steps": 32}
            for member, share in zip(run.members, (0.004, 0.0213), strict=True)}
    page = compose.page(compose.report(run))
    one, other = run.members
    said = f"Integrated Gradients miss 0.4 % ({one}), 2.1 % ({other})"
    assert said in words_of(section_of(page, "failures"))
    assert words_of(section_of(page, "explanations")).count(said) == 5  # two cases; three by member
    assert "Integrated Gradients miss" not in honest


@pytest.mark.parametrize(("value", "written"), [
    (0.99996, "> 0.999"), (1.0, "> 0.999"), (0.9994, "0.999"), (0.0, "< 0.001"), (0.5, "0.500")])
def test_no_probability_is_written_as_certain(value, written):
    assert probability(value) == written
