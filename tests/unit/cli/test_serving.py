from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from attune.settings import Api
from cli import serving


def test_the_server_has_the_fast_loop_and_the_fast_parser() -> None:
    config = serving.configuration(Api(), workers=1)
    config.load()

    assert issubclass(config.http_protocol_class, HttpToolsProtocol)
    factory = config.get_loop_factory()
    assert factory is not None
    loop = factory()
    loop.close()
    assert type(loop).__module__ == "uvloop"
