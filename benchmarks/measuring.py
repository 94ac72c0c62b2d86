"""What a run took: time, processors, memory, and how much the rest of the machine worked meanwhile."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from time import monotonic
from typing import NamedTuple

import psutil

SAMPLE_SECONDS = 0.5
# Processors that other processes may use, on average, during a run that counts.
BUSY = 0.1


class Run(NamedTuple):
    """One run of a variant, or a part of one, of which only the duration is known.

    The client is dbt, or this process when it talks to the database itself.
    """

    seconds: float
    others: float  # processors used by processes other than client and server, or taken by the hypervisor; average
    client_seconds: float | None = None  # of processor time
    server_seconds: float | None = None
    client_bytes: int | None = None  # peak of the resident memory
    server_bytes: int | None = None  # peak of the private memory of all processes; shared_buffers are not included

    @property
    def counts(self) -> bool:
        """Whether the machine was idle apart from this run."""
        return self.others < BUSY


class Meter:
    """Measures runs of the code in a block."""

    def __init__(self, server: int) -> None:
        """Use the main process of the server."""
        self._client, self._server = psutil.Process(), psutil.Process(server)
        self._peaks = [0, 0]

    @contextmanager
    def run(self) -> Iterator[list[Run]]:
        """Measure the block; append the result to the list."""
        found: list[Run] = []
        self._peaks, ended = [0, 0], Event()
        sampler = Thread(target=self._sample, args=(ended,))
        start, before = monotonic(), self._used()
        sampler.start()
        try:
            yield found
        finally:
            ended.set()
            seconds = monotonic() - start
            sampler.join()
        everything, client, server = (now - then for now, then in zip(self._used(), before, strict=True))
        others = max(everything - client - server, 0) / seconds
        found.append(Run(seconds, others, client, server, *self._peaks))

    def _used(self) -> tuple[float, float, float]:
        """Return the processor seconds used so far by everything, by the client and by the server."""
        times = psutil.cpu_times()
        kinds = ("user", "nice", "system", "irq", "softirq", "steal")
        return sum(getattr(times, kind, 0.0) for kind in kinds), _seconds(self._client), _seconds(self._server)

    def _sample(self, ended: Event) -> None:
        while not ended.wait(SAMPLE_SECONDS):
            clients = self._client.children(recursive=True) or [self._client]
            memory = (_memory(clients, shared=True), _memory(self._server.children(), shared=False))
            self._peaks = [max(pair) for pair in zip(self._peaks, memory, strict=True)]


def _seconds(process: psutil.Process) -> float:
    """Return the processor seconds of a process and its children, ended ones included."""
    seconds = 0.0
    for child in process.children():
        with suppress(psutil.NoSuchProcess):
            seconds += sum(child.cpu_times()[:2])
    return seconds + sum(process.cpu_times()[:4])  # of the process itself, then of its ended children


def _memory(processes: Iterable[psutil.Process], *, shared: bool) -> int:
    total = 0
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            memory = process.memory_info()
            total += memory.rss - (0 if shared else getattr(memory, "shared", 0))
    return total
