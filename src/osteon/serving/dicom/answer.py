"""What every object that the node sends has in common: who made it, whose it is, its names."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydicom.dataset import Dataset
from pydicom.uid import UID

import osteon
from osteon.serving.dicom.client import StudyVerdict
from osteon.serving.dicom.source import Source

MANUFACTURER, MODEL = "osteon", "osteon.serving.dicom"
# A name space for version 5 UUIDs, from which UIDs below 2.25 are made.
_NAMES = uuid.UUID("5b9f1ad8-7c43-4c0e-9d3c-2f6a1f0f7a55")


@dataclass(frozen=True)
class Findings:
    """A study with its verdict, and what else has to be said of it."""

    sources: tuple[Source, ...]  # the views that were judged, as in the verdict
    verdict: StudyVerdict
    remarks: tuple[str, ...]  # in words: warnings, images left out, what the model's mark says
    at: datetime  # by the clock on the wall, as a study's own times are

    @property
    def origin(self) -> str:
        """Name software, model and time for a person."""
        return (f"osteon {osteon.__version__}, model {self.verdict.model_version}, "
                f"{self.at:%Y-%m-%d %H:%M}")

    def uid(self, *what: str | int) -> UID:
        """Name an object: the same images and model give the same UID, whenever it is made.

        So an archive that is sent an answer twice keeps one.
        """
        names = sorted(str(source.header.SOPInstanceUID) for source in self.sources)
        return _uid(*names, self.verdict.model_version, osteon.__version__, *map(str, what))

    @property
    def device_uid(self) -> UID:
        """Name what observes: this software with this model."""
        return _uid("device", self.verdict.model_version, osteon.__version__)


def _uid(*names: str) -> UID:
    return UID(f"2.25.{uuid.uuid5(_NAMES, '/'.join(names)).int}")


def remarks(verdict: StudyVerdict, left_out: Sequence[str]) -> tuple[str, ...]:
    """Put into words what a reader of the verdict must know beside it."""
    own = [verdict.mark] if verdict.mark else []
    return (*own, *(warning.detail for warning in verdict.warnings),
            *(f"an image of this study was left out: {why}" for why in left_out))


def sign(made: Dataset, findings: Findings) -> None:
    """Say who made an object, and when."""
    made.Manufacturer, made.ManufacturerModelName = MANUFACTURER, MODEL
    made.SoftwareVersions = [f"osteon {osteon.__version__}",
                             f"model {findings.verdict.model_version}"]
    made.InstanceCreationDate = made.ContentDate = f"{findings.at:%Y%m%d}"
    made.InstanceCreationTime = made.ContentTime = f"{findings.at:%H%M%S}"


def is_own(header: Dataset) -> bool:
    """Recognise an answer that an archive forwards to where it came from."""
    return (header.get("Manufacturer"), header.get("ManufacturerModelName")) == (
        MANUFACTURER, MODEL)
