"""Certificates for tests: a CA to trust, a CA that nobody trusts, and every flaw that a test asks for by name.

Flaws: good, wildcard, upper-case, rsa, intermediate (all of these are fine), expired, not-yet-valid, wrong-name,
domain-only (the name without its first label), cn-only (no subjectAltName), cn-and-other-name (one for another name),
self-signed, other-ca, partial-wildcard, high-wildcard (a label too far up), double-wildcard, inner-wildcard (not the
first label), no-intermediate.
"""

import datetime
import hashlib
import ssl
import ipaddress
import threading
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _subject(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


class Authority:
    """One CA with its key in memory. `chain` is what a server sends after its own certificate."""

    def __init__(self, name, issuer=None):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        certificate = (issuer or self)._sign(self.name, self.key.public_key(), [], ca=True)
        self.pem = certificate.public_bytes(serialization.Encoding.PEM)
        self.chain = self.pem if issuer else b""

    def issue(self, common_name, names, key, **validity):
        """Key, certificate and chain as one PEM text."""
        certificate = self._sign(_name(common_name), key.public_key(), names, **validity)
        return _pem(key) + certificate.public_bytes(serialization.Encoding.PEM) + self.chain

    def _sign(self, subject, public_key, names, first_day=-400, last_day=400, ca=False):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (x509.CertificateBuilder()
                   .subject_name(subject)
                   .issuer_name(self.name)
                   .public_key(public_key)
                   .serial_number(x509.random_serial_number())
                   .not_valid_before(now + first_day * DAY)
                   .not_valid_after(now + last_day * DAY)
                   .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                                  critical=False))
        if ca:  # Python from 3.13 on asks for it
            builder = builder.add_extension(
                x509.KeyUsage(key_cert_sign=True, crl_sign=True, digital_signature=False, content_commitment=False,
                              key_encipherment=False, data_encipherment=False, key_agreement=False,
                              encipher_only=False, decipher_only=False), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_subject(n) for n in names]), critical=False)
        return builder.sign(self.key, hashes.SHA256())


class Certificates:
    """Makes `directory`/ca.pem at once and the servers' certificates when they are asked for."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._trusted = Authority("Test CA")
        self._intermediate = Authority("Test Intermediate CA", issuer=self._trusted)
        self._untrusted = Authority("Nobody's CA")
        self._lock = threading.Lock()
        self._key = ec.generate_private_key(ec.SECP256R1())  # one for all servers: tests want speed, not secrecy
        self.ca_file = self.directory / "ca.pem"
        self.ca_file.write_bytes(self._trusted.pem)

    def public_key(self):
        """SubjectPublicKeyInfo of all servers, but those with the flaws rsa and self-signed."""
        return self._key.public_key().public_bytes(serialization.Encoding.DER,
                                                   serialization.PublicFormat.SubjectPublicKeyInfo)

    def tlsa(self):
        """The TLSA record of those servers."""
        return f"3 1 1 {hashlib.sha256(self.public_key()).hexdigest()}"

    def tlsa_of_authority(self):
        """The TLSA record of who has signed their certificates (usage 2), which the servers do not send along."""
        return f"2 0 0 {ssl.PEM_cert_to_DER_cert(self._trusted.pem.decode()).hex()}"

    def file(self, host, flaw="good"):
        """A PEM file with key, certificate and chain for `host`."""
        path = self.directory / f"{host}.{flaw}.pem"
        with self._lock:
            if not path.exists():
                path.write_bytes(self._make(host, flaw))
        return path

    def shared(self, word, hosts):
        """As file(), one good certificate for all `hosts`; `word` tells it from others."""
        path = self.directory / f"{word}.shared.pem"
        path.write_bytes(self._trusted.issue(word, hosts, self._key))
        return path

    def _make(self, host, flaw):
        first, _, rest = host.partition(".")
        trusted, key = self._trusted, self._key
        if flaw == "good":
            return trusted.issue(host, [host], key)
        if flaw == "wildcard":
            return trusted.issue(host, [f"*.{rest}"], key)
        if flaw == "upper-case":
            return trusted.issue(host, [host.upper()], key)
        if flaw == "rsa":
            return trusted.issue(host, [host], rsa.generate_private_key(public_exponent=65537, key_size=2048))
        if flaw == "intermediate":
            return self._intermediate.issue(host, [host], key)
        if flaw == "expired":
            return trusted.issue(host, [host], key, first_day=-3, last_day=-1)
        if flaw == "not-yet-valid":
            return trusted.issue(host, [host], key, first_day=1, last_day=3)
        if flaw == "wrong-name":
            return trusted.issue("wrong.invalid", ["wrong.invalid"], key)
        if flaw == "domain-only":
            return trusted.issue(rest, [rest], key)
        if flaw == "cn-only":
            return trusted.issue(host, [], key)
        if flaw == "cn-and-other-name":
            return trusted.issue(host, ["other.invalid"], key)
        if flaw == "self-signed":
            lonely = Authority(host)
            return lonely.issue(host, [host], lonely.key)
        if flaw == "other-ca":
            return self._untrusted.issue(host, [host], key)
        if flaw == "partial-wildcard":
            return trusted.issue(host, [f"{first[:4]}*.{rest}"], key)
        if flaw == "high-wildcard":
            return trusted.issue(host, [f"*.{rest.partition('.')[2]}"], key)
        if flaw == "double-wildcard":
            return trusted.issue(host, [f"*.*.{rest.partition('.')[2]}"], key)
        if flaw == "inner-wildcard":
            return trusted.issue(host, [f"{first}.*.{rest.partition('.')[2]}"], key)
        if flaw == "no-intermediate":
            return self._intermediate.issue(host, [host], key).removesuffix(self._intermediate.chain)
        raise ValueError(f"no such certificate: {flaw}")
