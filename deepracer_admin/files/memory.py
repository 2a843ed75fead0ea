"""How much memory and processor time a process takes, and how it may be kept from more.

Linux, macOS and Windows have each their own way:

* Linux holds RLIMIT_DATA (private memory that can be written; since 4.7 what is mapped as well) and RLIMIT_AS; the
  peak stands in /proc.
* macOS takes both limits and holds neither, so whoever started the process looks at its footprint
  (`proc_pid_rusage`, libproc.h) and ends it.
* Windows holds the memory limit of a job object, which a process can enter by itself (nested jobs, Windows 8).
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import sys

__all__ = ["confine", "peak_of", "peak_of_self", "spent_by"]

# What lies in memory without counting as data: the interpreter's and the libraries' own code, mapped from files.
_CODE = 60 * 1024 * 1024
_ROOM = 512 * 1024 * 1024  # address space beyond the data: mapped files, reserves that are never touched
_RUSAGE_INFO_V0 = 0
_QUERY, _READ = 0x1000, 0x10  # PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_VM_READ
_JOB_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_JOB_PROCESS_TIME, _JOB_PROCESS_MEMORY, _JOB_NO_DIALOG = 0x2, 0x100, 0x400


def confine(memory: int, seconds: float) -> bool:
    """Limit this process to `memory` bytes and, as a net under its parent, to about `seconds` of processor time.

    False where the platform will not hold the memory limit: the parent then has to watch.
    """
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return _enter_job(memory, seconds) if sys.platform == "win32" else _lower_limits(memory, seconds)
    return False


def peak_of(pid: int) -> int:
    """The most resident memory that a process has held so far, in bytes; 0 when nobody can tell."""
    with contextlib.suppress(OSError, ValueError, AttributeError, IndexError):
        if sys.platform == "linux":
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                return int(status.read().partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024
        if sys.platform == "darwin":
            return _footprint(pid)
        if sys.platform == "win32":
            return _peak_working_set(pid)
    return 0


def spent_by(pid: int) -> float | None:
    """Seconds of processor time that a process has had; None when nobody can tell."""
    with contextlib.suppress(OSError, ValueError, AttributeError, IndexError):
        if sys.platform == "linux":
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
                user, system = stat.read().rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        if sys.platform == "darwin":
            return _processor_time(pid)
        if sys.platform == "win32":
            return _process_times(pid)
    return None


def peak_of_self() -> int:
    """The same of this process."""
    return peak_of(os.getpid())


if sys.platform != "win32":

    def _lower_limits(memory: int, seconds: float) -> bool:
        import resource

        def lower(what: int, most: int) -> None:
            _, hard = resource.getrlimit(what)
            value = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (value, value))

        lower(resource.RLIMIT_CORE, 0)
        lower(resource.RLIMIT_CPU, math.ceil(seconds) + 2)
        lower(resource.RLIMIT_DATA, memory - _CODE)
        lower(resource.RLIMIT_AS, memory + _ROOM)
        return sys.platform == "linux"


if sys.platform == "darwin":

    class _Usage(ctypes.Structure):
        """rusage_info_v0 of libproc.h."""

        _fields_ = (
            ("ri_uuid", ctypes.c_uint8 * 16),
            *(
                (name, ctypes.c_uint64)
                for name in (
                    "ri_user_time",
                    "ri_system_time",
                    "ri_pkg_idle_wkups",
                    "ri_interrupt_wkups",
                    "ri_pageins",
                    "ri_wired_size",
                    "ri_resident_size",
                    "ri_phys_footprint",
                    "ri_proc_start_abstime",
                    "ri_proc_exit_abstime",
                )
            ),
        )

    def _usage(pid: int) -> _Usage:
        usage = _Usage()
        library = ctypes.CDLL("/usr/lib/libproc.dylib", use_errno=True)
        if library.proc_pid_rusage(ctypes.c_int(pid), _RUSAGE_INFO_V0, ctypes.byref(usage)):
            raise OSError(ctypes.get_errno(), "no such process")
        return usage

    def _footprint(pid: int) -> int:
        usage = _usage(pid)
        return max(usage.ri_resident_size, usage.ri_phys_footprint)

    def _processor_time(pid: int) -> float:
        usage = _usage(pid)
        timebase = (ctypes.c_uint32 * 2)()  # mach_timebase_info: ticks times the first by the second are nanoseconds
        ctypes.CDLL("/usr/lib/libSystem.dylib").mach_timebase_info(ctypes.byref(timebase))
        return (usage.ri_user_time + usage.ri_system_time) * timebase[0] / max(timebase[1], 1) / 1e9


if sys.platform == "win32":
    from ctypes import wintypes

    class _Basic(ctypes.Structure):
        """JOBOBJECT_BASIC_LIMIT_INFORMATION."""

        _fields_ = (
            ("PerProcessUserTimeLimit", ctypes.c_int64),
            ("PerJobUserTimeLimit", ctypes.c_int64),
            ("LimitFlags", wintypes.DWORD),
            ("MinimumWorkingSetSize", ctypes.c_size_t),
            ("MaximumWorkingSetSize", ctypes.c_size_t),
            ("ActiveProcessLimit", wintypes.DWORD),
            ("Affinity", ctypes.c_size_t),
            ("PriorityClass", wintypes.DWORD),
            ("SchedulingClass", wintypes.DWORD),
        )

    class _Extended(ctypes.Structure):
        """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

        _fields_ = (
            ("BasicLimitInformation", _Basic),
            ("IoInfo", ctypes.c_uint64 * 6),
            ("ProcessMemoryLimit", ctypes.c_size_t),
            ("JobMemoryLimit", ctypes.c_size_t),
            ("PeakProcessMemoryUsed", ctypes.c_size_t),
            ("PeakJobMemoryUsed", ctypes.c_size_t),
        )

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS."""

        _fields_ = (
            ("cb", wintypes.DWORD),
            ("PageFaultCount", wintypes.DWORD),
            *(
                (name, ctypes.c_size_t)
                for name in (
                    "PeakWorkingSetSize",
                    "WorkingSetSize",
                    "QuotaPeakPagedPoolUsage",
                    "QuotaPagedPoolUsage",
                    "QuotaPeakNonPagedPoolUsage",
                    "QuotaNonPagedPoolUsage",
                    "PagefileUsage",
                    "PeakPagefileUsage",
                )
            ),
        )

    def _kernel() -> ctypes.WinDLL:
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, ctypes.c_void_p, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.GetCurrentProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        kernel.GetProcessTimes.argtypes = (wintypes.HANDLE, *[ctypes.c_void_p] * 4)
        kernel.K32GetProcessMemoryInfo.argtypes = (wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD)
        return kernel

    def _enter_job(memory: int, seconds: float) -> bool:
        kernel = _kernel()
        job = kernel.CreateJobObjectW(None, None)  # its handle is never closed: the job lives as long as the process
        limits = _Extended()
        limits.BasicLimitInformation.LimitFlags = _JOB_PROCESS_MEMORY | _JOB_NO_DIALOG | _JOB_PROCESS_TIME
        limits.BasicLimitInformation.PerProcessUserTimeLimit = (math.ceil(seconds) + 2) * 10_000_000  # of 100 ns
        limits.ProcessMemoryLimit = memory
        return bool(
            job
            and kernel.SetInformationJobObject(job, _JOB_EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
            and kernel.AssignProcessToJobObject(job, kernel.GetCurrentProcess())
        )

    def _peak_working_set(pid: int) -> int:
        kernel = _kernel()
        process = kernel.OpenProcess(_QUERY | _READ, False, pid)
        if not process:
            return 0
        try:
            counters = _Counters(cb=ctypes.sizeof(_Counters))
            is_read = kernel.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.cb)
            return counters.PeakWorkingSetSize if is_read else 0
        finally:
            kernel.CloseHandle(process)

    def _process_times(pid: int) -> float | None:
        kernel = _kernel()
        process = kernel.OpenProcess(_QUERY, False, pid)
        if not process:
            return None
        try:
            times = (ctypes.c_uint64 * 4)()  # FILETIME: creation, exit, kernel, user, in units of 100 ns
            places = [ctypes.byref(times, 8 * place) for place in range(4)]
            return (times[2] + times[3]) / 1e7 if kernel.GetProcessTimes(process, *places) else None
        finally:
            kernel.CloseHandle(process)
