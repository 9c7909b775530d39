"""`python -m clash` is `clash`."""

import sys

from clash.cli.app import main

sys.exit(main())
