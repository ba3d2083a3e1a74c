"""The locked packages are compared with the vulnerabilities that the registry knows of."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(300)
def test_no_locked_package_has_a_vulnerability_that_the_registry_knows_of(tmp_path: Path) -> None:
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    auditor, uv = shutil.which("pip-audit", path=programs), shutil.which("uv", path=programs)
    if not auditor or not uv:
        pytest.skip("pip-audit or uv is not on the path")
    locked = tmp_path / "locked.txt"
    export = [uv, "export", "--frozen", "--no-emit-project", "--no-hashes", "--quiet", f"--output-file={locked}"]
    subprocess.run(export, cwd=ROOT, check=True, capture_output=True)
    audit = [auditor, "--requirement", locked, "--no-deps", "--disable-pip", "--format=json", "--progress-spinner=off"]
    done = subprocess.run(audit, capture_output=True, text=True, check=False)
    try:
        audited = json.loads(done.stdout)["dependencies"]
    except ValueError:
        pytest.skip(f"the registry did not answer: {done.stderr[-300:]}")
    assert [each for each in audited if each.get("vulns")] == []
    if skipped := [each["name"] for each in audited if "skip_reason" in each]:
        pytest.skip(f"the registry says nothing of {len(skipped)} of {len(audited)} packages, such as {skipped[0]}")
