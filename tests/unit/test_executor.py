"""Work on images by processes of this machine and by a cluster: the same files, flat memory."""

import gc
import os
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from distributed import LocalCluster
from pydantic import ValidationError
from ruamel.yaml import YAML

from house import ROOT
from osteon import executor
from osteon.errors import UserError
from osteon.imaging import ImageError, PreprocessSpec
from osteon.index import index
from osteon.phantom.dataset import draw_dataset
from osteon.preprocessing import write_pictures
from osteon.sections.data import Executor
from tables import DATASET

LOCAL = Executor(kind="local", address=None)
SPEC = PreprocessSpec(image_size_px=48, contrast="clahe_lab", clahe_clip=2.0, clahe_grid=8,
                      fit="pad")


@pytest.fixture(scope="module")
def dask():
    """Give a cluster of two worker processes on this machine."""
    # Dask leaves the variables that give a worker one thread in its parent too, and so to every
    # program that a later test starts.
    with patch.dict(os.environ), LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield Executor(kind="dask", address=cluster.scheduler_address)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Give the images of 6 patients, one of them twice, and one file that is no picture."""
    folder = tmp_path_factory.mktemp("data")
    draw_dataset(folder, patients=6, seed=3)
    root = folder / "MURA-v1.1"
    some = sorted(root.rglob("*.png"))
    some[0].with_name("image9.png").write_bytes(some[-1].read_bytes())
    some[0].with_name("image8.png").write_bytes(b"no picture")
    return root


def _indexed(where, root, folder):
    with executor.on(where):
        found = index(DATASET.model_copy(update={"root": str(root)}))
    found.table.to_csv(folder / "index.csv")
    found.pairs.to_csv(folder / "pairs.csv")
    np.save(folder / "thumbnails.npy", found.thumbnails)


def _preprocessed(where, root, folder):
    images = [file for file in sorted(root.rglob("*.png")) if file.name != "image8.png"]
    with executor.on(where):
        write_pictures({folder / "lab.npy": SPEC,
                        folder / "stretch.npy": replace(SPEC, contrast="stretch")}, images)


@pytest.mark.parametrize("work", [_indexed, _preprocessed])
def test_a_cluster_of_two_processes_writes_the_same_bytes(work, drawn, dask, tmp_path,
                                                          monkeypatch):
    monkeypatch.chdir(drawn.parent)  # a worker has a folder of its own, and gets whole paths
    written = []
    for where in (LOCAL, dask):
        folder = tmp_path / where.kind
        folder.mkdir()
        work(where, Path("MURA-v1.1"), folder)
        written.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert len(written[0]) > 1
    assert written[0] == written[1]


def test_results_come_in_order_of_the_jobs_and_from_other_processes(dask):
    with executor.on(dask):
        found = list(executor.in_order(pow, [(number, 2) for number in range(200)]))
        processes = set(executor.in_order(os.getpid, [()] * 20))
    assert found == [number**2 for number in range(200)]
    assert os.getpid() not in processes


def test_what_fails_on_a_worker_is_told_here(dask, tmp_path):
    (tmp_path / "text.png").write_bytes(b"no picture")
    with executor.on(dask), pytest.raises(ImageError, match="not a PNG"):
        write_pictures({tmp_path / "pictures.npy": SPEC}, [tmp_path / "text.png"])


def test_only_some_results_are_held_however_slowly_they_are_taken(dask, tmp_path):
    with executor.on(dask):
        results = executor.in_order(os.mkdir, [(tmp_path / str(number),) for number in range(100)])
        next(results)
        while len(list(tmp_path.iterdir())) < 64:  # 32 for each of two cores
            time.sleep(0.05)
        time.sleep(0.5)
        assert len(list(tmp_path.iterdir())) == 64
        assert len(list(results)) == 99


def test_results_that_were_taken_are_let_go(dask):
    gc.disable()  # it would let go of some by chance
    try:
        with executor.on(dask):
            for _ in executor.in_order(SimpleNamespace, [()] * 256):
                pass
            held = sum(type(thing) is SimpleNamespace for thing in gc.get_objects())
    finally:
        gc.enable()
    assert held < 100  # of 256, and some of other libraries


def test_after_the_block_this_machine_works_again(dask):
    with executor.on(dask):
        assert executor.workers() == 2
        remote = set(executor.in_order(os.getpid, [()] * 20))
    assert remote.isdisjoint(executor.in_order(os.getpid, [()] * 20))


def test_a_cluster_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr(executor, "_PATIENCE_S", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(UserError, match=f"executor.address: no Dask worker answers at {address}"):
        executor.on(Executor(kind="dask", address=address)).__enter__()


@pytest.mark.parametrize("address", ["127.0.0.1:{free}", "ray://127.0.0.1:{free}", "nowhere"])
def test_a_ray_cluster_that_is_not_there_is_named_at_once(address, monkeypatch):
    joblib = SimpleNamespace(register_ray=None)
    ray = SimpleNamespace(util=SimpleNamespace(joblib=joblib))  # which is not asked
    for name, module in {"ray": ray, "ray.util": ray.util, "ray.util.joblib": joblib}.items():
        monkeypatch.setitem(sys.modules, name, module)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = address.format(free=free.getsockname()[1])
    with pytest.raises(UserError, match=f"executor.address: no Ray cluster answers at {address}: "):
        executor.on(Executor(kind="ray", address=address)).__enter__()


@pytest.mark.parametrize(("kind", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_missing_extra_is_named_with_its_remedy(kind, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    with pytest.raises(UserError) as refused:
        executor.on(Executor(kind=kind, address=None)).__enter__()
    assert str(refused.value) == (f"executor.kind: {kind} is not installed; run `pip install "
                                  f"--editable '.[{kind}]'` in the project's environment")


def test_only_the_check_of_all_settings_is_run_again_after_a_change():
    stages = YAML(typ="safe", pure=True).load(ROOT / "dvc.yaml")["stages"]
    assert {name for name, stage in stages.items() for listed in stage.get("params", [])
            if listed == {"params.yaml": None} or str(listed).startswith("executor")} == {
                "configure"}


@pytest.mark.parametrize(("settings", "words"), [
    pytest.param({"kind": "slurm", "address": None}, "'local', 'dask' or 'ray'", id="unknown"),
    pytest.param({"kind": "local", "address": "tcp://a:1"}, "kind=local has none", id="no use"),
])
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(ValidationError, match=words):
        Executor(**settings)


