"""Print a constraint for each dependency that clash needs at run time: the lowest version that pyproject.toml allows.

    python .ci/lowest.py > lowest.txt && pip install -c lowest.txt -e ".[voice,test]"

The tools of the extra `test` are left as they are.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

_LOWER_BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*])?\s*(?:>=|==)\s*([0-9][0-9.]*)")


def constraints(pyproject: str) -> list[str]:
    """Return `name==version` for the lower bound of each dependency and of each extra but `test`, sorted."""
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(line for name, lines in extras.items() if name != "test" for line in lines)]
    bounds = (_LOWER_BOUND.match(line) for line in wanted if not line.startswith(project["name"]))
    return sorted({f"{bound[1]}=={bound[2]}" for bound in bounds if bound is not None})


if __name__ == "__main__":
    sys.stdout.write("\n".join(constraints(Path("pyproject.toml").read_text(encoding="utf-8"))) + "\n")
