"""Where folds run: on this machine's cores, or on a Dask or Ray cluster by its address. joblib does the rest.

    ""                                   processes here, `jobs` of them
    "tcp://host:8786", "dask://host:8786"    workers of a Dask scheduler
    "ray://host:10001", "ray://local"    workers of a Ray cluster, or of one that is started here

Workers import tradebot themselves and read the bars and write the run's folder by path: on a cluster both must be on a file system that all
of them see. A fold gives the same result wherever it runs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

from tradebot.core.domain.faults import OperatorFault

T = TypeVar("T")
R = TypeVar("R")

_DASK: Final = ("tcp://", "tls://", "dask://")
_RAY: Final = "ray://"
_LOCAL: Final = "local"
_CONNECT_S: Final = 5


def run_all(function: Callable[[T], R], tasks: Sequence[T], *, jobs: int, cluster: str = "") -> Iterator[R]:
    """Answers as they come, in any order. One job on no cluster runs in this process. Raises OperatorFault for a cluster out of reach."""
    if not cluster and (jobs == 1 or len(tasks) <= 1):
        yield from map(function, tasks)
        return
    from joblib import Parallel, delayed, parallel_config

    with _backend(cluster, jobs) as (backend, at_a_time), parallel_config(backend=backend, n_jobs=at_a_time):
        return_as = "list" if backend == "ray" else "generator_unordered"  # joblib's Ray backend answers once, at the end
        yield from Parallel(return_as=return_as, batch_size=1)(delayed(function)(task) for task in tasks)


@contextmanager
def _backend(cluster: str, jobs: int) -> Iterator[tuple[str, int]]:
    """joblib's backend and how many tasks it takes at a time, while the connection to a cluster is open."""
    if not cluster:
        yield "loky", jobs
    elif cluster.startswith(_DASK):
        with _dask(cluster) as found:
            yield found
    elif cluster.startswith(_RAY):
        with _ray(cluster.removeprefix(_RAY)) as found:
            yield found
    else:
        raise OperatorFault(f"--cluster {cluster}: a Dask address begins with tcp:// or dask://, a Ray address with ray://")


@contextmanager
def _dask(address: str) -> Iterator[tuple[str, int]]:
    try:
        from distributed import Client
    except ImportError:
        raise OperatorFault("a Dask cluster needs the extra [scale]: pip install -e '.[scale]'") from None
    try:
        client = Client(address.replace("dask://", "tcp://"), timeout=_CONNECT_S, set_as_default=True)
    except (OSError, TimeoutError, ValueError) as error:
        raise OperatorFault(f"{address}: no Dask scheduler answers there ({error})") from error
    try:
        workers = len(client.scheduler_info(n_workers=-1)["workers"])
        if not workers:
            raise OperatorFault(f"{address}: the Dask scheduler has no worker")
        yield "dask", workers
    finally:
        client.close()


@contextmanager
def _ray(address: str) -> Iterator[tuple[str, int]]:
    try:
        import ray
        from ray.util.joblib import register_ray
    except ImportError:
        raise OperatorFault("a Ray cluster needs the extra [scale]: pip install -e '.[scale]'") from None
    begun = not ray.is_initialized()
    if begun:
        try:
            ray.init(address=None if address == _LOCAL else f"ray://{address}", logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, RuntimeError, TimeoutError) as error:
            raise OperatorFault(f"ray://{address}: no Ray cluster answers there ({error})") from error
    register_ray()
    try:
        yield "ray", max(int(ray.cluster_resources().get("CPU", 1)), 1)
    finally:
        if begun:
            ray.shutdown()
