"""Which proxy an address is asked through, by what the environment says."""

import socket

import pytest

from windsock import Misconfigured
from windsock.proxies import is_own, proxy_of

FAR = "http://service.example:8000"
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*VARIABLES, *(name.upper() for name in VARIABLES)):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        (FAR, "HTTP_PROXY"),
        (FAR, "http_proxy"),
        (FAR, "ALL_PROXY"),
        ("https://service.example", "HTTPS_PROXY"),
        ("https://service.example", "https_proxy"),
        ("https://service.example", "all_proxy"),
        ("http://[2001:db8::1]:8000", "HTTP_PROXY"),
    ],
)
def test_the_proxy_is_that_of_the_scheme_or_of_all(
    url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert proxy_of(url) is None
    monkeypatch.setenv(variable, "http://user:secret@proxy.example:3128")
    proxy = proxy_of(url)

    assert proxy is not None
    assert proxy.url == "http://user:secret@proxy.example:3128"
    assert str(proxy) == f"the proxy of {variable}, http://***@proxy.example:3128"


def test_a_proxy_may_be_named_without_a_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "proxy.example:3128")
    proxy = proxy_of(FAR)

    assert proxy is not None
    assert proxy.url == "http://proxy.example:3128"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "FTP_PROXY"])
def test_those_of_other_schemes_are_none(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "nonsense://")

    assert proxy_of(FAR) is None


@pytest.mark.parametrize("proxy", ["http://proxy.example:3128", "socks5://127.0.0.1:1", "no:://"])
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8001",
        "http://127.8.8.8",
        "http://localhost:8001",
        "http://graph.localhost:8001",
        "http://[::1]:8001",
        "https://[::ffff:127.0.0.1]",
        "http://0.0.0.0:8001",
    ],
)
def test_the_machine_itself_is_asked_directly(
    url: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)

    assert proxy_of(url) is None


def test_its_other_names_are_known_too() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        assert is_own(probe.getsockname()[0])
    assert is_own(socket.gethostname())
    assert not is_own("192.0.2.1")
    assert not is_own("2001:db8::1")
    assert not is_own("service.example")


@pytest.mark.parametrize(
    ("url", "spared"),
    [
        (FAR, "*"),
        (FAR, "service.example"),
        (FAR, "other.example, SERVICE.example"),
        (FAR, "example"),
        (FAR, ".example"),
        (FAR, "*.example"),
        (FAR, "service.example:8000"),
        (FAR, "http://service.example"),
        ("http://192.0.2.7:8000", "192.0.2.0/24"),
        ("http://192.0.2.7:8000", "192.0.2.7"),
        ("http://[fd00::7]:8000", "fd00::/8"),
        ("http://[fd00::7]:8000", "10.0.0.0/8,fd00::/8"),
        ("http://[fd00::7]:8000", "fd00::7"),
        ("http://[fd00::7]:8000", "[fd00::7]"),
        ("http://[fd00::7]:8000", "[fd00::7]:8000"),
        ("http://[fd00::7]:8000", "FD00:0::7"),
    ],
)
def test_no_proxy_spares_names_addresses_and_networks(
    url: str, spared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    monkeypatch.setenv("NO_PROXY", spared)

    assert proxy_of(url) is None


@pytest.mark.parametrize(
    ("url", "others"),
    [
        (FAR, "vice.example"),
        (FAR, "service.example:8001"),
        (FAR, "fd00::/8,10.0.0.0/8, ,"),
        (FAR, "service"),
        ("http://[fe00::7]:8000", "fd00::/8"),
        ("http://[fd00::7]:8000", "[fd00::7]:8001"),
    ],
)
def test_it_spares_nothing_else(url: str, others: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    monkeypatch.setenv("NO_PROXY", others)

    assert proxy_of(url) is not None


@pytest.mark.parametrize(
    "value",
    [
        *("ftp://proxy.example", "http://", "http://proxy:port", "http://[fd00::1", "://"),
        *("socks9://a", "http://proxy:99999", "proxy:0"),
    ],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_one_that_is_none_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(Misconfigured) as raised:
        proxy_of(FAR)
    assert raised.value.message.startswith(f"{variable} is {value!r}, through which {FAR} cannot")
    assert "put service.example into NO_PROXY, or give the client trust_env=False" in str(
        raised.value
    )


@pytest.mark.parametrize(
    "value",
    [
        "ftp://user:secret@proxy.example",
        "ftp://user:p@secret@proxy.example",
        "http://user:p/secret@proxy.example",
        "user:p/secret@proxy.example",
    ],
)
def test_its_password_is_not_told(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", value)

    with pytest.raises(Misconfigured) as raised:
        proxy_of(FAR)
    assert "secret" not in str(raised.value)
