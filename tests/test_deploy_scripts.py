"""install.sh and uninstall.sh below another root, systemd and the interpreter played: what is done, and what not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SYSTEMD = ROOT / "deploy" / "systemd"
SCRIPTS = [*sorted(SYSTEMD.glob("*.sh")), ROOT / ".ci" / "run"]

PYTHON = """#!/bin/sh
# Plays an interpreter: `-m venv DIR` makes one whose programs write down what they were asked.
echo "python $*" >>"$DIARY"
if [ "$1" = -m ] && [ "$2" = venv ]; then
    mkdir -p "$3/bin"
    cp "$0" "$3/bin/python"
    { echo '#!/bin/sh'; echo 'echo "vibe-quant $*" >>"$DIARY"'
      echo '[ "$1" != check ] || ! grep -q broken "$3"'; } >"$3/bin/vibe-quant"
    chmod +x "$3/bin/vibe-quant"
fi
[ "$1" != -V ] || echo "Python $VERSION"
[ "$*" != "$FAILS" ]
"""
SYSTEMCTL = """#!/bin/sh
# Plays systemd: units that run stand in the file $RUNS.
echo "systemctl $*" >>"$DIARY"
case $1 in
    list-units) cat "$RUNS" ;;
    restart) [ ! -e "$RUNS.fails" ] ;;
    stop) : >"$RUNS" ;;
esac
"""
INSTANCE = "vibe-quant@one.service"
READ_ONLY = ("list-units", "daemon-reload")


@dataclass
class Host:
    """A host below a folder."""

    folder: Path

    def __post_init__(self) -> None:
        self.root, self.diary, self.runs = self.folder / "root", self.folder / "diary", self.folder / "runs"
        self.runs.touch()
        for name, text in (("python", PYTHON), ("systemctl", SYSTEMCTL)):
            (self.folder / name).write_text(text, encoding="utf-8")
            (self.folder / name).chmod(0o755)
        self.version = "3.11.2"

    def call(self, script: str, *arguments: str, fails: str = "") -> subprocess.CompletedProcess[str]:
        self.diary.write_text("", encoding="utf-8")
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "DIARY": str(self.diary),
            "RUNS": str(self.runs),
            "SYSTEMCTL": str(self.folder / "systemctl"),
            "VERSION": self.version,
            "FAILS": fails,
            "TMPDIR": str(self.folder),
        }
        command = [str(SYSTEMD / script), "--root", str(self.root), *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL
        )

    def install(self, *arguments: str, fails: str = "") -> subprocess.CompletedProcess[str]:
        return self.call("install.sh", "--python", str(self.folder / "python"), *arguments, fails=fails)

    def done(self, word: str) -> list[str]:
        lines = self.diary.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith(word)]

    @property
    def opt(self) -> Path:
        return self.root / "opt" / "vibe-quant"

    def current(self) -> str:
        return (self.opt / "current").readlink().name


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def installed(host: Host) -> Host:
    done = host.install()
    assert done.returncode == 0, done.stderr
    return host


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed here")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    done = subprocess.run(["shellcheck", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_an_installation_is_whole_and_starts_nothing(host: Host) -> None:
    done = host.install()
    assert done.returncode == 0, done.stderr
    target = host.opt / host.current()
    pips = host.done("python -m pip install")
    assert "--require-hashes --only-binary :all:" in pips[0]
    assert "--no-deps" in pips[1]
    assert (target / ".complete").exists()
    for program, source in (("alarm", "alarm.sh"), ("with-credentials", "with-credentials.sh")):
        assert (target / "libexec" / program).read_bytes() == (SYSTEMD / source).read_bytes()
        assert mode(target / "libexec" / program) & 0o111 == 0o111
    units = {path.name for path in (host.root / "etc/systemd/system").iterdir()}
    assert units == {"vibe-quant.service", "vibe-quant@.service", "vibe-quant-alarm@.service"}
    assert mode(host.root / "etc/vibe-quant") == 0o750
    assert mode(host.root / "etc/vibe-quant/config.yaml") == 0o640
    assert mode(host.root / "etc/credstore") == 0o700
    assert "venue: sim" in (host.root / "etc/vibe-quant/config.yaml").read_text(encoding="utf-8")
    assert (host.root / "usr/local/bin/vibe-quant").resolve() == target / "bin" / "vibe-quant"
    assert {line.split()[1] for line in host.done("systemctl")} <= set(READ_ONLY), "something was started or enabled"
    assert "nothing was started" in done.stdout
    assert not list(host.folder.glob("tmp.*")), "it leaves its work behind"


def test_a_dry_run_does_nothing_and_says_all(host: Host) -> None:
    done = host.install("--dry-run")
    assert done.returncode == 0, done.stderr
    assert not host.root.exists()
    assert not host.done("python -m")
    for words in (
        "would run",
        "-m venv",
        "--require-hashes",
        "current",
        "config.yaml",
        *(unit.name for unit in SYSTEMD.glob("*.service")),
    ):
        assert words in done.stdout
    assert f"{SYSTEMD}/vibe-quant.service {host.root}/etc/systemd/system/vibe-quant.service" in done.stdout


def test_a_second_time_changes_nothing(host: Host) -> None:
    installed(host)
    config = host.root / "etc/vibe-quant/config.yaml"
    config.write_text("mine\n", encoding="utf-8")
    before = host.current()
    host.runs.write_text(f"{INSTANCE} loaded active running x\n", encoding="utf-8")
    done = host.install("--no-restart")
    assert done.returncode == 0, done.stderr
    assert not host.done("python -m"), "built again"
    assert config.read_text(encoding="utf-8") == "mine\n"
    assert host.current() == before
    assert not host.done("systemctl restart")
    assert f"systemctl restart {INSTANCE}" in done.stdout


def test_an_upgrade_checks_every_configuration_before_it_switches_and_restarts_what_runs(host: Host) -> None:
    before = installed(host).current()
    one = host.root / "etc/vibe-quant/one/config.yaml"
    one.parent.mkdir()
    one.write_text("fine\n", encoding="utf-8")
    host.runs.write_text(f"vibe-quant.service loaded active running x\n{INSTANCE} loaded active running x\n", "utf-8")
    host.version = "3.12.0"  # another interpreter is another version of the whole
    done = host.install()
    assert done.returncode == 0, done.stderr
    assert host.current() != before
    assert (host.opt / "previous").readlink().name == before
    checked = host.done("vibe-quant check")
    assert [line.split()[-1] for line in checked] == [str(host.root / "etc/vibe-quant/config.yaml"), str(one)]
    restarted = [line.split()[-1] for line in host.done("systemctl restart")]
    assert restarted == ["vibe-quant.service", INSTANCE]
    lines = host.diary.read_text(encoding="utf-8").splitlines()
    assert lines.index(checked[-1]) < lines.index("systemctl restart vibe-quant.service")


def test_a_configuration_that_does_not_hold_ends_the_upgrade_before_anything_is_switched(host: Host) -> None:
    before = installed(host).current()
    (host.root / "etc/vibe-quant/config.yaml").write_text("broken\n", encoding="utf-8")
    host.runs.write_text("vibe-quant.service loaded active running x\n", encoding="utf-8")
    host.version = "3.12.0"
    done = host.install()
    assert done.returncode == 1
    assert "does not hold" in done.stderr
    assert "Nothing was switched" in done.stderr
    assert host.current() == before
    assert not host.done("systemctl restart")


def test_packages_that_do_not_come_leave_what_runs_alone_and_are_fetched_anew(host: Host) -> None:
    before = installed(host).current()
    host.version = "3.12.0"
    quiet = "-m pip install --quiet --disable-pip-version-check --no-input"
    lock = f"{quiet} --require-hashes --only-binary :all: --requirement {ROOT / 'requirements.txt'}"
    done = host.install(fails=lock)
    assert done.returncode != 0
    assert host.current() == before
    assert host.install().returncode == 0
    assert len(host.done("python -m venv")) == 1, "half a version was taken for a whole one"
    assert host.current() != before


def test_a_service_that_does_not_come_up_is_said_with_the_way_back(host: Host) -> None:
    before = installed(host).current()
    host.runs.write_text("vibe-quant.service loaded active running x\n", encoding="utf-8")
    (host.folder / "runs.fails").touch()
    host.version = "3.12.0"
    done = host.install()
    assert done.returncode == 1
    assert "has not become ready" in done.stderr
    assert "rollback" in done.stderr
    (host.folder / "runs.fails").unlink()
    newer = host.current()
    back = host.install("rollback")
    assert back.returncode == 0, back.stderr
    assert host.current() == before
    assert (host.opt / "previous").readlink().name == newer
    assert host.done("systemctl restart") == ["systemctl restart vibe-quant.service"]


def test_prune_keeps_the_current_version_and_the_one_before(host: Host) -> None:
    for version in ("3.11.1", "3.12.0", "3.13.0"):
        host.version = version
        installed(host)
    listed = host.install("versions").stdout.splitlines()
    assert len(listed) == 3
    assert sum(line.endswith("(current)") for line in listed) == 1
    assert host.install("prune").returncode == 0
    left = {path.name for path in host.opt.iterdir() if path.is_dir() and not path.is_symlink()}
    assert left == {host.current(), (host.opt / "previous").readlink().name}


def third(host: Host) -> Path:
    """The folder of a version that is neither current nor the one before."""
    for version in ("3.11.1", "3.12.0", "3.13.0"):
        host.version = version
        installed(host)
    kept = {host.current(), (host.opt / "previous").readlink().name}
    [old] = [path for path in host.opt.iterdir() if path.is_dir() and not path.is_symlink() and path.name not in kept]
    return old


def runs_its_program(old: Path) -> subprocess.Popen[bytes]:
    shutil.copy("/bin/sleep", old / "bin" / "sleeper")
    return subprocess.Popen([old / "bin" / "sleeper", "600"])


def was_called_by_it(old: Path) -> subprocess.Popen[bytes]:
    """As a script's interpreter in a virtual environment: the program itself is the host's."""
    return subprocess.Popen([str(old / "bin" / "python"), "600"], executable="/bin/sleep")


def stands_in_it(old: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sleep", "600"], cwd=old)


def has_loaded_of_it(old: Path) -> subprocess.Popen[bytes]:
    shutil.copy("/bin/sleep", old / "loaded.so")
    code = "import mmap, os, time; f = open(os.environ['LOADED'], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=1); "
    code += "f.close(); print(1, flush=True); time.sleep(600)"
    environment = {**os.environ, "LOADED": str(old / "loaded.so")}
    process = subprocess.Popen(["python3", "-c", code], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    process.stdout.close()
    return process


USES = [runs_its_program, was_called_by_it, stands_in_it, has_loaded_of_it]


@pytest.mark.parametrize("use", USES)
def test_prune_leaves_what_a_process_runs_from(host: Host, use: Callable[[Path], subprocess.Popen[bytes]]) -> None:
    """A service that --no-restart left with its version would lose the files from under it."""
    old = third(host)
    other = old.with_name(old.name[:-1])  # what runs from the one is no use of another whose name begins alike
    shutil.copytree(old, other)
    process = use(old)
    try:
        done = host.install("prune")
        assert done.returncode == 0, done.stderr
        assert f"stays: it is used by process {process.pid} (" in done.stdout
        assert old.is_dir()
        assert not other.exists()
    finally:
        process.kill()
        process.wait()
    assert host.install("prune").returncode == 0
    assert not old.exists()


def test_prune_leaves_what_a_unit_names(host: Host) -> None:
    old = third(host)
    drop_in = host.root / "etc" / "systemd" / "system" / f"{INSTANCE}.d" / "version.conf"
    drop_in.parent.mkdir(parents=True)
    drop_in.write_text(f"[Service]\nExecStart=\nExecStart={old}/bin/vibe-quant run\n", encoding="utf-8")
    done = host.install("prune")
    assert f"stays: it is used by {drop_in}, which names it" in done.stdout
    assert old.is_dir()
    drop_in.unlink()
    host.install("prune")
    assert not old.exists()


def test_without_a_network_only_the_named_folder_is_asked(host: Host) -> None:
    wheels = host.folder / "wheels"
    wheels.mkdir()
    assert host.install("--wheels", str(wheels)).returncode == 0
    assert f"--no-index --find-links {wheels}" in host.done("python -m pip install")[0]


@pytest.mark.parametrize(
    "arguments", [("--wheels", "/no/such/folder"), ("--root",), ("nonsense",), ("--python", "/bin/false")]
)
def test_what_cannot_be_is_refused_before_anything_is_done(host: Host, arguments: tuple[str, ...]) -> None:
    done = host.install(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("install.sh: ")
    assert not host.root.exists()


def test_an_uninstallation_refuses_while_a_service_runs(host: Host) -> None:
    installed(host)
    host.runs.write_text("vibe-quant.service loaded active running x\n", encoding="utf-8")
    done = host.call("uninstall.sh")
    assert done.returncode == 1
    assert "at work: vibe-quant.service" in done.stderr
    assert host.current()
    assert not host.done("systemctl stop")


def test_an_uninstallation_keeps_what_is_the_operators(host: Host) -> None:
    installed(host)
    journal = host.root / "var/lib/vibe-quant/live/journal.sqlite"
    drop_in = host.root / "etc/systemd/system/vibe-quant.service.d/live.conf"
    for path in (journal, drop_in):
        path.parent.mkdir(parents=True)
        path.touch()
    host.runs.write_text("vibe-quant.service loaded active running x\n", encoding="utf-8")
    done = host.call("uninstall.sh", "--stop")
    assert done.returncode == 0, done.stderr
    assert host.done("systemctl stop") == ["systemctl stop vibe-quant.service"]
    assert not host.opt.exists()
    assert not list((host.root / "etc/systemd/system").glob("*.service"))
    for kept in (journal, drop_in, host.root / "etc/vibe-quant/config.yaml"):
        assert kept.exists()
        assert str(kept.parents[0])[:20] in done.stdout
    assert "protective stops are at the exchange as before" in done.stdout


def test_an_account_that_was_enabled_is_not_so_after_the_next_installation(host: Host) -> None:
    installed(host)
    wants = host.root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir()
    for name in (INSTANCE, "other.service"):
        (wants / name).symlink_to("/nowhere")
    assert host.call("uninstall.sh", "--dry-run").returncode == 0
    assert (wants / INSTANCE).is_symlink()
    assert host.call("uninstall.sh").returncode == 0
    assert [link.name for link in wants.iterdir()] == ["other.service"]


def test_a_purge_asks_and_takes_nothing_that_is_not_ours(host: Host) -> None:
    installed(host)
    ours = [
        "var/lib/vibe-quant/j",
        "var/lib/vibe-quant-one/j",
        "var/log/vibe-quant/l",
        "etc/credstore/vibe-quant.api_key",
    ]
    others = ["var/lib/other/j", "etc/credstore/other", "var/lib/vibe/j"]
    for name in (*ours, *others):
        (host.root / name).parent.mkdir(parents=True, exist_ok=True)
        (host.root / name).touch()
    asked = host.call("uninstall.sh", "--purge")
    assert asked.returncode == 1
    assert (host.root / ours[0]).exists()
    assert host.opt.exists()
    assert host.call("uninstall.sh", "--purge", "--dry-run").returncode == 0
    assert (host.root / ours[0]).exists()
    assert host.call("uninstall.sh", "--purge", "--yes").returncode == 0
    assert not [name for name in ours if (host.root / name).exists()]
    assert [name for name in others if not (host.root / name).exists()] == []
    assert not (host.root / "etc/vibe-quant").exists()
