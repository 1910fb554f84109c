"""The systemd unit of one profile's daemon, as text. Pure: the same facts give the same bytes (tests/golden/units).

What keeps `systemd-analyze security` from going lower, and why it stays:
- MemoryDenyWriteExecute=no: numba compiles kernels into memory that is written, then run.
- The internet (PrivateNetwork=no, IPAddressDeny= empty, AF_INET and AF_INET6): the broker and the feeds are there.
- @resources stays allowed: the nightly child lowers its own priority, and training pins its threads.
- ProcSubset=all: torch and LLVM read /proc/cpuinfo.
- RootDirectory= is not set: the program is a checkout with Debian's own Python.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

HIDDEN: Final = tuple(Path(p) for p in ("/home", "/root", "/run/user", "/tmp", "/var/tmp"))  # by ProtectHome=tmpfs and PrivateTmp=

_DAEMON = """\
# Written by `tradebot service install`; the next install writes it anew. Your own changes: systemctl{flag} edit {name}
[Unit]
Description=tradebot, profile {profile}
Documentation=file:{home}/config/README.md
{online}# Never given up: an outage of the broker ends each start too, and positions must find their daemon when it is over.
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart={command}
WorkingDirectory={home}
Environment=TRADEBOT_HOME={home}
Environment=HOME=%C/tradebot-{profile} XDG_CACHE_HOME=%C/tradebot-{profile} TRADEBOT_CACHE_DIR=%C/tradebot-{profile}/tables
# A blocked loop is ended by SIGABRT; the journal then shows where it stood.
Environment=PYTHONDONTWRITEBYTECODE=1 PYTHONFAULTHANDLER=1
CacheDirectory=tradebot-{profile}
CacheDirectoryMode=0700
{credentials}Restart=always
RestartSec=15
# A wrong option stays wrong.
RestartPreventExitStatus=2
# The first start compiles the kernels. Once the loop lives, it asks for the time that it needs.
TimeoutStartSec=900
WatchdogSec=60
WatchdogSignal=SIGABRT
KillSignal=SIGTERM
KillMode=mixed
TimeoutStopSec=60
StandardInput=null
StandardOutput=journal
StandardError=journal
SyslogIdentifier={name}
LogRateLimitIntervalSec=30
LogRateLimitBurst=10000
LimitNOFILE=8192
# A core would hold the keys.
LimitCORE=0
MemoryMax=80%
# The nightly training is what grows; when it is ended for memory, the daemon trades on.
OOMPolicy=continue
TasksMax=512
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=no
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
"""

_SYSTEM = """\
User={account}
Nice=-5
CPUWeight=200
CapabilityBoundingSet=
AmbientCapabilities=
KeyringMode=private
PrivateDevices=yes
PrivateMounts=yes
PrivateTmp=yes
PrivateUsers=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=tmpfs
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFacts:
    """What a unit depends on. Paths are absolute and hold no character that systemd would read as something else."""

    profile: str
    command: tuple[str, ...]
    home: Path
    account: str = ""  # "": a unit of the user's own systemd
    program: tuple[Path, ...] = ()  # what must be readable
    writable: tuple[Path, ...] = ()
    credentials: tuple[tuple[str, Path], ...] = ()  # variable, file

    @property
    def name(self) -> str:
        return f"tradebot-{self.profile}"


def unit_text(facts: UnitFacts) -> str:
    """The whole unit. A user's own systemd may neither mount nor drop capabilities, so those lines are the system's alone."""
    text = _DAEMON.format(
        flag="" if facts.account else " --user",
        name=f"{facts.name}.service",
        profile=facts.profile,
        home=facts.home,
        online="Wants=network-online.target\nAfter=network-online.target\n" if facts.account else "",
        command=" ".join(facts.command),
        credentials="".join(f"LoadCredential={variable}:{file}\n" for variable, file in facts.credentials),
    )
    if facts.account:
        text += _SYSTEM.format(account=facts.account)
        text += "".join(f"BindReadOnlyPaths={path}\n" for path in _outermost(facts.program) if _is_hidden(path))
        text += "".join(f"{'BindPaths' if _is_hidden(path) else 'ReadWritePaths'}={path}\n" for path in _outermost(facts.writable))
    return text + f"\n[Install]\nWantedBy={'multi-user.target' if facts.account else 'default.target'}\n"


def _outermost(paths: tuple[Path, ...]) -> list[Path]:
    """Without those that lie in another one."""
    return sorted(path for path in set(paths) if not any(other in path.parents for other in paths))


def _is_hidden(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in HIDDEN)
