"""Where work on many images is done: on the cores of this machine, or on a Dask or Ray cluster.

All of it goes through joblib, whose calls find the cluster by themselves. What is sent to a worker
names files and holds no pictures; so workers see the same file system, under the same paths.
"""

import gc
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeVar

import cv2
from joblib import Parallel, cpu_count, delayed, effective_n_jobs, parallel_config

from osteon.errors import UserError
from osteon.sections.data import Executor

_AT_ONCE = 32  # jobs that each core is given before their results are taken: less, and cores wait
_PATIENCE_S = 60  # the queue of a cluster may take as long to start the first worker

_KIND = ContextVar("_KIND", default="local")

Item = TypeVar("Item")
Result = TypeVar("Result")


@contextmanager
def on(settings: Executor) -> Iterator[None]:
    """Do all that `in_order` does within the block where `settings` say.

    Raises:
        UserError: the cluster's package is not installed, or no worker of it answers.
    """
    clusters = {"dask": _dask, "ray": _ray}
    cluster = clusters.get(settings.kind)
    with cluster(settings.address) if cluster else nullcontext():
        before = _KIND.set(settings.kind)
        try:
            yield
        finally:
            _KIND.reset(before)


def in_order(function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], *,
             threads: bool = False) -> Iterator[Result]:
    """Give the results of `function` for the arguments of each job, in the order of the jobs.

    A job should last ten milliseconds and more, or handing it over costs more than it saves.
    However many jobs there are, and however slowly results are taken, only some of each core's
    are held at a time. With `threads` this machine's cores are threads of one process, which pays
    where the work is OpenCV's; a cluster's are processes all the same.
    """
    kind = _KIND.get()
    step = _AT_ONCE * workers()
    # Ray gives the results of a call once all are there.
    with Parallel(n_jobs=-1, batch_size=1, pre_dispatch="all",
                  prefer="threads" if threads else "processes",
                  return_as="list" if kind == "ray" else "generator") as parallel:
        for start in range(0, len(jobs), step):
            found = parallel(delayed(_on_one_core)(function, *job)
                             for job in jobs[start:start + step])
            try:
                for result in found:  # noqa: UP028 (which would close `found` where it is left)
                    yield result
            finally:
                # Left early, joblib would kill the workers and complain of each job they had.
                for _ in found:
                    pass
            if kind == "dask":
                # joblib's futures of Dask refer to themselves, and keep their results until the
                # collector runs, which counts objects and not how large they are.
                gc.collect()


def chunks(items: Sequence[Item], most: int) -> list[Sequence[Item]]:
    """Cut `items` into chunks of up to `most`, of fewer where a core would have few chunks."""
    size = max(1, min(most, len(items) // (8 * workers())))
    return [items[start:start + size] for start in range(0, len(items), size)]


def workers() -> int:
    """Count the cores that do the work, of this machine or of the cluster."""
    return int(effective_n_jobs(-1))


def _on_one_core(function: Callable[..., Result], *arguments: Any) -> Result:
    cv2.setNumThreads(1)  # the other cores have jobs of their own
    return function(*arguments)


@contextmanager
def _dask(address: str | None) -> Iterator[None]:
    try:
        from distributed import Client, LocalCluster  # takes a second, and is an extra
    except ImportError:
        raise _missing("dask") from None
    with ExitStack() as stack:
        where = address or stack.enter_context(
            LocalCluster(n_workers=cpu_count(), threads_per_worker=1, dashboard_address=":0"))
        try:
            client = stack.enter_context(Client(where, timeout=_PATIENCE_S))
            client.wait_for_workers(1, timeout=_PATIENCE_S)
        except (OSError, ValueError) as error:
            raise UserError(f"executor.address: no Dask worker answers at {address}: {error}; "
                            f"start one with `dask worker {address}`") from None
        stack.enter_context(parallel_config(backend="dask", client=client))
        yield


@contextmanager
def _ray(address: str | None) -> Iterator[None]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise _missing("ray") from None
    try:
        if address:
            _knock(address)
        ray.init(address=address or "local")
    except (OSError, ValueError) as error:
        raise UserError(f"executor.address: no Ray cluster answers at {address}: {error}; "
                        "start one with `ray start --head`, and give its HOST:6379") from None
    register_ray()
    try:
        with parallel_config(backend="ray"):
            yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Fail at once where nobody listens; Ray itself would try for ten minutes and more."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    socket.create_connection((host, int(port)), _PATIENCE_S).close()


def _missing(kind: str) -> UserError:
    return UserError(f"executor.kind: {kind} is not installed; "
                     f"run `pip install --editable '.[{kind}]'` in the project's environment")
