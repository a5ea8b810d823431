"""A mail server for tests: takes whatever it is given and keeps it."""

from __future__ import annotations

import socketserver
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage


class _Taking(socketserver.StreamRequestHandler):
    """The few words of SMTP that a sender without a login needs."""

    server: Mailbox

    def handle(self) -> None:
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip().upper():
            if line.startswith("DATA"):
                self._say("354 go on")
                self.server.keep(self._body())
            if line.startswith("QUIT"):
                self._say("221 bye")
                return
            self._say("250 ok")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())

    def _body(self) -> bytes:
        lines = iter(self.rfile.readline, b".\r\n")
        return b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)


class Mailbox(socketserver.ThreadingTCPServer):
    """`messages` in the order in which they came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.messages: list[EmailMessage] = []
        self.port: int = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def keep(self, body: bytes) -> None:
        self.messages.append(message_from_bytes(body, policy=policy.default))

    def subjects(self) -> list[str]:
        """Without the gym that each begins with."""
        return [str(message["Subject"]).partition(": ")[2] for message in self.messages]

    def close(self) -> None:
        self.shutdown()
        self.server_close()
