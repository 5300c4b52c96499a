"""Looks for known vulnerabilities in everything that requirements-dev.txt pins, which includes requirements.txt.

Ends with 1 on a finding. Where no service that keeps advisories answers, it says so and ends with 0: a build must be
possible without them, but nobody shall take silence for health.
"""

import json
import subprocess
import sys
from pathlib import Path

PINNED = Path(__file__).resolve().parent.parent / "requirements-dev.txt"
SERVICES = ("pypi", "osv")
PATIENCE = 60  # seconds for a service, which is asked about each package


def asked(service):
    """What a service says, as pip-audit reports it; None if it does not answer."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", PINNED, "--require-hashes", "--disable-pip"),
        *("--vulnerability-service", service, "--format", "json", "--progress-spinner", "off", "--timeout", "10"),
    ]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
        return json.loads(said)
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return None


def known(report):
    """The packages that the service knows. Of others it can say nothing, which is not the same as nothing wrong."""
    return [package for package in report["dependencies"] if "skip_reason" not in package]


def findings(report):
    return [
        f"{package['name']} {package['version']}: {found['id']}, mended in {', '.join(found['fix_versions']) or 'none'}"
        for package in known(report)
        for found in package["vulns"]
    ]


def verdict(reports):
    """(sentences, exit code) of what the services said: {name: report or None}."""
    answers = {service: report for service, report in reports.items() if report and known(report)}
    if not answers:
        return [f"NOT AUDITED: no service with advisories answers here (asked: {', '.join(reports)}).",
                "Run `make lint` once more where one can be reached."], 0  # fmt: skip
    found = sorted({finding for report in answers.values() for finding in findings(report)})
    audited = max(len(known(report)) for report in answers.values())
    total = max(len(report["dependencies"]) for report in answers.values())
    summary = f"{audited} of {total} pinned packages audited by {', '.join(answers)}: {len(found)} findings."
    return [summary, *found], int(bool(found))


def main():
    sentences, code = verdict({service: asked(service) for service in SERVICES})
    print("\n".join(sentences))
    sys.exit(code)


if __name__ == "__main__":
    main()
