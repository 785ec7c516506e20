"""Documents that schemathesis makes of schema.graphql, for every root field, and what it says of the answers."""

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Any

import httpx

from tests.fuzz.run import Log, served
from tests.fuzz.seeds import TRIP
from tests.incidents import ROOT

SEEDED = """mutation($trip: CreateTripInput!, $spareTrip: CreateTripInput!, $spareKey: CreateApiKeyInput!) {
  trip: createTrip(input: $trip) { trip { id notifications { nodes { id } } } }
  spareTrip: createTrip(input: $spareTrip) { trip { id } }
  spareKey: createApiKey(input: $spareKey) { apiKey { id } }
}"""


@dataclass(frozen=True, kw_only=True)
class Generated:
    """What a run showed."""

    report: dict[str, Any]
    """Of schemathesis itself."""
    said: str
    statuses: Counter[int]
    kinds: Counter[str]
    """Documents that were served, invalid and refused as such, or valid and refused by a limit of ours."""
    log: Log

    @property
    def passed(self) -> bool:
        """Every root field was tried, no check failed, no answer was a 5xx or a closed door, and the log is calm."""
        operations = self.report["operations"]
        tried = self.report["complete"] and operations["tested"] == operations["total"] > 0
        return tried and self.report["exit_code"] == 0 and set(self.statuses) <= {200, 400} and self.log.is_calm

    def __str__(self) -> str:
        operations, cases = self.report["operations"], self.report["test_cases"]
        return (
            f"schemathesis: {operations['tested']} of {operations['total']} operations, {cases['generated']} documents in "
            f"{self.report['running_time']:.0f} s: {self.kinds['served']} served, {self.kinds['invalid']} refused as invalid, "
            f"{self.kinds['limited']} by limits; HTTP: {dict(sorted(self.statuses.items()))}, "
            f"failures: {cases['unique_failures']}, tracebacks: {self.log.tracebacks}, errors in the log: {len(self.log.errors)}"
        )


def run(app_url: str, redis_url: str, key: str, *, seed: int, examples: int) -> Generated:
    """So many documents for each root field, at the most, against a server of its own."""
    with TemporaryFile() as log, TemporaryDirectory() as folder:
        with served(app_url, redis_url, log) as house:
            url = f"{house.environment['PUBLIC_URL']}/graphql"
            said = _schemathesis(Path(folder), url, _seeded(url, key), "--seed", seed, "-n", examples)
        reports = {path.suffix: path.read_text(encoding="utf-8") for path in Path(folder).iterdir()}
        if ".json" not in reports:
            raise RuntimeError(said)
        answers = list(_answers(reports[".ndjson"]))
        return Generated(
            report=json.loads(reports[".json"]),
            said=said,
            statuses=Counter(status for status, _ in answers),
            kinds=Counter(kind for _, kind in answers),
            log=Log.of(log),
        )


def _seeded(url: str, key: str) -> dict[str, str]:
    """What the documents shall know: the key, a day in reach, a trip and its message, a trip to archive and a key to revoke."""
    trip = {**TRIP, "departure": f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%dT10:00}"}
    spare = {**trip, "flight": "AR1305", "idempotencyKey": "k2"}
    variables = {"trip": trip, "spareTrip": spare, "spareKey": {"name": "spare", "role": "VIEWER"}}
    headers = {"Authorization": f"Bearer {key}"}
    answer = httpx.post(url, json={"query": SEEDED, "variables": variables}, headers=headers, trust_env=False)
    made = answer.json()["data"]
    return {
        "KEY": key,
        "DEPARTURE": str(trip["departure"]),
        "TRIP": made["trip"]["trip"]["id"],
        "NOTIFICATION": made["trip"]["trip"]["notifications"]["nodes"][0]["id"],
        "SPARE_TRIP": made["spareTrip"]["trip"]["id"],
        "SPARE_KEY": made["spareKey"]["apiKey"]["id"],
    }


def _schemathesis(folder: Path, url: str, known: dict[str, str], *options: object) -> str:
    """Run it; it leaves its reports in the folder, and here is what it said."""
    template = Template((ROOT / "tests/fuzz/schemathesis.toml").read_text(encoding="utf-8"))
    config = folder / "schemathesis.toml"
    config.write_text(template.substitute(known), encoding="utf-8")
    command = [Path(sys.executable).with_name("schemathesis"), "--config-file", config]
    command += ["run", "schema.graphql", "--url", url, "--report", "json,ndjson", "--report-dir", folder, *options]
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def _answers(report: str) -> Iterator[tuple[int, str]]:
    """Status and kind of every answer."""
    for line in report.splitlines():
        recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for id_, each in recorder.get("interactions", {}).items():
            response = each["response"]
            if response is None:
                yield 0, "silent"
                continue
            answer = json.loads(base64.b64decode(response["content"]["$base64"]))
            mode = recorder["cases"][id_]["value"]["meta"]["generation"]["mode"]
            refused = "limited" if mode == "positive" else "invalid"
            yield response["status_code"], refused if answer.get("errors") else "served"
