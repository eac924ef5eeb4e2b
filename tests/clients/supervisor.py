#!/usr/bin/env python3
"""A service manager as far as a relay needs one: it starts it, keeps its descriptors, starts it again.

usage: supervisor.py COMMAND...

Reads lines: `kill` ends the relay by SIGKILL and starts another; `restart` does so by SIGTERM; `end-one` and
`start` do one of the two; `spoil` puts something else in the place of the state; the end of the input ends all. Writes a JSON object a line:
{"ready": SECONDS, "pid": N, "kept": [NAME, ...]} when the relay says that it is ready, counted from when the
one before it was told to end; {"ended": STATUS, "pid": N} when one has. Keeps what sd_notify(3) says of FDSTORE,
FDNAME, FDSTOREREMOVE; hands it over as sd_listen_fds(3) says.
"""

import json
import os
import resource
import selectors
import signal
import socket
import sys
import tempfile
import time

FIRST = 3
# As many as this process may have; half of them are for copies on their way to their places.
_, LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)
DESCRIPTORS_MAX = min(LIMIT // 2, 100_000)


def tell(**what):
    print(json.dumps(what), flush=True)


class Store:
    """Descriptors by name."""

    def __init__(self):
        self.kept = {}

    def note(self, words, fds):
        name = words.get("FDNAME", "stored")
        if "FDSTOREREMOVE" in words or ("FDSTORE" in words and fds):
            if name in self.kept:
                os.close(self.kept.pop(name))
        if "FDSTORE" in words and fds:
            self.kept[name] = fds.pop()
        for fd in fds:
            os.close(fd)

    def spoil(self):
        for name in [name for name in self.kept if name.startswith("state-")]:
            os.close(self.kept.pop(name))
            self.kept[name] = os.memfd_create(name)
            os.write(self.kept[name], b"of another program")


class Manager:
    def __init__(self, command, folder):
        self.command, self.store = command, Store()
        self.address = os.path.join(folder, "notify")
        self.notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notices.bind(self.address)
        self.notices.setblocking(False)
        self.pid, self.since, self.words, self.starts_again = None, time.monotonic(), b"", False
        self.events = selectors.DefaultSelector()
        self.events.register(self.notices, selectors.EVENT_READ, self.listen)
        self.events.register(sys.stdin, selectors.EVENT_READ, self.obey)

    def run(self):
        self.start()
        while sys.stdin in self.events.get_map():
            for key, _ in self.events.select():
                key.data()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def start(self):
        pid = os.fork()
        if not pid:
            become(self.command, self.address, sorted(self.store.kept.items()))
        self.pid, self.starts_again = pid, False
        ended = os.pidfd_open(pid)
        self.events.register(ended, selectors.EVENT_READ, lambda: self.bury(ended))

    def bury(self, ended):
        # What it said before it ended counts.
        self.listen()
        self.events.unregister(ended)
        os.close(ended)
        _, status = os.waitpid(self.pid, 0)
        tell(ended=os.waitstatus_to_exitcode(status), pid=self.pid)
        self.pid = None
        if self.starts_again:
            self.start()

    def listen(self):
        while True:
            try:
                message, fds, _, _ = socket.recv_fds(self.notices, 4096, 16)
            except BlockingIOError:
                return
            words = dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)
            self.store.note(words, list(fds))
            if words.get("READY") == "1":
                ready = time.monotonic() - self.since
                tell(ready=ready, pid=self.pid, kept=sorted(self.store.kept))

    def obey(self):
        taken = os.read(sys.stdin.fileno(), 4096)
        if not taken:
            self.events.unregister(sys.stdin)
        *lines, self.words = (self.words + taken).split(b"\n")
        for word in lines:
            self.carry_out(word.decode())

    def carry_out(self, word):
        self.since = time.monotonic()
        self.starts_again = word in ("kill", "restart")
        if word in ("kill", "end-one"):
            os.kill(self.pid, signal.SIGKILL)
        elif word == "restart":
            os.kill(self.pid, signal.SIGTERM)
        elif word == "start":
            self.start()
        elif word == "spoil":
            self.store.spoil()


def become(command, address, kept):
    """The process that is the relay, with its descriptors in their places."""
    # Copies above all that we have, so that putting them in their places overwrites none.
    above = [os.dup2(fd, DESCRIPTORS_MAX + number) for number, (_, fd) in enumerate(kept)]
    for number, fd in enumerate(above):
        os.dup2(fd, FIRST + number)
        os.close(fd)
    os.closerange(FIRST + len(kept), DESCRIPTORS_MAX)
    environment = dict(os.environ, NOTIFY_SOCKET=address, FDSTORE=str(DESCRIPTORS_MAX))
    if kept:
        environment.update(
            LISTEN_PID=str(os.getpid()),
            LISTEN_FDS=str(len(kept)),
            LISTEN_FDNAMES=":".join(name for name, _ in kept),
        )
    os.execvpe(command[0], command, environment)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
    with tempfile.TemporaryDirectory() as folder:
        Manager(sys.argv[1:], folder).run()
