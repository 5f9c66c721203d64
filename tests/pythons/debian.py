"""Pythons of Debian's unstable suite, in a folder: newer than those of most machines."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .found import ask
from .interpreter import CHECKOUT, Interpreter

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SERIES = ("3.14", "3.15")
_MIRROR = "http://deb.debian.org/debian"
# What the tests start, and what builds the packages that come as source.
_PROGRAMS = (
    "ca-certificates", "chromium", "curl", "g++", "gcc", "git", "jq", "libcrypt-dev",
    "libffi-dev", "make", "nodejs", "procps", "redis-server", "tmux",
)  # fmt: skip


@contextmanager
def debian(folder: Path, series: Sequence[str] = SERIES) -> Iterator[list[Interpreter]]:
    """Make the folder a Debian with these Pythons, and this checkout in it.

    It needs root, debootstrap, Debian's mirror and about 2 GB. What is there already is used again.

    Args:
        folder: The folder; new, or one that was made so before.
        series: The Pythons, such as `3.14`.
    """
    if not (folder / "usr/bin/apt-get").exists():
        _run("debootstrap", "--variant=minbase", "sid", str(folder), _MIRROR)
    _copy("etc/resolv.conf", folder)
    with _mounted(folder):
        packages = [f"python{each}{part}" for each in series for part in ("", "-dev", "-venv")]
        # Only the programs: no service is to start.
        (folder / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", "utf-8")
        (folder / "usr/sbin/policy-rc.d").chmod(0o755)
        apt = ("chroot", str(folder), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq")
        # A mirror that is a snapshot has lists that are past their date.
        _run(*apt, "-oAcquire::Check-Valid-Until=false", "update")
        _run(*apt, "install", "-y", "--no-install-recommends", *_PROGRAMS, *packages)
        # Only now: the package `ca-certificates` writes this file anew, without this machine's own.
        _copy("etc/ssl/certs/ca-certificates.crt", folder)
        shutil.rmtree(folder / "checkout", ignore_errors=True)
        _run("git", "clone", "--quiet", str(CHECKOUT), str(folder / "checkout"))
        found = [ask(f"/usr/bin/python{each}", folder) for each in series]
        yield [each for each in found if each is not None]


def _copy(file: str, folder: Path) -> None:
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path("/", file), folder / file)


@contextmanager
def _mounted(folder: Path) -> Iterator[None]:
    mounts = (
        ("proc", "proc", "-tproc"),
        ("/dev", "dev", "--rbind"),
    )
    with ExitStack() as stack:
        for source, below, how in mounts:
            target = folder / below
            target.mkdir(parents=True, exist_ok=True)
            _run("mount", how, source, str(target))
            # What is unmounted here stays mounted there.
            _run("mount", "--make-rslave", str(target))
            # Lazily: a process that a killed test has left may still use it.
            stack.callback(_run, "umount", "--lazy", "--recursive", str(target))
        yield


def _run(*command: str) -> None:
    print("$", *command, flush=True)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
