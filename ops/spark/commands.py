"""The command line: python -m ops spark."""

import os
from typing import Annotated

import typer

from ops.console import console, say
from ops.spark import environment
from ops.spark.cluster import LOOPBACK, THRIFT_PORT, Cluster

app = typer.Typer(
    help="Apache Spark: a cluster on this machine, or the one that SPARK_REMOTE names (sc://host:port).",
    no_args_is_help=True,
)
Workers = Annotated[int, typer.Option(help="Number of workers; each has one core and 2 GB of memory.", min=1)]


@app.command()
def start(workers: Workers = 2) -> None:
    """Start a master, workers and a driver on the loopback address; does nothing when they run."""
    environment.require()
    if remote := os.environ.get("SPARK_REMOTE"):
        say(f"SPARK_REMOTE names the cluster {remote}: there is nothing to start.")
        return
    cluster = Cluster()
    with console.status("Spark …") as shown:
        started = cluster.start(workers, lambda what: shown.update(f"Spark: {what} …"))
    say(
        f"Spark {'started' if started else 'is running'} in {cluster.folder}: Connect at {cluster.remote},"
        f" Thrift at {LOOPBACK}:{THRIFT_PORT}"
    )


@app.command()
def stop() -> None:
    """Stop the cluster; its tables stay."""
    cluster = Cluster()
    with console.status("Spark …"):
        stopped = cluster.stop()
    say(f"Spark {'stopped' if stopped else 'was not running'} in {cluster.folder}")


@app.command()
def status() -> None:
    """Print the processes of the cluster and their memory; exit code 1 when no driver runs."""
    running = Cluster().status()
    for name, process in running.items():
        with_children = [process, *process.children(recursive=True)]
        memory = sum(each.memory_info().rss for each in with_children)
        say(f"{name}: process {process.pid}, {memory / 1e6:,.0f} MB")
    if "driver" not in running:
        say("No Spark driver runs: python -m ops spark start.")
        raise typer.Exit(1)
