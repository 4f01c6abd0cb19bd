"""What is said of the machine: as the library says it, and how much of it may be taken."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from gates import request
from gates.adapters import host

MIB = 2**20


def test_the_machine_is_described_as_the_library_does() -> None:
    assert host.described() == platform.platform()


def test_cores_are_those_that_may_be_used() -> None:
    assert 1 <= host.cores() <= (os.cpu_count() or 1)


def test_what_is_left_of_memory_is_what_the_machine_and_the_container_leave(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       8131004 kB\nMemAvailable:    2048 kB\n")
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert [*host._of_machine(meminfo), *host._of_container(tmp_path)] == [2 * MIB, 3000]


@pytest.mark.parametrize("limit", ["max\n", "", "\u00e4"])
def test_no_limit_is_none(tmp_path: Path, limit: str) -> None:
    (tmp_path / "memory.max").write_text(limit)
    assert [*host._of_machine(tmp_path / "none"), *host._of_container(tmp_path)] == []


@pytest.mark.parametrize(
    ("memory", "cores", "jobs"), [(None, 4, 5), (64 * 1024 * MIB, 4, 5), (1000 * MIB, 4, 2), (300 * MIB, 4, 1), (0, 1, 1)]
)
def test_as_many_gates_run_at_once_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, memory: int | None, cores: int, jobs: int
) -> None:
    monkeypatch.setattr(host, "memory", lambda: memory)
    monkeypatch.setattr(host, "cores", lambda: cores)
    assert request.jobs() == jobs
