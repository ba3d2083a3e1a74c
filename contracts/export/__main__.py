"""`python -m contracts.export` writes the files; `python -m contracts.export check` says what is wrong with them."""

import sys

from contracts.export import ContractsBroken, check, export

if sys.argv[1:] == ["check"]:
    lines = check()
    failed = bool(lines)
else:
    try:
        lines, failed = export(), False
    except ContractsBroken as broken:
        lines, failed = [str(broken)], True
sys.stdout.writelines(f"{line}\n" for line in lines)
sys.exit(failed)
