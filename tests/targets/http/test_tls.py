"""Servers behind TLS: who they are is checked, and said in one line where it does not hold."""

import datetime as dt
import ipaddress
import socket
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from modelwarden.targets.errors import TargetError
from modelwarden.targets.http.connection import Connection, parse_address

_DAY = dt.timedelta(days=1)


def _signed(subject, key, issuer, issuer_key, *, names=(), ends=30 * _DAY):
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * _DAY)
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=not names, path_length=None), critical=True)
    )
    if names:
        named = [
            x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n)
            for n in names
        ]
        builder = builder.add_extension(x509.SubjectAlternativeName(named), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


class _Authority:
    def __init__(self, folder):
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.file = folder / "authority.pem"
        own = _signed("authority", self.key, "authority", self.key)
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def context(self, *names, **how):
        key = ec.generate_private_key(ec.SECP256R1())
        issuer, issuer_key = how.pop("by", ("authority", self.key))
        made = _signed("server", key, issuer, issuer_key or key, names=names, **how)
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        both = self.folder / "server.pem"
        secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        both.write_bytes(secret + made.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context


class _Server:
    """Answers one request a connection; counts those that got through."""

    def __init__(self, context, said=b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.context, self.said = self.listening.getsockname()[1], context, said
        self.asked = self.greeted = 0
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while True:
            try:
                plain = self.listening.accept()[0]
            except OSError:
                return
            self.greeted += 1
            try:
                with self.context.wrap_socket(plain, server_side=True) as secured:
                    while secured.recv(65536):
                        self.asked += 1
                        secured.sendall(self.said)
                        if b"Length: 2\r" not in self.said:
                            secured.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def close(self):
        self.listening.close()


@pytest.fixture
def authority(tmp_path, monkeypatch):
    made = _Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.fixture
def ask():
    servers = []

    def to(context, host="127.0.0.1", **how):
        server = _Server(context, **how)
        servers.append(server)
        where = parse_address(f"https://{host}:{server.port}/")
        connection = Connection(where, seconds=5.0, pauses=())
        try:
            return connection.post("/", b"{}")
        finally:
            connection.close()

    to.servers = servers
    yield to
    for server in servers:
        server.close()


def test_a_server_whose_authority_is_named_is_asked(authority, ask):
    assert ask(authority.context("127.0.0.1")) == b"{}"
    assert ask(authority.context("localhost"), host="localhost") == b"{}"


@pytest.mark.parametrize(
    ("names", "how", "why"),
    [
        (["other.example"], {}, "IP address mismatch"),
        (["127.0.0.1"], {"ends": -_DAY}, "certificate has expired"),
        (["127.0.0.1"], {"by": ("server", None)}, "self-signed certificate"),
        (["127.0.0.1"], {"by": ("stranger", None)}, "unable to get local issuer"),
    ],
)
def test_a_certificate_that_is_not_trusted_is_told_and_nothing_is_asked(
    authority, ask, names, how, why
):
    with pytest.raises(TargetError, match=rf"not trusted: .*{why}") as caught:
        ask(authority.context(*names, **how))

    assert caught.value.final
    assert "\n" not in caught.value.message
    assert "SSL_CERT_FILE" in str(caught.value.hint)
    assert ask.servers[0].asked == 0


def test_what_speaks_no_tls_is_told_so(authority):
    server = socket.create_server(("127.0.0.1", 0))

    def plain():
        reached = server.accept()[0]
        reached.recv(100)
        reached.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        reached.close()

    threading.Thread(target=plain, daemon=True).start()
    where = parse_address(f"https://127.0.0.1:{server.getsockname()[1]}/")
    connection = Connection(where, seconds=5.0, pauses=())

    with pytest.raises(TargetError, match="speaks no TLS"):
        connection.post("/", b"{}")
    server.close()


@pytest.mark.parametrize(
    "said",
    [
        b'HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"predictions"',
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"predic\r\n',
    ],
)
def test_an_answer_that_ends_amid_tls_is_none(authority, ask, said):
    with pytest.raises(TargetError, match="cannot be asked") as caught:
        ask(authority.context("127.0.0.1"), said=said)

    assert caught.value.lost
    assert not caught.value.final
