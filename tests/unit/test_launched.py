"""As many processes train as the settings have, or none does."""

import pytest

from osteon import training
from osteon.errors import UserError
from osteon.sections.training import Trainer
from phases import phase

TORCHRUN = {"TORCHELASTIC_RUN_ID": "none", "WORLD_SIZE": "4"}
BATCH_SCRIPT = {"SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2", "SLURM_JOB_NAME": "job.sh"}
SRUN = {**BATCH_SCRIPT, "SLURM_STEP_NUM_TASKS": "4"}


@pytest.fixture(autouse=True)
def _launched(variables, monkeypatch):
    """Set what the launcher sets, and nothing of another one."""
    for name in {**TORCHRUN, **SRUN}:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def _trainer(devices, num_nodes):
    return Trainer(accelerator="cpu", precision="fp32", devices=devices, num_nodes=num_nodes)


@pytest.mark.parametrize(("variables", "devices", "num_nodes"), [
    pytest.param({}, 1, 1, id="alone"),
    pytest.param({}, 4, 1, id="the stage starts the others"),
    pytest.param(TORCHRUN, 4, 1, id="torchrun, one machine"),
    pytest.param(TORCHRUN, 2, 2, id="torchrun, two machines"),
    pytest.param(SRUN, 2, 2, id="srun"),
    pytest.param(BATCH_SCRIPT, 1, 1, id="alone in a batch script of SLURM"),
])
def test_as_many_as_the_settings_have_may_train(devices, num_nodes):
    training.require_processes(_trainer(devices, num_nodes))


@pytest.mark.parametrize(("variables", "devices", "num_nodes", "words"), [
    pytest.param({}, 1, 2, "this stage by itself started 1", id="several machines, no launcher"),
    pytest.param(TORCHRUN, 1, 1, "torchrun started 4", id="each would train the whole"),
    pytest.param(TORCHRUN, 4, 2, "torchrun started 4", id="one machine is missing"),
    pytest.param(SRUN, 2, 1, "SLURM started 4", id="more tasks than devices"),
    pytest.param(BATCH_SCRIPT, 2, 2, "SLURM started 1", id="srun forgotten"),
])
def test_others_are_refused_before_anything_is_made(devices, num_nodes, words, tmp_path):
    with pytest.raises(UserError, match=rf"^trainer: devices={devices} times num_nodes={num_nodes} "
                                        rf"processes train together, and {words}; "):
        training.fit(None, None, phase(), _trainer(devices, num_nodes), tmp_path)
    assert list(tmp_path.iterdir()) == []
