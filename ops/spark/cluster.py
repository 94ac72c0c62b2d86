"""A Spark cluster on this machine: one master, some workers, and one driver that answers Spark Connect and Thrift.

All of them listen on the loopback address only. The driver stays: a session starts in a moment, where a driver of its
own would cost every dbt run the better part of a minute.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from ops.errors import Failure
from ops.project import ROOT
from ops.spark import environment

LOOPBACK = "127.0.0.1"
MASTER_PORT, CONNECT_PORT, THRIFT_PORT = 7077, 15002, 10000
WAIT_SECONDS = 300

# A cluster for tables of up to some million rows on few cores: no time is spent on planning for more.
SETTINGS = {
    "spark.driver.memory": "3g",
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.executor.memory": "1800m",
    "spark.ui.enabled": "false",
    "spark.scheduler.mode": "FAIR",
    # Each hash operator takes a page, which by default is 32 MB.
    "spark.buffer.pageSize": "1m",
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
    "spark.connect.grpc.binding.address": LOOPBACK,
    "spark.connect.grpc.binding.port": CONNECT_PORT,
}


class Cluster:
    """The cluster of one folder, which holds its processes' numbers, logs, metastore and tables."""

    def __init__(self, folder: Path | None = None, settings: Mapping[str, object] = SETTINGS) -> None:
        """Take the project's folder, or the one in DISPATCH_SPARK, unless told otherwise."""
        self.folder = (folder or Path(os.environ.get("DISPATCH_SPARK") or ROOT / ".spark")).expanduser().resolve()
        self.remote = f"sc://{LOOPBACK}:{CONNECT_PORT}"
        self._settings = settings

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self.folder / "logs"

    def status(self) -> dict[str, psutil.Process]:
        """Return the processes that run, by name: master, worker 1, …, driver."""
        running = {}
        for name, (number, started) in self._recorded().items():
            with suppress(psutil.Error):
                process = psutil.Process(number)
                # A number is given again; the moment of its start is not.
                if process.create_time() == started and process.status() != psutil.STATUS_ZOMBIE:
                    running[name] = process
        return running

    def has_driver(self) -> bool:
        """Return whether a driver was started and not stopped, even if it has ended by itself."""
        return "driver" in self._recorded()

    def start(self, workers: int, tell: Callable[[str], None] = lambda _: None) -> bool:
        """Start master, workers and driver; return False when they run. `tell` receives what is being waited for.

        Raises Failure when one of them cannot start; the others are then stopped.
        """
        running = self.status()
        if running and running.keys() == self._recorded().keys() and "driver" in running:
            return False
        self.stop()
        for port in (MASTER_PORT, CONNECT_PORT, THRIFT_PORT):
            if _answers(port):
                raise Failure(f"Port {port} of {LOOPBACK} is taken by another program: stop it first.")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.logs.mkdir(exist_ok=True)
        master = f"spark://{LOOPBACK}:{MASTER_PORT}"
        try:
            tell("the master")
            self._launch(
                "master", "spark-class", "org.apache.spark.deploy.master.Master",
                "--host", LOOPBACK, "--port", MASTER_PORT, "--webui-port", 0,
            )  # fmt: skip
            self._await("master", MASTER_PORT)
            for number in range(1, workers + 1):
                self._launch(
                    f"worker {number}", "spark-class", "org.apache.spark.deploy.worker.Worker",
                    "--host", LOOPBACK, "--webui-port", 0, "--cores", 1, "--memory", "2g",
                    "--work-dir", self.folder / "work", master,
                )  # fmt: skip
            tell("the driver")
            metastore = f"jdbc:derby:;databaseName={self.folder / 'metastore'};create=true"
            settings = self._settings | {
                "spark.sql.warehouse.dir": self.folder / "warehouse",
                "spark.hadoop.javax.jdo.option.ConnectionURL": metastore,
            }
            self._launch(
                "driver", "spark-submit", "--master", master,
                *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
                "--class", "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2", "spark-internal",
                "--hiveconf", f"hive.server2.thrift.bind.host={LOOPBACK}",
                "--hiveconf", f"hive.server2.thrift.port={THRIFT_PORT}",
            )  # fmt: skip
            self._await("driver", CONNECT_PORT)
            self._await("driver", THRIFT_PORT)
        except BaseException:
            self.stop()
            raise
        return True

    def stop(self) -> bool:
        """Stop what runs, the driver first; return False when nothing did. Tables and metastore stay."""
        running = list(self.status().values())[::-1]
        for process in running:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGTERM)
                with suppress(psutil.TimeoutExpired):
                    process.wait(20)
        # Executors are children of the workers and end with them; a process that hangs is killed.
        for process in running:
            with suppress(psutil.Error):
                process.kill()
        (self.folder / "processes.json").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "work", ignore_errors=True)
        return bool(running)

    def _recorded(self) -> dict[str, tuple[int, float]]:
        try:
            return json.loads((self.folder / "processes.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def _launch(self, name: str, program: str, *arguments: object) -> None:
        import pyspark

        home = Path(pyspark.__file__).parent
        variables = {
            "JAVA_HOME": environment.java_home(),
            "SPARK_HOME": home,
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_PUBLIC_DNS": LOOPBACK,
            "SPARK_NO_DAEMONIZE": 1,
            # The Thrift server counts as a daemon, and this wins over spark.driver.memory.
            "SPARK_DAEMON_MEMORY": self._settings["spark.driver.memory"] if name == "driver" else "256m",
            "PYSPARK_PYTHON": environment.PYTHON,
        }
        # The user's own Spark, if any, is another one.
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(("SPARK_", "HADOOP_"))}
        with (self.logs / f"{name.replace(' ', '-')}.log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen(
                [home / "bin" / program, *map(str, arguments)],
                cwd=self.folder,
                env=inherited | {key: str(value) for key, value in variables.items()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                umask=0o077,
                start_new_session=True,
            )
        recorded = self._recorded() | {name: (process.pid, psutil.Process(process.pid).create_time())}
        (self.folder / "processes.json").write_text(json.dumps(recorded), encoding="utf-8")

    def _await(self, name: str, port: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _answers(port):
            if name not in self.status() or time.monotonic() > deadline:
                log = self.logs / f"{name}.log"
                lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
                errors = [line for line in lines if "Exception: " in line or "Error: " in line]
                reason = (errors or lines[-1:] or ["no reason given"])[0]
                raise Failure(f"The {name} of the Spark cluster did not start: {reason} (log: {log}).")
            time.sleep(0.2)


def address() -> str:
    """Return the address of the cluster's Spark Connect: SPARK_REMOTE, or else that of the local driver."""
    return os.environ.get("SPARK_REMOTE") or Cluster().remote


def place() -> str:
    """Return host and port of the address, without its parameters: a token may be among them."""
    return urlsplit(address()).netloc.rpartition("@")[2]


def lost() -> str:
    """Return "" while a cluster answers, else a sentence; Spark's own client would try again for ten minutes."""
    if os.environ.get("SPARK_REMOTE"):
        named = urlsplit(address())
        answers = named.hostname and _answers(named.port or CONNECT_PORT, named.hostname)
        return "" if answers else f"No Spark cluster answers at {place()}: see SPARK_REMOTE (sc://host:port)."
    local = Cluster()
    if "driver" in local.status():
        return ""
    if local.has_driver():
        return f"The Spark driver has ended (log: {local.logs / 'driver.log'}): python -m ops spark start, and repeat."
    return "No Spark driver runs: python -m ops spark start, or set SPARK_REMOTE."


def _answers(port: int, host: str = LOOPBACK) -> bool:
    try:
        socket.create_connection((host, port), timeout=10).close()
    except OSError:
        return False
    return True
