"""What the service says and takes as JSON, and how it describes itself."""

import pytest
from pydantic import ValidationError

from house import ROOT
from osteon.serving import openapi, replies
from osteon.serving.predictor import Prediction, StudyPrediction, Warning  # noqa: A004
from osteon.serving.settings import Settings

ID = "5f0c2b6e9d8a4e1fb3a7c64d10e29f85"
VERDICT = {"label": "abnormal", "probability": 0.9, "probabilities": {
    "normal": 0.1, "abnormal": 0.9}, "threshold": 0.46, "threshold_rule": "youden",
    "members": {"xception": {"normal": 0.1, "abnormal": 0.9}}, "model_version": "3f2a9c01b7de",
    "mark": None, "warnings": (Warning("low_quality", "a blank picture"),)}
PREDICTION = Prediction(**VERDICT, statistics={"mean": 0.5}, coordinates=[0.25])
SAID = {**VERDICT, "warnings": [{"kind": "low_quality", "detail": "a blank picture"}]}
ON_A_VIEW = {name: value for name, value in SAID.items() if name not in ("model_version", "mark")}


def test_a_reply_leaves_out_what_only_the_log_needs():
    assert replies.ImageReply.of(PREDICTION, ID).model_dump() == {**SAID, "request_id": ID}


def test_a_study_s_reply_tells_of_each_view():
    study = StudyPrediction(**VERDICT, views=(PREDICTION, PREDICTION))
    assert replies.StudyReply.of(study, ID).model_dump() == {
        **SAID, "request_id": ID, "views": [ON_A_VIEW, ON_A_VIEW]}


@pytest.mark.parametrize("changes", [
    pytest.param({"probability": 1.2}, id="no probability"),
    pytest.param({"warnings": (Warning("odd", "x"),)}, id="a warning that is not described"),
    pytest.param({"threshold": float("nan")}, id="no number"),
])
def test_what_is_not_described_is_not_said(changes):
    with pytest.raises(ValidationError):
        replies.ImageReply.of(Prediction(**{**vars(PREDICTION), **changes}), ID)


@pytest.mark.parametrize("body", [
    pytest.param('{"request_id": "%s"}' % ID, id="no label"),  # noqa: UP031
    pytest.param('{"request_id": "Jane Doe", "label": "normal"}', id="a name for a number"),
    pytest.param('{"request_id": "%s\\n", "label": "normal"}' % ID, id="a number and a line end"),  # noqa: UP031
    pytest.param('{"request_id": "%s", "label": 1}' % ID, id="a number for a label"),  # noqa: UP031
    pytest.param('{"request_id": "%s", "label": "normal", "name": "x"}' % ID, id="more"),  # noqa: UP031
])
def test_feedback_of_another_form_is_refused(body):
    with pytest.raises(ValidationError):
        replies.Feedback.model_validate_json(body)


@pytest.mark.parametrize("model", openapi.MODELS, ids=lambda model: model.__name__)
def test_an_example_is_what_it_is_an_example_of(model):
    model.model_validate(openapi.example(model))


def document(**settings):
    return openapi.document(("normal", "abnormal"), Settings(**settings))


def test_every_status_of_every_address_is_described():
    statuses = {path: set(operation["responses"]) for path, operations in
                document()["paths"].items() for operation in operations.values()}
    refusals = {"400", "401", "408", "413", "415", "422", "429", "503"}
    assert statuses == {
        "/v1/predict": {"200", *refusals}, "/v1/study": {"200", *refusals},
        "/v1/explain": {"200", *refusals}, "/v1/feedback": {"200", *refusals},
        "/v1/card": {"200", "401", "429", "503"}, "/card": {"200"}, "/livez": {"200"},
        "/readyz": {"200"}, "/metrics": {"200"}}


def test_the_model_s_own_labels_are_described():
    fields = _fields("/v1/explain")
    assert fields["label"]["enum"] == ["normal", "abnormal"]
    assert fields["layer"]["enum"] == ["overlay", "heat", "picture"]


def test_limits_are_described_as_they_are_set():
    assert _fields("/v1/study", max_views=3)["images"]["maxItems"] == 3


def _fields(path, **settings):
    content = document(**settings)["paths"][path]["post"]["requestBody"]["content"]
    return content["multipart/form-data"]["schema"]["properties"]


KEYS = {"api_keys": ("k" * 16,)}
MODEL = {"/v1/predict", "/v1/study", "/v1/explain", "/v1/feedback", "/v1/card"}


@pytest.mark.parametrize(("settings", "locked"), [
    pytest.param({}, set(), id="open"),
    pytest.param(KEYS, MODEL, id="keys"),
    pytest.param({**KEYS, "guard_metrics": True}, {*MODEL, "/metrics"}, id="keys, metrics too"),
])
def test_a_key_is_described_where_one_is_asked_for(settings, locked):
    assert {path for path, operations in document(**settings)["paths"].items()
            for operation in operations.values() if "security" in operation} == locked


def test_every_reference_leads_somewhere():
    described = document()
    wanted = set(_references(described))
    assert wanted
    assert wanted <= {f"#/components/schemas/{name}"
                      for name in described["components"]["schemas"]}


def test_every_setting_and_address_is_in_the_documentation():
    said = (ROOT / "docs/serving.md").read_text()
    settings = [f"OSTEON_{name.upper()}" for name in Settings.model_fields]
    assert [name for name in [*settings, *document()["paths"]] if f"`{name}`" not in said
            and f"T {name}`" not in said] == []


def _references(node):
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
