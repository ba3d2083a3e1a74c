"""No password and no key is in the repository."""

import math
import re
import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
KNOWN = re.compile(
    r"""
    -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY
    | "d"\s*:\s*"[\w-]{40,}"                      # the private half of a JWK
    | \b(AKIA|ASIA)[A-Z0-9]{16}\b                 # AWS
    | \bgh[pousr]_\w{36} | \bglpat-[\w-]{20}      # GitHub, GitLab
    | \bxox[abprs]-[\w-]{10,}                     # Slack
    | [a-z]+://[\w.+-]+:(?!\w*test\b|guest@|secret@)[\w.~%-]{8,}@[\w.-]+
    """,
    re.VERBOSE,
)
RANDOM = re.compile(r"(?<![\w/+=.-])(?:[0-9a-f]{40,}|[A-Za-z0-9+/_-]{40,}={0,2})(?![\w/+=-])")
"""What 30 random bytes or more look like, in hexadecimal or base64."""
PUBLISHED = {
    "contracts/samples/CHECKSUMS": "checksums of samples",
    "tests/gateway/second_issuer/package-lock.json": "checksums of packages",
    "uv.lock": "checksums of packages",
}


def files() -> list[Path]:
    """What is in the repository, or would be after `git add`."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def secrets_in(text: str) -> list[str]:
    """What looks like a password or a key."""
    found = [match.group() for match in KNOWN.finditer(text)]
    return found + [match.group() for match in RANDOM.finditer(text) if _is_random(match.group())]


def _is_random(word: str) -> bool:
    """Random characters: nearly as many different ones as there could be, digits among letters."""
    if not (re.search(r"\d", word) and re.search(r"[a-zA-Z]", word)):
        return False
    counts = Counter(word)
    entropy = -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())
    return entropy > (3.3 if re.fullmatch("[0-9a-f]+", word) else 4.6)


def test_no_file_of_the_repository_holds_what_looks_like_a_secret() -> None:
    found = {}
    for path in files():
        name = str(path.relative_to(ROOT))
        if name not in PUBLISHED and (secrets := secrets_in(path.read_text(errors="replace"))):
            found[name] = len(secrets)
    assert found == {}


def test_what_a_secret_looks_like_is_recognised() -> None:
    planted = [
        "-----BEGIN EC " + "PRIVATE KEY-----",
        '{"kty": "OKP", "d": "' + "nWGxne_9WmC6hEr0kuws" + "xERJxWl7MmkZcDusAxyuf2A" + '"}',
        "postgresql://koto:" + "hunter2hunter2@10.0.0.1/koto",
        "KEY = '" + "c2VjcmV0IHNlY3JldCBz" + "ZWNyZXQ/0a9B8c7D6e5F4g3H=" + "'",
        "754a5bde9f892d5fdc7a3a5c45f24b6f" + "bdb81a552b02888",
    ]
    assert [text for text in planted if not secrets_in(text)] == []
