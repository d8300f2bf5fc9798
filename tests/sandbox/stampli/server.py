"""A real file server: OpenSSH's `sshd` with `internal-sftp` on loopback.

As root it lets in a user of its own, with password or key, locked into its folder; as anybody else, that person alone,
with a key. What a client can do is the same.
"""

import contextlib
import os
import pwd
import resource
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

FOLDERS = ("inbound", "outbound", "outbound/processed", "outbound/error")
START_SECONDS = 15
CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {base}/etc/host_ed25519
HostKey {base}/etc/host_rsa
PidFile {base}/etc/sshd.pid
AuthorizedKeysFile {base}/etc/authorized_keys
AllowUsers {user}
UsePAM {pam}
PubkeyAuthentication yes
StrictModes {strict}
UseDNS no
MaxStartups 50:30:100
LoginGraceTime 20
AllowTcpForwarding no
X11Forwarding no
Subsystem sftp internal-sftp
ForceCommand internal-sftp {options}
{more}
Match User {user}
{log_in}
"""
BY_KEY = ("KbdInteractiveAuthentication no", "PasswordAuthentication no")
BY_KEY_OR_PASSWORD = ("KbdInteractiveAuthentication no", "PasswordAuthentication yes")


class SftpServer:
    """
    :ivar root: the folder that the client sees
    :ivar user: who logs in
    :ivar password: its password; empty where only a key is possible
    """

    def __init__(self):
        self.is_root = os.geteuid() == 0
        # sshd refuses folders below one that everybody may write to
        parent = "/srv" if self.is_root else None
        if parent:
            os.makedirs(parent, exist_ok=True)
        self.base = Path(tempfile.mkdtemp(prefix="ml_sftp_", dir=parent))
        self.base.chmod(0o755)
        self.root = self.base / "root"
        self.port = _free_port()
        self.options = ""
        self._process = None
        self._own_user = ""
        self.password = ""
        try:
            self._make_user()
            self._make_folders()
            self._make_keys()
            self.start()
        except BaseException:
            self.close()
            raise

    def _make_user(self):
        if not self.is_root:
            self.user = pwd.getpwuid(os.geteuid()).pw_name
            return
        self.user = self._own_user = f"mlsftp{os.getpid()}"
        self.password = secrets.token_urlsafe(12)
        Path("/run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
        _run("useradd", "--system", "--no-create-home", "--home-dir", "/", "--shell", "/usr/sbin/nologin", self.user)
        _run("chpasswd", input=f"{self.user}:{self.password}\n")

    def _make_folders(self):
        (self.base / "etc").mkdir()
        self.root.mkdir(mode=0o755)
        for name in FOLDERS:
            self.make_folder(name)

    def make_folder(self, name):
        folder = self.root / name
        folder.mkdir(mode=0o755, exist_ok=True)
        self.own(folder)

    def own(self, path):
        """Give a file or folder to the user who logs in."""
        if self._own_user:
            shutil.chown(path, self.user)

    def _make_keys(self):
        etc = self.base / "etc"
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa"), ("client", "ed25519")):
            _run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(etc / name))
        shutil.copy(etc / "client.pub", etc / "authorized_keys")
        (etc / "authorized_keys").chmod(0o644)

    @property
    def private_key(self):
        return (self.base / "etc" / "client").read_text()

    @property
    def host_key(self):
        return " ".join((self.base / "etc" / "host_ed25519.pub").read_text().split()[:2])

    def change_host_key(self):
        """As if another machine answered."""
        self.stop()
        for name, kind in (("host_ed25519", "ed25519"), ("host_rsa", "rsa")):
            for suffix in ("", ".pub"):
                (self.base / "etc" / f"{name}{suffix}").unlink()
            _run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(self.base / "etc" / name))
        self.start()

    # -- running -----------------------------------------------------------------------------------------------------

    def start(self, options="", largest_file=0, log_in=None):
        """Start it.

        :param options: of `internal-sftp`, for example `-R` (nothing may be written)
        :param largest_file: bytes after which writing fails, as on a full disk
        :param log_in: lines of a `Match` block that say how to log in, for example `PasswordAuthentication no`;
            as root they may ask by keyboard, for which PAM is used
        """
        if log_in is None:
            log_in = BY_KEY_OR_PASSWORD if self._own_user else BY_KEY

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        start_folder = "" if self._own_user else f"-d {self.root}"
        text = CONFIGURATION.format(
            port=self.port,
            base=self.base,
            user=self.user,
            pam="yes" if "KbdInteractiveAuthentication yes" in log_in else "no",
            log_in="\n".join(log_in),
            strict="yes" if self._own_user else "no",
            options=f"{start_folder} {options}".strip(),
            more=f"ChrootDirectory {self.root}" if self._own_user else "",
        )
        configuration = self.base / "etc" / "sshd_config"
        configuration.write_text(text)
        program = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        self._process = subprocess.Popen(
            [program, "-D", "-f", str(configuration), "-E", str(self.base / "etc" / "sshd.log")],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=limit if largest_file else None,
        )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                if probe.recv(4) == b"SSH-":
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        log = self.base / "etc" / "sshd.log"
        raise RuntimeError(f"sshd did not start: {log.read_text() if log.exists() else ''}")

    def restart(self, options="", largest_file=0, log_in=None):
        self.stop()
        self.start(options, largest_file, log_in)

    def stop(self):
        """End the server and the sessions that are open."""
        if self._process is None:
            return
        self.kill_sessions()
        self._process.terminate()
        self._process.wait()
        self._process = None

    def sessions(self):
        """Process ids of the open sessions."""
        return _descendants(self._process.pid) if self._process else []

    def kill_sessions(self, number=signal.SIGKILL):
        for pid in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def close(self):
        self.stop()
        if self._own_user:
            subprocess.run(["userdel", self._own_user], check=False, capture_output=True)
        shutil.rmtree(self.base, ignore_errors=True)


def _descendants(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += [int(child), *_descendants(int(child))]
    return found


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _run(*command, **options):
    subprocess.run(command, check=True, capture_output=True, text=True, **options)
