"""No engine runs here: the container files are parsed, and what can be checked of them is."""

import json
import re
from pathlib import Path

import pytest
import yaml

from features.telemetry import SWITCHES
from serving.__main__ import _parser
from serving.defaults import DEFAULT_PORT
from serving.settings import Settings

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "serving" / "container"
FILES = {"vigicell": PLACE / "Containerfile", "mlflow": PLACE / "Containerfile.mlflow"}
COMPOSE = yaml.safe_load((PLACE / "compose.yaml").read_text())
PORTS = {"vigicell": str(DEFAULT_PORT), "mlflow": "5000"}


def instructions(path):
    """Return (instruction, rest) pairs; comments are left out and long lines joined."""
    lines = [one for one in path.read_text().splitlines() if not one.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(one.split(None, 1)) for one in joined.splitlines() if one.strip()]


def of(path, word):
    return [rest for name, rest in instructions(path) if name == word]


def environment(path):
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(of(path, "ENV"))))


@pytest.mark.parametrize("path", FILES.values(), ids=list(FILES))
class TestContainerfile:
    def test_every_instruction_is_one(self, path):
        known = {
            "ARG", "FROM", "COPY", "RUN", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE",
            "STOPSIGNAL", "HEALTHCHECK", "CMD",
        }  # fmt: skip
        assert {name for name, _ in instructions(path)} <= known

    def test_it_does_not_run_as_root_and_no_later_step_goes_back(self, path):
        users = of(path, "USER")
        assert users
        assert all(one.isdigit() and int(one) > 0 for one in users)
        assert f"--uid {users[-1]} " in " ".join(of(path, "RUN"))
        names = [name for name, _ in instructions(path)]
        assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")

    def test_the_base_is_a_version_of_its_own_that_the_project_supports(self, path):
        assert of(path, "ARG") == ["PYTHON=python:3.12-slim"]
        assert all(one.split()[0] == "${PYTHON}" for one in of(path, "FROM"))

    def test_nothing_reports_home(self, path):
        said = environment(path)
        names = {"DO_NOT_TRACK", "OTEL_SDK_DISABLED"}
        names |= {"MLFLOW_DISABLE_TELEMETRY"} if "mlflow" in path.name else {"BENTOML_DO_NOT_TRACK"}
        assert {name: said.get(name) for name in names} == {name: SWITCHES[name] for name in names}

    def test_commands_and_health_checks_are_lists_and_name_the_port_that_is_exposed(self, path):
        (port,) = of(path, "EXPOSE")
        assert port == PORTS["mlflow" if "mlflow" in path.name else "vigicell"]
        (command,) = of(path, "CMD")
        listed = json.loads(command)
        assert listed[listed.index("--port") + 1] == port
        check = json.loads(of(path, "HEALTHCHECK")[0].partition(" CMD ")[2])
        assert f"http://127.0.0.1:{port}/" in check[-1]
        compile(check[-1], "health check", "exec")

    def test_versions_come_from_the_lock(self, path):
        run = " ".join(of(path, "RUN"))
        assert "-c /build/versions.txt" in run
        lock = (ROOT / "requirements.lock").read_text()
        kept = [one for one in lock.splitlines() if not re.match(r" +--hash", one)]
        kept = [re.sub(r" \\$", "", one) for one in kept]
        assert not [one for one in kept if one.endswith("\\")]
        pinned = [one for one in kept if one and not one.lstrip().startswith("#")]
        assert all("==" in one for one in pinned)

    def test_data_lie_in_a_volume_that_only_the_user_reads(self, path):
        (user,) = of(path, "USER")
        assert of(path, "VOLUME") == ["/data"]
        assert f"--owner={user} --mode=0700 /data" in " ".join(of(path, "RUN"))


def test_the_service_starts_on_a_check_that_it_has_and_settings_that_it_reads():
    path = FILES["vigicell"]
    assert "/readyz" in of(path, "HEALTHCHECK")[0]
    legal = {f"VIGICELL_{name.upper()}" for name in Settings.__dataclass_fields__}
    said = {name for name in environment(path) if name.startswith("VIGICELL_")}
    composed = {
        name for name in COMPOSE["services"]["vigicell"]["environment"] if "VIGICELL" in name
    }
    assert said | composed <= legal
    assert Settings.from_environment(environment(path)).ledger == Path("/data/ledger.sqlite")


def test_the_bento_packs_what_its_container_copies():
    packed = yaml.safe_load((ROOT / "bentofile.yaml").read_text())
    assert packed["name"] == "vigicell"
    assert packed["service"] == "serving.service:VigiCell"
    copied = " ".join(of(FILES["vigicell"], "COPY"))
    assert "src/requirements.lock" in copied
    assert "requirements.lock" in packed["include"]


class TestCompose:
    def test_only_this_machine_reaches_what_is_published(self):
        published = {
            name: one["ports"] for name, one in COMPOSE["services"].items() if "ports" in one
        }
        assert published == {
            name: [f"127.0.0.1:{port}:{port}"] for name, port in PORTS.items()
        }  # fmt: skip

    def test_the_ledger_is_on_a_network_without_a_way_out(self):
        assert COMPOSE["services"]["ledger"]["networks"] == ["inside"]
        assert COMPOSE["networks"]["inside"]["internal"] is True
        assert "ports" not in COMPOSE["services"]["ledger"]

    def test_every_name_exists(self):
        services = COMPOSE["services"]
        for one in services.values():
            assert set(one["networks"]) <= set(COMPOSE["networks"])
            assert set(one.get("depends_on", {})) <= set(services)
            for volume in one.get("volumes", []):
                assert volume.split(":")[0] in COMPOSE["volumes"]
        url = Settings.from_environment(services["vigicell"]["environment"]).ledger
        database = services["ledger"]["environment"]
        assert url == (
            f"postgresql://{database['POSTGRES_USER']}@ledger:5432/{database['POSTGRES_DB']}"
        )

    def test_the_service_waits_for_a_healthy_ledger_and_stops_in_its_own_time(self):
        services = COMPOSE["services"]
        assert services["vigicell"]["depends_on"]["ledger"]["condition"] == "service_healthy"
        assert "pg_isready" in services["ledger"]["healthcheck"]["test"][1]
        assert all("stop_grace_period" in one for one in services.values())

    def test_no_service_is_root_writes_its_root_or_gains_rights(self):
        for name, one in COMPOSE["services"].items():
            assert one["security_opt"] == ["no-new-privileges:true"]
            if name == "ledger":
                assert one["user"] == "postgres"
            else:
                assert one["read_only"] is True
                assert one["cap_drop"] == ["ALL"]

    def test_no_password_is_written_down_and_no_image_floats(self):
        text = (PLACE / "compose.yaml").read_text()
        for found in re.findall(r"PASSWORD: (.*)", text):
            assert found.startswith("${LEDGER_PASSWORD:?")
        for one in COMPOSE["services"].values():
            assert re.fullmatch(r"[a-z-]+:\d+", one["image"])


def test_keys_and_settings_outlive_the_container_and_its_command_is_one_of_ours():
    said = environment(FILES["vigicell"])
    assert Settings.from_environment(said).keys == Path("/data/keys.json")
    assert "vigicell:/data" in COMPOSE["services"]["vigicell"]["volumes"]
    (command,) = of(FILES["vigicell"], "CMD")
    program, *arguments = json.loads(command)
    assert (program, arguments[:2]) == ("python", ["-m", "serving"])
    parsed = _parser().parse_args(arguments[2:])
    assert parsed.bento == Path(said["PYTHONPATH"]).parent
