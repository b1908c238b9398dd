"""A Structured Report: the verdict in codes and numbers, with references to the images judged.

It is a Comprehensive SR by template 1500, which archives and other software know.
"""

from collections.abc import Sequence
from itertools import starmap
from typing import Any

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from highdicom.sr import (
    AlgorithmIdentification,
    CodedConcept,
    ComprehensiveSR,
    DeviceObserverIdentifyingAttributes,
    Measurement,
    MeasurementReport,
    MeasurementsAndQualitativeEvaluations,
    ObservationContext,
    ObserverContext,
    QualitativeEvaluation,
    RelationshipTypeValues,
    SourceImageForMeasurementGroup,
    TextContentItem,
    TrackingIdentifier,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

import osteon
from osteon.serving.dicom.answer import MANUFACTURER, MODEL, Findings, sign
from osteon.serving.dicom.client import Verdict
from osteon.serving.dicom.picture import NOTICE, verdict_words
from osteon.serving.dicom.source import Source, carried

_SERIES = 9902  # behind the pictures
_SCHEME = "99OSTEON"
_LONGEST_CODE, _LONGEST = 16, 64  # characters of a code, of its meaning


def report(findings: Findings) -> Dataset:
    """Make the report on a study and its views."""
    verdict, views = findings.verdict, zip(findings.sources, findings.verdict.views, strict=True)
    groups = [_group(findings, "Study", verdict, findings.sources),
              *(_group(findings, f"View {number}", view, [source])
                for number, (source, view) in enumerate(views, 1))]
    content = MeasurementReport(
        observation_context=_context(findings), imaging_measurements=groups,
        procedure_reported=codes.cid100.XRUnspecifiedBodyRegion)
    for text in (NOTICE, f"Study: {verdict_words(verdict)}", *findings.remarks,
                 f"Made by {findings.origin}"):
        content[0].ContentSequence.append(TextContentItem(
            codes.DCM.Comment, text, relationship_type=RelationshipTypeValues.CONTAINS))
    made = ComprehensiveSR(
        evidence=[_evidence(source) for source in findings.sources], content=content[0],
        series_instance_uid=findings.uid("sr"), series_number=_SERIES,
        sop_instance_uid=findings.uid("sr", 1), instance_number=1,
        is_complete=True, is_final=False, is_verified=False,
        manufacturer=MANUFACTURER, manufacturer_model_name=MODEL,
        device_serial_number=verdict.model_version, software_versions=osteon.__version__,
        series_description="osteon: verdict, no medical device",
        coding_schemes=[CodingSchemeIdentificationItem(
            designator=_SCHEME, name="Labels, probabilities and scores of osteon's models",
            responsible_organization=MANUFACTURER)])
    made.update(carried(findings.sources[0]))
    sign(made, findings)
    return made


def _context(findings: Findings) -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=findings.device_uid, name=MANUFACTURER, manufacturer_name=MANUFACTURER,
        model_name=MODEL, serial_number=findings.verdict.model_version)
    return ObservationContext(observer_device_context=ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=device))


def _group(findings: Findings, name: str, verdict: Verdict,
           sources: Sequence[Source]) -> MeasurementsAndQualitativeEvaluations:
    """Write a verdict with its numbers and the images it is on."""
    numbers = list(enumerate(verdict.probabilities.items()))
    label = next(place for place, (label, _) in numbers if label == verdict.label)
    measured = [_measurement(f"P{place}", f"{verdict.said.capitalize()} of {label}", value)
                for place, (label, value) in numbers]
    if verdict.threshold is not None:
        measured.append(_measurement("THRESHOLD", f"Threshold of {numbers[-1][1][0]}",
                                     verdict.threshold))
    found = [QualitativeEvaluation(_concept("VERDICT", "Verdict"),
                                   _concept(f"LABEL{label}", verdict.label))]
    found += [QualitativeEvaluation(_concept("WARNING", "Warning"),
                                    _concept(warning.kind.upper()[:_LONGEST_CODE], warning.kind))
              for warning in verdict.warnings]
    return MeasurementsAndQualitativeEvaluations(
        tracking_identifier=TrackingIdentifier(findings.uid("group", name), name),
        algorithm_id=AlgorithmIdentification(
            MANUFACTURER, findings.verdict.model_version, manufacturer=MANUFACTURER),
        measurements=measured, qualitative_evaluations=found,
        source_images=list(starmap(SourceImageForMeasurementGroup, (
            (source.header.SOPClassUID, source.header.SOPInstanceUID) for source in sources))))


def _measurement(code: str, meaning: str, value: float) -> Measurement:
    return Measurement(_concept(code, meaning), round(value, 6), codes.UCUM.NoUnits)


def _concept(code: str, meaning: str) -> CodedConcept:
    return CodedConcept(code, _SCHEME, meaning[:_LONGEST])


def _evidence(source: Source) -> Dataset:
    """Give a header without its patient, whom the library would write into the log."""
    bare = Dataset()
    names: dict[str, Any] = {name: source.header[name].value for name in (
        "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")}
    for name, value in names.items():
        setattr(bare, name, value)
    for name in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber",
                 "StudyID", "StudyDate", "StudyTime"):
        setattr(bare, name, None)
    return bare
