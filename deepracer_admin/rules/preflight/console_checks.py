"""Checks about this console: its computer's clock and disk, its store and the copies of it, the second listener."""

from __future__ import annotations

from datetime import timedelta

from deepracer_admin.counted import counted
from deepracer_admin.rules.preflight.check import Check, Verdict, amber, green, red
from deepracer_admin.rules.preflight.facts import Facts

__all__ = ["CHECKS"]

CONSOLE = "This console"
GB = 10**9
SKEW, FATAL_SKEW = timedelta(seconds=60), timedelta(minutes=4)  # AWS refuses signatures 5 min off
OLD_COPY = timedelta(days=1)


def _clock(facts: Facts) -> Verdict:
    offsets = facts.clock.value or {}
    worst, off = max(offsets.items(), key=lambda each: abs(each[1]))
    seconds = abs(off.total_seconds())
    told = f"{seconds:,.0f} s {'slow' if off > timedelta() else 'fast'} against {worst}"
    fix = "Let this computer set its clock by itself (time server)."
    command = "timedatectl set-ntp true"
    if abs(off) > FATAL_SKEW:
        return red(f"The clock is {told}: AWS refuses requests that are 5 minutes off.", fix, command)
    if abs(off) > SKEW:
        return amber(f"The clock is {told}.", fix, command)
    return green(f"The clock agrees with {counted(len(offsets), 'service')} to within {seconds:,.0f} s.")


def _disk(facts: Facts) -> Verdict:
    seen = facts.computer.value
    assert seen is not None  # noqa: S101 - by `needs`
    free = seen.free_bytes / GB
    said = f"{free:,.1f} GB are free where the data folder lies ({seen.folder})."
    fix = "Make room, or move the data folder to another disk (DEEPRACER_ADMIN_HOME)."
    if free < 0.5:
        return red(said, fix)
    return amber(said, fix) if free < 2 else green(said)


def _store(facts: Facts) -> Verdict:
    seen = facts.store.value
    assert seen is not None  # noqa: S101 - by `needs`
    if seen.damage:
        return red(f"The store's own check complains: {seen.damage}", "Put back the last copy, and call IT.")
    where = "The shared table" if seen.kind == "dynamodb" else f"The data folder {seen.folder}"
    return green(f"{where} answers, and its own check finds nothing wrong.")


def _copies(facts: Facts) -> Verdict:
    seen = facts.store.value
    assert seen is not None  # noqa: S101 - by `needs`
    if seen.continuous is not None:
        if seen.continuous:
            return green("The shared table can be put back to any second of the last 35 days.")
        return amber(
            "Point-in-time recovery of the shared table is off, or could not be read.",
            "Switch it on.",
            "aws dynamodb update-continuous-backups --table-name TABLE --point-in-time-recovery-specification "
            "PointInTimeRecoveryEnabled=true",
        )
    command = "python -m deepracer_admin store backup FOLDER-ON-ANOTHER-DISK"
    if seen.backed_up_at is None:
        return amber("No copy of the store was ever made from here.", "Make one, and keep it on another disk.", command)
    age = facts.now - seen.backed_up_at
    made = f"The last copy is of {seen.backed_up_at:%d %b %Y, %H:%M} (UTC)"
    if age > OLD_COPY:
        return amber(f"{made}, more than a day old.", "Make one now, and keep it on another disk.", command)
    return green(f"{made}.")


def _listener(facts: Facts) -> Verdict:
    seen = facts.listener.value
    assert seen is not None  # noqa: S101 - by `needs`
    if not seen.ours:
        return red(
            f"{seen.address} is answered by something else (HTTP {seen.status}).",
            "Correct “Public address of boards” on the Settings tab, or what stands between (proxy, firewall).",
        )
    if seen.host in ("127.0.0.1", "localhost", "::1"):
        return amber(
            f"{seen.address} answers, but it is bound to this computer alone ({seen.host}): phones cannot reach it.",
            "Set DEEPRACER_ADMIN_PUBLIC_HOST to this computer's address in that network, or put a proxy before it.",
        )
    return green(f"{seen.address} answers here. Try it once with a phone in the venue's network.")


CHECKS = (
    Check(
        "console.clock", CONSOLE, "The clock is right", "Signatures and tokens with a wrong time are refused.", _clock,
        ("clock",),
    ),
    Check("console.disk", CONSOLE, "There is room on the disk", "A full disk stops everything.", _disk, ("computer",)),
    Check(
        "console.store", CONSOLE, "The store is sound", "All that the event knows is in it.", _store, ("store",),
        reach=True, mend="Do what the sentence says.",
    ),
    Check(
        "console.copies", CONSOLE, "The store is copied", "A laptop gets lost on the very day.", _copies, ("store",)
    ),
    Check(
        "console.listener", CONSOLE, "Boards and registration can be reached", "Big screens and phones open them.",
        _listener, ("listener",), reach=True,
        mend="Start the second listener (DEEPRACER_ADMIN_PUBLIC_PORT), and set the address that leads to it.",
    ),
)  # fmt: skip
