"""What clash without extras takes on the disk, against the few packages that no film goes without."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

import clash

NEEDED = ("langgraph", "av", "numpy", "pillow", "manimgx-fonts-cjk")
"""What writes states, encodes and decodes, mixes, draws, and letters: with all that they need themselves."""
MOST_MB, MOST = 320, 1.1


def with_all_it_needs(*names: str) -> dict[str, Distribution]:
    """The installed packages of these names, and of all that they need, by their names."""
    found: dict[str, Distribution] = {}
    wanted = list(names)
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:  # for another system
            continue
        for text in found[name].requires or ():
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate({"extra": ""}):
                wanted.append(one.name)
    return found


def files_of(name: str, package: Distribution) -> Iterator[Path]:
    """The files of a package but for bytecode; those of clash itself from where it is imported."""
    if name == "master-clash":
        yield from (path for path in Path(clash.__file__).parent.rglob("*") if path.is_file())
    yield from (Path(str(package.locate_file(file))) for file in package.files or ())


def megabytes(packages: dict[str, Distribution]) -> dict[str, float]:
    """What each takes, the largest first."""
    sizes = {
        name: sum(p.stat().st_size for p in set(files_of(name, one)) if p.suffix != ".pyc" and p.is_file()) / 1e6
        for name, one in packages.items()
    }
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


def test_clash_takes_little_more_than_what_it_needs() -> None:
    """All packages together take at most a tenth more than those that no film goes without."""
    whole, needed = megabytes(with_all_it_needs("master-clash")), megabytes(with_all_it_needs(*NEEDED))
    total, floor = sum(whole.values()), sum(needed.values())
    largest = ", ".join(f"{name} {size:.1f}" for name, size in list(whole.items())[:9])
    print(f"\n{len(whole)} packages, {total:.0f} MB without bytecode = {total / floor:.2f}x of {floor:.0f}: {largest}")
    assert total <= MOST * floor
    assert total <= MOST_MB
