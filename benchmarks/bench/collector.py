"""A collector of traces that takes everything an OTLP exporter sends, and keeps nothing."""

import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Collector(BaseHTTPRequestHandler):
    """Answers as the protocol asks for: success, with an empty message."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Say that it runs."""
        self._succeed()

    def do_POST(self) -> None:
        """Take a batch of spans."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._succeed()

    def log_message(self, *_: object) -> None:
        """Keep quiet: a line per batch would be work beside the measured one."""

    def _succeed(self) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector).serve_forever()
