"""The test issuer, with users of one more municipality: `python -m tests.bench.issuer PORT PLACE CODE`."""

import sys

from deploy.local import issuer

if __name__ == "__main__":
    issuer.MUNICIPALITIES[sys.argv[2]] = sys.argv[3]
    issuer.main()
