"""How the source is built: imports go one way, heavy libraries stay in their rooms."""

import ast
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from house import ROOT, SOURCE, file_of, imports, reach

PACKAGE = SOURCE / "osteon"
# From the ground up, as the page tells newcomers: a module imports from rows above its own and from
# nowhere else. A folder counts as one module; the last row is that of the stages.
*LAYERS, _ = [re.findall(r"`(\w+)/?`", row) for row in re.findall(
    r"^\| \d+ \| (.+) \|$", (ROOT / "docs/architecture.md").read_text(encoding="utf-8"), re.M)]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
HEAVY = {"torch", "pytorch_lightning", "timm", "great_expectations", "evidently", "pandas",
         "sklearn"}
# They decide no stage's figures.
EVERYWHERE = {"params", "sections", "errors", "executor", "files", "memory", "__init__"}
READ_AS_FILES = {"pages.py": "src/osteon/templates"}  # pages are filled templates
AS_ONE = ("src/osteon/phantom", "src/osteon/layouts", "src/osteon/published", "src/osteon/report")

MODULES = sorted(file for file in PACKAGE.rglob("*.py") if file != PACKAGE / "__init__.py")
_YAML = YAML(typ="safe", pure=True)
STAGES = _YAML.load(ROOT / "dvc.yaml")["stages"]
BENTO = _YAML.load(ROOT / "bentofile.yaml")


def _name(file):
    return file.relative_to(ROOT).as_posix()


def _unit(file):
    """Name the module or folder of the package that a file belongs to."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _ours(file):
    return {target for module in imports(file) if (target := file_of(module))} - {
        PACKAGE / "__init__.py"}


def _libraries(file):
    return {module.split(".")[0] for module in imports(file)}


def _texts(file):
    """Give the texts that a file's code holds, its docstrings left out."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)
            and isinstance(node.value, str) and id(node) not in said]


def test_every_module_stands_in_one_layer():
    assert sum(map(len, LAYERS)) == len(LEVEL)
    assert {_unit(file) for file in MODULES} == set(LEVEL)


@pytest.mark.parametrize("file", MODULES, ids=_name)
def test_a_module_imports_from_lower_layers_alone(file):
    own = _unit(file)
    wrong = {_unit(target) for target in _ours(file)
             if _unit(target) != own and LEVEL[_unit(target)] >= LEVEL[own]}
    assert not wrong, f"{own} stands too low to import {sorted(wrong)}"


@pytest.mark.parametrize("file", MODULES, ids=_name)
def test_no_import_leads_back(file):
    assert file not in reach(file)


@pytest.mark.parametrize("file", MODULES, ids=_name)
def test_the_package_knows_nothing_of_stages_and_tests(file):
    assert not _libraries(file) & {"stages", "tests"}


@pytest.mark.parametrize("name", ["serving/service.py", "serving/predictor.py",
                                  "serving/errors.py", "serving/dicom/node.py"])
def test_serving_reaches_no_library_of_the_pipeline(name):
    file = PACKAGE / name
    for reached in {file, *reach(file)}:
        assert not _libraries(reached) & HEAVY, _name(reached)


@pytest.mark.parametrize(("library", "rooms"), [
    ("great_expectations", {"src/osteon/expectations.py", "src/osteon/guards.py"}),
    ("evidently", {"src/osteon/drift/page.py"}),
    ("bentoml", {"src/osteon/serving/service.py", "stages/package.py"}),
    ("timm", {"src/osteon/architectures.py", "src/osteon/weights.py"}),
    ("captum", {"src/osteon/explanations/attribution.py"}),
    ("distributed", {"src/osteon/executor.py"}),
    ("ray", {"src/osteon/executor.py"}),
    ("optuna", {"src/osteon/plan.py", "src/osteon/study.py", "src/osteon/trialstore.py"}),
    ("dvc", {"src/osteon/compare.py", "src/osteon/composition.py", "src/osteon/folds.py"}),
    ("pydicom", {"src/osteon/codestreams.py", "src/osteon/dicom.py",
                 "src/osteon/layouts/header.py", *(
                     f"src/osteon/serving/dicom/{name}.py" for name in (
                         "answer", "capture", "receiver", "report", "sender", "source",
                         "worker"))}),
    ("pynetdicom", {"src/osteon/serving/dicom/receiver.py", "src/osteon/serving/dicom/sender.py"}),
    ("highdicom", {"src/osteon/serving/dicom/report.py"}),
])
def test_a_library_stays_in_its_room(library, rooms):
    files = [*MODULES, *(ROOT / "stages").glob("*.py")]
    assert {_name(file) for file in files if library in _libraries(file)} == rooms


def test_one_module_reads_the_settings():
    files = [*MODULES, *(ROOT / "stages").glob("*.py")]
    naming = {_name(file) for file in files
              if any(text.endswith("params.yaml") for text in _texts(file))}
    # The composition writes what params.py reads.
    assert naming == {"src/osteon/params.py", "src/osteon/composition.py"}


def test_only_commands_of_their_own_know_where_outputs_lie():
    naming = {_name(file) for file in MODULES
              if any(text.startswith("artifacts") for text in _texts(file))}
    assert naming == {"src/osteon/serving/settings.py", "src/osteon/compare.py",
                      "src/osteon/drift/__main__.py", "src/osteon/folds.py"}


def _entry(stage):
    """Find the file that a stage runs."""
    return ROOT / "stages" / f"{re.search(r'-m stages[.]([a-z]+)', stage['cmd'])[1]}.py"


def _dependency(file):
    name = _name(file)
    return next((folder for folder in AS_ONE if name.startswith(f"{folder}/")), name)


def _code_of(stage):
    """Name the code that decides what a stage writes."""
    entry = _entry(stage)
    reached = {file for file in reach(entry)
               if PACKAGE not in file.parents or _unit(file) not in EVERYWHERE}
    read_as_files = {folder for module, folder in READ_AS_FILES.items()
                     if PACKAGE / module in reached}
    if "bentofile.yaml" in stage["deps"]:  # which takes the service's code as files
        read_as_files |= {name.rstrip("/") for name in BENTO["include"]
                          if not name.startswith("artifacts/")}
    return {_name(entry)} | read_as_files | {_dependency(file) for file in reached}


@pytest.mark.parametrize("name", STAGES)
def test_dvc_knows_the_code_that_decides_a_stage(name):
    listed = [dep for dep in STAGES[name]["deps"]
              if dep.startswith(("src/", "stages/")) or dep.endswith(".py")]
    assert sorted(listed) == sorted(_code_of(STAGES[name]))


def test_every_stage_file_is_in_the_pipeline():
    assert {_entry(stage) for stage in STAGES.values()} == set((ROOT / "stages").glob("*.py"))


@pytest.mark.parametrize("folder", ["src", "stages", "tests"])
def test_files_and_functions_stay_short(folder):
    for file in sorted(Path(ROOT / folder).rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, _name(file)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                assert length <= 60, f"{_name(file)}: {node.name} has {length} lines"
