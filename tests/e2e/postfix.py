"""Real Postfix instances with directories of their own: one receives, others send as sternpost tells them to."""

import os
import re
import shutil
import smtplib
import subprocess
from dataclasses import dataclass
from pathlib import Path

from installations import OWN
from process import Process, wait_until

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/maillog
maillog_file_prefixes = {directory}
syslog_name = {name}
myhostname = {name}.test
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8 10.99.0.0/16 [::1]/128 [fd99::]/16
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
enable_long_queue_ids = yes
inet_protocols = all
inet_interfaces = 127.0.0.1
"""
MASTER_CF = """\
postlog   unix-dgram n  -       n       -       1       postlogd
pickup    unix  n       -       n       60      1       pickup
cleanup   unix  n       -       n       -       0       cleanup
qmgr      unix  n       -       n       300     1       qmgr
tlsmgr    unix  -       -       n       1000?   1       tlsmgr
rewrite   unix  -       -       n       -       -       trivial-rewrite
bounce    unix  -       -       n       -       0       bounce
defer     unix  -       -       n       -       0       bounce
trace     unix  -       -       n       -       0       bounce
flush     unix  n       -       n       1000?   0       flush
proxymap  unix  -       -       n       -       -       proxymap
error     unix  -       -       n       -       -       error
retry     unix  -       -       n       -       -       error
discard   unix  -       -       n       -       -       discard
anvil     unix  -       -       n       -       1       anvil
scache    unix  -       -       n       -       1       scache
"""
# All mail ends in discard(8): that it arrived, and where, is told by the log; so is the SNI, where there is a map for it.
RECEIVER_CF = """\
default_transport = discard:arrived
relay_transport = discard:arrived
smtpd_tls_loglevel = 1
tls_server_sni_maps = texthash:/dev/null
"""
# Nothing is tried again by the clock: a test that wants a second try asks for it. A destination that failed is
# not put aside, or one test's failure would be the next one's.
SENDER_CF = """\
smtp_tls_policy_maps = {policy_map}
smtp_tls_security_level = may
smtp_tls_CAfile = {ca_file}
smtp_tls_loglevel = 1
smtp_host_lookup = dns
smtp_dns_support_level = dnssec
smtp_connect_timeout = 5s
smtp_helo_timeout = 10s
transport_maps = inline:{{ {transports} }}
queue_run_delay = 1h
minimal_backoff_time = 1h
maximal_backoff_time = 1h
default_destination_concurrency_failed_cohort_limit = 0
"""
# What `postfix check` would make, without its second.
POSTFIX_OWNS = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming", "maildrop", "private",
                "public", "saved", "trace")
# What a chrooted smtp(8) needs to find MX hosts.
CHROOT_FILES = ("/etc/resolv.conf", "/etc/services", "/etc/nsswitch.conf", "/etc/hosts")
DELIVERY_SECONDS = 30.0


@dataclass(frozen=True)
class Mx:
    """A receiving host: its name, its addresses, and its certificate's flaw (None: no STARTTLS at all)."""

    name: str
    addresses: tuple
    flaw: str | None = "good"
    port: int = 25


@dataclass(frozen=True)
class Delivery:
    """What became of one try to deliver one message."""

    status: str  # sent, deferred or bounced
    dsn: str
    relay: str
    text: str    # Postfix's reason
    log: str     # all that the sender's smtp(8) said during the try
    queue_id: str


class Postfix:
    def __init__(self, name, directory, main_cf, master_cf, installation=OWN):
        self.installation = installation
        self.directory = Path(directory)
        self.maillog = self.directory / "maillog"
        self.config = self.directory / "etc"
        self.queue = self.directory / "queue"
        self._make_directories()
        self._write_config("main.cf", MAIN_CF.format(name=name, directory=self.directory) + main_cf)
        self._write_config("master.cf", MASTER_CF + master_cf)
        self.process = Process(name, [*installation.daemon("master"), "-s", "-c", self.config], self.maillog)
        self.process.wait_until(lambda: "daemon started" in self.log_text(), f"{name} runs")

    def log_text(self):
        return self.maillog.read_text(errors="replace") if self.maillog.exists() else ""

    def command(self, program, *arguments):
        """Runs one of Postfix's commands against this instance."""
        return subprocess.run([*self.installation.command(program), "-c", self.config, *arguments],
                              capture_output=True, text=True, timeout=DELIVERY_SECONDS)

    def stop(self):
        self.process.stop()

    def _write_config(self, name, text):
        path = self.config / name
        path.write_text(text)
        os.utime(path, (0, 0))  # Postfix reads a file that was changed just now again and again, for two seconds

    def _make_directories(self):
        for path in (self.directory, self.config, self.queue, self.queue / "pid"):
            path.mkdir()
        for path in (self.directory / "data", *(self.queue / name for name in POSTFIX_OWNS)):
            path.mkdir(mode=0o700)
            os.chown(path, *self.installation.owner())


class Receiver(Postfix):
    """One smtpd(8) service for every address of every MX host."""

    def __init__(self, directory, certificates, mx_hosts):
        services = "".join(self._service(mx, address, certificates) for mx in mx_hosts for address in mx.addresses)
        super().__init__("receiver", directory, RECEIVER_CF, services)

    def arrived_at(self, recipient):
        """The name of the MX host that took the one mail for `recipient`."""
        hosts = wait_until(lambda: self.arrivals(recipient), f"mail for {recipient} arrives", DELIVERY_SECONDS)
        assert len(hosts) == 1, hosts
        return hosts[0]

    def arrivals(self, recipient):
        """The names of the MX hosts that have taken mail for `recipient`, in order."""
        log = self.log_text()
        taken_by = {queue_id: mx for mx, queue_id in re.findall(r" mx/(\S+)/smtpd\[\d+\]: (\w+): client=", log)}
        kept = re.findall(rf"receiver/discard\[\d+\]: (\w+): to=<{re.escape(recipient)}>", log)
        return [taken_by[queue_id] for queue_id in kept]

    def server_names(self, host):
        """The names that the MX host has been asked for (SNI), in order."""
        return re.findall(rf" mx/{re.escape(host)}/smtpd\[\d+\]: TLS SNI (\S+) from ", self.log_text())

    def _service(self, mx, address, certificates):
        host = f"[{address}]" if ":" in address else address
        if mx.flaw is None:
            tls = "-o smtpd_tls_security_level=none"
        else:
            tls = f"-o smtpd_tls_security_level=may -o smtpd_tls_chain_files={certificates.file(mx.name, mx.flaw)}"
        return f"{host}:{mx.port} inet n - n - - smtpd\n  -o syslog_name=mx/{mx.name} -o myhostname={mx.name} {tls}\n"


class Sender(Postfix):
    """Takes mail on `port` of 127.0.0.1 and delivers it as the world's DNS and the policy map say."""

    def __init__(self, directory, ca_file, policy_map, transports, port=2525, chroot=False, installation=OWN,
                 more_main_cf=""):
        self.policy_map = policy_map
        self._submission = ("127.0.0.1", port)
        routes = ", ".join(f"{{ {domain} = {route} }}" for domain, route in transports.items())
        main_cf = SENDER_CF.format(policy_map=policy_map, ca_file=ca_file, transports=routes) + more_main_cf
        services = (f"smtp unix - - {'y' if chroot else 'n'} - - smtp\n"
                    f"127.0.0.1:{port} inet n - n - - smtpd\n")
        super().__init__("sender", directory, main_cf, services, installation)
        if chroot:
            (self.queue / "etc").mkdir()
            for path in CHROOT_FILES:
                shutil.copy(path, self.queue / "etc")

    def send(self, to):
        """One message to `to`; waits for the end of the first try."""
        start = len(self.log_text())
        return self._outcome(self._submit(to), start)

    def retry(self, delivery):
        """Another try for a message that was deferred."""
        # The log tells the outcome before the message lies there, and postqueue passes over what does not.
        deferred = self.queue / "deferred"
        wait_until(lambda: any(deferred.rglob(delivery.queue_id)), f"{delivery.queue_id} is in {deferred}")
        start = len(self.log_text())
        self.command("postqueue", "-i", delivery.queue_id).check_returncode()
        return self._outcome(delivery.queue_id, start)

    def postmap_query(self, key, policy_map=None):
        """What Postfix's own client makes of the answer: (exit status, value, what it said on stderr)."""
        done = self.command("postmap", "-q", key, policy_map or self.policy_map)
        return done.returncode, done.stdout.rstrip("\n"), done.stderr

    def _submit(self, to):
        with smtplib.SMTP(*self._submission, timeout=DELIVERY_SECONDS) as smtp:
            smtp.ehlo("client.test")
            smtp.mail("sender@sender.test", [] if to.isascii() else ["SMTPUTF8"])
            code, text = smtp.rcpt(to)
            assert code == 250, text
            code, text = smtp.data(f"Subject: test\r\nTo: {to}\r\n\r\nHello\r\n".encode())
            assert code == 250, text
        return text.decode().rpartition(" ")[2]

    def _outcome(self, queue_id, start):
        pattern = re.compile(rf"sender/(?P<service>\w+)\[(?P<pid>\d+)\]: {queue_id}: to=.*relay=(?P<relay>[^,]+),"
                             r".* dsn=(?P<dsn>[\d.]+), status=(?P<status>\w+) \((?P<text>.*)\)")
        found = wait_until(lambda: pattern.search(self.log_text(), start), f"an outcome of {queue_id}",
                           DELIVERY_SECONDS)
        lines = self.log_text()[start:found.end()].splitlines()
        service = f"sender/{found['service']}[{found['pid']}]"
        return Delivery(found["status"], found["dsn"], found["relay"], found["text"],
                        "\n".join(line for line in lines if service in line), queue_id)
