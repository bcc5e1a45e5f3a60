"""A real Slurm cluster of a controller and a few nodes, on the loopback address of one machine, for tests.

Each node lives in namespaces of its own: it has its own host name, sees its own processes only, and shows the
processor that it was given. The files are those of the machine, at the same paths. There is no accounting.

Snakemake's job steps forget the variable SLURM_CONF, so the configuration must lie where Slurm looks for it. A machine
has one such place: a second cluster waits until the first one is stopped.

By hand, until interrupted:  python tests/cluster/slurm.py FOLDER
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

#: Where Slurm looks for its configuration: a link while a cluster of ours runs.
SYSTEM_CONFIGURATION = Path("/etc/slurm/slurm.conf")
#: Name of the file that the link leads to. A link to a file of that name is ours.
CONFIGURATION = "loopback-slurm.conf"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "unshare")
ADDRESS = "127.0.0.1"
#: Ports that the system gives to nobody who just asks for any, so that they stay free while the controller is away.
PORTS = range(16817, 32768)

MACHINE = ["unshare", "--uts", "--mount"]
#: When ``unshare`` is killed, its child is, too; that one is process 1 of the node, and takes all others along.
PROCESSES = ["--pid", "--mount-proc", "--fork", "--kill-child"]
#: Arguments: host name, hosts file, command.
SETTLE = 'hostname "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"'
#: Arguments: file of the processor, command. The shell stays, as it waits for children that lost their parents.
BOOT = 'mount --bind "$1" /proc/cpuinfo && shift && "$@"; exit'

CONFIGURATION_TEXT = """\
ClusterName=loopback
SlurmctldHost=controller({address})
SlurmctldPort={port}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmUser=root
SlurmdUser=root

StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
SlurmctldLogFile={folder}/controller.log
SlurmdLogFile={folder}/%n.log
MailProg=/bin/true

# The nodes share one machine and have what they claim to have. They need no cgroups, which a container may not offer.
SlurmdParameters=config_overrides
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none

# Jobs share a node unless they ask for all of it.
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU

# A small job starts and ends within a second.
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,bf_interval=1
KillWait=1
JobRequeue=0
MinJobAge=300
ReturnToService=2

{nodes}
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Node:
    """A machine of the cluster. A partition and a feature bear its name.

    cpus and memory_mb are what it offers to jobs, whatever there is. processor: the name that /proc/cpuinfo shows on
    it. features: more of them, for ``sbatch --constraint``.
    """

    name: str
    cpus: int = 1
    processor: str = "Loopback CPU"
    memory_mb: int = 16000
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class Job:
    """A job, running, waiting, or ended within the last minutes. Without a node yet, ``node`` is empty."""

    id: str
    name: str
    state: str
    partition: str
    node: str
    exclusive: bool
    comment: str


@dataclass(frozen=True)
class Process:
    """A process on a node. pid: its number as seen from outside of the node."""

    pid: int
    command: str


def unavailable() -> str | None:
    """Tell why no cluster can be started on this machine; None if one can."""
    missing = [program for program in PROGRAMS if shutil.which(program, path=_search_path()) is None]
    if missing:
        return f"not installed: {', '.join(missing)}; on Debian, tests/cluster/install.sh does it"
    if os.geteuid() != 0:
        return "a Slurm cluster with nodes in namespaces needs root"
    probe = subprocess.run([*MACHINE, *PROCESSES, "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        return f"no namespaces here: {probe.stderr.strip()}"
    if os.path.lexists(SYSTEM_CONFIGURATION) and not _is_ours(SYSTEM_CONFIGURATION):
        return f"this machine has a Slurm of its own: {SYSTEM_CONFIGURATION}"
    return None


class Cluster:
    """A Slurm cluster whose files all lie in ``folder``: configuration, key, state, logs.

    As a context manager it is started and stopped. The partition ``all``, the default, has all nodes.
    """

    def __init__(self, folder: Path, nodes: Sequence[Node]) -> None:
        self.folder = folder.absolute()
        # Slurm's configuration knows no quotes, and the sockets in the folder have names of 108 bytes at most.
        if not re.fullmatch(r"[\w./+-]{1,70}", str(self.folder), re.ASCII):
            raise ValueError(f"{self.folder}: not a plain path of at most 70 characters")
        self.nodes = tuple(nodes)
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._lock: int | None = None

    @property
    def environment(self) -> dict[str, str]:
        """Variables for commands that are to use this cluster, whatever cluster the caller's own environment names."""
        return {"SLURM_CONF": str(self.folder / CONFIGURATION), "PATH": _search_path()}

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, patience_seconds: float = 1800.0) -> None:
        """Start all, and return when all nodes can take jobs.

        patience_seconds: how long to wait for the end of another cluster of this machine.

        Raises RuntimeError, with the end of its log, if a daemon does not start; TimeoutError if something takes too
        long; FileExistsError if the machine has a Slurm of its own.
        """
        self._lock = _lock(patience_seconds)
        try:
            _end_orphans()
            self._write_files()
            SYSTEM_CONFIGURATION.symlink_to(self.folder / CONFIGURATION)
            self._start_munge()
            self._start_controller()
            for node in self.nodes:
                self._start_node(node)
            self._wait_for_nodes()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all that was started, and jobs that still run; the files stay. Without a cluster, nothing happens."""
        # The controller first: with nobody to tell, jobs that end with their node are not failed jobs.
        self._end("controller")
        for node in self.nodes:
            self._switch_off(node.name)
        self._end("munge")
        if _is_ours(SYSTEM_CONFIGURATION) and SYSTEM_CONFIGURATION.readlink().parent == self.folder:
            SYSTEM_CONFIGURATION.unlink()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def stop_controller(self) -> None:
        """Begin an outage: jobs on the nodes run on, and nobody can submit, ask or cancel."""
        self._end("controller")

    def start_controller(self) -> None:
        """End an outage: the controller takes up the state that it had, and all nodes have answered it."""
        self._start_controller()
        self._wait_for_nodes()

    def switch_off(self, node: str) -> None:
        """Take a node's power away: its daemon and all processes on it are gone at once, and nobody is told."""
        self._switch_off(node)

    def switch_on(self, node: str) -> None:
        """Start a node that was switched off; return when it can take jobs."""
        (found,) = (one for one in self.nodes if one.name == node)
        self._start_node(found)
        self._wait_for_nodes()

    def run(self, *command: str) -> str:
        """Run one of Slurm's commands and return what it prints. Raises RuntimeError, with its message, if it fails."""
        done = subprocess.run(
            command, env=os.environ | self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def jobs(self) -> list[Job]:
        """Tell all jobs that the controller knows, those ended within the last five minutes included."""
        form = "\t".join(["%i", "%j", "%T", "%P", "%N", "%h", "%k"])
        lines = self.run("squeue", "--states=all", "--noheader", "--array", f"--format={form}").splitlines()
        fields = (line.split("\t", 6) for line in lines)
        return [
            Job(
                id_,
                name,
                state,
                partition,
                node,
                exclusive=shared == "NO",
                comment="" if comment == "(null)" else comment,
            )
            for id_, name, state, partition, node, shared, comment in fields
        ]

    def processes(self, node: str) -> list[Process]:
        """Tell the processes on a node, but for its daemon: those of jobs, and those that jobs left."""
        namespace = _namespace(self._daemons[node].pid)
        if namespace is None:
            raise RuntimeError(f"{node} is down; see the logs in {self.folder}")
        own = re.compile(r"^Name:\tslurmd$|^NSpid:.*\t1$", re.MULTILINE)
        return [Process(pid, _command(pid)) for pid, status in _inside(namespace) if not own.search(status)]

    def _write_files(self) -> None:
        for folder in (self.folder, self.folder / "state", *(self.folder / node.name for node in self.nodes)):
            folder.mkdir(parents=True, exist_ok=True)
        self._port, *node_ports = islice(_free_ports(), 1 + len(self.nodes))
        lines = []
        for node, port in zip(self.nodes, node_ports, strict=True):
            features = ",".join([node.name, *node.features])
            lines += [
                f"NodeName={node.name} NodeAddr={ADDRESS} Port={port} CPUs={node.cpus} RealMemory={node.memory_mb} "
                f"Feature={features} State=UNKNOWN",
                f"PartitionName={node.name} Nodes={node.name} MaxTime=INFINITE State=UP",
            ]
            own = re.sub(r"(?m)^(model name|Model)\s*:.*\n", "", Path("/proc/cpuinfo").read_text())
            shown = re.sub(r"(?m)^(processor\s*:.*\n)", rf"\1model name\t: {node.processor}\n", own)
            (self.folder / f"{node.name}.cpuinfo").write_text(shown)
        (self.folder / CONFIGURATION).write_text(
            CONFIGURATION_TEXT.format(address=ADDRESS, port=self._port, folder=self.folder, nodes="\n".join(lines))
        )
        names = " ".join(["localhost", "controller", *(node.name for node in self.nodes)])
        (self.folder / "hosts").write_text(f"{ADDRESS} {names}\n")
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

    def _start_munge(self) -> None:
        options = {"socket": "socket", "key-file": "key", "log-file": "log", "pid-file": "pid", "seed-file": "seed"}
        files = [f"--{option}={self.folder}/munge.{suffix}" for option, suffix in options.items()]
        # Forced, as it dislikes folders that others may not enter, such as those of pytest.
        self._start("munge", ["munged", "--foreground", "--force", *files])
        self._wait(lambda: (self.folder / "munge.socket").exists(), "munged to listen")

    def _start_node(self, node: Node) -> None:
        command = ["slurmd", "-D", "-f", str(self.folder / CONFIGURATION), "-N", node.name]
        boot = ["bash", "-c", BOOT, "boot", str(self.folder / f"{node.name}.cpuinfo"), *command]
        self._start(node.name, [*MACHINE, *PROCESSES, *self._settled(node.name, boot)])

    def _settled(self, name: str, command: list[str]) -> list[str]:
        return ["bash", "-c", SETTLE, "settle", name, str(self.folder / "hosts"), *command]

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.out").open("wb") as output:
            self._daemons[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={"PATH": _search_path()},
                cwd="/",
                start_new_session=True,
            )
        # For who finds them after this process was killed.
        running = (daemon.pid for daemon in self._daemons.values())
        (self.folder / "daemons").write_text("".join(f"{pid} {_start_time(pid)}\n" for pid in running))

    def _end(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _switch_off(self, node: str) -> None:
        daemon = self._daemons.pop(node, None)
        if daemon is None:
            return
        namespace = _namespace(daemon.pid)
        daemon.kill()
        daemon.wait()
        # The processes of a node end together, but a moment after ``unshare``.
        deadline = time.monotonic() + 10
        while namespace and any(_inside(namespace)) and time.monotonic() < deadline:
            time.sleep(0.01)

    def _start_controller(self) -> None:
        command = ["slurmctld", "-D", "-f", str(self.folder / CONFIGURATION)]
        self._start("controller", [*MACHINE, *self._settled("controller", command)])
        # Slurm's commands go to sleep for seconds if they find nobody.
        self._wait(lambda: _listens(self._port), "the controller to listen")

    def _wait_for_nodes(self) -> None:
        def answered() -> bool:
            states = self.run("sinfo", "--noheader", "--partition=all", "--Node", "--format=%T").split()
            return len(states) == len(self.nodes) and set(states) <= {"idle", "mixed", "allocated", "completing"}

        self._wait(answered, "the nodes to answer")

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            for name, daemon in self._daemons.items():
                if daemon.poll() is not None:
                    end = (self.folder / f"{name}.out").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"{name} ended with status {daemon.returncode}:\n{end}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:.0f} s for {what}; see the logs in {self.folder}")
            time.sleep(0.05)


def _search_path() -> str:
    """Where programs are; daemons may lie where other users do not look."""
    return os.environ.get("PATH", "/usr/bin:/bin") + ":/usr/sbin:/sbin"


def _is_ours(path: Path) -> bool:
    return path.is_symlink() and path.readlink().name == CONFIGURATION


def _lock(patience_seconds: float) -> int:
    """Wait until no other cluster runs here; return the file descriptor that keeps others away until it is closed."""
    SYSTEM_CONFIGURATION.parent.mkdir(exist_ok=True)
    lock = os.open(SYSTEM_CONFIGURATION.parent, os.O_RDONLY)
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(lock)
                raise TimeoutError(f"another cluster still runs after {patience_seconds:.0f} s") from None
            time.sleep(0.1)


def _end_orphans() -> None:
    """End what a killed process left of its cluster, and take its link away. Only who has the lock may do that."""
    if not _is_ours(SYSTEM_CONFIGURATION):
        return
    record = SYSTEM_CONFIGURATION.readlink().with_name("daemons")
    for line in record.read_text().splitlines() if record.exists() else []:
        pid, start = map(int, line.split())
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if _start_time(pid) == start:
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], 10)
        os.close(process)
    SYSTEM_CONFIGURATION.unlink()


def _namespace(pid: int) -> Path | None:
    """Namespace of the processes that ``unshare`` started; None if it has ended, or has not come to that."""
    try:
        found = Path(f"/proc/{pid}/ns/pid_for_children").readlink()
    except OSError:
        return None
    return found if found != Path("/proc/self/ns/pid").readlink() else None


def _inside(namespace: Path) -> Iterator[tuple[int, str]]:
    """Yield the number and the status, as /proc tells it, of each process in a namespace that is no zombie."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # It has just ended.
            if (folder / "ns/pid").readlink() == namespace:
                status = (folder / "status").read_text()
                if "\nState:\tZ" not in status:
                    yield int(folder.name), status


def _command(pid: int) -> str:
    """Command line of a process; empty if it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _start_time(pid: int) -> int | None:
    """When a process was started, in ticks since boot: with it, a number means one process only. None if it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except (FileNotFoundError, ProcessLookupError):
        return None


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ADDRESS, port)) == 0


def _free_ports() -> Iterator[int]:
    for port in PORTS:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except OSError:
                continue
        yield port


def main(folder: Path) -> None:
    """Run a cluster of three nodes until interrupted."""
    reason = unavailable()
    if reason is not None:
        raise SystemExit(reason)
    nodes = [Node(f"env-{letter}", cpus=2, processor=f"Loopback CPU {letter}") for letter in "abc"]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), Cluster(folder, nodes):
        print("The cluster runs; try: sinfo. Ctrl-C ends it.", flush=True)
        while True:
            signal.pause()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(f"usage: python {sys.argv[0]} FOLDER")
    main(Path(sys.argv[1]))
