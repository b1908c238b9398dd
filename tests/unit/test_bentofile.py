"""What goes into the bento: the code that the service imports, and none of the pipeline's."""

import re

from ruamel.yaml import YAML

from house import ROOT, SOURCE, reach

BENTOFILE = YAML(typ="safe", pure=True).load(ROOT / "bentofile.yaml")
SERVING = SOURCE / "osteon/serving"
# Any of them in an image would be a mistake in pyproject.toml's `dependencies`.
OF_TRAINING = {"torch", "torchvision", "timm", "pytorch-lightning", "pandas", "scikit-learn", "dvc",
               "evidently", "great-expectations", "matplotlib", "optuna", "captum", "pytest"}


def test_it_holds_the_code_that_the_service_imports_and_no_more():
    reached = {file for file in reach(SERVING / "service.py") if SERVING not in file.parents}
    packages = {folder / "__init__.py" for file in reached for folder in file.parents
                if SOURCE in folder.parents}
    wanted = {file.relative_to(ROOT).as_posix() for file in reached | packages}
    assert set(BENTOFILE["include"]) == wanted | {
        "service.py", "src/osteon/serving/", "artifacts/package/"}
    assert BENTOFILE["exclude"] == ["src/osteon/serving/dicom/"]
    assert not [file for file in reach(SERVING / "service.py") if SERVING / "dicom" in file.parents]
    assert BENTOFILE["service"] == "service:Radiographs"


def test_its_packages_are_pinned_by_hash_and_none_is_of_training():
    text = (ROOT / BENTOFILE["python"]["requirements_txt"]).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text.strip())
    pinned = {match[1] for entry in entries
              if (match := re.match(r"([a-z0-9.-]+)==\S+ .*--hash=sha256:", entry, re.DOTALL))}
    assert {"bentoml", "onnxruntime", "opencv-python-headless", "pydicom"} <= pinned
    assert not pinned & OF_TRAINING
    assert not re.search(r"^[a-z0-9.-]+(?!.*==)", text, re.MULTILINE)
