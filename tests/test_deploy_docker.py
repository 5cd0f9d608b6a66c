"""The container's files, read and not built (there is no registry here): what they promise stands in them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vibe_quant.app.credentials import SYSTEMD
from vibe_quant.app.places import RUNTIME_DIRECTORY, STATE_DIRECTORY
from vibe_quant.app.web_access import CONTAINER, LINK, announcing, web_access
from vibe_quant.domain.settings import GlobalSettings

DOCKER = Path(__file__).resolve().parents[1] / "deploy" / "docker"
ROOT = DOCKER.parents[1]
UID = "10001"
KNOWN = {
    "ARG",
    "FROM",
    "ENV",
    "RUN",
    "WORKDIR",
    "COPY",
    "USER",
    "VOLUME",
    "STOPSIGNAL",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}


def instructions() -> list[tuple[str, str]]:
    """Name and rest of each, continued lines joined."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line.strip()]


def last(name: str) -> str:
    return [rest for found, rest in instructions() if found == name][-1]


@pytest.fixture
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return read


def test_the_image_is_built_of_locked_packages_and_runs_as_nobody_in_particular() -> None:
    found = instructions()
    assert {name for name, _ in found} <= KNOWN
    stages = [rest for name, rest in found if name == "FROM"]
    assert stages == ["${PYTHON} AS build", "${PYTHON}"]
    assert re.fullmatch(r"PYTHON=python:3\.1\d-slim", last("ARG"))
    installs = [rest for name, rest in found if name == "RUN" and "pip install" in rest]
    assert "--require-hashes --only-binary :all:" in installs[0]
    assert "--no-index --no-deps" in installs[1]
    assert last("USER") == f"{UID}:{UID}"
    assert [name for name, _ in found].index("USER") > max(i for i, (name, _) in enumerate(found) if name == "RUN")
    assert last("STOPSIGNAL") == "SIGTERM"


def test_what_is_copied_is_there_and_not_ignored() -> None:
    kept = {
        line[1:]
        for line in (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        name for found, rest in instructions() if found == "COPY" and "--from" not in rest for name in rest.split()[:-1]
    }
    assert {name.removeprefix("./") for name in copied} == kept
    assert all((ROOT / name).exists() for name in kept)


def test_the_places_are_those_that_the_program_looks_at() -> None:
    environment = last("ENV")
    for name in (STATE_DIRECTORY, RUNTIME_DIRECTORY, "LOGS_DIRECTORY", SYSTEMD):
        assert f"{name}=/" in environment
    assert "API_KEY" not in environment
    assert '"vibe-quant", "status"' in last("HEALTHCHECK")
    assert "--live" not in last("CMD")


def test_the_pages_token_is_not_printed_into_the_containers_log(compose: dict[str, Any], tmp_path: Path) -> None:
    environment = dict(re.findall(r"(\w+)=(\S+)", last("ENV")))
    service = compose["services"]["vibe-quant"]
    assert CONTAINER not in service.get("environment", {}), "that of the image stands"
    said: list[str] = []
    access = web_access(GlobalSettings().web, {})
    assert access.made
    link = tmp_path / LINK
    announcing(access, link, environment, said.append, terminal=True)("http://127.0.0.1:8420/")
    assert access.token not in "".join(said)
    assert access.token in link.read_text(encoding="utf-8")


def test_the_service_writes_nowhere_but_into_its_volumes(compose: dict[str, Any]) -> None:
    service = compose["services"]["vibe-quant"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == f"{UID}:{UID}"
    assert service["ulimits"] == {"core": 0}
    assert "--live" not in service["command"]
    assert not service.get("privileged")
    assert not service.get("ports"), "nothing is reached from outside unless the operator says so"
    assert int(service["stop_grace_period"].rstrip("s")) >= GlobalSettings().stop_timeout_s + 30
    written = {mount.split(":")[1] for mount in service["volumes"] if not mount.endswith(":ro")}
    written |= {mount.partition(":")[0] for mount in service["tmpfs"]}
    assert written == {"/var/lib/vibe-quant", "/var/log/vibe-quant", "/run/vibe-quant", "/tmp"}
    assert "environment" not in service, "secrets come as files"


def test_postgresql_is_an_option(compose: dict[str, Any]) -> None:
    assert compose["services"]["postgres"]["profiles"] == ["postgres"]
    assert compose["services"]["postgres"]["environment"]["POSTGRES_PASSWORD_FILE"] == "/run/secrets/pg_password"
    assert "depends_on" not in compose["services"]["vibe-quant"], "trading does not wait for the mirror"
    assert set(compose["volumes"]) == {"state", "logs", "mirror"}
